"""Maximum voluntary contractions that were set for a patient, through time."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from myograph.db.identity import Person, Role
from myograph.db.sessions import State
from myograph.scoring.results import Side


@dataclass(frozen=True, slots=True)
class Maximum:
    """One that was set. Of each side the one in force has the latest `valid_from`, then id.

    value         volts of the raw channel's envelope; None: none is set from then on
    session_id    that it was measured in; None: a person knew it
    entered_by    None for a researcher, and of what is older than this record; `reason` too
    valid_from    sessions from then on are judged by it; None: earlier ones too
    """

    id: int
    muscle: str
    side: Side
    value: float | None
    session_id: UUID | None
    entered_by: UUID | None
    reason: str | None
    valid_from: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Played:
    """A session that a maximum may be read from."""

    state: State
    at: datetime


def of_patient(conn: Connection, person: Person, code: str) -> list[Maximum]:
    """The latest first. `code` is a pseudonym for a researcher."""
    return conn.cursor(row_factory=class_row(Maximum)).execute(_OF[person.role], [code]).fetchall()


def add(
    conn: Connection,
    code: str,
    side: Side,
    *,
    value: float | None,
    session_id: UUID | None,
    entered_by: UUID,
    reason: str | None,
    valid_from: datetime | None,
) -> None:
    """Set one; what it judges is scored anew. The right of the patient's therapist or an admin."""
    conn.execute(
        """
        INSERT INTO patient_mvc (patient_code, side, value, session_id, entered_by, reason,
                                 valid_from)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [code, side, value, session_id, entered_by, reason, valid_from],
    )


def played(conn: Connection, code: str, session_id: UUID) -> Played | None:
    """None where it is no session of this patient."""
    return (
        conn.cursor(row_factory=class_row(Played))
        .execute(
            """
            SELECT processing_status AS state, sorted_at AS at
              FROM therapy_sessions
             WHERE id = %s AND patient_id = %s
            """,
            [session_id, code],
        )
        .fetchone()
    )


_COLUMNS: LiteralString = """
    SELECT id, muscle, side, value, session_id, entered_by, reason, valid_from, created_at
      FROM """
_LATEST: LiteralString = " ORDER BY valid_from DESC NULLS LAST, id DESC"
_OF_CODE: LiteralString = _COLUMNS + "patient_mvc WHERE patient_code = %s" + _LATEST
_OF: dict[Role, LiteralString] = {
    "therapist": _OF_CODE,
    "admin": _OF_CODE,
    "researcher": _COLUMNS + "research_mvc WHERE pseudonym = %s" + _LATEST,
}
