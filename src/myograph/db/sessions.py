"""Sessions: one uploaded recording each, as the person who asks may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Person, Role
from myograph.db.patients import SEEN
from myograph.db.rows import certain
from myograph.errors import NotFound

State = Literal["pending", "processing", "completed", "failed", "reprocessing"]
FailureKind = Literal["unreadable", "gave_up", "file_gone", "superseded"]

# A researcher has no right on the columns that hold a patient's code: their view has null there.
_SEEN_BY: dict[Role, LiteralString] = {
    "therapist": "therapy_sessions",
    "admin": "therapy_sessions",
    "researcher": "research_sessions",
}


@dataclass(frozen=True, slots=True)
class Session:
    """One session. A researcher's has None for whatever holds the patient's code, and `pseudonym`.

    session_id         the code people read; `id` is the key
    started_local      as the file says, no zone; `session_date` the same in the site's zone
    game_metadata      what the game wrote, with the keys of `GameFacts`
    findings           [{code, sentence, channel}] of reader and analysis
    duplicate          an earlier session has the very same bytes; duplicate_of says which to
                       whoever may see that one
    cache_hits         how often its statistics were used for other uploads of the same bytes;
                       None for all but administrators
    claimed_patient_code, patient_finding   a code nobody knows, or why the patient is left open
    """

    id: UUID
    session_id: str | None
    patient_id: str | None
    pseudonym: str | None
    claimed_patient_code: str | None
    patient_finding: str | None
    file_path: str | None
    storage_bucket: str | None
    storage_version: str | None
    storage_etag: str | None
    file_hash: str | None
    file_size_bytes: int | None
    started_local: datetime | None
    session_date: datetime | None
    session_type: Literal["baseline", "training", "assessment"] | None
    game_metadata: dict[str, Any] | None
    findings: list[dict[str, Any]] | None
    processing_status: State
    processing_version: str | None
    failure_kind: FailureKind | None
    failure_code: str | None
    processing_error_message: str | None
    processing_time_ms: int | None
    recovered: bool
    object_gone_at: datetime | None
    superseded_by: UUID | None
    duplicate: bool
    duplicate_of: UUID | None
    analytics_cache: dict[str, Any] | None
    cache_hits: int | None
    attempt: int
    tries: int
    created_at: datetime
    processed_at: datetime | None
    updated_at: datetime

    @property
    def object_key(self) -> str:
        """Where the recording lies in the store."""
        return f"{self.storage_bucket}/{self.file_path}"

    @property
    def settled(self) -> bool:
        return self.processing_status in {"completed", "failed"}


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One line of a list of sessions; newest first by `sorted_at`, then `id`.

    sorted_at         when it was recorded, or arrived where that is not known
    analytics_cache   {overall, category, compliance, bfr_gate, missing, quality, method, muscles:
                      [{label, muscle, side, contractions, target, good}]}, None before the analysis
    """

    id: UUID
    sorted_at: datetime
    session_id: str | None
    patient_id: str | None
    pseudonym: str | None
    started_local: datetime | None
    processing_status: State
    failure_kind: FailureKind | None
    failure_code: str | None
    processing_error_message: str | None
    analytics_cache: dict[str, Any] | None
    duplicate: bool
    duplicate_of: UUID | None
    superseded_by: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SessionState:
    """How far a session is, why, after how many attempts, and when each of it was.

    failure_code, processing_error_message   why it failed, or why the last attempt did
    attempt              how often its analysis was begun, whoever asked for it
    tries                how often since it was last asked for; 0 once it is done
    created_at           it came; extracted_at: its header was read; processed_at: its results
    processing_time_ms   what the last analysis that ended well took
    """

    id: UUID
    processing_status: State
    failure_kind: FailureKind | None
    failure_code: str | None
    processing_error_message: str | None
    attempt: int
    tries: int
    has_technical: bool
    created_at: datetime
    extracted_at: datetime | None
    processed_at: datetime | None
    processing_time_ms: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the sessions this person may see."""

    patients: int
    sessions: int
    this_week: int
    in_processing: int
    failed: int


_SESSION: LiteralString = """
    SELECT id, session_id, patient_id, pseudonym, claimed_patient_code, patient_finding,
           file_path, storage_bucket, storage_version, storage_etag, file_hash, file_size_bytes,
           started_local, session_date, session_type, game_metadata,
           COALESCE(findings || analysis_findings, findings, analysis_findings) AS findings,
           processing_status, processing_version, failure_kind, failure_code,
           processing_error_message, processing_time_ms, recovered, object_gone_at,
           superseded_by, duplicate, CASE WHEN duplicate THEN app.seen_twin(id) END AS duplicate_of,
           analytics_cache, app.seen_hits(id) AS cache_hits, attempt, tries,
           created_at, processed_at, updated_at
      FROM """

_ROW: LiteralString = """
    SELECT id, sorted_at, session_id, patient_id, pseudonym, started_local,
           processing_status, failure_kind, failure_code, processing_error_message,
           analytics_cache, duplicate,
           CASE WHEN duplicate THEN app.seen_twin(id) END AS duplicate_of,
           superseded_by, created_at
      FROM """


def get(conn: Connection, person: Person, session_id: UUID) -> Session:
    session = (
        conn.cursor(row_factory=class_row(Session))
        .execute(_SESSION + _SEEN_BY[person.role] + " WHERE id = %s", [session_id])
        .fetchone()
    )
    if session is None:
        raise NotFound("there is no such session, or it is not one of yours")
    return session


def several(conn: Connection, person: Person, ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Those of these sessions that this person may see."""
    rows = conn.cursor(row_factory=class_row(Session)).execute(
        _SESSION + _SEEN_BY[person.role] + " WHERE id = ANY (%s)", [list(ids)]
    )
    return {session.id: session for session in rows}


def twins(conn: Connection, session: Session) -> tuple[UUID, ...]:
    """Those this person may see among the sessions of the very same bytes, the oldest first.

    Measured once: what one of them shows was taken over by the others.
    """
    rows = conn.cursor(row_factory=scalar_row).execute("SELECT app.seen_twins(%s)", [session.id])
    return tuple(rows)


def newest(
    conn: Connection,
    person: Person,
    *,
    limit: int = 50,
    before: tuple[datetime, UUID] | None = None,
    patient: str | None = None,
    state: State | None = None,
) -> list[SessionRow]:
    """The newest sessions this person may see; the next page is `before` the last row's keys.

    patient    a patient's code, for a researcher a pseudonym
    """
    conditions: list[LiteralString] = ["true"]
    at, key = before or (None, None)
    if before is not None:
        conditions.append("(sorted_at, id) < (%(at)s, %(key)s)")
    if patient is not None:
        whose: LiteralString = "pseudonym = " if person.role == "researcher" else "patient_id = "
        conditions.append(whose + SEEN[person.role])
    if state is not None:
        conditions.append("processing_status = %(state)s")
    where: LiteralString = " WHERE " + " AND ".join(conditions)
    order: LiteralString = " ORDER BY sorted_at DESC, id DESC LIMIT %(limit)s"
    return (
        conn.cursor(row_factory=class_row(SessionRow))
        .execute(
            _ROW + _SEEN_BY[person.role] + where + order,
            {"at": at, "key": key, "patient": patient, "state": state, "limit": limit},
        )
        .fetchall()
    )


def changed_since(
    conn: Connection, person: Person, cursor: int | None
) -> tuple[list[SessionState], int]:
    """What changed from `cursor` on, and the cursor to ask with next; None: begin now.

    Nothing is lost: a transaction that was still open when the cursor was taken is not older
    than the cursor. A row may come twice. Wait with `LISTEN session_changed`.
    """
    upto = conn.cursor(row_factory=scalar_row).execute(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    )
    following: int = upto.fetchone() or 0
    if cursor is None:
        return [], following
    changed = conn.cursor(row_factory=class_row(SessionState)).execute(
        _STATE + _SEEN_BY[person.role] + " s WHERE changed_xid >= %s::text::xid8"
        " ORDER BY changed_xid",
        [cursor],
    )
    return changed.fetchall(), following


def states(conn: Connection, person: Person, ids: Sequence[UUID]) -> list[SessionState]:
    """How far each of these sessions is; those this person may not see are left out."""
    return (
        conn.cursor(row_factory=class_row(SessionState))
        .execute(_STATE + _SEEN_BY[person.role] + " s WHERE id = ANY(%s)", [list(ids)])
        .fetchall()
    )


_STATE: LiteralString = """
    SELECT id, processing_status, failure_kind, failure_code, processing_error_message, attempt,
           tries,
           EXISTS (SELECT FROM c3d_technical_data t WHERE t.session_id = s.id) AS has_technical,
           created_at,
           (SELECT t.extracted_at FROM c3d_technical_data t WHERE t.session_id = s.id)
               AS extracted_at,
           processed_at, processing_time_ms, updated_at
      FROM """


def counts(conn: Connection, _person: Person) -> Counts:
    """Policies tell whose; so one query serves everybody.

    Each part but the number of all sessions is found by an index.
    """
    return certain(
        conn.cursor(row_factory=class_row(Counts))
        .execute(
            """
            SELECT (SELECT count(*) FROM patients) AS patients,
                   (SELECT count(*) FROM therapy_sessions) AS sessions,
                   (SELECT count(*) FROM therapy_sessions
                     WHERE sorted_at >= date_trunc('week', now())) AS this_week,
                   (SELECT count(*) FROM therapy_sessions
                     WHERE processing_status IN
                           ('pending', 'processing', 'reprocessing')) AS in_processing,
                   (SELECT count(*) FROM therapy_sessions
                     WHERE processing_status = 'failed') AS failed
            """
        )
        .fetchone()
    )
