"""Our C3D reader against ezc3d and py-c3d: interleaved medians on GHOSTLY recordings."""

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import c3d as py_c3d
import ezc3d
import numpy as np

from myograph.c3d.header import FIRST_READ, read_header
from myograph.c3d.parameters import read_parameters
from myograph.c3d.reader import C3DFile, read_metadata
from myograph.c3d.recording import read_facts
from myograph.c3d.source import FileSource
from myograph.c3d.write import GameSession, file_name, ghostly_bytes
from tests.c3d.game import START, channels
from tests.needs import recordings_folder

Task = Callable[[Path], object]


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    warnings.simplefilter("ignore")  # py-c3d's on GHOSTLY headers
    with tempfile.TemporaryDirectory() as folder:
        paths = _finished_recordings() or _written(Path(folder))
        rounds = 15 if full else 5
        _report(paths, rounds)


def _report(paths: list[Path], rounds: int) -> None:
    size = statistics.median(path.stat().st_size for path in paths)
    print(f"{len(paths)} files, median {size / 1e6:.1f} MB, {rounds} rounds; medians in ms\n")
    print(f"{'':22}{'ours':>8}{'ezc3d':>9}{'py-c3d':>9}{'x ezc3d':>9}{'x py-c3d':>10}  bars")
    _row("open + all analogs", _medians(paths, rounds, _analogs, _ezc3d, _py_c3d), (20, 20))
    _row("one channel", _medians(paths, rounds, _channel, _ezc3d, _py_c3d))
    _row("header + parameters", _medians(paths, rounds, _head, _ezc3d, _py_c3d_head), (100, 1))
    _row("... + layout, labels", _medians(paths, rounds, _metadata, _ezc3d, _py_c3d_head), (0, 1))
    (facts,) = _medians(paths, rounds, _facts)
    print(f"{'game facts':22}{1000 * facts:8.3f}{'':37}  < 2 ms: {_met(facts < 2e-3)}")


def _row(name: str, medians: list[float], bars: tuple[int, int] | None = None) -> None:
    ours, *others = medians
    ratios = [other / ours for other in others]
    figures = "".join(f"{1000 * median:9.3f}" for median in others)
    line = f"{name:22}{1000 * ours:8.3f}{figures}{ratios[0]:9.0f}{ratios[1]:10.1f}"
    if bars:
        met = all(ratio >= bar for ratio, bar in zip(ratios, bars, strict=True))
        line += f"  >= {bars[0]} and >= {bars[1]}: {_met(met)}".replace(">= 0 and ", "")
    print(line)


def _met(bar: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "met" if bar else "MISSED"


def _medians(paths: list[Path], rounds: int, *tasks: Task) -> list[float]:
    """Seconds, the tasks in turn so that what disturbs one disturbs all."""
    taken: list[list[float]] = [[] for _ in tasks]
    for path in paths * (rounds + 1):
        for task, times in zip(tasks, taken, strict=True):
            start = time.perf_counter()
            task(path)
            times.append(time.perf_counter() - start)
    return [statistics.median(times[len(paths) :]) for times in taken]  # the first round warms up


def _analogs(path: Path) -> object:
    with FileSource(path) as source:
        return C3DFile.open(source).analogs()


def _channel(path: Path) -> object:
    with FileSource(path) as source:
        return C3DFile.open(source).channel("CH1 Raw")


def _head(path: Path) -> object:
    """What py-c3d does when it opens a file: everything is parsed, nothing is settled yet."""
    with FileSource(path) as source:
        prefix = source.read(0, FIRST_READ)
        return read_parameters(prefix, source.size, read_header(prefix, source.size))


def _metadata(path: Path) -> object:
    with FileSource(path) as source:
        return read_metadata(source)


def _facts(path: Path) -> object:
    with FileSource(path) as source:
        return read_facts(source)


def _ezc3d(path: Path) -> object:
    return ezc3d.c3d(str(path))["data"]["analogs"]


def _py_c3d(path: Path) -> object:
    with path.open("rb") as handle:
        frames = [analog for _, _, analog in py_c3d.Reader(handle).read_frames()]
    return np.concatenate(frames, axis=1)


def _py_c3d_head(path: Path) -> object:
    with path.open("rb") as handle:
        return py_c3d.Reader(handle)


def _finished_recordings() -> list[Path]:
    paths = sorted((recordings_folder() / "ghostly").glob("*.c3d"))
    return [path for path in paths if not _unfinished(path)]


def _unfinished(path: Path) -> bool:
    with FileSource(path) as source:
        return read_metadata(source).layout.unfinalised


def _written(folder: Path) -> list[Path]:
    """Where there are no recordings: files of their size."""
    for frames in (2100, 4100, 5800):
        path = folder / f"{frames}_{file_name(START)}"
        path.write_bytes(ghostly_bytes(GameSession(START), channels(frames)))
    return sorted(folder.iterdir())
