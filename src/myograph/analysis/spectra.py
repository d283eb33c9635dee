"""The spectra of a channel, each computed once: of windows over all of it, and of contractions."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from myograph.analysis.protocol import Protocol
from myograph.recording import Signal
from myograph.signal.filters import band_of
from myograph.signal.runs import Mask, Runs, counted
from myograph.signal.spectrum import (
    Axis,
    Shape,
    Starts,
    axis_of,
    evenly_spread,
    in_band,
    periodograms,
    shape_of,
    unmasked,
)

_MOTION_FROM_HZ = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """What the spectra of one channel are taken from, and those of its 1 s windows.

    samples          (n,) unfiltered, bridged: a filter's slope would bend FInsm5 by 10 to 20 %
    masked_before    (n + 1,) unusable samples before each place; None: every sample is good
    whole            (bins,) mean over the unmasked windows; None where there is none
    rest             (bins,) mean over the quietest fifth of them
    """

    samples: Signal
    masked_before: Starts | None
    axis: Axis
    band_hz: tuple[float, float]
    window: int
    whole: Signal | None
    rest: Signal | None


def spectra_of(
    samples: Signal, unusable: Mask | None, rate_hz: float, protocol: Protocol
) -> Spectra:
    band_hz = band_of(rate_hz, protocol.band_hz)
    window = round(protocol.window_ms / 1e3 * rate_hz)
    axis = axis_of(rate_hz, protocol.window_ms / 1e3, band_hz[1] + 1)
    masked_before = None if unusable is None else counted(unusable)
    starts = np.arange(0, samples.size - window + 1, window // 2)
    starts = starts[unmasked(starts, window, masked_before)]
    whole, rest = None, None
    if starts.size:
        power = periodograms(samples, starts, window, axis)
        whole = power.mean(axis=0)
        rest = power[_quiet(power[:, in_band(axis, band_hz)], protocol.quiet_share)].mean(axis=0)
    return Spectra(samples, masked_before, axis, band_hz, window, whole, rest)


def motion_share(spectra: Spectra) -> float | None:
    """Power below the band over all power to its top, both from 1 Hz on; None without any."""
    if spectra.whole is None:
        return None
    band = in_band(spectra.axis, spectra.band_hz)
    first = in_band(spectra.axis, (_MOTION_FROM_HZ, spectra.band_hz[1])).start
    total = float(spectra.whole[first : band.stop].sum())
    return float(spectra.whole[first : band.start].sum()) / total if total > 0 else None


def mean_spectra(spectra: Spectra, spans: Runs, protocol: Protocol) -> Signal:
    """(k, bins) mean spectrum of each span of samples; NaN where it is too short or masked."""
    rate_hz = spectra.axis.rate_hz
    shortest = round(protocol.spectrum_from_ms / 1e3 * rate_hz)
    longest = round(protocol.segment_ms / 1e3 * rate_hz)
    means = np.full((len(spans), spectra.axis.bins), np.nan)
    for size, members in _by_segment(spans, shortest, longest).items():
        starts = [
            _usable(spectra, evenly_spread(int(spans[i, 0]), int(spans[i, 1]), size), size)
            for i in members
        ]
        power = periodograms(spectra.samples, np.concatenate(starts), size, spectra.axis)
        at = 0
        for i, own in zip(members, starts, strict=True):
            if own.size:
                means[i] = power[at : at + own.size].mean(axis=0)
            at += own.size
    return means


def windows_within(spectra: Spectra, spans: Runs, window: int) -> Starts:
    """Starts of the unmasked windows that lie wholly inside a span, with half overlap."""
    starts = [np.empty(0, np.int64)]
    for start, stop in spans:
        starts.append(np.arange(int(start), int(stop) - window + 1, window // 2))
    return _usable(spectra, np.concatenate(starts), window)


def active_shape(spectra: Spectra, power: Signal) -> Shape:
    """MPF, MDF and FInsm5 of the rows of `power`, less the spectrum of rest."""
    rest = 0.0 if spectra.rest is None else spectra.rest
    return shape_of(np.maximum(power - rest, 0.0), spectra.axis, spectra.band_hz)


def _usable(spectra: Spectra, starts: Starts, size: int) -> Starts:
    return starts[unmasked(starts, size, spectra.masked_before)]


def _quiet(power: Signal, share: float) -> Mask:
    """(k,) the quietest `share` of the windows, at least one."""
    total = power.sum(axis=1)
    return total <= np.quantile(total, share)


def _by_segment(spans: Runs, shortest: int, longest: int) -> dict[int, list[int]]:
    """Which spans share a length of segment."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for i, (start, stop) in enumerate(spans):
        if stop - start >= shortest:
            groups[min(int(stop - start), longest)].append(i)
    return groups
