"""A recording, file to measurement, against a plain SciPy band-pass and Welch of its channels.

Bar: at most 3 times the plain pass. `--full` adds an hour of two channels at 2 kHz (bars: 2 s, and
400 MB above what the process held before).
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
from scipy.signal import butter, sosfiltfilt, welch

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import FileSource
from myograph.errors import Unfinalised
from myograph.recording import Channel, Recording, Signal
from myograph.simulate.patients import demo_sessions
from tests.needs import recordings_folder
from tests.signals import facts

ROUNDS = 21
RATIO_BAR, HOUR_BAR_S, MEMORY_BAR_MB = 3.0, 2.0, 400
HOUR_RATE_HZ = 2000.0


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    with tempfile.TemporaryDirectory() as folder:
        ratios = [_compare(path) for path in _recordings(Path(folder))]
    print(f"worst ratio {max(ratios):.2f}, bar {RATIO_BAR:g}")
    if full:
        _hour()


def _recordings(folder: Path) -> list[Path]:
    """The real ones, or generated ones where there are none."""
    real = recordings_folder()
    if (real / "ghostly").is_dir():
        return sorted(path for path in (real / "ghostly").glob("*.c3d") if _finished(path))
    generated = islice(demo_sessions(1, now=datetime(2025, 3, 10, 18)), 5)  # noqa: DTZ001 - local
    for session in generated:
        (folder / session.file_name).write_bytes(session.content)
    return sorted(folder.iterdir())


def _finished(path: Path) -> bool:
    try:
        _channels(path)
    except Unfinalised:
        return False
    return True


def _compare(path: Path) -> float:
    """The two taken in turn, so that a busy machine slows both."""
    channels = _channels(path)
    _ours(path), _plain(channels)  # warm: imports, plans of the transforms
    ours, plain = [], []
    for _ in range(ROUNDS):
        ours.append(_timed(lambda: _ours(path)))
        plain.append(_timed(lambda: _plain(channels)))
    (wall_s, cpu_s), (plain_wall_s, plain_cpu_s) = map(_median, (ours, plain))
    ratio = wall_s / plain_wall_s
    print(
        f"{path.name}: {1e3 * wall_s:.1f} ms, plain {1e3 * plain_wall_s:.1f} ms, "
        f"ratio {ratio:.2f} (of processor time {cpu_s / plain_cpu_s:.2f})"
    )
    return ratio


def _median(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(w for w, _ in times), statistics.median(c for _, c in times)


def _ours(path: Path) -> None:
    with FileSource(path) as source:
        _measured(read_recording(source))


def _measured(recording: Recording) -> None:
    measure(recording, DEFAULT)


def _plain(channels: Sequence[Signal]) -> None:
    sections = butter(4, (20, 450), "bandpass", fs=1000, output="sos")
    for x in channels:
        sosfiltfilt(sections, x)
        welch(x, 1000, nperseg=1000)


def _channels(path: Path) -> list[Signal]:
    with FileSource(path) as source:
        return [channel.samples for channel in read_recording(source).channels]


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the wall, and of the processor: a busy machine stretches the first."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


class _OneAtATime(Sequence[Channel]):
    """Two channels of an hour, each made float64 when it is asked for, as a reader does."""

    def __init__(self) -> None:
        size = round(3600 * HOUR_RATE_HZ)
        gate = np.where(np.arange(size) % round(6 * HOUR_RATE_HZ) < 3 * HOUR_RATE_HZ, 1e-4, 3e-6)
        noise = np.random.default_rng(1).standard_normal(size, np.float32)
        self._stored = noise * gate.astype(np.float32)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, i):  # noqa: ANN001, ANN204 - of Sequence
        if i >= len(self):
            raise IndexError(i)
        return Channel(f"CH{i + 1}", self._stored.astype(np.float64))


def _hour() -> None:
    channels = _OneAtATime()
    size = channels[0].samples.size
    recording = Recording(facts(size, HOUR_RATE_HZ, labels=("CH1", "CH2")), channels)
    with _peak_mb() as peak:
        wall_s, cpu_s = _timed(lambda: _measured(recording))
    print(
        f"an hour of two channels at 2 kHz: {wall_s:.2f} s, {cpu_s:.2f} s of processor time "
        f"(bar {HOUR_BAR_S:g}), "
        f"{peak[0]:.0f} MB above before (bar {MEMORY_BAR_MB})"
    )


@contextmanager
def _peak_mb() -> Iterator[list[float]]:
    """The most resident memory above that at the start, looked at every 2 ms."""
    process, done, peak = psutil.Process(), threading.Event(), [0.0]
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], (process.memory_info().rss - before) / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
