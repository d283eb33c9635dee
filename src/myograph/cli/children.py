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

    command: Sequence[str]
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
            with process:  # waits for it, and closes our end of its input
                process.wait()
            self._stopping.wait(RESTART_AFTER_S)

    def stop(self) -> None:
        with self._starting:
            self._stopping.set()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._starting:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self.command,
                env=os.environ | self.environment,
                stdin=subprocess.PIPE,
            )
            return self._process


def myograph(*arguments: str) -> Sequence[str]:
    """The command `myograph ARGUMENTS`, whatever it is called where we run."""
    return [sys.executable, "-m", "myograph", *arguments]


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Generator[Child]:
    """The program, kept running for as long as the block lasts."""
    child = Child(command, environment)
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
