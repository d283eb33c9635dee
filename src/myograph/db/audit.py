"""Who did what: reading the log, and noting what changes no row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did.

    person_id   None: no person did it but the program of that `login`
    changed     {column: [before, after]}; {column: None} where only the change is kept
    """

    id: int
    at: datetime
    person_id: UUID | None
    login: str
    role: str | None
    action: str
    subject: str | None
    row_key: str | None
    changed: dict[str, list[Any] | None] | None
    facts: dict[str, Any] | None
    address: str | None
    request_id: str | None
    via: str | None
    reason: str | None


_ENTRY: LiteralString = """
    SELECT id, at, person_id, login, role, action, subject, row_key, changed, facts,
           address, request_id, via, reason
      FROM audit_log
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries; None: whatever it is. From `since`, before `until`."""

    person_id: UUID | None = None
    action: str | None = None
    subject: str | None = None
    row_key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def newest(
    conn: Connection,
    wanted: Wanted,
    *,
    limit: int,
    before: tuple[datetime, int] | None = None,
) -> list[Entry]:
    """The newest first, as far as this person may see them; the next page is `before` the last."""
    conditions: list[LiteralString] = ["true"]
    values: list[object] = []
    asked: tuple[tuple[LiteralString, object], ...] = (
        ("person_id = %s", wanted.person_id),
        ("action = %s", wanted.action),
        ("subject = %s", wanted.subject),
        ("row_key = %s", wanted.row_key),
        ("at >= %s", wanted.since),
        ("at < %s", wanted.until),
    )
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if before is not None:
        conditions.append("(at, id) < (%s, %s)")
        values += before
    where: LiteralString = " WHERE " + " AND ".join(conditions)
    return (
        conn.cursor(row_factory=class_row(Entry))
        .execute(_ENTRY + where + " ORDER BY at DESC, id DESC LIMIT %s", [*values, limit])
        .fetchall()
    )


def note(
    conn: Connection,
    action: str,
    subject: str,
    row_key: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Something that whoever asks does and that changes no row: an export, an erasure."""
    conn.execute("SELECT app.note(%s, %s, %s, %s)", [action, subject, row_key, _json(facts)])


def note_read(
    conn: Connection,
    subject: str,
    row_key: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Whoever asks is shown identified data; again within 5 minutes is not written again."""
    conn.execute("SELECT app.note_read(%s, %s, %s)", [subject, row_key, _json(facts)])


def note_sign_in(conn: Connection, person_id: UUID | None, event: str) -> None:
    """`sign_in_failed` and the like, told by the web's login; None: of nobody known."""
    conn.execute("SELECT app.note_sign_in(%s, %s)", [person_id, event])


def _json(facts: Mapping[str, Any] | None) -> str | None:
    return None if facts is None else json.dumps(facts)
