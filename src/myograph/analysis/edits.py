"""What people correct of the contractions that were found: applied after every detection.

Times are seconds from the start of the recording. Pure and without numpy, so that an edit is held
against the stored contractions, when it is entered, by the very rules of the analysis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from myograph.analysis.protocol import DEFAULT, Protocol

Action = Literal["add", "remove", "move"]
Why = Literal["not_there", "overlapping", "outside", "too_short", "no_channel"]

_SAME_SHARE = 0.5  # of the union: the rule by which detectors are compared, too
_CELLS = 2  # at least, in every contraction
_ROUNDED_S = 0.01  # people write two decimals, and the last cell may end before the last sample


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where a contraction lies, s; it ends after it starts."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def overlaps(self, other: "Span") -> bool:
        """Touching is no overlap."""
        return self.start_s < other.end_s and other.start_s < self.end_s

    def shared_with(self, other: "Span") -> float:
        """0..1: what both cover of what either covers."""
        both_s = min(self.end_s, other.end_s) - max(self.start_s, other.start_s)
        return max(both_s, 0.0) / (self.duration_s + other.duration_s - max(both_s, 0.0))

    def __str__(self) -> str:
        return f"{self.start_s:.2f} to {self.end_s:.2f} s"


@dataclass(frozen=True, slots=True)
class Edit:
    """One correction of one channel.

    before    the contraction it is about; None for add
    after     where it lies afterwards; None for remove
    """

    id: UUID
    channel: str
    action: Action
    before: Span | None
    after: Span | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an edit cannot be applied: a code for programs and a sentence for people."""

    code: Why
    sentence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an edit. problem: why it is unsettled; None: it was applied."""

    edit_id: UUID
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A contraction after the edits. edit_id: the last that placed it; None: as it was found."""

    span: Span
    edit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """In time order; one outcome for each edit, in the order of the edits."""

    contractions: tuple[Placed, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a contraction must lie within and last at least."""

    duration_s: float
    shortest_s: float


def bounds_of(duration_s: float, protocol: Protocol = DEFAULT) -> Bounds:
    """A person may not add what the detector would drop for its length."""
    return Bounds(duration_s, max(protocol.shortest_ms, _CELLS * protocol.cell_ms) / 1e3)


def apply(contractions: Sequence[Placed], edits: Sequence[Edit], bounds: Bounds) -> Edited:
    """The edits of one channel, one after the other; what cannot be applied changes nothing."""
    placed = tuple(contractions)
    outcomes: list[Outcome] = []
    for edit in edits:
        problem = problem_of(placed, edit, bounds)
        if problem is None:
            placed = _after(placed, edit)
        outcomes.append(Outcome(edit.id, problem))
    return Edited(placed, tuple(outcomes))


def problem_of(contractions: Sequence[Placed], edit: Edit, bounds: Bounds) -> Problem | None:
    """Why `edit` cannot be applied to these contractions; None where it can."""
    meant = None if edit.before is None else same_as(edit.before, contractions)
    if edit.before is not None and meant is None:
        return Problem("not_there", f"{edit.channel} has no contraction at {edit.before}.")
    if edit.after is None:
        return None
    if not 0 <= edit.after.start_s < edit.after.end_s <= bounds.duration_s + _ROUNDED_S:
        sentence = f"{edit.after} does not lie within the recording of {bounds.duration_s:.2f} s."
        return Problem("outside", sentence)
    if edit.after.duration_s < bounds.shortest_s:
        return Problem("too_short", f"A contraction lasts at least {bounds.shortest_s:g} s.")
    for other in contractions:
        if other is not meant and other.span.overlaps(edit.after):
            sentence = f"It would overlap the contraction of {edit.channel} at {other.span}."
            return Problem("overlapping", sentence)
    return None


def same_as(span: Span, contractions: Sequence[Placed]) -> Placed | None:
    """The contraction that covers at least half of what it and `span` cover together."""
    best = max(contractions, key=lambda c: c.span.shared_with(span), default=None)
    return best if best is not None and best.span.shared_with(span) >= _SAME_SHARE else None


def without_channel(edit: Edit) -> Outcome:
    """Of an edit whose channel was not measured."""
    return Outcome(edit.id, Problem("no_channel", f"{edit.channel} could not be measured."))


def _after(contractions: tuple[Placed, ...], edit: Edit) -> tuple[Placed, ...]:
    meant = None if edit.before is None else same_as(edit.before, contractions)
    kept = [c for c in contractions if c is not meant]
    if edit.after is not None:
        kept.append(Placed(edit.after, edit.id))
    return tuple(sorted(kept, key=lambda c: c.span))
