"""Which sessions somebody means, and which of those count in a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Person, Role
from myograph.db.rows import certain
from myograph.scoring.adherence import SessionType

Reason = Literal["superseded", "duplicate", "failed", "not_analysed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """None: whatever it is. From `since`, before `until`.

    since, until   when it was recorded, or came where that is not known
    pseudonyms     of patients
    """

    sessions: tuple[UUID, ...] | None = None
    pseudonyms: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    session_type: SessionType | None = None


@dataclass(frozen=True, slots=True)
class MeasuredBy:
    """So many sessions were measured by this method with these parameters."""

    method: str
    protocol_digest: str
    sessions: int


def counted(conn: Connection, choice: Choice, *, most: int) -> list[UUID]:
    """The first of those that count, in the order of time; so many at most."""
    where, values = _where(choice)
    return (
        conn.cursor(row_factory=scalar_row)
        .execute(_IDS + where + _COUNTS + " ORDER BY sorted_at, id LIMIT %s", [*values, most])
        .fetchall()
    )


def left_out(conn: Connection, choice: Choice) -> Mapping[Reason, int]:
    """How many of those that were chosen do not count, by why."""
    where, values = _where(choice)
    rows = conn.execute(_REASONS + where + " GROUP BY 1 ORDER BY 1", values)
    return {reason: count for reason, count in rows if reason is not None}


def pseudonyms(conn: Connection, person: Person, names: Sequence[str]) -> dict[str, str | None]:
    """{name: pseudonym} of those named patients that this person may see.

    names    codes or pseudonyms, for a researcher pseudonyms alone
    """
    rows = conn.execute(_NAMED[person.role], {"names": list(names)})
    return dict(rows.fetchall())


def measured_by(conn: Connection, ids: Sequence[UUID]) -> list[MeasuredBy]:
    return (
        conn.cursor(row_factory=class_row(MeasuredBy))
        .execute(
            """
            SELECT method, protocol_digest, count(DISTINCT session_id) AS sessions
              FROM emg_statistics
             WHERE session_id = ANY (%s)
             GROUP BY method, protocol_digest
             ORDER BY method, protocol_digest
            """,
            [list(ids)],
        )
        .fetchall()
    )


def last_processed(conn: Connection, ids: Sequence[UUID]) -> datetime | None:
    """When the newest results of these sessions were made."""
    return certain(
        conn.execute(
            "SELECT max(processed_at) FROM therapy_sessions WHERE id = ANY (%s)", [list(ids)]
        ).fetchone()
    )[0]


def _where(choice: Choice) -> tuple[LiteralString, list[object]]:
    conditions: list[LiteralString] = ["true"]
    values: list[object] = []
    asked: tuple[tuple[LiteralString, object], ...] = (
        ("id = ANY (%s)", None if choice.sessions is None else list(choice.sessions)),
        ("pseudonym = ANY (%s)", None if choice.pseudonyms is None else list(choice.pseudonyms)),
        ("sorted_at >= %s", choice.since),
        ("sorted_at < %s", choice.until),
        ("session_type = %s", choice.session_type),
    )
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return " AND ".join(conditions), values


_IDS: LiteralString = "SELECT id FROM therapy_sessions WHERE "
# As in doses, adherence and trends; what is analysed again still has its numbers.
_COUNTS: LiteralString = """
       AND superseded_by IS NULL AND NOT duplicate
       AND processing_status IN ('completed', 'reprocessing')
    """
_REASONS: LiteralString = """
    SELECT CASE WHEN superseded_by IS NOT NULL THEN 'superseded'
                WHEN duplicate THEN 'duplicate'
                WHEN processing_status = 'failed' THEN 'failed'
                WHEN processing_status NOT IN ('completed', 'reprocessing')
                THEN 'not_analysed' END AS reason,
           count(*)
      FROM therapy_sessions
     WHERE """
_OF_CODES: LiteralString = """
    SELECT n.name, p.pseudonym
      FROM unnest(%(names)s::text[]) n (name)
      JOIN patients p ON p.patient_code = n.name OR p.pseudonym = n.name
    """
_NAMED: dict[Role, LiteralString] = {
    "therapist": _OF_CODES,
    "admin": _OF_CODES,
    "researcher": "SELECT pseudonym, pseudonym FROM patients WHERE pseudonym = ANY (%(names)s)",
}
