"""Known bursts found by ours and by six other ways, and the spectrum of known contractions.

Every number of a row is of the same signals. Bars are those of docs/methods.md; `--full` takes 30
recordings a set in place of 10.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench._detectors import Detector, available
from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.recording import Signal
from tests import detection
from tests.detection import RATE_HZ, Case, Tally, tally, tonic
from tests.signals import REST_V, Burst, Scene, muscle_shape, recording

SNR_DB = (20, 10, 6)
SEEDS, FULL_SEEDS, NOTHING_SEEDS = 10, 30, 20
EDGE_BARS_MS = (25, 60)
SPECTRUM_BAR = 0.02
HUM_BAR_HZ = 1.0

Build = Callable[[int, float], Case]


def _drifting(seed: int, snr_db: float) -> Case:
    """Rest noise that grows evenly to twice what it was."""
    held = detection.holds(seed, snr_db)
    return detection.with_more_noise(held, np.linspace(1, 2, held.samples.size), seed)


def _doubling(seed: int, snr_db: float) -> Case:
    """Rest noise that is doubled from the middle on."""
    return detection.with_doubled_noise(detection.holds(seed, snr_db), seed)


NOT_PROMISED = (0.0, 0.0, 0.0)
CLEAN = (1.0, 0.998, 0.99)
HARD = (0.98, 0.98, 0.98)
SETS: dict[str, tuple[Build, Sequence[float]]] = {
    "game-like": (detection.game_like, CLEAN),
    "holds": (detection.holds, CLEAN),
    "sparse": (detection.sparse, CLEAN),
    "one burst": (detection.one_only, CLEAN),
    "50 % duty": (detection.half_duty, CLEAN),
    "90 % duty": (detection.high_duty, CLEAN),
    "wander": (detection.wandering, CLEAN),
    "huge spike": (detection.spiked, CLEAN),
    "tonic 10 %": (tonic(0.10), CLEAN),
    "tonic 25 %": (tonic(0.25), CLEAN),
    "tonic 40 %": (tonic(0.40), HARD),
    "drop-outs": (detection.dropped_out, HARD),
    "tonic 60 %": (tonic(0.60), NOT_PROMISED),
    "rest drifts": (_drifting, NOT_PROMISED),
    "rest doubles": (_doubling, NOT_PROMISED),
    "unequal": (detection.uneven, (1.0,)),  # the strongest at 20 dB
}


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    detectors, absent = available()
    for name in absent:
        print(f"{name} is not installed in this environment, so it has no column")
    seeds = range(FULL_SEEDS if full else SEEDS)
    print(f"F1 at 20 / 10 / 6 dB, {len(seeds)} recordings each")
    _print_row("set", detectors, "bar", "edges of ours, ms: median / 95 %")
    spent: defaultdict[str, list[float]] = defaultdict(list)
    misses = [miss for name in SETS for miss in _row(name, seeds, detectors, spent)]
    _nothing(detectors)
    _cost(spent)
    misses += _said(seeds)
    misses += _hum()
    misses += _spectra()
    print("\n".join(misses) if misses else "every bar is met")


def _row(
    name: str,
    seeds: Sequence[int],
    detectors: Mapping[str, Detector],
    spent: dict[str, list[float]],
) -> Iterator[str]:
    """Print one set; the bars that ours misses."""
    build, bars = SETS[name]
    results = defaultdict[str, list[Tally]](list)
    for snr_db, _ in zip(SNR_DB, bars, strict=False):
        cases = [build(seed, snr_db) for seed in seeds]
        for label, detector in detectors.items():
            pairs = [(_timed(detector, case.samples, spent[label]), case) for case in cases]
            results[label].append(tally(pairs))
    edges = [_edges_ms(result) for result in results["ours"]]
    _print_row(
        name,
        [" / ".join(_shown(t.f1) for t in results[label]) for label in detectors],
        " / ".join(map(_shown, bars)) if any(bars) else "not promised",
        ", ".join(f"{median:.0f} / {most:.0f}" for median, most in edges),
    )
    for snr_db, bar, result, found in zip(SNR_DB, bars, results["ours"], edges, strict=False):
        if result.f1 < bar:
            yield f"MISSED {name} at {snr_db} dB: F1 {result.f1:.4f}, bar {bar:g}"
        if bar and (found[0] > EDGE_BARS_MS[0] or found[1] > EDGE_BARS_MS[1]):
            yield f"MISSED {name} at {snr_db} dB: edges {found[0]:.0f} and {found[1]:.0f} ms"


def _timed(detector: Detector, samples: Signal, spent: list[float]) -> Signal:
    """What is found; the time it took per minute of signal is noted."""
    begun = time.perf_counter()
    found = detector(samples)
    spent.append((time.perf_counter() - begun) / (samples.size / RATE_HZ / 60))
    return found


def _edges_ms(result: Tally) -> tuple[float, float]:
    errors_ms = 1e3 * result.edge_errors_s
    if not errors_ms.size:
        return float("nan"), float("nan")
    return float(np.median(errors_ms)), float(np.quantile(errors_ms, 0.95))


def _nothing(detectors: Mapping[str, Detector]) -> None:
    """Signals in which nothing happens: every run found is one too many."""
    print(f"contractions found where there is none, {NOTHING_SEEDS} recordings each")
    for name, build in NOTHING.items():
        signals = [build(seed) for seed in range(NOTHING_SEEDS)]
        counts = [sum(len(d(x)) for x in signals) for d in detectors.values()]
        _print_row(name, [f"{count}" for count in counts], "0", "")


def _white(seed: int) -> Signal:
    return REST_V * np.random.default_rng(seed).standard_normal(30_000)


def _white_and_spike(seed: int) -> Signal:
    x = _white(seed)
    x[9000:9004] += [1e-3, -4e-3, 2e-3, 1e-3]
    return x


NOTHING: dict[str, Callable[[int], Signal]] = {
    "white noise": _white,
    "noise, spike": _white_and_spike,
    "noise, hum": lambda seed: Scene(30, hum_v=2e-5, seed=seed).at(RATE_HZ),
    "constant": lambda seed: Scene(30, [Burst(-1, 31, 1e-4)], seed=seed).at(RATE_HZ),
}


def _cost(spent: dict[str, list[float]]) -> None:
    shown = [f"{name} {1e3 * np.median(times):.0f}" for name, times in spent.items()]
    print(f"ms per minute of signal, the whole analysis for ours: {', '.join(shown)}")


def _said(seeds: Sequence[int]) -> Iterator[str]:
    """Where rest is not what it was and a result is wrong, a finding must say so."""
    for name, build in (("rest drifts", _drifting), ("rest doubles", _doubling)):
        for snr_db in SNR_DB:
            wrong, said = 0, 0
            for case in (build(seed, snr_db) for seed in seeds):
                channel = measure(recording(case.samples), DEFAULT).channels[0]
                found = np.array([(c.start_s, c.end_s) for c in channel.contractions])
                if tally([(found.reshape(-1, 2), case)]).f1 < 1:
                    wrong += 1
                    said += bool(channel.findings)
            print(f"{name} at {snr_db} dB: wrong in {wrong} of {len(seeds)}, said in {said}")
            if said < wrong:
                yield f"MISSED {name} at {snr_db} dB: {wrong - said} wrong without a finding"


def _hum() -> Iterator[str]:
    """A mains line is reported, at its frequency, and makes no contraction."""
    for hum_v in (3e-6, 1e-5, 1.5e-5):  # the last is 7 dB below the bursts
        scene = Scene(60, [Burst(s, s + 2, 3e-5) for s in range(3, 57, 6)], hum_v=hum_v, seed=1)
        channel = measure(recording(scene.at(RATE_HZ)), DEFAULT).channels[0]
        share, hz = channel.quality.powerline_share, channel.quality.powerline_hz
        if share is None or hz is None:
            yield f"MISSED hum of {1e6 * hum_v:g} uV"
            continue
        count = len(channel.contractions)
        print(
            f"hum of {1e6 * hum_v:g} uV under 9 bursts of 30 uV: {100 * share:.0f} % of the power"
            f" at {hz:.1f} Hz, {count} contractions"
        )
        if abs(hz - 50) > HUM_BAR_HZ or count != len(scene.bursts):
            yield f"MISSED hum of {1e6 * hum_v:g} uV"


@dataclass(frozen=True)
class _Truth:
    mpf_hz: float
    mdf_hz: float


def _spectra() -> Iterator[str]:
    """The mean over 40 contractions of 2 s against the generator's own spectrum."""
    truth = _truth()
    print(f"mean MPF and MDF of 40 contractions of 2 s; true {_pair(truth)} Hz")
    scene = Scene(202, [Burst(2 + 5 * k, 4 + 5 * k, 1.0) for k in range(40)], seed=1)
    for snr_db in SNR_DB:
        strong = [replace(b, rms_v=detection.rms_at(snr_db)) for b in scene.bursts]
        x = replace(scene, bursts=strong).at(RATE_HZ)
        found = measure(recording(x), DEFAULT).channels[0].contractions
        known = [c for c in found if c.mdf_hz is not None and c.duration_s >= 1]
        mean = _Truth(
            *(float(np.mean([getattr(c, n) for c in known])) for n in ("mpf_hz", "mdf_hz"))
        )
        off = [mean.mpf_hz / truth.mpf_hz - 1, mean.mdf_hz / truth.mdf_hz - 1]
        print(
            f"  {snr_db:2} dB: {_pair(mean)} Hz, off by {off[0]:+.1%} and {off[1]:+.1%} "
            f"({len(known)} contractions)"
        )
        if snr_db == SNR_DB[0] and max(map(abs, off)) > SPECTRUM_BAR:
            yield f"MISSED spectrum at {snr_db} dB: {off}"


def _truth() -> _Truth:
    hz = np.linspace(20, 450, 100_001)
    power = muscle_shape(hz) ** 2
    running = np.cumsum(power)
    return _Truth(
        float((hz * power).sum() / power.sum()), float(np.interp(running[-1] / 2, running, hz))
    )


def _pair(values: _Truth) -> str:
    return f"{values.mpf_hz:.1f}, {values.mdf_hz:.1f}"


def _shown(f1: float) -> str:
    """1 only where it is 1."""
    return "1" if f1 == 1 else f"{min(f1, 0.999):.3f}".lstrip("0") if f1 >= 0.9 else f"{f1:.2f}"[1:]


def _print_row(name: str, cells: Iterable[str], bar: str, more: str) -> None:
    shown = "".join(f"{cell:>20}" for cell in cells)
    print(f"{name:14}{shown}{bar:>20}  {more}", flush=True)
