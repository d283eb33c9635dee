"""Measuring in processes of its own: many at once, and one that dies takes nothing with it."""

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Callable, Generator, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from myograph.analysis.edits import Edit
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Measurement
from myograph.errors import MeasuringDied, TooMuchMemory, TooSlow
from myograph.services.measure_file import measure_file
from myograph.worker import measuring
from myograph.worker.measuring import OUT_OF_TIME, Answer, Limits, What

# Loaded for good by the server that the processes are forked from. All of scipy would be 60 MB
# more, kept for nothing while no file comes; loading it then takes half a second.
_LOADED: Final = ["numpy", measure_file.__module__, measuring.__name__]
_DIES_WITHIN_S: Final = 10.0


class Processes:
    """A Measure that works elsewhere: the worker itself loads nothing that measures.

    limits    of each file; one that goes beyond them is refused and its process replaced
    idle_s    after so long without a file the processes end; the server that they are forked from
              stays, so that the next file has not long to wait

    There are as many as files that are measured at once; none knows of the others. They get the
    path of a file and send back frozen results: no samples cross over.
    """

    def __init__(
        self, limits: Limits | None = None, *, beat_every_s: float = 5.0, idle_s: float = 30.0
    ) -> None:
        self._limits = limits or Limits()
        self._beat_every_s = beat_every_s
        self._idle_s = idle_s
        self._changing = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._rest: threading.Timer | None = None

    def measure(
        self,
        path: Path,
        protocol: Protocol,
        recover: bool,  # noqa: FBT001, as in Measure
        edits: Sequence[Edit],
        beat: Callable[[], None],
    ) -> Measurement:
        """Measure the file at `path`, calling `beat` every few seconds.

        Raises TooSlow or TooMuchMemory where the file is at fault, MeasuringDied where it may not
        be.
        """
        with self._one() as process:
            answer = process.ask((path, protocol, recover, edits), beat, self._beat_every_s)
        if answer.measured is None:
            raise answer.error or MeasuringDied("The process that measured said nothing.")
        return answer.measured

    @contextlib.contextmanager
    def _one(self) -> Generator["_Process"]:
        """A process for one file; it is ended unless it answered and is fit for another."""
        process = self._take()
        try:
            yield process
        finally:
            with self._changing:
                self._busy.discard(process)
                if process.fit:
                    self._idle.append(process)
                if not self._busy:
                    self._rest_later()
            if not process.fit:
                process.kill()

    def _take(self) -> "_Process":
        with self._changing:
            if self._rest is not None:
                self._rest.cancel()
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    break
                process.kill()
            else:
                process = _Process(self._limits)
            self._busy.add(process)
            return process

    def _rest_later(self) -> None:
        self._rest = threading.Timer(self._idle_s, self._end_idle)
        self._rest.daemon = True
        self._rest.start()

    def _end_idle(self) -> None:
        with self._changing:
            if self._busy:  # a file came as the time was up
                return
            ending, self._idle = self._idle, []
        for process in ending:
            process.end()

    def close(self) -> None:
        with self._changing:
            if self._rest is not None:
                self._rest.cancel()
            ending, self._idle = self._idle, []
            working = list(self._busy)
        for process in working:
            process.stop()  # whoever waits for it hears that it is gone
        for process in ending:
            process.end()

    def __enter__(self) -> Self:
        _context()
        forkserver.ensure_running()  # it loads while the worker waits for its first file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Process:
    """One that measures, and our end of the pipe to it.

    fit    for another file: it has answered the last one, and needed no more than it may
    """

    def __init__(self, limits: Limits) -> None:
        context = _context()
        self._pipe, theirs = context.Pipe()
        self._limits = limits
        self._process = context.Process(target=measuring.serve, args=(theirs, limits), daemon=True)
        self._process.start()
        theirs.close()  # else its end would not be the end of the pipe
        self.fit = False

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def ask(self, what: What, beat: Callable[[], None], every_s: float) -> Answer:
        """What becomes of a file. Raises whatever `beat` raises."""
        self.fit = False
        size_bytes = what[0].stat().st_size
        until = time.monotonic() + self._limits.patience_s(size_bytes)
        doing, allowed_s = "Reading", self._limits.read_s
        with self._while(doing, allowed_s):
            self._pipe.send(what)
        while True:
            self._wait(beat, every_s, until)
            with self._while(doing, allowed_s):
                said = self._pipe.recv()
            if isinstance(said, Answer):
                self.fit = not isinstance(said.error, TooMuchMemory)
                return said
            doing, allowed_s = "Measuring", self._limits.to_measure_s(size_bytes)

    def _wait(self, beat: Callable[[], None], every_s: float, until: float) -> None:
        while not self._pipe.poll(every_s):
            beat()
            if time.monotonic() > until:
                raise MeasuringDied("The process that measured this file did not end.")

    @contextlib.contextmanager
    def _while(self, doing: str, allowed_s: float) -> Generator[None]:
        """A pipe that ends says that the process did; how it ended says why."""
        try:
            yield
        except (EOFError, OSError) as exc:
            self._process.join(_DIES_WITHIN_S)
            if self._process.exitcode == -OUT_OF_TIME:
                raise TooSlow(
                    f"{doing} this file took more than {allowed_s:g} s of processor time."
                ) from exc
            raise MeasuringDied("The process that measured this file was ended.") from exc

    def end(self) -> None:
        """It has nothing to do, and ends when it hears that nothing will come."""
        self._pipe.close()
        self._process.join(_DIES_WITHIN_S)
        self.kill()

    def stop(self) -> None:
        self._process.kill()

    def kill(self) -> None:
        self.stop()
        self._process.join()
        self._pipe.close()


def _context() -> ForkServerContext:
    # A fork of this process would copy its connections and threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context
