"""A filtered signal in cells of 5 ms: what every decision and amplitude is made of.

Cells hold exact means over their samples, so the RMS and MAV of any run of cells are exact, and
nothing that follows depends on the sampling rate.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from myograph.recording import Signal
from myograph.signal.filters import BLOCK, Filter, filtered_part
from myograph.signal.runs import Mask

_ROUNDING = 1e-9  # 200 cells must not become 199
TINY = 1e-300  # stands for no power where a logarithm is taken


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """(m,) cells.

    edges      (m + 1,) in samples
    cell_s     nominal; where it is no whole number of samples, the cells differ by one
    seconds    the length of each cell
    square     mean square of each cell, V²; bridged where not ok
    absolute   mean absolute value, V; bridged where not ok
    ok         no sample of the cell is masked
    """

    edges: npt.NDArray[np.int64]
    rate_hz: float
    cell_s: float
    seconds: Signal
    square: Signal
    absolute: Signal
    ok: Mask

    @property
    def size(self) -> int:
        return self.ok.size


def grid_of(x: Signal, by: Filter, unusable: Mask | None, cell_s: float) -> Grid:
    """`x` filtered and gathered, a block at a time: the filtered signal is never held whole.

    x           (n,) bridged across its mask
    unusable    (n,) samples that no cell may use
    """
    edges = _edges(x.size, by.rate_hz * cell_s)
    square, absolute = np.empty(edges.size - 1), np.empty(edges.size - 1)
    for first, last in _blocks(edges):
        y = filtered_part(x, by, int(edges[first]), int(edges[last]))
        square[first:last], absolute[first:last] = _means(y, edges[first : last + 1])
    return _grid(edges, by.rate_hz, cell_s, means=(square, absolute), unusable=unusable)


def grid_of_filtered(y: Signal, rate_hz: float, unusable: Mask | None, cell_s: float) -> Grid:
    """The same of a signal that is filtered already."""
    edges = _edges(y.size, rate_hz * cell_s)
    means = _means(y[: edges[-1]], edges)
    return _grid(edges, rate_hz, cell_s, means=means, unusable=unusable)


def cell_means(values: Signal, edges: npt.NDArray[np.int64]) -> Signal:
    """(m,) the mean of each cell of another signal on the same samples."""
    return np.add.reduceat(values[: edges[-1]], edges[:-1]) / np.diff(edges)


def cells_in(window_s: float, cell_s: float) -> int:
    """An odd number of cells: an even one would shift every edge by half a cell."""
    return round(window_s / cell_s) | 1


def moving_mean(values: Signal, cells: int) -> Signal:
    """Centred, of an odd number of cells, level at the ends, never negative."""
    return np.maximum(uniform_filter1d(values, cells, mode="nearest"), 0.0)


def decibel(power: Signal) -> Signal:
    return 10 * np.log10(np.maximum(power, TINY))


def _grid(
    edges: npt.NDArray[np.int64],
    rate_hz: float,
    cell_s: float,
    *,
    means: tuple[Signal, Signal],
    unusable: Mask | None,
) -> Grid:
    ok = _usable(unusable, edges)
    square, absolute = _bridged(*means, ok)
    return Grid(edges, rate_hz, cell_s, np.diff(edges) / rate_hz, square, absolute, ok)


def _edges(size: int, step: float) -> npt.NDArray[np.int64]:
    """Whole cells only; where a cell is no whole number of samples, edges are rounded."""
    cells = int(size / step + _ROUNDING)
    return np.round(np.arange(cells + 1) * step).astype(np.int64)


def _blocks(edges: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last edge of each block of cells."""
    cells = edges.size - 1
    per_block = max(1, round(BLOCK * cells / max(1, int(edges[-1]))))
    return [(i, min(cells, i + per_block)) for i in range(0, cells, per_block)]


def _means(y: Signal, edges: npt.NDArray[np.int64]) -> tuple[Signal, Signal]:
    """Mean square and mean absolute value of each cell; y[0] lies at the first edge."""
    widths = np.diff(edges)
    if np.all(widths == widths[0]):
        cells = y.reshape(widths.size, int(widths[0]))
        square = np.einsum("ij,ij->i", cells, cells) / widths
        return square, np.einsum("ij->i", np.abs(cells)) / widths
    starts = edges[:-1] - edges[0]
    return np.add.reduceat(y * y, starts) / widths, np.add.reduceat(np.abs(y), starts) / widths


def _usable(unusable: Mask | None, edges: npt.NDArray[np.int64]) -> Mask:
    if unusable is None:
        return np.ones(edges.size - 1, np.bool_)
    return ~np.logical_or.reduceat(unusable[: edges[-1]], edges[:-1])


def _bridged(square: Signal, absolute: Signal, ok: Mask) -> tuple[Signal, Signal]:
    """Across the mask the level goes on: a drop-out does not split a contraction."""
    if ok.all() or not ok.any():
        return square, absolute
    places, good = np.arange(ok.size), np.flatnonzero(ok)
    level = np.interp(places, good, np.log(np.maximum(square[good], TINY)))
    return np.where(ok, square, np.exp(level)), np.interp(places, good, absolute[good])
