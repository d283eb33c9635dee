"""Signals of any length, looked at a block at a time."""

from collections.abc import Callable, Iterator

import numpy as np

from myograph.recording import Signal, Stretch
from myograph.signal.runs import NONE, Mask, Runs, at_least, filled, lengths, merged, runs_of

BLOCK = 1 << 18  # samples: small ones stay in the cache


def blocks(size: int) -> Iterator[tuple[int, int]]:
    """Start and stop of each."""
    for start in range(0, size, BLOCK):
        yield start, min(size, start + BLOCK)


def runs_where(condition: Callable[[int, int], Mask], size: int, shortest: float = 1) -> Runs:
    """The runs of `shortest` and more in which a condition on each of 0..size holds.

    condition    of start and stop of a block: (stop - start,)
    """
    found = [NONE]
    for start, stop in blocks(size):
        on = condition(start, stop)
        if on.any():
            found.append(_long_or_cut(runs_of(on), stop - start, shortest) + start)
    return at_least(merged(np.concatenate(found), 0), shortest)


def equal_runs(x: Stretch, shortest: float) -> tuple[Runs, Signal]:
    """The runs of `shortest` and more equal samples, and what each is equal to."""
    found, values = [NONE], [np.empty(0)]
    for start, stop in blocks(x.size - 1):
        part = x[start : stop + 1]
        runs = _long_or_cut(runs_of(part[1:] == part[:-1]), stop - start, shortest - 1)
        found.append(runs + start)
        values.append(part[runs[:, 0]])
    pairs = np.concatenate(found)
    joined = merged(pairs, 0)
    value = np.concatenate(values)[np.searchsorted(pairs[:, 0], joined[:, 0])]
    joined[:, 1] += 1  # so many pairs are one sample more
    long = lengths(joined) >= shortest
    return joined[long], value[long]


def bridged(x: Stretch, masked: Runs) -> Stretch:
    """`x` with a straight line across each masked run; level at the ends. `x` where no mask is.

    masked    in order and apart, not all of `x`
    """
    if not len(masked):
        return x
    lines = _Bridged(x, masked)
    return lines[:] if x.size <= BLOCK else lines


class _Bridged:
    """Drawn where it is asked for: a second copy of a long signal is never held."""

    def __init__(self, x: Stretch, masked: Runs) -> None:
        self._x = x
        self._masked = masked
        anchors = beside(masked, x.size)
        self._anchors = anchors
        self._values = np.array([x[at : at + 1][0] for at in anchors.tolist()])

    @property
    def size(self) -> int:
        return self._x.size

    def __getitem__(self, part: slice) -> Signal:
        start, stop, _ = part.indices(self.size)
        y = np.array(self._x[start:stop])
        first = np.searchsorted(self._masked[:, 1], start, "right")
        last = np.searchsorted(self._masked[:, 0], stop)
        if first < last:
            inside = np.clip(self._masked[first:last] - start, 0, y.size)
            places = np.flatnonzero(filled(inside, y.size))
            y[places] = np.interp(places + start, self._anchors, self._values)
        return y


def beside(runs: Runs, size: int) -> Runs:
    """(k,) the places right before and after each run, as far as there are such."""
    anchors = np.unique(np.column_stack((runs[:, 0] - 1, runs[:, 1])))
    return anchors[(anchors >= 0) & (anchors < size)]


def _long_or_cut(runs: Runs, size: int, shortest: float) -> Runs:
    """Without those that are short and do not go on in the next block."""
    cut = (runs[:, 0] == 0) | (runs[:, 1] == size)
    return runs[cut | (lengths(runs) >= shortest)]
