"""How the service is doing: its queue, and how many sessions are in which state. For admins."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from myograph.db.sessions import FailureKind, State


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs of one task. put_off: to be tried again later. oldest_waiting: since when it is due."""

    task: str
    waiting: int
    running: int
    put_off: int
    oldest_waiting: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """Sessions in one state, and why where they failed."""

    state: State
    failure_kind: FailureKind | None
    sessions: int


@dataclass(frozen=True, slots=True)
class LastIngest:
    """Who announces, and when last."""

    source: str
    events: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class StoreSilence:
    """Sessions that wait for a store that does not answer, and since when the first does."""

    sessions: int
    since: datetime


def queued_work(conn: Connection) -> list[Work]:
    return (
        conn.cursor(row_factory=class_row(Work))
        .execute("SELECT task, waiting, running, put_off, oldest_waiting FROM app.queued_work()")
        .fetchall()
    )


def sessions_by_state(conn: Connection) -> list[Counted]:
    return (
        conn.cursor(row_factory=class_row(Counted))
        .execute(
            """
            SELECT processing_status AS state, failure_kind, count(*) AS sessions
              FROM therapy_sessions
             WHERE superseded_by IS NULL
             GROUP BY 1, 2 ORDER BY 1, 2
            """
        )
        .fetchall()
    )


def store_silence(conn: Connection) -> StoreSilence | None:
    """None: nothing waits for the store."""
    return (
        conn.cursor(row_factory=class_row(StoreSilence))
        .execute(
            """
            SELECT count(*) AS sessions, min(put_off_since) AS since
              FROM therapy_sessions
             WHERE put_off_since IS NOT NULL AND superseded_by IS NULL
               AND processing_status IN ('pending', 'processing', 'reprocessing')
            HAVING count(*) > 0
            """
        )
        .fetchone()
    )


def last_ingest(conn: Connection) -> list[LastIngest]:
    """Of the announcements that are kept."""
    return (
        conn.cursor(row_factory=class_row(LastIngest))
        .execute(
            """
            SELECT source, sum(deliveries)::bigint AS events, max(received_at) AS last_at
              FROM upload_events GROUP BY source ORDER BY last_at DESC
            """
        )
        .fetchall()
    )
