"""How the service is doing: its queue, and how many sessions are in which state.

For admins; `pulse`, `outbox_age_s`, `deliveries` and `unheard` for the worker, who may read the
queue itself.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.rows import certain
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


@dataclass(frozen=True, slots=True)
class Reused:
    """Sessions whose stored statistics were used for other uploads of their bytes, and how often.

    Each time is an analysis that was not needed.
    """

    sessions: int
    times: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether work is being done.

    workers       that were heard of lately
    silent_s      since the last one was heard of; None: none ever was, or it took its leave
    waiting       jobs that are due
    waiting_s     since when the first of them is
    gave_up       sessions whose analysis was given up after the last try
    failed_jobs   jobs that ended with an error and are not tried again
    """

    workers: int
    silent_s: float | None
    waiting: int
    waiting_s: float
    gave_up: int
    failed_jobs: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Of one source, and of the last day but for `last_at`. ignored: known, and not wanted."""

    source: str
    last_at: datetime
    today: int
    ignored: int


def pulse(conn: Connection, *, silent_s: float) -> Pulse:
    """silent_s    a worker that was not heard of for so long is dead"""
    return certain(
        conn.cursor(row_factory=class_row(Pulse))
        .execute(
            """
            WITH due AS (
                SELECT COALESCE(j.scheduled_at, (SELECT min(e.at) FROM queue.procrastinate_events e
                                                  WHERE e.job_id = j.id AND e.type = 'deferred')
                       ) AS since
                  FROM queue.procrastinate_jobs j
                 WHERE j.status = 'todo' AND COALESCE(j.scheduled_at <= clock_timestamp(), true))
            SELECT (SELECT count(*) FROM queue.procrastinate_workers w
                     WHERE w.last_heartbeat > clock_timestamp() - make_interval(secs => %s)
                   ) AS workers,
                   (SELECT extract(epoch FROM clock_timestamp() - max(w.last_heartbeat))
                      FROM queue.procrastinate_workers w)::float AS silent_s,
                   (SELECT count(*) FROM due) AS waiting,
                   COALESCE((SELECT extract(epoch FROM clock_timestamp() - min(since)) FROM due),
                            0)::float AS waiting_s,
                   (SELECT count(*) FROM therapy_sessions t
                     WHERE t.processing_status = 'failed' AND t.failure_kind = 'gave_up'
                       AND t.superseded_by IS NULL) AS gave_up,
                   (SELECT count(*) FROM queue.procrastinate_jobs j WHERE j.status = 'failed'
                   ) AS failed_jobs
            """,
            [silent_s],
        )
        .fetchone()
    )


def deliveries(conn: Connection) -> list[Deliveries]:
    """Of those that are kept, the last first."""
    return (
        conn.cursor(row_factory=class_row(Deliveries))
        .execute(
            """
            SELECT source, max(received_at) AS last_at,
                   count(*) FILTER (WHERE received_at > now() - interval '1 day') AS today,
                   count(*) FILTER (WHERE received_at > now() - interval '1 day'
                                      AND outcome = 'ignored') AS ignored
              FROM upload_events GROUP BY source ORDER BY last_at DESC
            """
        )
        .fetchall()
    )


def outbox_age_s(conn: Connection) -> float | None:
    """For how long the oldest change in the store has waited to be dealt with; None: none does."""
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT array[extract(epoch FROM clock_timestamp() - min(at))::float]
              FROM storage_outbox WHERE settled_at IS NULL
            """
        )
        .fetchone()
    )[0]


def unheard(conn: Connection) -> dict[str, int]:
    """By target, how many events nobody took however often they were sent."""
    return dict(
        conn.execute(
            """
            SELECT target, count(*) FROM outgoing_events
             WHERE state = 'dead' GROUP BY target ORDER BY target
            """
        ).fetchall()
    )


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


def reused(conn: Connection) -> Reused:
    return certain(
        conn.cursor(row_factory=class_row(Reused))
        .execute(
            """
            SELECT count(*) FILTER (WHERE cache_hits > 0) AS sessions,
                   COALESCE(sum(cache_hits), 0)::bigint AS times
              FROM therapy_sessions
            """
        )
        .fetchone()
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
