"""Who may work on a session, and until when.

A claim raises `attempt`; whatever is written later names its attempt and is refused where another
claim came between. The queue may lose or repeat a job: this decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from myograph.db.rows import certain
from myograph.errors import LeaseLost

Failure = Literal["unreadable", "gave_up", "file_gone"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to analyse a session, until another has it.

    tries      claims since the analysis was asked for, with this one
    """

    session_id: UUID
    attempt: int
    tries: int
    storage_bucket: str
    file_path: str
    file_size_bytes: int | None
    storage_etag: str | None
    file_hash: str | None
    recovered: bool

    @property
    def object_key(self) -> str:
        return f"{self.storage_bucket}/{self.file_path}"


def show_life(conn: Connection, holder: int) -> None:
    """While a connection that has called this is open, claims of `holder` are those of the living.

    A worker calls it with every connection: those of one that is killed end with it, and nobody
    has to wait for its leases to run out.
    """
    conn.execute("SELECT pg_advisory_lock_shared(%s)", [holder])
    conn.commit()


def claim(
    conn: Connection, session_id: UUID, *, seconds: float, holder: int | None = None
) -> Claim | None:
    """None where there is nothing to do: analysed already, superseded, or in other hands.

    holder    has called `show_life`; None: only the lease says who lives
    """
    return (
        conn.cursor(row_factory=class_row(Claim))
        .execute(
            """
            UPDATE therapy_sessions
               SET processing_status = CASE processing_status
                                       WHEN 'pending' THEN 'processing'
                                       ELSE processing_status END,
                   attempt = attempt + 1,
                   tries = tries + 1,
                   lease_until = clock_timestamp() + make_interval(secs => %s),
                   held_by = %s
             WHERE id = %s
               AND superseded_by IS NULL
               AND processing_status IN ('pending', 'processing', 'reprocessing')
               AND (lease_until IS NULL OR lease_until < clock_timestamp())
            RETURNING id AS session_id, attempt, tries, storage_bucket, file_path,
                      file_size_bytes, storage_etag, file_hash, recovered
            """,
            [seconds, holder, session_id],
        )
        .fetchone()
    )


def extend(conn: Connection, claim: Claim, *, seconds: float) -> None:
    """Keep the claim for a long analysis; raises LeaseLost where it is another's by now."""
    extended = conn.execute(
        """
        UPDATE therapy_sessions
           SET lease_until = clock_timestamp() + make_interval(secs => %s)
         WHERE id = %s AND attempt = %s AND processing_status IN ('processing', 'reprocessing')
        """,
        [seconds, claim.session_id, claim.attempt],
    )
    _require(extended.rowcount == 1, claim)


def hold(conn: Connection, claim: Claim) -> None:
    """Lock the session to write to it; raises LeaseLost where the claim is another's by now."""
    held = conn.execute(
        """
        SELECT FROM therapy_sessions
         WHERE id = %s AND attempt = %s AND processing_status IN ('processing', 'reprocessing')
           FOR UPDATE
        """,
        [claim.session_id, claim.attempt],
    )
    _require(held.fetchone() is not None, claim)


def keep_still(conn: Connection, session_id: UUID) -> None:
    """Nobody changes that session until this transaction ends."""
    conn.execute("SELECT FROM therapy_sessions WHERE id = %s FOR NO KEY UPDATE", [session_id])


def complete(
    conn: Connection,
    claim: Claim,
    *,
    method: str,
    took_ms: int,
    findings: Sequence[Mapping[str, Any]] = (),
    list_row: Mapping[str, Any] | None = None,
) -> None:
    """The results are saved; call it in their transaction, after `hold`.

    findings    what the analysis noticed
    list_row    what lists show
    """
    conn.execute(
        """
        UPDATE therapy_sessions
           SET processing_status = 'completed', failure_kind = NULL, failure_code = NULL,
               processing_error_message = NULL, processing_version = %s,
               processing_time_ms = %s, processed_at = now(), lease_until = NULL, tries = 0,
               put_off_since = NULL,
               analysis_findings = %s, analytics_cache = %s
         WHERE id = %s
        """,
        [method, took_ms, Jsonb(findings), Jsonb(list_row), claim.session_id],
    )


def fail(conn: Connection, claim: Claim, kind: Failure, *, code: str, sentence: str) -> None:
    """End without results, with the reason; call it after `hold`."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET processing_status = 'failed', failure_kind = %s, failure_code = %s,
               processing_error_message = %s, lease_until = NULL, tries = 0,
               put_off_since = NULL,
               object_gone_at = CASE WHEN %s = 'file_gone' THEN now() ELSE object_gone_at END
         WHERE id = %s
        """,
        [kind, code, sentence, kind, claim.session_id],
    )


def give_back(conn: Connection, claim: Claim, *, sentence: str) -> None:
    """Let the next try begin at once; call it after `hold`."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET processing_status = CASE processing_status
                                   WHEN 'processing' THEN 'pending'
                                   ELSE processing_status END,
               processing_error_message = %s, lease_until = NULL, put_off_since = NULL
         WHERE id = %s
        """,
        [sentence, claim.session_id],
    )


def put_down(conn: Connection, claim: Claim) -> None:
    """Let another begin at once, as if this claim had not been; one that was lost is left alone."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET processing_status = CASE processing_status
                                   WHEN 'processing' THEN 'pending'
                                   ELSE processing_status END,
               tries = tries - 1, lease_until = NULL
         WHERE id = %s AND attempt = %s AND processing_status IN ('processing', 'reprocessing')
        """,
        [claim.session_id, claim.attempt],
    )


def waiting_s(conn: Connection, claim: Claim) -> float:
    """For how long the session has been put off, 0 where it was not; call it after `hold`."""
    waited = conn.execute(
        """
        SELECT COALESCE(extract(epoch FROM clock_timestamp() - put_off_since), 0)
          FROM therapy_sessions
         WHERE id = %s
        """,
        [claim.session_id],
    )
    [seconds] = certain(waited.fetchone())
    return float(seconds)


def put_off(conn: Connection, claim: Claim, *, wait_s: float, sentence: str) -> None:
    """Queue the session for later, as if this claim had not been; call it after `hold`."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET processing_status = CASE processing_status
                                   WHEN 'processing' THEN 'pending'
                                   ELSE processing_status END,
               processing_error_message = %s, tries = tries - 1, lease_until = NULL,
               put_off_since = COALESCE(put_off_since, clock_timestamp())
         WHERE id = %s
        """,
        [sentence, claim.session_id],
    )
    conn.execute(
        """
        SELECT app.enqueue_later('analyse_session', id,
                                 CASE processing_status WHEN 'reprocessing' THEN -10 ELSE 10 END,
                                 %s)
          FROM therapy_sessions
         WHERE id = %s
        """,
        [wait_s, claim.session_id],
    )


def reap(conn: Connection, *, max_tries: int, stalled_s: float) -> int:
    """Take back what dead workers hold, and queue it again; the number of sessions and jobs.

    stalled_s    a worker that was silent for so long is dead
    A session that killed its worker `max_tries` times has failed.
    """
    row = (
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT app.reap(%s, %s)", [max_tries, stalled_s])
        .fetchone()
    )
    return int(row or 0)


def take_back_jobs(conn: Connection, *, stalled_s: float) -> int:
    """Queue again what a living worker thinks it has done with; the number of jobs.

    Where the connection breaks just as a job's end is written, the queue says for ever that it is
    being done. No session is being analysed without a claim, so an analysis that began `stalled_s`
    ago and whose session nobody holds is such a job; any other is after ten times as long.
    """
    conn.execute("SET LOCAL search_path = queue, pg_temp")
    return conn.execute(
        """
        SELECT procrastinate_retry_job_v2(forgotten.id, clock_timestamp(), NULL, NULL, NULL)
          FROM (SELECT j.id
                  FROM procrastinate_jobs j
                  LEFT JOIN public.therapy_sessions t
                         ON j.task_name = 'analyse_session' AND t.id::text = j.args ->> 'session_id'
                 WHERE j.status = 'doing'
                   AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
                   AND (SELECT max(e.at) FROM procrastinate_events e
                         WHERE e.job_id = j.id AND e.type = 'started')
                       < clock_timestamp() - make_interval(
                           secs => %s * CASE WHEN t.id IS NULL THEN 10 ELSE 1 END)
                   FOR UPDATE OF j SKIP LOCKED) forgotten
        """,
        [stalled_s],
    ).rowcount


def _require(held: bool, claim: Claim) -> None:  # noqa: FBT001, the condition is the point
    if not held:
        raise LeaseLost(f"attempt {claim.attempt} of session {claim.session_id} is not the last")
