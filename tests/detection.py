"""Sets of generated recordings for the detector, and how well it did on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from myograph.recording import Signal
from tests.signals import REST_V, Burst, Scene

RATE_HZ = 1000.0


@dataclass(frozen=True)
class Case:
    """Samples, and the true edges in seconds. `masked_s`: what a drop-out took away."""

    samples: Signal
    truth_s: Signal
    masked_s: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Tally:
    """Found bursts against true ones, over several cases."""

    hits: int
    false: int
    missed: int
    edge_errors_s: Signal

    @property
    def f1(self) -> float:
        return 2 * self.hits / (2 * self.hits + self.false + self.missed)


def tally(pairs: Sequence[tuple[Signal, Case]]) -> Tally:
    """Found (k, 2) against each case. A match overlaps by half of its union."""
    hits = false = missed = 0
    errors: list[float] = []
    for found, case in pairs:
        shared = _overlap(found, case.truth_s)
        union = np.maximum(found[:, None, 1], case.truth_s[None, :, 1]) - np.minimum(
            found[:, None, 0], case.truth_s[None, :, 0]
        )
        good = shared >= union / 2
        judged = ~_masked(case.truth_s, case.masked_s)
        hits += int(good[:, judged].any(axis=0).sum())
        missed += int((~good[:, judged].any(axis=0)).sum())
        unmatched = found[~good.any(axis=1)]
        false += int((~_masked(unmatched, case.masked_s)).sum())
        for i, j in zip(*np.nonzero(good[:, judged]), strict=True):
            errors.extend(found[i] - case.truth_s[judged][j])
    return Tally(hits, false, missed, np.abs(errors))


def _overlap(a: Signal, b: Signal) -> Signal:
    return np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])


def _masked(spans: Signal, masked: Sequence[tuple[float, float]]) -> np.ndarray:
    """Those of which more than a tenth was taken away."""
    lost = np.zeros(len(spans))
    for start, stop in masked:
        lost += np.clip(np.minimum(spans[:, 1], stop) - np.maximum(spans[:, 0], start), 0, None)
    return lost > 0.1 * (spans[:, 1] - spans[:, 0])


def case(scene: Scene) -> Case:
    truth = np.array([b.edges_s for b in scene.bursts]).reshape(-1, 2)
    return Case(scene.at(RATE_HZ), truth)


def rms_at(snr_db: float) -> float:
    return REST_V * 10 ** (snr_db / 20)


def laid_out(
    seed: int, duration_s: float, *, lasting, pause, rms_v: float | Callable = 1e-4, lead_s=2.0
) -> Scene:
    """Bursts of random length and pause, from (low, high) each, until the time is over."""
    rng = np.random.default_rng(1000 + seed)
    bursts, at = [], lead_s
    while (stop := at + rng.uniform(*lasting)) < duration_s - 0.5:
        bursts.append(Burst(at, stop, rms_v(rng) if callable(rms_v) else rms_v))
        at = stop + rng.uniform(*pause)
    return Scene(duration_s, bursts, seed=seed)


def game_like(seed: int, snr_db: float) -> Case:
    scene = laid_out(seed, 60, lasting=(0.2, 0.85), pause=(0.6, 3), rms_v=rms_at(snr_db))
    return case(scene)


def holds(seed: int, snr_db: float) -> Case:
    return case(laid_out(seed, 90, lasting=(2, 10), pause=(2, 6), rms_v=rms_at(snr_db)))


def sparse(seed: int, snr_db: float) -> Case:
    return case(laid_out(seed, 90, lasting=(0.5, 1.5), pause=(15, 25), rms_v=rms_at(snr_db)))


def one_only(seed: int, snr_db: float) -> Case:
    return case(Scene(40, [Burst(17.3, 18.9, rms_at(snr_db))], seed=seed))


def half_duty(seed: int, snr_db: float) -> Case:
    return case(laid_out(seed, 60, lasting=(1, 3), pause=(1, 3), rms_v=rms_at(snr_db)))


def high_duty(seed: int, snr_db: float) -> Case:
    return case(
        laid_out(seed, 90, lasting=(8, 10), pause=(0.8, 1.2), rms_v=rms_at(snr_db), lead_s=1)
    )


def wandering(seed: int, snr_db: float) -> Case:
    scene = laid_out(seed, 60, lasting=(0.5, 2), pause=(1, 4), rms_v=rms_at(snr_db))
    return case(replace(scene, wander_v=2e-4))


def spiked(seed: int, snr_db: float) -> Case:
    plain = case(laid_out(seed, 60, lasting=(0.5, 2), pause=(1, 4), rms_v=rms_at(snr_db)))
    plain.samples[1000:1004] += [2e-3, 5e-3, -4e-3, -1e-3]
    return plain


def tonic(share: float) -> Callable[[int, float], Case]:
    def build(seed: int, snr_db: float) -> Case:
        plateau_v = rms_at(snr_db)
        scene = laid_out(seed, 90, lasting=(2, 8), pause=(2, 6), rms_v=plateau_v)
        return case(replace(scene, tonic_v=share * plateau_v))

    return build


def dropped_out(seed: int, snr_db: float) -> Case:
    plain = case(laid_out(seed, 60, lasting=(0.5, 2), pause=(1, 4), rms_v=rms_at(snr_db)))
    rng = np.random.default_rng(2000 + seed)
    starts = rng.integers(1000, 59000, 6)
    for start in starts:
        plain.samples[start : start + 270] = -5.5e-3
    return replace(plain, masked_s=[(s / RATE_HZ - 0.05, s / RATE_HZ + 0.32) for s in starts])


def with_more_noise(case: Case, growth: Signal, seed: int) -> Case:
    """growth: (n,) how many times the rest noise is what it was."""
    noise = np.random.default_rng(3000 + seed).standard_normal(case.samples.size)
    return replace(case, samples=case.samples + REST_V * np.sqrt(growth**2 - 1) * noise)


def with_doubled_noise(case: Case, seed: int) -> Case:
    """From the middle on."""
    size = case.samples.size
    return with_more_noise(case, 1.0 + (np.arange(size) > size / 2), seed)


def uneven(seed: int, snr_db: float) -> Case:
    def strength(rng):
        return rms_at(snr_db) * rng.uniform(0.2, 1)

    scene = laid_out(seed, 60, lasting=(0.5, 2), pause=(1, 4), rms_v=strength)
    strongest = replace(scene.bursts[0], rms_v=rms_at(snr_db))
    return case(replace(scene, bursts=[strongest, *scene.bursts[1:]]))
