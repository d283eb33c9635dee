"""Programs that live and die with the one that started them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

RESTART_AFTER_S = 1.0
STOP_WITHIN_S = 20.0


@dataclass(eq=False)
class Child:
    """A program that is started again whenever it ends by itself.

    It holds our end of its standard input: when we are gone, however we went, it reads the end of
    file there and stops (see `stop_with_parent`).
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _starting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def keep_running(self) -> None:
        """Start it, and start it anew until `stop`."""
        while process := self._start():
            process.wait()
            self._stopping.wait(RESTART_AFTER_S)

    def stop(self) -> None:
        with self._starting:
            self._stopping.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._starting:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "myograph", *self.arguments],
                env=os.environ | self.environment,
                stdin=subprocess.PIPE,
            )
            return self._process


@contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str]) -> Generator[Child]:
    """The program `myograph ARGUMENTS`, kept running for as long as the block lasts."""
    child = Child(arguments, environment)
    keeper = threading.Thread(target=child.keep_running, daemon=True)
    keeper.start()
    try:
        yield child
    finally:
        child.stop()
        keeper.join(STOP_WITHIN_S)


def stop_with_parent() -> None:
    """In a child: leave Ctrl-C to the parent, and stop as if asked to once the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_terminate_at_end_of_input, daemon=True).start()


def _terminate_at_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
