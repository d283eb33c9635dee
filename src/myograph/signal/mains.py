"""Mains hum: how much of a signal it is, and what it says of the sampling rate."""

from dataclasses import dataclass

import numpy as np

from myograph.recording import Signal, Stretch
from myograph.signal.grid import TINY
from myograph.signal.spectrum import Axis, Starts, in_band, periodograms

_PEAK_WITHIN_HZ = 1.5
_LINE_HZ = 1.01  # half width of a line in the spectrum of a 1 s Hann window
_BESIDE_HZ = 4.0
_MOST_WINDOWS = 64  # of a long recording: more would not tell more
_FEWEST_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Hum:
    """A mains line and its harmonics: their share of the power in the band."""

    share: float
    hz: float


def hum_of(
    power: Signal, axis: Axis, nominals_hz: tuple[float, ...], band_hz: tuple[float, float]
) -> Hum | None:
    """The stronger of the candidate lines; None where the spectrum holds no power.

    power    (bins,) mean spectrum of 1 s windows
    """
    total = float(power[in_band(axis, band_hz)].sum())
    if not total > 0:
        return None
    return max((_hum(power, axis, n, band_hz, total) for n in nominals_hz), key=lambda h: h.share)


def _hum(
    power: Signal, axis: Axis, nominal_hz: float, band_hz: tuple[float, float], total: float
) -> Hum:
    """The power that stands above the median of its neighbours, at the line and its harmonics."""
    hz = axis.hz
    near = np.abs(hz - nominal_hz) <= _PEAK_WITHIN_HZ
    line_hz = float(hz[near][power[near].argmax()])
    harmonics = np.arange(line_hz, band_hz[1] - _BESIDE_HZ + 1, line_hz)
    return Hum(sum(_above(power, hz, at) for at in harmonics) / total, line_hz)


def _above(power: Signal, hz: Signal, at_hz: float) -> float:
    distance = np.abs(hz - at_hz)
    line = power[distance <= _LINE_HZ]
    beside = power[(distance > _LINE_HZ) & (distance <= _BESIDE_HZ)]
    return max(0.0, float((line - np.median(beside)).sum()))


@dataclass(frozen=True, slots=True)
class Line:
    """A mains line so clear that it dates the clock: the rate at which it would lie at nominal."""

    implied_rate_hz: float
    above_db: float


@dataclass(frozen=True, slots=True)
class Search:
    """For a mains line: `share` to both sides of a nominal frequency, `least_db` above the rest."""

    nominals_hz: tuple[float, ...]
    share: float
    least_db: float


def clear_line(
    x: Stretch, starts: Starts, size: int, *, rate_hz: float, search: Search
) -> Line | None:
    """The clearest line near a nominal frequency; None where none is clear, or the time is short.

    x         (n,) bridged across its mask
    starts    of windows of `size` samples, some seconds each; the quieter half is best
    """
    if starts.size < _FEWEST_WINDOWS:
        return None
    highest_hz = max(search.nominals_hz) * (1 + search.share)
    axis = Axis(rate_hz, size, int(highest_hz * size / rate_hz) + 3)
    power = periodograms(x, np.sort(starts[:_MOST_WINDOWS]), size, axis).mean(axis=0)
    lines = [_line(power, axis, nominal_hz, search.share) for nominal_hz in search.nominals_hz]
    clear = [line for line in lines if line is not None and line.above_db >= search.least_db]
    return max(clear, key=lambda line: line.above_db, default=None)


def _line(power: Signal, axis: Axis, nominal_hz: float, share: float) -> Line | None:
    hz = axis.hz
    near = np.flatnonzero(np.abs(hz - nominal_hz) <= share * nominal_hz)
    surroundings = float(np.median(power[near]))
    peak = int(near[power[near].argmax()])
    if peak in (near[0], near[-1]) or not surroundings > 0:
        return None
    line_hz = (peak + _offset(power[peak - 1 : peak + 2])) * axis.step_hz
    above_db = 10 * np.log10(power[peak] / surroundings)
    return Line(axis.rate_hz * nominal_hz / line_hz, float(above_db))


def _offset(three: Signal) -> float:
    """Of the summit from the middle of three bins: a parabola through their logarithms."""
    left, middle, right = np.log(np.maximum(three, TINY))
    return float((left - right) / (2 * (left - 2 * middle + right)))
