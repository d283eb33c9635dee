"""The contractions of a channel after people's edits, on its grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from myograph.analysis.edits import Edit, Outcome, Placed, Span, apply, bounds_of
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Contraction
from myograph.recording import Signal
from myograph.signal.grid import Grid
from myograph.signal.runs import Runs


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """Runs of cells; `edit_ids` has one entry for each, None where it is as it was found."""

    runs: Runs
    edit_ids: tuple[UUID | None, ...]
    outcomes: tuple[Outcome, ...]


def corrected(runs: Runs, grid: Grid, edits: Sequence[Edit], protocol: Protocol) -> Corrected:
    """The runs after the edits of this channel, whose edges snap to the cells."""
    if not edits:
        return Corrected(runs, (None,) * len(runs), ())
    times_s = grid.edges / grid.rate_hz
    found = [Placed(Span(float(a), float(b))) for a, b in times_s[runs]]
    edited = apply(found, edits, bounds_of(float(times_s[-1]), protocol))
    spans_s = np.array([(c.span.start_s, c.span.end_s) for c in edited.contractions])
    return Corrected(
        _nearest(times_s, spans_s.reshape(-1, 2)),
        tuple(c.edit_id for c in edited.contractions),
        edited.outcomes,
    )


def signed(
    contractions: Sequence[Contraction], edit_ids: Sequence[UUID | None]
) -> tuple[Contraction, ...]:
    """Each with the edit that placed it."""
    return tuple(
        replace(contraction, edit_id=edit_id) if edit_id else contraction
        for contraction, edit_id in zip(contractions, edit_ids, strict=True)
    )


def _nearest(times_s: Signal, wanted_s: Signal) -> Runs:
    """The edge of a cell that lies nearest to each time."""
    middles_s = (times_s[1:] + times_s[:-1]) / 2
    return np.searchsorted(middles_s, wanted_s).astype(np.int64)
