"""Where in frequency the power of a signal lies.

Periodograms of Hann windows (Welch 1967, doi 10.1109/TAU.1967.1161901), padded with zeros to a
common length, so that windows of unequal length share their frequencies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft

from myograph.recording import Signal, Stretch
from myograph.signal import blocks
from myograph.signal.runs import Mask, Runs, covered_before

Starts: TypeAlias = npt.NDArray[np.int64]

_BATCH = 128  # windows at once: they stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The frequencies of a spectrum: `bins` of them, from 0 Hz in steps of rate / length."""

    rate_hz: float
    length: int
    bins: int

    @property
    def step_hz(self) -> float:
        return self.rate_hz / self.length

    @property
    def hz(self) -> Signal:
        return np.arange(self.bins, dtype=np.float64) * self.step_hz


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """(k,) each, of k spectra: mean and median power frequency and FInsm5; NaN without power."""

    mpf_hz: Signal
    mdf_hz: Signal
    fi_nsm5: Signal


def axis_of(rate_hz: float, padded_s: float, up_to_hz: float) -> Axis:
    """At least `padded_s` long, below the highest frequency that `rate_hz` carries."""
    length = int(fft.next_fast_len(round(padded_s * rate_hz), real=True))
    return Axis(rate_hz, length, min(int(up_to_hz * length / rate_hz) + 1, length // 2))


def periodograms(x: Stretch, starts: Starts, size: int, axis: Axis) -> Signal:
    """(k, bins) power density, V²/Hz one-sided, of the k windows of `size` samples at `starts`.

    starts    never falling

    The mean of each window is removed. 0 Hz is not to be used.
    """
    power = np.empty((starts.size, axis.bins))
    at = 0
    for rows in each_periodogram(x, starts, size, axis):
        power[at : at + len(rows)] = rows
        at += len(rows)
    return power


def each_periodogram(x: Stretch, starts: Starts, size: int, axis: Axis) -> Iterator[Signal]:
    """The same, a few windows at a time."""
    window = _hann(size, axis.rate_hz)
    for near in _near_each_other(starts):
        first = int(near[0])
        samples = x[first : int(near[-1]) + size]
        views = np.lib.stride_tricks.sliding_window_view(samples, size)
        part = views[near - first]
        part -= part.mean(axis=1, keepdims=True)
        part *= window
        lines = np.asarray(fft.rfft(part, axis.length, axis=1, overwrite_x=True), np.complex128)
        kept = lines[:, : axis.bins]
        yield kept.real**2 + kept.imag**2


def _near_each_other(starts: Starts) -> Iterator[Starts]:
    """Batches that one block of samples holds."""
    at = 0
    while at < starts.size:
        reach = int(starts[at]) + blocks.BLOCK
        stop = min(at + _BATCH, int(np.searchsorted(starts, reach, "right")))
        yield starts[at:stop]
        at = stop


def shape_of(power: Signal, axis: Axis, band_hz: tuple[float, float]) -> Shape:
    """MPF, MDF and FInsm5 of each row of `power` within the band.

    MPF is the mean power frequency, sum(f P) / sum(P). MDF halves the power, interpolated between
    bins (Stulen and De Luca 1981, doi 10.1109/TBME.1981.324738, for both). FInsm5 is the moment of
    order -1 over that of order 5 (Dimitrov et al. 2006, doi 10.1249/01.mss.0000233794.31659.6d);
    values near 1e-13 are right.
    """
    inside = in_band(axis, band_hz)
    hz, rows = axis.hz[inside], power[:, inside]
    return Shape(
        mpf_hz=_moment(rows, hz) / _power(rows),
        mdf_hz=_median_hz(rows, hz, axis.step_hz),
        fi_nsm5=_moment(rows, 1 / hz) / _power(rows * hz**5),
    )


def in_band(axis: Axis, band_hz: tuple[float, float]) -> slice:
    """The bins of the band, both corners among them."""
    hz = axis.hz
    first, last = np.searchsorted(hz, band_hz[0]), np.searchsorted(hz, band_hz[1], "right")
    return slice(int(first), int(last))


def evenly_spread(start: int, stop: int, size: int) -> Starts:
    """Starts of windows that cover start..stop with at least half overlap; none if too short."""
    room = stop - start - size
    if room < 0:
        return np.empty(0, np.int64)
    count = -(-room // max(1, size // 2)) + 1
    return np.round(np.linspace(start, stop - size, count)).astype(np.int64)


def unmasked(starts: Starts, size: int, unusable: Runs) -> Mask:
    """(k,) which windows touch no run of unusable samples."""
    return covered_before(unusable, starts + size) == covered_before(unusable, starts)


def _power(rows: Signal) -> Signal:
    """(k,) the sum of each row; NaN where there is nothing."""
    total = rows.sum(axis=1)
    return np.where(total > 0, total, np.nan)


def _moment(rows: Signal, weights: Signal) -> Signal:
    """(k,) sums of each row times the weights, without BLAS: its threads cost more than they do."""
    return np.einsum("ij,j->i", rows, weights)


def _hann(size: int, rate_hz: float) -> Signal:
    """Scaled so that the squared transform is a one-sided density."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return window / np.sqrt((window**2).sum() * rate_hz / 2)


def _median_hz(rows: Signal, hz: Signal, step_hz: float) -> Signal:
    """Each bin's power is spread evenly over its width."""
    running = np.cumsum(rows, axis=1)
    half = running[:, -1:] / 2
    at = (running < half).sum(axis=1)
    row = np.arange(len(rows))
    own = rows[row, at]
    before = running[row, at] - own
    share = np.divide(half[:, 0] - before, own, out=np.full(len(rows), np.nan), where=own > 0)
    return hz[at] + (share - 0.5) * step_hz
