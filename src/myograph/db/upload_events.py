"""What was announced of objects in the store, and what became of each announcement. For admins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from myograph.db.refusals import refusals
from myograph.db.rows import certain
from myograph.db.sessions import FailureKind, State

Outcome = Literal["created", "duplicate", "renamed", "restored", "late", "gone", "ignored"]


@dataclass(frozen=True, slots=True)
class UploadEvent:
    """One delivery, and how far its session is by now.

    shape         how it was told: s3, page, sweep ...; None: before this was noted
    reason        a code: why it was ignored, or why the object can never be read
    deliveries    how often it came
    dead_letter   its session was given up after the last try; it can be replayed
    """

    id: int
    received_at: datetime
    source: str
    delivery_id: str
    shape: str | None
    operation: Literal["created", "removed"]
    bucket: str | None
    object_name: str | None
    object_version: str | None
    outcome: Outcome
    reason: str | None
    deliveries: int
    session_id: UUID | None
    session_status: State | None
    failure_kind: FailureKind | None
    failure_code: str | None
    sentence: str | None
    dead_letter: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of an announcement that was made once more."""

    event_id: int
    session_id: UUID | None
    outcome: Outcome
    status: State | None


_EVENT: LiteralString = """
    SELECT e.id, e.received_at, e.source, e.delivery_id, e.shape, e.operation, e.bucket,
           e.object_name, e.object_version, e.outcome, e.reason, e.deliveries, e.session_id,
           s.processing_status AS session_status, s.failure_kind, s.failure_code,
           s.processing_error_message AS sentence,
           COALESCE(s.failure_kind = 'gave_up', false) AS dead_letter
      FROM upload_events e
      LEFT JOIN therapy_sessions s ON s.id = e.session_id
    """


def newest(
    conn: Connection,
    *,
    limit: int,
    before: int | None = None,
    source: str | None = None,
    outcome: Outcome | None = None,
    state: State | None = None,
) -> list[UploadEvent]:
    """The newest first; the next page is `before` the last one's id."""
    conditions: list[LiteralString] = ["true"]
    values: list[object] = []
    asked: tuple[tuple[LiteralString, object], ...] = (
        ("e.id < %s", before),
        ("e.source = %s", source),
        ("e.outcome = %s", outcome),
        ("s.processing_status = %s", state),
    )
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    where: LiteralString = " WHERE " + " AND ".join(conditions)
    return (
        conn.cursor(row_factory=class_row(UploadEvent))
        .execute(_EVENT + where + " ORDER BY e.id DESC LIMIT %s", [*values, limit])
        .fetchall()
    )


def dead_letters(conn: Connection, *, limit: int) -> list[UploadEvent]:
    """The last delivery of each session that was given up, the newest first."""
    return (
        conn.cursor(row_factory=class_row(UploadEvent))
        .execute(
            _EVENT
            + """
             WHERE s.processing_status = 'failed' AND s.failure_kind = 'gave_up'
               AND s.superseded_by IS NULL
               AND NOT EXISTS (SELECT FROM upload_events later
                                WHERE later.session_id = e.session_id AND later.id > e.id)
             ORDER BY e.id DESC LIMIT %s
            """,
            [limit],
        )
        .fetchall()
    )


def replay(conn: Connection, event_id: int) -> Replayed:
    """Make a stored announcement once more. Raises NotFound.

    Where its session was given up or lost its file, it is queued again.
    """
    with refusals():
        return certain(
            conn.cursor(row_factory=class_row(Replayed))
            .execute(
                "SELECT event_id, session_id, outcome, status FROM app.replay_event(%s)", [event_id]
            )
            .fetchone()
        )


def forget(conn: Connection, *, days: int, most: int) -> int:
    """Delete the oldest deliveries, so many at most; which session an object has is not forgotten.

    In the order of arrival, and so without an index of times.
    """
    return conn.execute(
        """
        DELETE FROM upload_events
         WHERE id IN (SELECT id FROM upload_events ORDER BY id LIMIT %s)
           AND received_at < now() - make_interval(days => %s)
        """,
        [most, days],
    ).rowcount
