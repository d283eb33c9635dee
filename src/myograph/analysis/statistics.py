"""A channel in numbers: of its contractions, of all of it, and how they vary."""

import numpy as np

from myograph.analysis.amplitude import Amplitude, amplitude_of
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Spread, Statistics, Temporal
from myograph.analysis.spectra import Spectra, active_shape, shapes_at, windows_within
from myograph.recording import Signal
from myograph.signal.grid import Grid
from myograph.signal.runs import Runs, filled, lengths
from myograph.signal.spectrum import Shape, Starts, shape_of

_FEWEST_WINDOWS = 2


def clinical(
    grid: Grid, runs: Runs, power: Signal, *, spectra: Spectra, protocol: Protocol
) -> Statistics:
    """Over the contractions, less the spectrum of rest: the values for clinical use.

    power    (k, bins) mean spectrum of each contraction, NaN where it has none

    Spectra are weighted by the length of their contraction; without 2 s of them there is none.
    """
    amplitude = amplitude_of(grid, filled(runs, grid.size))
    has = np.isfinite(power[:, 0])
    weights = lengths(runs)[has] * grid.cell_s
    if weights.sum() < protocol.clinical_spectrum_from_s or not has.any():
        return _statistics(amplitude, None, None)
    mean = np.average(power[has], axis=0, weights=weights)
    segment_s = min(protocol.segment_ms / 1e3, float(weights.max()))
    return _statistics(amplitude, active_shape(spectra, mean[None]), 1 / segment_s)


def whole(grid: Grid, spectra: Spectra) -> Statistics:
    """Over every unmasked sample of the recording; nothing is subtracted."""
    amplitude = amplitude_of(grid, slice(None))
    if spectra.whole is None:
        return _statistics(amplitude, None, None)
    shape = shape_of(spectra.whole[None], spectra.axis, spectra.band_hz)
    return _statistics(amplitude, shape, spectra.axis.rate_hz / spectra.window)


def temporal(grid: Grid, runs: Runs, *, spectra: Spectra, protocol: Protocol) -> Temporal | None:
    """Over windows wholly inside contractions; None where there are fewer than two.

    Windows of 1 s, or of 0.25 s where no contraction lasts 1 s.
    """
    rate_hz = spectra.axis.rate_hz
    spans = grid.samples_at(runs)
    longest_s = float(lengths(spans).max(initial=0)) / rate_hz
    full = longest_s >= protocol.window_ms / 1e3
    window_s = (protocol.window_ms if full else protocol.short_window_ms) / 1e3
    size = round(window_s * rate_hz)
    starts = windows_within(spectra, spans, size)
    shape = shapes_at(spectra, starts, size)
    strong = np.isfinite(shape.mdf_hz)
    if np.count_nonzero(strong) < _FEWEST_WINDOWS:
        return None
    starts = starts[strong]
    rms_v, mav_v = _window_amplitudes(grid, starts, size)
    return Temporal(
        window_s=window_s,
        windows=int(starts.size),
        rms=_spread(rms_v),
        mav=_spread(mav_v),
        mpf=_spread(shape.mpf_hz[strong]),
        mdf=_spread(shape.mdf_hz[strong]),
        fi_nsm5=_spread(shape.fi_nsm5[strong]),
    )


def _statistics(
    amplitude: Amplitude, shape: Shape | None, resolution_hz: float | None
) -> Statistics:
    """Of one spectrum; None where it holds no power."""
    if shape is None or not np.isfinite(shape.mdf_hz[0]):
        return Statistics(
            amplitude.rms_v, amplitude.mav_v, amplitude.iemg_vs, None, None, None, None
        )
    return Statistics(
        rms_v=amplitude.rms_v,
        mav_v=amplitude.mav_v,
        iemg_vs=amplitude.iemg_vs,
        mpf_hz=float(shape.mpf_hz[0]),
        mdf_hz=float(shape.mdf_hz[0]),
        fi_nsm5=float(shape.fi_nsm5[0]),
        resolution_hz=resolution_hz,
    )


def _window_amplitudes(grid: Grid, starts: Starts, size: int) -> tuple[Signal, Signal]:
    """RMS and MAV of each window, as whole cells cover it."""
    first = grid.first_cell_from(starts)
    last = np.minimum(grid.first_cell_from(starts + size), grid.size)
    cells = [slice(int(a), int(b)) for a, b in zip(first, last, strict=True)]
    mean_square = np.array([grid.square[part].mean() for part in cells])
    return np.sqrt(mean_square), np.array([grid.absolute[part].mean() for part in cells])


def _spread(values: Signal) -> Spread:
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    return Spread(mean, sd, float(values.min()), float(values.max()), sd / mean)
