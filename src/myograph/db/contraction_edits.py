"""Corrections of contractions: as people enter them, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from myograph.analysis.edits import Action, Edit, Outcome, Problem, Span
from myograph.db.identity import Person, Role
from myograph.db.refusals import refusals
from myograph.db.rows import certain

EditState = Literal["waiting", "applied", "unsettled", "revoked"]


@dataclass(frozen=True, slots=True)
class EditRow:
    """One correction, as it is shown; times in seconds.

    state       waiting: for the analysis that applies it; unsettled: asks for a decision
    problem     why it is unsettled: a code, and `sentence` for people; None where it is not
    author, reason, revoked_by, revoked_reason    None for a researcher
    """

    id: UUID
    channel: str
    action: Action
    before_start_s: float | None
    before_end_s: float | None
    after_start_s: float | None
    after_end_s: float | None
    author: str | None
    reason: str | None
    at: datetime
    state: EditState
    problem: str | None
    sentence: str | None
    revoked_by: str | None
    revoked_reason: str | None
    revoked_at: datetime | None

    @property
    def edit(self) -> Edit:
        return _edit(
            self.id,
            self.channel,
            self.action,
            (self.before_start_s, self.before_end_s),
            (self.after_start_s, self.after_end_s),
        )


def of_session(conn: Connection, person: Person, session_id: UUID) -> list[EditRow]:
    """All of them, in the order of their entry, those that were taken back too."""
    return (
        conn.cursor(row_factory=class_row(EditRow))
        .execute(_SHOWN[person.role], {"session": session_id})
        .fetchall()
    )


def active(conn: Connection, session_id: UUID) -> tuple[Edit, ...]:
    """Those that every analysis applies, in the order of their entry."""
    rows = conn.execute(
        """
        SELECT id, channel, action, before_start_s, before_end_s, after_start_s, after_end_s
          FROM contraction_edits e
         WHERE session_id = %s
           AND NOT EXISTS (SELECT FROM contraction_edit_revocations r WHERE r.edit_id = e.id)
         ORDER BY at, id
        """,
        [session_id],
    )
    return tuple(
        _edit(key, channel, action, (before_start, before_end), (after_start, after_end))
        for key, channel, action, before_start, before_end, after_start, after_end in rows
    )


def enter(
    conn: Connection,
    session_id: UUID,
    channel: str,
    *,
    action: Action,
    before: Span | None,
    after: Span | None,
    reason: str | None,
) -> UUID:
    """Store a person's edit and have the session measured with it, ahead of all other jobs.

    Raises NotFound, NotAllowed, BadInput or Conflict with a sentence.
    """
    said = {"action": action, "reason": reason} | _times("before", before) | _times("after", after)
    with refusals():
        row = conn.cursor(row_factory=scalar_row).execute(
            "SELECT app.edit_contraction(%s, %s, %s)", [session_id, channel, Jsonb(said)]
        )
        return certain(row.fetchone())


def revoke(conn: Connection, session_id: UUID, edit_id: UUID, *, reason: str | None) -> None:
    """Take an edit back and have the session measured without it; twice is once."""
    with refusals():
        conn.execute("SELECT app.revoke_edit(%s, %s, %s)", [session_id, edit_id, reason])


def save_outcomes(conn: Connection, session_id: UUID, outcomes: Sequence[Outcome]) -> None:
    """With the results that they belong to."""
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO contraction_edit_outcomes (edit_id, session_id, problem, sentence)
            VALUES (%s, %s, %s, %s)
            """,
            [(one.edit_id, session_id, *_said(one.problem)) for one in outcomes],
        )


def forget_outcomes(conn: Connection, session_id: UUID) -> None:
    """The results that they belong to are being replaced."""
    conn.execute("DELETE FROM contraction_edit_outcomes WHERE session_id = %s", [session_id])


def _said(problem: Problem | None) -> tuple[str | None, str | None]:
    return (None, None) if problem is None else (problem.code, problem.sentence)


_Times = tuple[float | None, float | None]


def _edit(key: UUID, channel: str, action: Action, before: _Times, after: _Times) -> Edit:
    return Edit(key, channel, action, _span(*before), _span(*after))


def _span(start_s: float | None, end_s: float | None) -> Span | None:
    return None if start_s is None or end_s is None else Span(start_s, end_s)


def _times(which: str, span: Span | None) -> dict[str, Any]:
    if span is None:
        return {}
    return {f"{which}_start_s": span.start_s, f"{which}_end_s": span.end_s}


_NAMED: LiteralString = """
    SELECT e.id, e.channel, e.action, e.before_start_s, e.before_end_s, e.after_start_s,
           e.after_end_s, author.name AS author, e.reason, e.at,
           CASE WHEN r.edit_id IS NOT NULL THEN 'revoked'
                WHEN o.edit_id IS NULL THEN 'waiting'
                WHEN o.problem IS NOT NULL THEN 'unsettled'
                ELSE 'applied' END AS state,
           o.problem, o.sentence, revoker.name AS revoked_by, r.reason AS revoked_reason,
           r.at AS revoked_at
      FROM contraction_edits e
      LEFT JOIN contraction_edit_outcomes o ON o.edit_id = e.id
      LEFT JOIN contraction_edit_revocations r ON r.edit_id = e.id
      LEFT JOIN app.editors(%(session)s) author ON author.id = e.author
      LEFT JOIN app.editors(%(session)s) revoker ON revoker.id = r.author
     WHERE e.session_id = %(session)s
     ORDER BY e.at, e.id
    """

_NAMELESS: LiteralString = """
    SELECT e.id, e.shown_channel AS channel, e.action, e.before_start_s, e.before_end_s,
           e.after_start_s, e.after_end_s, NULL::text AS author, NULL::text AS reason, e.at,
           CASE WHEN r.edit_id IS NOT NULL THEN 'revoked'
                WHEN o.edit_id IS NULL THEN 'waiting'
                WHEN o.problem IS NOT NULL THEN 'unsettled'
                ELSE 'applied' END AS state,
           o.problem, o.shown_sentence AS sentence, NULL::text AS revoked_by,
           NULL::text AS revoked_reason, r.at AS revoked_at
      FROM contraction_edits e
      LEFT JOIN contraction_edit_outcomes o ON o.edit_id = e.id
      LEFT JOIN contraction_edit_revocations r ON r.edit_id = e.id
     WHERE e.session_id = %(session)s
     ORDER BY e.at, e.id
    """

# Who corrects is no researcher's business, nor are their words.
_SHOWN: dict[Role, LiteralString] = {
    "therapist": _NAMED,
    "admin": _NAMED,
    "researcher": _NAMELESS,
}
