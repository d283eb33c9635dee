"""The numbers of each contraction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from myograph.analysis.amplitude import amplitude_of, strongest
from myograph.analysis.protocol import Detector, Protocol
from myograph.analysis.results import Contraction
from myograph.analysis.spectra import Spectra, active_shape
from myograph.recording import Signal
from myograph.signal.grid import Grid
from myograph.signal.runs import Runs


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """One channel on its grid.

    envelope    (m,) V
    game        (m,) V, mean of the activated channel in each cell; None: not recorded
    """

    grid: Grid
    envelope: Signal
    game: Signal | None


@dataclass(frozen=True, slots=True)
class Spectral:
    """Of one contraction; None where it is too short, masked, or no stronger than rest."""

    mpf_hz: float | None
    mdf_hz: float | None
    fi_nsm5: float | None
    resolution_hz: float | None


def describe(
    runs: Runs,
    traces: Traces,
    spectral: Sequence[Spectral],
    *,
    source: Detector,
    protocol: Protocol,
) -> tuple[Contraction, ...]:
    """One contraction for each run of cells, numbered from 1."""
    return tuple(
        _contraction(number, int(start), int(stop), traces, own, source=source, protocol=protocol)
        for number, ((start, stop), own) in enumerate(zip(runs, spectral, strict=True), 1)
    )


def spectral_of(spans: Runs, power: Signal, spectra: Spectra, protocol: Protocol) -> list[Spectral]:
    """One for each span of samples.

    power    (k, bins) the mean spectrum of each span, NaN where it has none
    """
    shape = active_shape(spectra, power)
    rate_hz = spectra.axis.rate_hz
    longest = round(protocol.segment_ms / 1e3 * rate_hz)
    found: list[Spectral] = []
    for i, (start, stop) in enumerate(spans):
        values = (float(shape.mpf_hz[i]), float(shape.mdf_hz[i]), float(shape.fi_nsm5[i]))
        if np.isfinite(values).all():
            found.append(Spectral(*values, rate_hz / min(int(stop - start), longest)))
        else:
            found.append(Spectral(None, None, None, None))
    return found


def _contraction(
    number: int,
    start: int,
    stop: int,
    traces: Traces,
    spectral: Spectral,
    *,
    source: Detector,
    protocol: Protocol,
) -> Contraction:
    """Of the cells start..stop."""
    grid, own = traces.grid, traces.envelope[start:stop]
    times_s = grid.samples_at(np.array([start, start + int(own.argmax()), stop])) / grid.rate_hz
    amplitude = amplitude_of(grid, slice(start, stop))
    width = round(protocol.strength_ms / 1e3 / grid.cell_s)
    return Contraction(
        number=number,
        start_s=float(times_s[0]),
        end_s=float(times_s[2]),
        peak_v=float(own.max()),
        mean_v=float(own.mean()),
        strength_v=strongest(own, width),
        activated_strength_v=_game_strength(traces, start, stop, width, protocol),
        time_to_peak_s=float(times_s[1] - times_s[0]),
        rms_v=amplitude.rms_v,
        mav_v=amplitude.mav_v,
        iemg_vs=amplitude.iemg_vs,
        mpf_hz=spectral.mpf_hz,
        mdf_hz=spectral.mdf_hz,
        fi_nsm5=spectral.fi_nsm5,
        masked_share=float(1 - grid.ok[start:stop].mean()),
        cut=start == 0 or stop == grid.size,
        source=source,
        resolution_hz=spectral.resolution_hz,
    )


def _game_strength(
    traces: Traces, start: int, stop: int, width: int, protocol: Protocol
) -> float | None:
    """The same of the activated channel, which lags by its memory: it is heard out that long."""
    if traces.game is None:
        return None
    memory = round(protocol.game_memory_ms / 1e3 / traces.grid.cell_s)
    return strongest(traces.game[start : stop + memory], min(width, stop - start))
