"""The spectra of a channel, each computed once: of windows over all of it, and of contractions."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from myograph.analysis.protocol import Protocol
from myograph.recording import Signal, Stretch
from myograph.signal.filters import band_of
from myograph.signal.runs import Runs
from myograph.signal.spectrum import (
    Axis,
    Shape,
    Starts,
    axis_of,
    each_periodogram,
    evenly_spread,
    in_band,
    periodograms,
    shape_of,
    unmasked,
)

_MOTION_FROM_HZ = 1.0
_AT_ONCE = 128  # contractions, spectra


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """What the spectra of one channel are taken from, and those of its 1 s windows.

    samples          unfiltered, bridged: a filter's slope would bend FInsm5 by 10 to 20 %
    unusable         runs that no window may touch
    whole            (bins,) mean over the unmasked windows; None where there is none
    rest             (bins,) mean over the quietest fifth of them
    """

    samples: Stretch
    unusable: Runs
    axis: Axis
    band_hz: tuple[float, float]
    window: int
    whole: Signal | None
    rest: Signal | None


def spectra_of(samples: Stretch, unusable: Runs, rate_hz: float, protocol: Protocol) -> Spectra:
    band_hz = band_of(rate_hz, protocol.band_hz)
    window = round(protocol.window_ms / 1e3 * rate_hz)
    axis = axis_of(rate_hz, protocol.window_ms / 1e3, band_hz[1] + 1)
    starts = np.arange(0, samples.size - window + 1, window // 2)
    starts = starts[unmasked(starts, window, unusable)]
    whole, rest = None, None
    if starts.size:
        quietest = _Quietest(starts.size, axis.bins, protocol.quiet_share)
        total = np.zeros(axis.bins)
        for power in each_periodogram(samples, starts, window, axis):
            total += power.sum(axis=0)
            quietest.add(power, power[:, in_band(axis, band_hz)].sum(axis=1))
        whole, rest = total / starts.size, quietest.mean()
    return Spectra(samples, unusable, axis, band_hz, window, whole, rest)


class _Quietest:
    """The quietest `share` of so many spectra, at least one; not many more are ever held."""

    def __init__(self, count: int, bins: int, share: float) -> None:
        self._share = share
        self._most = int(share * (count - 1)) + 2  # of them lie up to the quantile, but for ties
        self._rows = np.empty((min(count, 3 * self._most // 2 + _AT_ONCE), bins))
        self._power = np.empty(len(self._rows))
        self._held = 0
        self._all = list[Signal]()

    def add(self, rows: Signal, power: Signal) -> None:
        """power: (k,) of each row"""
        if self._held + len(rows) > len(self._rows):
            self._keep(float(np.partition(self._power[: self._held], self._most)[self._most]))
        if self._held + len(rows) > len(self._rows):  # equally quiet ones, too many to hold
            room = np.empty((len(self._rows) + len(rows), rows.shape[1]))
            self._rows = np.concatenate((self._rows, room))
            self._power = np.concatenate((self._power, room[:, 0]))
        stop = self._held + len(rows)
        self._rows[self._held : stop], self._power[self._held : stop] = rows, power
        self._held = stop
        self._all.append(power)

    def mean(self) -> Signal:
        """(bins,)"""
        self._keep(float(np.quantile(np.concatenate(self._all), self._share)))
        return self._rows[: self._held].mean(axis=0)

    def _keep(self, limit: float) -> None:
        kept = np.flatnonzero(self._power[: self._held] <= limit)
        self._rows[: kept.size] = self._rows[kept]
        self._power[: kept.size] = self._power[kept]
        self._held = kept.size


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
        for some in _in_turn(members):
            starts = [
                _usable(spectra, evenly_spread(int(spans[i, 0]), int(spans[i, 1]), size), size)
                for i in some
            ]
            power = periodograms(spectra.samples, np.concatenate(starts), size, spectra.axis)
            at = 0
            for i, own in zip(some, starts, strict=True):
                if own.size:
                    means[i] = power[at : at + own.size].mean(axis=0)
                at += own.size
    return means


def shapes_at(spectra: Spectra, starts: Starts, size: int) -> Shape:
    """Of the windows of `size` samples at `starts`, less the spectrum of rest."""
    shapes = [active_shape(spectra, np.empty((0, spectra.axis.bins)))]
    shapes += [
        active_shape(spectra, power)
        for power in each_periodogram(spectra.samples, starts, size, spectra.axis)
    ]
    return Shape(
        mpf_hz=np.concatenate([shape.mpf_hz for shape in shapes]),
        mdf_hz=np.concatenate([shape.mdf_hz for shape in shapes]),
        fi_nsm5=np.concatenate([shape.fi_nsm5 for shape in shapes]),
    )


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
    return starts[unmasked(starts, size, spectra.unusable)]


def _in_turn(members: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(members), _AT_ONCE):
        yield members[first : first + _AT_ONCE]


def _by_segment(spans: Runs, shortest: int, longest: int) -> dict[int, list[int]]:
    """Which spans share a length of segment."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for i, (start, stop) in enumerate(spans):
        if stop - start >= shortest:
            groups[min(int(stop - start), longest)].append(i)
    return groups
