"""A recording, file to measurement, against a plain SciPy band-pass and Welch of its channels.

Bar: at most 3 times the plain pass; what others take stands beside it. `--full` adds an hour of two
channels at 2 kHz (bars: 2 s, and 400 MB above what the process held before), and 500 MB (400 MB).
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt, welch

from bench._detectors import ALWAYS, available
from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import FileSource
from myograph.c3d.write import GameSession, ghostly_bytes
from myograph.errors import Unfinalised
from myograph.recording import Recording, Signal
from myograph.simulate.patients import demo_sessions
from tests.needs import recordings_folder
from tests.signals import Burst, Scene

ROUNDS = 21
RATIO_BAR, HOUR_BAR_S, MEMORY_BAR_MB = 3.0, 2.0, 400
STARTED = datetime(2025, 3, 10, 18)  # noqa: DTZ001 - local
GHOSTLY_DATA = 1536  # where the samples begin


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    with tempfile.TemporaryDirectory() as folder:
        ratios = [_compare(path) for path in _recordings(Path(folder))]
    print(f"worst ratio {max(ratios):.2f}, bar {RATIO_BAR:g}")
    if full:
        _alone("an hour of two channels at 2 kHz", _hour, HOUR_BAR_S)
        _alone("8.8 hours of two channels", _of_500_mb, None)


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
    _ours(path)  # warm: imports, plans of the transforms
    _plain(channels)
    ours: list[tuple[float, float]] = []
    plain: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        ours.append(_timed(lambda: _ours(path)))
        plain.append(_timed(lambda: _plain(channels)))
    (wall_s, cpu_s), (plain_wall_s, plain_cpu_s) = map(_median, (ours, plain))
    ratio = wall_s / plain_wall_s
    print(
        f"{path.name}: {1e3 * wall_s:.1f} ms, plain {1e3 * plain_wall_s:.1f} ms, "
        f"ratio {ratio:.2f} (of processor time {cpu_s / plain_cpu_s:.2f}); {_rivals(path)}"
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


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of the processor: a busy machine stretches the first."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _rivals(path: Path) -> str:
    """emg_process and emg of the same channels, all defaults, once: they take long."""
    shown: list[str] = []
    for name, rival in available()[0].items():
        if name in ALWAYS:
            continue
        channels = _channels(path)
        wall_s, _ = _timed(lambda rival=rival, channels=channels: [rival(x) for x in channels])
        shown.append(f"{name} {1e3 * wall_s:.0f} ms")
    return ", ".join(shown) or "no rival is installed"


def _alone(title: str, content: Callable[[Path], None], bar_s: float | None) -> None:
    """Written to a file by one process and measured by another, which has done nothing before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.c3d"
        content(path)
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
        )
        size_mb = path.stat().st_size / 1e6
    wall_s, cpu_s, above_mb = map(float, done.stdout.split())
    bars = f"bars {MEMORY_BAR_MB} MB" + (f", {bar_s:g} s" if bar_s else "")
    print(
        f"{title}, {size_mb:.0f} MB: {wall_s:.2f} s, {cpu_s:.2f} s of processor time, "
        f"{above_mb:.0f} MB above what it held before ({bars})"
    )


_MEASURE = """
import sys, time
from pathlib import Path
import psutil
from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import FileSource

before = psutil.Process().memory_info().rss
wall, cpu = time.perf_counter(), time.process_time()
with FileSource(Path(sys.argv[1])) as source:
    measure(read_recording(source, recover=True), DEFAULT)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
status = Path("/proc/self/status").read_text().split()
peak = 1024 * int(status[status.index("VmHWM:") + 1])  # ru_maxrss would count the parent's
print(wall, cpu, (peak - before) / 1e6)
"""


def _hour(path: Path) -> None:
    """Two channels of bursts at 2 kHz, 100 frames of 20 samples a second."""
    size = 100 * 20 * 3600
    gate = np.where(np.arange(size) % 12_000 < 6_000, 1e-4, 3e-6)
    rng = np.random.default_rng(1)
    raw = {f"CH{i} Raw": gate * rng.standard_normal(size) for i in (1, 2)}
    path.write_bytes(
        ghostly_bytes(GameSession(STARTED), raw, frames_per_second=100, samples_per_frame=20)
    )


def _of_500_mb(path: Path) -> None:
    """Ten minutes of the game, again and again: 8.8 hours of two channels and their activated."""
    size = 33 * 30 * 600
    bursts = [Burst(s, s + 2.5, 6e-5) for s in range(3, size // 1000 - 4, 6)]
    channels: dict[str, Signal] = {}
    for i in (1, 2):
        x = Scene(size / 1000, bursts, seed=i).at(1000.0)
        x[100_000:100_270] = -5.5e-3
        channels |= {f"CH{i} Raw": x, f"CH{i} activated": np.where(np.abs(x) > 2e-5, 1e-4, 0)}
    content = ghostly_bytes(GameSession(STARTED), channels)
    with path.open("wb") as file:
        file.write(content)
        for _ in range(int(500e6 / len(content))):
            file.write(content[GHOSTLY_DATA:])
