"""Events for others: who wants them, what is due, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from myograph.db.refusals import refusals

Type = Literal["session.analysed", "session.failed"]
State = Literal["waiting", "sent", "dead"]


@dataclass(frozen=True, slots=True)
class Due:
    """An event to be sent now; `tries` counts this one."""

    id: UUID
    target: str
    type: Type
    session_id: UUID
    method: str | None
    failure_kind: str | None
    failure_code: str | None
    created_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event and what became of it; see the table's own comments."""

    id: UUID
    target: str
    type: Type
    session_id: UUID
    method: str | None
    failure_kind: str | None
    failure_code: str | None
    state: State
    tries: int
    due_at: datetime
    problem: str | None
    created_at: datetime
    settled_at: datetime | None


def announce_targets(conn: Connection, wanted: Sequence[tuple[str, Sequence[Type]]]) -> None:
    """From now on these are told, each its kinds of event, and nobody else."""
    conn.execute("UPDATE event_targets SET active = false, updated_at = now() WHERE active")
    conn.execute(
        """
        INSERT INTO event_targets (name, events, active)
        SELECT t ->> 'name', ARRAY(SELECT jsonb_array_elements_text(t -> 'events')), true
          FROM jsonb_array_elements(%s) t
        ON CONFLICT (name) DO UPDATE
           SET events = excluded.events, active = true, updated_at = now()
        """,
        [Jsonb([{"name": name, "events": list(events)} for name, events in wanted])],
    )


def active_targets(conn: Connection) -> list[str]:
    """Who is told by now; nobody, unless the settings of the workers say so."""
    return (
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT name FROM event_targets WHERE active ORDER BY name")
        .fetchall()
    )


def take_due(conn: Connection, target: str, *, again_after_s: float) -> Due | None:
    """What has been due for longest, to one sender; one that dies leaves it due again later."""
    return (
        conn.cursor(row_factory=class_row(Due))
        .execute(
            """
            UPDATE outgoing_events e
               SET tries = e.tries + 1,
                   due_at = clock_timestamp() + make_interval(secs => %s)
              FROM (SELECT id FROM outgoing_events
                     WHERE state = 'waiting' AND target = %s AND due_at <= clock_timestamp()
                     ORDER BY due_at
                     LIMIT 1
                       FOR UPDATE SKIP LOCKED) due
             WHERE e.id = due.id
            RETURNING e.id, e.target, e.type, e.session_id, e.method, e.failure_kind,
                      e.failure_code, e.created_at, e.tries
            """,
            [again_after_s, target],
        )
        .fetchone()
    )


def sent(conn: Connection, event_id: UUID) -> None:
    conn.execute(
        """
        UPDATE outgoing_events SET state = 'sent', settled_at = now(), problem = NULL
         WHERE id = %s AND state = 'waiting'
        """,
        [event_id],
    )


def put_off(conn: Connection, event_id: UUID, *, problem: str, seconds: float) -> None:
    conn.execute(
        """
        UPDATE outgoing_events
           SET problem = %s, due_at = clock_timestamp() + make_interval(secs => %s)
         WHERE id = %s AND state = 'waiting'
        """,
        [problem, seconds, event_id],
    )


def give_up(conn: Connection, event_id: UUID, *, problem: str) -> None:
    conn.execute(
        """
        UPDATE outgoing_events SET state = 'dead', settled_at = now(), problem = %s
         WHERE id = %s AND state = 'waiting'
        """,
        [problem, event_id],
    )


def forget(conn: Connection, *, days: int, most: int) -> int:
    """Delete what was settled so long ago, so many at most; how many there were."""
    return conn.execute(
        """
        DELETE FROM outgoing_events
         WHERE id IN (SELECT id
                        FROM outgoing_events
                       WHERE settled_at < now() - make_interval(days => %s)
                       LIMIT %s)
        """,
        [days, most],
    ).rowcount


def newest(conn: Connection, *, state: State | None = None, limit: int = 50) -> list[Outgoing]:
    return (
        conn.cursor(row_factory=class_row(Outgoing))
        .execute(
            """
            SELECT id, target, type, session_id, method, failure_kind, failure_code, state, tries,
                   due_at, problem, created_at, settled_at
              FROM outgoing_events
             WHERE %s::text IS NULL OR state = %s
             ORDER BY created_at DESC, id DESC
             LIMIT %s
            """,
            [state, state, limit],
        )
        .fetchall()
    )


def resend(conn: Connection, event_id: UUID) -> None:
    """Send it once more, under its own number. Raises NotFound or NotAllowed."""
    with refusals():
        conn.execute("SELECT app.resend_event(%s)", [event_id])
