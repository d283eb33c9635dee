"""Where a muscle contracts."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from myograph.analysis.levels import Levels, levels_of, rest_range_db
from myograph.analysis.protocol import Protocol
from myograph.recording import Signal
from myograph.signal.grid import Grid, cells_in, decibel, moving_mean
from myograph.signal.runs import NONE, Mask, Runs, at_least, filled, holding, merged, runs_of

Nothing = Literal["no_activity", "not_separable"]

_UNLIKE_SD = 1e-12  # of a level that does not vary at all


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """Runs of cells in which the muscle contracts, and the levels they stand on.

    nothing          why there are none; None where there are
    rest_range_db    how far rest strayed in the course of the recording
    """

    runs: Runs
    levels: Levels
    nothing: Nothing | None
    rest_range_db: float

    @property
    def rest_v(self) -> float | None:
        """None where rest could not be told from activity."""
        return None if self.nothing == "not_separable" else self.levels.rest_v

    @property
    def threshold_v(self) -> float | None:
        """None where nothing passes it."""
        return None if self.nothing is not None else self.levels.threshold_v


def find_contractions(grid: Grid, envelope: Signal, protocol: Protocol) -> Detection:
    """Contractions of one channel, in time order.

    A 150 ms level decides, a 50 ms level places the edges. Gaps are joined before what is short
    is dropped, and a long contraction is never split. Where activity does not stand clear of
    rest there are none.

    envelope    (m,) volts, for the least peak alone
    """
    level_db = _level_db(grid, protocol.level_ms)
    levels = levels_of(level_db[grid.ok], protocol)
    runs = _candidates(level_db, _level_db(grid, protocol.edge_ms), levels)
    runs = tidied(runs, grid.cell_s, protocol)
    runs = _reaching(runs, envelope, protocol.least_peak_v)
    free = grid.ok & ~filled(runs, grid.size)
    strayed_db = rest_range_db(level_db, free, grid.cell_s)
    if not len(runs):
        return Detection(NONE, levels, "no_activity", strayed_db)
    if not _separable(level_db, grid.ok, runs, levels=levels, protocol=protocol):
        return Detection(NONE, levels, "not_separable", strayed_db)
    return Detection(runs, levels, None, strayed_db)


def tidied(runs: Runs, unit_s: float, protocol: Protocol) -> Runs:
    """Joined across short gaps, then without the short ones, then without the hasty ones."""
    joined = merged(runs, protocol.merge_ms / 1e3 / unit_s)
    lasting = at_least(joined, protocol.shortest_ms / 1e3 / unit_s)
    return _rested(lasting, protocol.refractory_ms / 1e3 / unit_s)


def _level_db(grid: Grid, window_ms: float) -> Signal:
    mean_square = moving_mean(grid.square, cells_in(window_ms / 1e3, grid.cell_s))
    return decibel(mean_square, out=mean_square)


def _candidates(level_db: Signal, edge_db: Signal, levels: Levels) -> Runs:
    """Hysteresis on the edges' level; the deciding level must pass the threshold within."""
    runs = holding(runs_of(edge_db > levels.off_db), edge_db > levels.on_db)
    return holding(runs, level_db > levels.on_db)


def _rested(runs: Runs, pause: float) -> Runs:
    """Those that begin at least `pause` after the end of the one before."""
    kept: list[Runs] = []
    for run in runs:
        if not kept or run[0] - kept[-1][1] >= pause:
            kept.append(run)
    return np.array(kept, np.int64).reshape(-1, 2)


def _reaching(runs: Runs, envelope: Signal, least_v: float) -> Runs:
    strong = [bool(envelope[start:stop].max() >= least_v) for start, stop in runs]
    return runs[np.array(strong, np.bool_)]


def _separable(
    level_db: Signal, ok: Mask, runs: Runs, *, levels: Levels, protocol: Protocol
) -> bool:
    """Whether activity stands clear of rest: by its peaks, and by its distance from rest.

    The distance is D of Ashman, Bird and Zepf (1994, Astronomical Journal 108:2348): 2.65 for a
    single Gaussian cut in two, so 3 is asked for; or the means lie far apart in decibels.
    """
    peaks_db = [level_db[start:stop].max() for start, stop in runs]
    if np.median(peaks_db) - levels.rest_db < protocol.separation_db:
        return False
    inside = filled(runs, level_db.size)
    active, rest = level_db[inside & ok], level_db[~inside & ok]
    if not active.size or not rest.size:
        return False
    apart_db = float(active.mean() - rest.mean())
    pooled_sd = max(float(np.sqrt((active.var() + rest.var()) / 2)), _UNLIKE_SD)
    return apart_db >= protocol.separation_wide_db or apart_db / pooled_sd >= protocol.separation_sd
