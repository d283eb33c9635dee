"""The game's own detector, as it was recorded in the activated channel, against ours."""

import numpy as np

from myograph.analysis.contractions import tidied
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import GameContractions
from myograph.recording import Signal, Stretch
from myograph.signal.blocks import bridged, runs_where
from myograph.signal.grid import Grid
from myograph.signal.runs import Mask, Runs, covered_before, lengths, united, widened

_ARTEFACT_SHARE = 0.5


def game_runs(activated: Stretch, rate_hz: float, protocol: Protocol) -> Runs:
    """Runs of samples in which the game saw a contraction."""
    seen = runs_where(lambda start, stop: activated[start:stop] > 0, activated.size)
    return tidied(seen, 1 / rate_hz, protocol)


def game_trace(activated: Stretch, unusable: Runs, grid: Grid, protocol: Protocol) -> Signal | None:
    """(m,) the activated channel in cells, bridged where an artefact disturbed the game's detector.

    None where nothing undisturbed is left.
    """
    missing = runs_where(lambda start, stop: ~np.isfinite(activated[start:stop]), activated.size)
    memory = round(protocol.game_memory_ms / 1e3 * grid.rate_hz)
    disturbed = united(widened(united(missing, unusable), memory, activated.size))
    if lengths(disturbed).sum() == activated.size:
        return None
    return grid.means_of(bridged(activated, disturbed))


def agreement(found: Runs, game: Runs, unusable: Runs) -> GameContractions:
    """Which of the game's runs a contraction of ours overlaps, and which of ours none of its.

    Both in samples.
    """
    missed = game[~_overlapping(game, found)]
    return GameContractions(
        count=len(game),
        matched=len(game) - len(missed),
        missed=len(missed),
        extra=int((~_overlapping(found, game)).sum()),
        on_artefact=int((_share_of(missed, unusable) > _ARTEFACT_SHARE).sum()),
        envelope_count=len(found),
    )


def _overlapping(runs: Runs, others: Runs) -> Mask:
    """(k,) which of the runs share a sample with one of the others; all in order and apart."""
    begun = np.searchsorted(others[:, 0], runs[:, 1])
    ended = np.searchsorted(others[:, 1], runs[:, 0], "right")
    return begun > ended


def _share_of(runs: Runs, unusable: Runs) -> Signal:
    """(k,) how much of each run is unusable."""
    before = covered_before(unusable, runs)
    return (before[:, 1] - before[:, 0]) / lengths(runs)
