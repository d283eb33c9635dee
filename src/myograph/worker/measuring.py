"""What runs in a process that measures: one file after the other, each within its limits."""

import os
import resource
import signal
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from myograph.analysis.edits import Edit
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Measurement
from myograph.errors import MyographError, TooMuchMemory
from myograph.services.measure_file import measure_file

MB: Final = 1_000_000
OUT_OF_TIME: Final = signal.SIGPROF  # what ends a process whose time is up
USUAL_MB: Final = 10
BEHIND: Final = 10  # in niceness

What = tuple[Path, Protocol, bool, Sequence[Edit]]  # as measure_file takes it


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Processor time, so that a busy machine is no fault of the file's.

    memory_mb    beyond what the process needs without a file
    read_s       to read header and parameters
    measure_s    to measure a file of up to 10 MB; a larger one has more in proportion
    """

    memory_mb: int = 1024
    read_s: float = 10.0
    measure_s: float = 30.0

    def to_measure_s(self, size_bytes: int) -> float:
        return self.measure_s * max(1.0, size_bytes / MB / USUAL_MB)

    def patience_s(self, size_bytes: int) -> float:
        """By the clock on the wall: beyond it the process hangs, whatever the reason."""
        return 10 * (self.read_s + self.to_measure_s(size_bytes))


@dataclass(frozen=True, slots=True)
class HasRead:
    """Said once the file is read and measuring begins."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a file: one of the two."""

    measured: Measurement | None = None
    error: Exception | None = None


def serve(pipe: Connection, limits: Limits) -> None:
    """Measure whatever comes through `pipe` until nobody is there to send anything."""
    _begin()
    _limit_memory(limits)
    while True:
        try:
            what: What = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(pipe, limits, what))


def _begin() -> None:
    """Ctrl-C is the worker's to hear: it ends us when we have nothing to do. Pages come first.

    That the worker was killed nobody tells us: we watch. With the last of us the server that we
    are forked from ends too, which watches a pipe that all of us hold.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(BEHIND)
    threading.Thread(target=_watch_parent, daemon=True).start()
    # Loaded before the limits count.
    import myograph.analysis.measure  # noqa: F401, PLC0415 # pyright: ignore[reportUnusedImport]


def _watch_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # nobody is left who could use what we measure


def _answer(pipe: Connection, limits: Limits, what: What) -> Answer:
    size_bytes = what[0].stat().st_size

    def once_read() -> None:
        pipe.send(HasRead())
        _limit_time(limits.to_measure_s(size_bytes))

    _limit_time(limits.read_s)
    try:
        return Answer(measured=measure_file(*what, once_read))
    except MemoryError:
        return Answer(error=TooMuchMemory(too_much(limits)))
    except MyographError as exc:
        return Answer(error=exc)
    except Exception as exc:  # noqa: BLE001 - of any kind: the worker raises it
        exc.add_note(traceback.format_exc())  # the trace itself does not cross
        return Answer(error=exc)
    finally:
        _limit_time(0)


def too_much(limits: Limits) -> str:
    return f"Measuring this file would take more than {limits.memory_mb} MB of memory."


def _limit_time(seconds: float) -> None:
    """Of the processor; 0: no limit. The signal ends us wherever we are, deep in C as well."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory(limits: Limits) -> None:
    """Beyond what is in use now. What cannot be had raises MemoryError."""
    if (used := data_in_use()) is None:
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed(used, limits, most), most))


def allowed(used: int, limits: Limits, most: int) -> int:
    """Bytes in all; never more than `most`, which is all that the system lets us have."""
    wanted = used + limits.memory_mb * MB
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


def data_in_use(statm: Path = Path("/proc/self/statm")) -> int | None:
    """Bytes of private, writable memory; None where the system does not say: there is no limit."""
    if not statm.exists():
        return None
    return int(statm.read_text("ascii").split()[5]) * resource.getpagesize()
