"""What people write about a patient or one session. Nothing is overwritten."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Person, Role
from myograph.db.refusals import refusals
from myograph.db.rows import certain
from myograph.errors import BadInput


@dataclass(frozen=True, slots=True)
class Note:
    """The present version of a note, about a patient or about one session.

    patient_code, author   None for a researcher, who has `pseudonym` and sees what is shared
    written_at             this version; created_at: the first
    deleted_at             since then only its author and administrators see it
    """

    id: UUID
    patient_code: str | None
    pseudonym: str | None
    session_id: UUID | None
    author: UUID | None
    text: str
    shared: bool
    version: int
    written_at: datetime
    created_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    version: int
    text: str
    shared: bool
    written_at: datetime


def of_patient(
    conn: Connection,
    person: Person,
    patient: str,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Note]:
    """Newest first, those about single sessions too. `patient` is a code, else a pseudonym."""
    return _page(conn, _OF_PATIENT[person.role], patient, before, limit)


def of_session(
    conn: Connection,
    person: Person,
    session_id: UUID,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Note]:
    """Newest first."""
    return _page(conn, _OF_SESSION[person.role], session_id, before, limit)


def get(conn: Connection, note_id: UUID) -> Note | None:
    """Of whoever may see authors; a deleted one for its author and administrators."""
    return (
        conn.cursor(row_factory=class_row(Note))
        .execute(_NOTES + " WHERE n.id = %s", [note_id])
        .fetchone()
    )


def earlier(conn: Connection, note_id: UUID) -> list[EarlierVersion]:
    """The latest first."""
    return (
        conn.cursor(row_factory=class_row(EarlierVersion))
        .execute(
            """
            SELECT version, text, shared, written_at
              FROM clinical_note_versions
             WHERE note_id = %s
             ORDER BY version DESC
            """,
            [note_id],
        )
        .fetchall()
    )


def authors(conn: Connection, notes: list[Note]) -> dict[UUID, str]:
    """Names of those who wrote them, for therapists and administrators."""
    rows = conn.execute("SELECT id, name FROM app.note_authors(%s)", [[note.id for note in notes]])
    return dict(rows.fetchall())


def add(
    conn: Connection,
    *,
    patient: str | None,
    session_id: UUID | None,
    author: UUID,
    text: str,
    shared: bool,
) -> UUID:
    """The key of the new note. A right of therapists, of their own patients, and of admins."""
    try:
        return certain(
            conn.cursor(row_factory=scalar_row)
            .execute(
                """
                INSERT INTO clinical_notes (patient_code, session_id, author, text, shared)
                VALUES (%s, %s, %s, %s, %s)
                RETURNING id
                """,
                [patient, session_id, author, text, shared],
            )
            .fetchone()
        )
    except psycopg.errors.CheckViolation as exc:
        raise BadInput(NAMES_SOMEBODY) from exc


def change(conn: Connection, note_id: UUID, *, version: int, text: str, shared: bool) -> bool:
    """The next version; False where this one is no longer the last. Its author's right.

    Raises Conflict where it was deleted.
    """
    try:
        with refusals():
            changed = conn.execute(
                "UPDATE clinical_notes SET text = %s, shared = %s WHERE id = %s AND version = %s",
                [text, shared, note_id, version],
            )
    except psycopg.errors.CheckViolation as exc:
        raise BadInput(NAMES_SOMEBODY) from exc
    return changed.rowcount == 1


def delete(conn: Connection, note_id: UUID, *, version: int) -> bool:
    """Mark it; False where this version is no longer the last. Its author's right."""
    with refusals():
        marked = conn.execute(
            "UPDATE clinical_notes SET deleted_at = now() WHERE id = %s AND version = %s",
            [note_id, version],
        )
    return marked.rowcount == 1


NAMES_SOMEBODY = "A note that is shared names no patient: please take the code out first."


def _page(
    conn: Connection,
    query: LiteralString,
    about: str | UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Note]:
    at, key = before or (None, None)
    return (
        conn.cursor(row_factory=class_row(Note))
        .execute(query + _BEFORE, {"about": about, "at": at, "key": key, "limit": limit})
        .fetchall()
    )


_COLUMNS: LiteralString = """
           n.session_id, n.author, n.text, n.shared, n.version, n.written_at, n.created_at,
           n.deleted_at
      FROM """
_NOTES: LiteralString = (
    "SELECT n.id, n.patient_code, NULL AS pseudonym," + _COLUMNS + "clinical_notes n"
)
_SHARED: LiteralString = "SELECT n.id, n.patient_code, n.pseudonym," + _COLUMNS + "research_notes n"
_ABOUT: LiteralString = """
     WHERE (n.patient_code = %(about)s
            OR n.session_id IN (SELECT t.id FROM therapy_sessions t WHERE t.patient_id = %(about)s))
       AND n.deleted_at IS NULL"""
_OF_CODE: LiteralString = _NOTES + _ABOUT
_OF_PATIENT: dict[Role, LiteralString] = {
    "therapist": _OF_CODE,
    "admin": _OF_CODE,
    "researcher": _SHARED + " WHERE n.pseudonym = %(about)s",
}
_OF_ONE: LiteralString = _NOTES + " WHERE n.session_id = %(about)s AND n.deleted_at IS NULL"
_OF_SESSION: dict[Role, LiteralString] = {
    "therapist": _OF_ONE,
    "admin": _OF_ONE,
    "researcher": _SHARED + " WHERE n.session_id = %(about)s",
}
_BEFORE: LiteralString = """
       AND (%(at)s::timestamptz IS NULL OR (n.created_at, n.id) < (%(at)s, %(key)s))
     ORDER BY n.created_at DESC, n.id DESC
     LIMIT %(limit)s
    """
