"""Measuring in processes of its own: many at once, and one that dies takes nothing with it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import TracebackType
from typing import Self

from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Measurement
from myograph.services.measure_file import measure_file

# Loaded for good by the server that the processes are forked from. All of scipy would be 60 MB
# more, kept for nothing while no file comes; loading it then takes half a second.
_LOADED = ["numpy", measure_file.__module__, __name__]


class Processes:
    """A Measure that works elsewhere: the worker itself loads nothing that measures.

    idle_s    after so long without a file the processes end; the server that they are forked from
              stays, so that the next file has not long to wait

    They get the path of a file and send back frozen results: no samples cross over.
    """

    def __init__(self, count: int, *, beat_every_s: float = 5.0, idle_s: float = 30.0) -> None:
        self._count = count
        self._beat_every_s = beat_every_s
        self._idle_s = idle_s
        self._changing = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._files = 0
        self._rest: threading.Timer | None = None

    def measure(
        self,
        path: Path,
        protocol: Protocol,
        recover: bool,  # noqa: FBT001, as in Measure
        beat: Callable[[], None],
    ) -> Measurement:
        """Measure the file at `path`, calling `beat` every few seconds."""
        with self._in_use() as pool:
            try:
                return self._wait(pool.submit(measure_file, path, protocol, recover), beat)
            except BrokenProcessPool:
                self._discard(pool)
                raise

    def _wait(self, future: "Future[Measurement]", beat: Callable[[], None]) -> Measurement:
        try:
            while not wait([future], timeout=self._beat_every_s).done:
                beat()
        except BaseException:
            future.cancel()
            raise
        return future.result()

    @contextlib.contextmanager
    def _in_use(self) -> Generator[ProcessPoolExecutor]:
        with self._changing:
            self._stay()
            self._files += 1
            pool = self._pool = self._pool or self._started()
        try:
            yield pool
        finally:
            with self._changing:
                self._files -= 1
                if self._files == 0:
                    self._rest_later()

    def _stay(self) -> None:
        if self._rest is not None:
            self._rest.cancel()

    def _rest_later(self) -> None:
        self._rest = threading.Timer(self._idle_s, self._end_idle)
        self._rest.daemon = True
        self._rest.start()

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._count, mp_context=_context(), initializer=_begin)

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        with self._changing:
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False)

    def _end_idle(self) -> None:
        with self._changing:
            if self._files > 0:  # it came as the time was up
                return
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def close(self) -> None:
        with self._changing:
            self._stay()
            pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(BrokenProcessPool):
                pool.shutdown(cancel_futures=True)

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


def _context() -> ForkServerContext:
    # A fork of this process would copy its connections and threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context


def _begin() -> None:
    """In each process. Ctrl-C is the worker's to hear: it ends them when they have nothing to do.

    That the worker was killed nobody tells them, and their queue is silent then: they watch. With
    the last of them the server that they are forked from ends too, which watches a pipe that all
    of them hold.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # nobody is left who could use what it measures
