"""Analysing many sessions again: chosen and queued by the thousand, and followed to their end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.analysis.method import METHOD
from myograph.db.refusals import refusals
from myograph.db.rows import certain

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions: all that have a file, or fewer.

    session, patient    that one, or that patient's
    older               only what was measured by another method than today's
    """

    session: UUID | None = None
    patient: str | None = None
    older: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session is that was queued; `reason` says why it has no new results.

    What was removed or overwritten meanwhile keeps its earlier ones and counts as completed.
    """

    id: UUID
    settled: bool
    reason: str | None


def chosen(conn: Connection, wanted: Wanted) -> Iterator[list[UUID]]:
    """The sessions, oldest first, a batch at a time. What is in work anyway is left alone."""
    last: tuple[UUID | None, object] = (None, None)
    while True:
        rows = conn.execute(
            """
            SELECT id, created_at
              FROM therapy_sessions
             WHERE processing_status IN ('completed', 'failed')
               AND superseded_by IS NULL
               AND object_gone_at IS NULL
               AND (%(session)s::uuid IS NULL OR id = %(session)s)
               AND (%(patient)s::text IS NULL OR patient_id = %(patient)s)
               AND (NOT %(older)s OR processing_version IS DISTINCT FROM %(method)s
                                 AND processing_status = 'completed')
               AND (%(after)s::timestamptz IS NULL OR (created_at, id) > (%(after)s, %(last)s))
             ORDER BY created_at, id
             LIMIT %(batch)s
            """,
            {
                "session": wanted.session,
                "patient": wanted.patient,
                "older": wanted.older,
                "method": METHOD,
                "last": last[0],
                "after": last[1],
                "batch": BATCH,
            },
        ).fetchall()
        if not rows:
            return
        last = rows[-1]
        yield [row[0] for row in rows]


def queue(conn: Connection, sessions: Sequence[UUID]) -> list[int]:
    """The jobs of those that were not queued already; they come after every fresh upload."""
    row = conn.execute("SELECT app.reprocess_many(%s)", [list(sessions)]).fetchone()
    return certain(row)[0] if row else []


def queue_for_admin(conn: Connection, sessions: Sequence[UUID]) -> list[int]:
    """The same, as a person asks for it who must be one."""
    with refusals():
        row = conn.execute("SELECT app.reprocess_chosen(%s)", [list(sessions)]).fetchone()
    return certain(row)[0]


def older(conn: Connection) -> int:
    """How many sessions that have a file were measured by another method than today's."""
    row = conn.execute(
        """
        SELECT count(*) FROM therapy_sessions
         WHERE processing_status IN ('completed', 'reprocessing')
           AND processing_version IS DISTINCT FROM %s
           AND superseded_by IS NULL AND object_gone_at IS NULL
        """,
        [METHOD],
    ).fetchone()
    return certain(row)[0]


def unfinished(conn: Connection, jobs: Sequence[int]) -> list[int]:
    """Those of the jobs that are still to be done."""
    return (
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT id FROM queue.procrastinate_jobs
             WHERE id = ANY(%s) AND status IN ('todo', 'doing')
            """,
            [list(jobs)],
        )
        .fetchall()
    )


def ended(conn: Connection, sessions: Sequence[UUID]) -> list[Ended]:
    return (
        conn.cursor(row_factory=class_row(Ended))
        .execute(
            """
            SELECT id, processing_status IN ('completed', 'failed') AS settled,
                   CASE WHEN object_gone_at IS NOT NULL THEN 'object_gone'
                        WHEN superseded_by IS NOT NULL THEN 'superseded'
                        ELSE failure_code END AS reason
              FROM therapy_sessions
             WHERE id = ANY(%s)
            """,
            [list(sessions)],
        )
        .fetchall()
    )


def workers(conn: Connection, *, silent_s: float = 30.0) -> int:
    """Workers that were heard of lately."""
    row = conn.execute(
        """
        SELECT count(*) FROM queue.procrastinate_workers
         WHERE last_heartbeat > clock_timestamp() - make_interval(secs => %s)
        """,
        [silent_s],
    ).fetchone()
    return certain(row)[0]


def open_again(conn: Connection, session_id: UUID) -> None:
    """Let a session be claimed again; its results stay until there are new ones."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET processing_status = CASE processing_status
                                   WHEN 'completed' THEN 'reprocessing'
                                   ELSE 'pending' END,
               failure_kind = NULL, failure_code = NULL, processing_error_message = NULL,
               tries = 0
         WHERE id = %s AND processing_status IN ('completed', 'failed')
           AND superseded_by IS NULL AND object_gone_at IS NULL
        """,
        [session_id],
    )
