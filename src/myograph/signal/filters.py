"""Zero-phase filters, in blocks where a signal is long."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter, iirnotch, sosfiltfilt, tf2sos

from myograph.recording import Signal, Stretch
from myograph.signal import blocks

_MARGIN_S = 2.0  # by then the filter has forgotten: the error is below 1e-13
_HIGHEST_SHARE = 0.45  # of the rate


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Second-order sections (k, 6), run forward and backward: no delay, twice the attenuation.

    Designing one costs as much as filtering some seconds, so designs are remembered.
    """

    sections: Signal
    rate_hz: float


def band_of(rate_hz: float, band_hz: tuple[float, float]) -> tuple[float, float]:
    """The band as far as the rate carries it."""
    return band_hz[0], min(band_hz[1], _HIGHEST_SHARE * rate_hz)


@lru_cache
def bandpass(rate_hz: float, band_hz: tuple[float, float], order: int) -> Filter:
    """Butterworth of `order` in each pass, so -6 dB at the nominal corners.

    The lower corner after De Luca et al. 2010, doi 10.1016/j.jbiomech.2010.01.027.
    """
    sections = butter(order, band_of(rate_hz, band_hz), "bandpass", fs=rate_hz, output="sos")
    return Filter(np.asarray(sections, np.float64), rate_hz)


@lru_cache
def lowpass(rate_hz: float, corner_hz: float, order: int) -> Filter:
    """Butterworth of `order` in each pass."""
    sections = butter(order, corner_hz, fs=rate_hz, output="sos")
    return Filter(np.asarray(sections, np.float64), rate_hz)


def with_notches(band: Filter, line_hz: float, *, width_hz: float, up_to_hz: float) -> Filter:
    """`band`, and a notch of equal width at a line and at each of its harmonics."""
    harmonics = np.arange(line_hz, up_to_hz, line_hz)
    notches = [tf2sos(*iirnotch(hz, hz / width_hz, fs=band.rate_hz)) for hz in harmonics]
    return Filter(np.concatenate([band.sections, *notches]), band.rate_hz)


def filtered(x: Stretch, by: Filter) -> Signal:
    """(n,) the whole signal; more than one block holds the memory of one block beside it."""
    if x.size <= blocks.BLOCK:
        return filtered_part(x, by, 0, x.size)
    y = np.empty(x.size)
    for start, stop in blocks.blocks(x.size):
        y[start:stop] = filtered_part(x, by, start, stop)
    return y


def filtered_part(x: Stretch, by: Filter, start: int, stop: int) -> Signal:
    """Samples start..stop of the filtered signal, without filtering all of it."""
    margin = round(_MARGIN_S * by.rate_hz)
    first, last = max(0, start - margin), min(x.size, stop + margin)
    y = np.asarray(sosfiltfilt(by.sections, x[first:last]), np.float64)
    return y[start - first : stop - first]
