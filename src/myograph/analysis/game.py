"""The game's own detector, as it was recorded in the activated channel, against ours."""

import numpy as np

from myograph.analysis.contractions import tidied
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import GameContractions
from myograph.recording import Signal
from myograph.signal.artefacts import bridged, widened_mask
from myograph.signal.grid import Grid, cell_means
from myograph.signal.runs import Mask, Runs, runs_of

_ARTEFACT_SHARE = 0.5


def game_runs(activated: Signal, rate_hz: float, protocol: Protocol) -> Runs:
    """Runs of samples in which the game saw a contraction."""
    return tidied(runs_of(activated > 0), 1 / rate_hz, protocol)


def game_trace(
    activated: Signal, unusable: Mask | None, grid: Grid, protocol: Protocol
) -> Signal | None:
    """(m,) the activated channel in cells, bridged where an artefact disturbed the game's detector.

    None where nothing undisturbed is left.
    """
    disturbed = ~np.isfinite(activated)
    if unusable is not None:
        disturbed |= unusable
    if not disturbed.any():
        return cell_means(activated, grid.edges)
    disturbed = widened_mask(disturbed, round(protocol.game_memory_ms / 1e3 * grid.rate_hz))
    return None if disturbed.all() else cell_means(bridged(activated, disturbed), grid.edges)


def agreement(found: Runs, game: Runs, unusable: Mask | None) -> GameContractions:
    """Which of the game's runs a contraction of ours overlaps, and which of ours none of its.

    Both in samples.
    """
    overlap = np.minimum(found[:, None, 1], game[None, :, 1]) > np.maximum(
        found[:, None, 0], game[None, :, 0]
    )
    missed = game[~overlap.any(axis=0)]
    return GameContractions(
        count=len(game),
        matched=len(game) - len(missed),
        missed=len(missed),
        extra=int((~overlap.any(axis=1)).sum()),
        on_artefact=sum(_mostly_unusable(run, unusable) for run in missed),
        envelope_count=len(found),
    )


def _mostly_unusable(run: Runs, unusable: Mask | None) -> bool:
    return unusable is not None and bool(unusable[run[0] : run[1]].mean() > _ARTEFACT_SHARE)
