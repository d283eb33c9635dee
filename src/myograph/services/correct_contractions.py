"""Correct the contractions of a session: held against what is there, stored, and measured anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg import Connection

from myograph.analysis.edits import (
    Action,
    Bounds,
    Edit,
    Placed,
    Span,
    Why,
    apply,
    bounds_of,
    problem_of,
    same_as,
)
from myograph.db import contraction_edits, contractions, sessions, technical
from myograph.db.contraction_edits import EditRow
from myograph.db.identity import Person
from myograph.errors import BadInput, Conflict, NotFound

# What is in the way may be gone tomorrow; what is wrong by itself stays wrong.
_IN_THE_WAY: Final[frozenset[Why]] = frozenset({"not_there", "overlapping"})
_NEW: Final = UUID(int=0)  # of an edit that has no number yet
_ANY: Final = Bounds(float("inf"), 0.0)  # what waits was held against its bounds before


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person wants of one channel; `before` is the contraction it is about, about there."""

    channel: str
    action: Action
    before: Span | None = None
    after: Span | None = None
    reason: str | None = None


def correct(conn: Connection, person: Person, session_id: UUID, wanted: Correction) -> None:
    """Store the correction and have the session measured with it. The same twice is once.

    Raises NotFound, BadInput, or Conflict where something is in the way.
    """
    sessions.get(conn, person, session_id)
    _refuse_half_said(wanted)
    rows = contraction_edits.of_session(conn, person, session_id)
    if not _is_last(wanted, rows):
        _enter(conn, session_id, wanted, _placed(conn, session_id, wanted.channel, rows))


def take_back(
    conn: Connection, person: Person, session_id: UUID, edit_id: UUID, *, reason: str | None = None
) -> None:
    """The correction stays on record and is applied no more. Twice is once."""
    sessions.get(conn, person, session_id)
    contraction_edits.revoke(conn, session_id, edit_id, reason=reason)


def keep(conn: Connection, person: Person, session_id: UUID, edit_id: UUID) -> None:
    """Settle an unsettled correction by placing its contraction where it was meant to lie.

    As an addition; where one other contraction lies there now, as the edges of that one.
    """
    sessions.get(conn, person, session_id)
    rows = contraction_edits.of_session(conn, person, session_id)
    old = next((row for row in rows if row.id == edit_id and row.state == "unsettled"), None)
    if old is None:
        raise NotFound("This correction asks for no decision.")
    after = old.edit.after
    if after is None:
        raise Conflict("What it removes is no longer there; it can only be dropped.")
    placed = _placed(conn, session_id, old.channel, rows)
    in_the_way = [c.span for c in placed if c.span.overlaps(after)]
    if len(in_the_way) > 1:
        raise Conflict("More than one contraction lies there now; please correct those first.")
    contraction_edits.revoke(conn, session_id, edit_id, reason="kept in another way")
    wanted = Correction(old.channel, "add", after=after, reason=old.reason)
    if in_the_way:
        wanted = Correction(old.channel, "move", in_the_way[0], after, old.reason)
    _enter(conn, session_id, wanted, placed)


def _refuse_half_said(wanted: Correction) -> None:
    said = (wanted.before is not None, wanted.after is not None)
    needed = {"add": (False, True), "remove": (True, False), "move": (True, True)}
    if said != needed[wanted.action]:
        raise BadInput(
            "To add takes edges after, to remove takes edges before, to move takes both."
        )


def _is_last(wanted: Correction, rows: Sequence[EditRow]) -> bool:
    """Whether this is what was said last of the channel: the same request came again."""
    standing = [r.edit for r in rows if r.channel == wanted.channel and r.state != "revoked"]
    if not standing:
        return False
    last = standing[-1]
    before_too = last.before == wanted.before or (
        last.before is not None
        and wanted.before is not None
        and same_as(wanted.before, [Placed(last.before)]) is not None
    )
    return last.action == wanted.action and last.after == wanted.after and before_too


def _enter(
    conn: Connection, session_id: UUID, wanted: Correction, placed: Sequence[Placed]
) -> None:
    known = technical.of_session(conn, session_id)
    if known is None or wanted.channel not in (known.emg_labels or ()):
        raise NotFound("There is no such channel in this recording.")
    edit = Edit(_NEW, wanted.channel, wanted.action, wanted.before, wanted.after)
    problem = problem_of(placed, edit, bounds_of(known.duration_seconds or 0.0))
    if problem is not None:
        raise (Conflict if problem.code in _IN_THE_WAY else BadInput)(problem.sentence)
    meant = None if wanted.before is None else same_as(wanted.before, placed)
    contraction_edits.enter(
        conn,
        session_id,
        wanted.channel,
        action=wanted.action,
        before=meant and meant.span,
        after=wanted.after,
        reason=wanted.reason,
    )


def _placed(
    conn: Connection, session_id: UUID, channel: str, rows: Sequence[EditRow]
) -> tuple[Placed, ...]:
    """The contractions as they will be once what waits is applied."""
    stored = [
        Placed(Span(row.start_s, row.end_s), row.edit_id)
        for row in contractions.of_session(conn, session_id)
        if row.channel == channel
    ]
    waiting = [row.edit for row in rows if row.state == "waiting" and row.channel == channel]
    return apply(stored, waiting, _ANY).contractions
