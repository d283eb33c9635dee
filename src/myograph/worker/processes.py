"""Measuring in processes of its own: many at once, and one that dies takes nothing with it."""

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path
from types import TracebackType
from typing import Self

from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Measurement
from myograph.services.analyse_session import measure_file


class Processes:
    """A Measure that works elsewhere. The processes start with the first file.

    They get the path of a file and send back frozen results: no samples cross over.
    """

    def __init__(self, count: int, *, beat_every_s: float = 5.0) -> None:
        self._count = count
        self._beat_every_s = beat_every_s
        self._starting = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def measure(
        self,
        path: Path,
        protocol: Protocol,
        recover: bool,  # noqa: FBT001, as in Measure
        beat: Callable[[], None],
    ) -> Measurement:
        """Measure the file at `path`, calling `beat` every few seconds."""
        pool = self._running()
        try:
            future = pool.submit(measure_file, path, protocol, recover)
            return self._wait(future, beat)
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

    def _running(self) -> ProcessPoolExecutor:
        with self._starting:
            if self._pool is None:
                # A fork of this process would copy its connections and threads.
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload([measure_file.__module__])
                self._pool = ProcessPoolExecutor(
                    self._count, mp_context=context, initializer=_end_with_parent
                )
            return self._pool

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        with self._starting:
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False)

    def close(self) -> None:
        with self._starting:
            pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(BrokenProcessPool):
                pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _end_with_parent() -> None:
    """In each process: nobody tells it that the worker was killed, and its queue is silent then.

    With the last of them the server that they are forked from ends too, which watches a pipe that
    all of them hold.
    """
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # nobody is left who could use what it measures
