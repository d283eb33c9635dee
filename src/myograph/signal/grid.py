"""A filtered signal in cells of 5 ms: what every decision and amplitude is made of.

Cells hold exact means over their samples, so the RMS and MAV of any run of cells are exact, and
nothing that follows depends on the sampling rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from myograph.recording import Signal, Stretch
from myograph.signal import blocks
from myograph.signal.blocks import beside
from myograph.signal.filters import Filter, filtered_part
from myograph.signal.runs import Mask, Runs, filled, runs_of

Places: TypeAlias = npt.NDArray[np.int64]

_ROUNDING = 1e-9  # 200 cells must not become 199
TINY = 1e-300  # stands for no power where a logarithm is taken


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """(m,) cells.

    cell_s     nominal; where it is no whole number of samples, the cells differ by one
    square     mean square of each cell, V²; bridged where not ok
    absolute   mean absolute value, V; bridged where not ok
    ok         no sample of the cell is masked
    """

    rate_hz: float
    cell_s: float
    square: Signal
    absolute: Signal
    ok: Mask

    @property
    def size(self) -> int:
        return self.ok.size

    @property
    def edges(self) -> Places:
        """(m + 1,) in samples."""
        return self.samples_at(np.arange(self.size + 1))

    def samples_at(self, cells: Places) -> Places:
        """The sample at which each of the cells begins."""
        return _samples_at(cells, self.rate_hz * self.cell_s)

    def first_cell_from(self, samples: Places) -> Places:
        """The first cell that begins at each of the samples or after it."""
        return _cell_of(samples - 1, self.rate_hz * self.cell_s) + 1

    def seconds(self, use: Mask | slice) -> Signal:
        """(k,) the length of each cell of `use`."""
        first, last, _ = use.indices(self.size) if isinstance(use, slice) else (0, self.size, 1)
        step = self.rate_hz * self.cell_s
        if step.is_integer():
            seconds = np.broadcast_to(step / self.rate_hz, last - first)
        else:
            seconds = np.diff(self.samples_at(np.arange(first, last + 1))) / self.rate_hz
        return seconds if isinstance(use, slice) else seconds[use]

    def means_of(self, x: Stretch) -> Signal:
        """(m,) the mean in each cell of another signal on the same samples."""
        means = np.empty(self.size)
        for first, last in _blocks(self.size, self.rate_hz * self.cell_s):
            edges = self.samples_at(np.arange(first, last + 1))
            part = x[int(edges[0]) : int(edges[-1])]
            means[first:last] = np.add.reduceat(part, edges[:-1] - edges[0]) / np.diff(edges)
        return means


def grid_of(x: Stretch, by: Filter, unusable: Runs, cell_s: float) -> Grid:
    """`x` filtered and gathered, a block at a time: the filtered signal is never held whole.

    x           bridged across its mask
    unusable    runs of samples that no cell may use
    """
    step = by.rate_hz * cell_s
    count = _whole_cells(x.size, step)
    square, absolute = np.empty(count), np.empty(count)
    for first, last in _blocks(count, step):
        edges = _samples_at(np.arange(first, last + 1), step)
        y = filtered_part(x, by, int(edges[0]), int(edges[-1]))
        square[first:last], absolute[first:last] = _means(y, edges)
    return _grid(by.rate_hz, cell_s, means=(square, absolute), unusable=unusable)


def grid_of_filtered(y: Signal, rate_hz: float, unusable: Runs, cell_s: float) -> Grid:
    """The same of a signal that is filtered already."""
    step = rate_hz * cell_s
    edges = _samples_at(np.arange(_whole_cells(y.size, step) + 1), step)
    return _grid(rate_hz, cell_s, means=_means(y[: edges[-1]], edges), unusable=unusable)


def cells_in(window_s: float, cell_s: float) -> int:
    """An odd number of cells: an even one would shift every edge by half a cell."""
    return round(window_s / cell_s) | 1


def moving_mean(values: Signal, cells: int) -> Signal:
    """Centred, of an odd number of cells, level at the ends, never negative."""
    mean, reach = np.empty(values.size), cells // 2
    for start, stop in blocks.blocks(values.size):
        first = max(0, start - reach)
        part = uniform_filter1d(values[first : stop + reach], cells, mode="nearest")
        mean[start:stop] = part[start - first : stop - first]
    return np.maximum(mean, 0.0, out=mean)


def decibel(power: Signal, out: Signal | None = None) -> Signal:
    """out: where it is written to, which may be `power` itself; None: anew"""
    level = np.maximum(power, TINY, out=out)
    np.log10(level, out=level)
    level *= 10
    return level


def _grid(rate_hz: float, cell_s: float, *, means: tuple[Signal, Signal], unusable: Runs) -> Grid:
    square, absolute = means
    ok = _usable(unusable, square.size, rate_hz * cell_s)
    if ok.any() and not ok.all():
        _bridge(square, absolute, runs_of(~ok))
    return Grid(rate_hz, cell_s, square, absolute, ok)


def _whole_cells(size: int, step: float) -> int:
    return int(size / step + _ROUNDING)


def _samples_at(cells: Places, step: float) -> Places:
    """Where a cell is no whole number of samples, its edges are rounded."""
    samples = cells * step
    return np.round(samples, out=samples).astype(np.int64)


def _cell_of(samples: Places, step: float) -> Places:
    """The cell that holds each of the samples."""
    cells = np.floor((samples + 0.5) / step).astype(np.int64) + 1
    for _ in range(3):  # an edge is rounded by half a sample at most, and a cell holds one or more
        cells -= _samples_at(cells, step) > samples
    return cells


def _blocks(count: int, step: float) -> Iterator[tuple[int, int]]:
    """First and last edge of each block of cells."""
    per_block = max(1, int(blocks.BLOCK / step))
    for first in range(0, count, per_block):
        yield first, min(count, first + per_block)


def _means(y: Signal, edges: Places) -> tuple[Signal, Signal]:
    """Mean square and mean absolute value of each cell; y[0] lies at the first edge."""
    widths = np.diff(edges)
    if np.all(widths == widths[0]):
        cells = y.reshape(widths.size, int(widths[0]))
        square = np.einsum("ij,ij->i", cells, cells) / widths
        return square, np.einsum("ij->i", np.abs(cells)) / widths
    starts = edges[:-1] - edges[0]
    return np.add.reduceat(y * y, starts) / widths, np.add.reduceat(np.abs(y), starts) / widths


def _usable(unusable: Runs, count: int, step: float) -> Mask:
    """(count,) the cells that no run touches."""
    touched = np.column_stack(
        (_cell_of(unusable[:, 0], step), _cell_of(unusable[:, 1] - 1, step) + 1)
    )
    return ~filled(np.minimum(touched, count), count)


def _bridge(square: Signal, absolute: Signal, gaps: Runs) -> None:
    """Across the mask the level goes on: a drop-out does not split a contraction."""
    places = np.flatnonzero(filled(gaps, square.size))
    anchors = beside(gaps, square.size)
    level = np.log(np.maximum(square[anchors], TINY))
    square[places] = np.exp(np.interp(places, anchors, level))
    absolute[places] = np.interp(places, anchors, absolute[anchors])
