"""Many recordings analysed on all cores, one bad file never in the way of another."""

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path

from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.api import Json, Leg, Result, courses_of, drawing_of, read, result_of, sha256_of
from myograph.errors import MyographError, NotReadable
from myograph.scoring.entered import NOTHING_ENTERED, Entered

FAULT = "fault"
_SLOW_TO_IMPORT = [
    "myograph.cli.batch",
    "myograph.analysis.measure",
    "myograph.charts.recording_drawing",
]

# Starting processes costs about what analysing this much does: each must import SciPy.
WORTH_A_POOL_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Job:
    file: str
    recover: bool = False
    legs: Mapping[str, Leg] | None = None
    with_plot: bool = False
    protocol: Protocol = DEFAULT
    entered: Entered = NOTHING_ENTERED


@dataclass(frozen=True, slots=True)
class Analysed:
    """sketches: the envelope of each measured channel, the highest of some columns, in volts."""

    result: Result
    sketches: Mapping[str, tuple[float, ...]]
    plot: str | None

    def to_dict(self) -> Json:
        return self.result.to_dict()


@dataclass(frozen=True, slots=True)
class Refused:
    """trace: where a fault of ours happened; None for what we expect."""

    file: str
    code: str
    sentence: str
    trace: str | None = None

    def to_dict(self) -> Json:
        return {"file": self.file, "error": {"code": self.code, "sentence": self.sentence}}


Outcome = Analysed | Refused


def outcomes(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """One for each job, in their order."""
    workers = min(cores(), len(jobs))
    if workers <= 1 or sum(_size(job.file) for job in jobs) < WORTH_A_POOL_BYTES:
        yield from map(outcome, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=start_method()) as pool:
        yield from pool.map(outcome, jobs)


def outcome(job: Job) -> Outcome:
    try:
        return _analysed(job)
    except MyographError as problem:
        return Refused(job.file, problem.code, _said(problem))
    except Exception as bug:  # noqa: BLE001 - an edge: a fault in one file must not lose the others
        sentence = f"This is a fault in myograph itself ({type(bug).__name__}: {bug})."
        return Refused(job.file, FAULT, sentence, traceback.format_exc())


def _said(problem: MyographError) -> str:
    """With the option that helps, where one does."""
    if isinstance(problem, NotReadable) and problem.recoverable:
        return f"{problem.sentence} With --recover what is there is read."
    return problem.sentence


def _analysed(job: Job) -> Analysed:
    recording = read(job.file, recover=job.recover)
    result = result_of(
        recording,
        file=job.file,
        sha256=sha256_of(job.file),
        protocol=job.protocol,
        legs=job.legs,
        entered=job.entered,
    )
    courses = courses_of(result, recording)
    return Analysed(
        result,
        sketches={label: tuple(c.trace.envelope.tolist()) for label, c in courses.items()},
        plot=drawing_of(result, courses) if job.with_plot else None,
    )


def _size(file: str) -> int:
    path = Path(file)
    return path.stat().st_size if path.is_file() else 0


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_method() -> BaseContext:
    """A fork of a process that has threads may hang, and a progress bar is a thread."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(_SLOW_TO_IMPORT)
    return context
