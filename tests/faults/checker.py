"""Walks a database and a store, and says in sentences whatever is lost, doubled, stuck or left.

Each rule is a function from what was found to sentences; no sentence means that all is well. What
was measured is compared with a serial analysis of the same bytes (`Reference`).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from tests.faults.reference import Reference, Results, results_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A session as it stands in the database."""

    id: UUID
    key: str
    status: str
    failure_kind: str | None
    failure_code: str | None
    sentence: str | None
    file_hash: str | None
    lease_until: datetime | None
    gone: bool
    superseded: bool
    duplicate_of: UUID | None
    results: int

    @property
    def live(self) -> bool:
        return not (self.superseded or self.gone)

    def __str__(self) -> str:
        return f"session {self.id} ({self.key})"


@dataclass(frozen=True, slots=True)
class Found:
    """All there is to judge.

    objects     {key: bytes} in the store
    accepted    sessions that somebody was told of
    lost        objects that cannot be analysed, with what the session says: {key: failure kind}
    litter      files that somebody forgot
    """

    objects: Mapping[str, bytes]
    sessions: Sequence[Stored]
    jobs: Sequence[tuple[str, str, str]]
    accepted: frozenset[UUID]
    lost: Mapping[str, str]
    litter: Sequence[Path]
    conn: Connection
    reference: Reference

    def at(self, key: str) -> list[Stored]:
        return [s for s in self.sessions if s.key == key and s.live]


def problems(found: Found) -> list[str]:
    return [sentence for rule in RULES for sentence in rule(found)]


def sessions_in(conn: Connection) -> list[Stored]:
    return (
        conn.cursor(row_factory=class_row(Stored))
        .execute(
            """
            SELECT t.id, t.storage_bucket || '/' || t.file_path AS key,
                   t.processing_status AS status, t.failure_kind, t.failure_code,
                   t.processing_error_message AS sentence, t.file_hash, t.lease_until,
                   t.object_gone_at IS NOT NULL AS gone, t.superseded_by IS NOT NULL AS superseded,
                   t.duplicate_of,
                   (SELECT count(*) FROM emg_statistics e WHERE e.session_id = t.id)
                   + (SELECT count(*) FROM performance_scores p WHERE p.session_id = t.id)
                   AS results
              FROM therapy_sessions t
             ORDER BY t.created_at, t.id
            """
        )
        .fetchall()
    )


def jobs_in(conn: Connection) -> list[tuple[str, str, str]]:
    """Task, state and session of whatever the queue still holds."""
    return conn.execute(
        """
        SELECT task_name, status::text, args ->> 'session_id' FROM queue.procrastinate_jobs
         WHERE status IN ('todo', 'doing', 'failed') ORDER BY id
        """
    ).fetchall()


# ── nothing lost


def each_object_has_one_live_session(found: Found) -> Iterator[str]:
    for key in found.objects:
        live = found.at(key)
        if not live:
            yield f"object {key} has no session"
        if len(live) > 1:
            yield f"object {key} has {len(live)} live sessions"


def each_live_session_has_its_object(found: Found) -> Iterator[str]:
    for session in found.sessions:
        if session.live and session.key not in found.objects:
            yield f"{session} has lost its object, and does not say so"


def whoever_was_told_of_a_session_finds_it(found: Found) -> Iterator[str]:
    for missing in sorted(found.accepted - {s.id for s in found.sessions}):
        yield f"session {missing} was promised, and is not there"


# ── nothing stuck


def every_session_is_settled(found: Found) -> Iterator[str]:
    for session in found.sessions:
        if session.status not in {"completed", "failed"}:
            yield f"{session} is still {session.status}"
        elif session.lease_until is not None:
            yield f"{session} is {session.status}, and somebody still holds it"


def the_queue_is_empty(found: Found) -> Iterator[str]:
    for task, status, session in found.jobs:
        yield f"a job {task} of session {session} is left over: {status}"


# ── nothing doubled, nothing half done


def what_failed_says_why(found: Found) -> Iterator[str]:
    for session in found.sessions:
        if session.status != "failed" or session.failure_kind == "superseded":
            continue
        if not session.sentence or not session.failure_code:
            yield f"{session} failed and does not say why"


def what_is_live_was_analysed_as_it_is_now(found: Found) -> Iterator[str]:
    for session in found.sessions:
        if not session.live or session.key not in found.objects:
            continue
        content = found.objects[session.key]
        if session.key in found.lost:
            if session.failure_kind != found.lost[session.key]:
                yield f"{session} should have ended as {found.lost[session.key]}"
            continue
        if session.status == "failed" and session.failure_kind != "unreadable":
            yield f"{session} failed ({session.failure_kind}): {session.sentence}"
            continue
        if session.status in {"completed", "failed"}:
            yield from _compared(found, session, content)


def _compared(found: Found, session: Stored, content: bytes) -> Iterator[str]:
    if session.file_hash != hashlib.sha256(content).hexdigest():
        yield f"{session} was made from other bytes than the object's"
        return
    expected, stored = found.reference.of(content), results_of(found.conn, session.id)
    if stored.status != expected.status:
        yield f"{session} is {stored.status} where a serial analysis is {expected.status}"
        return
    for what in stored.differs_in(expected):
        yield f"{session}: its {what} are not those of a serial analysis"


def results_are_whole(found: Found) -> Iterator[str]:
    """Of superseded sessions too, whose bytes are gone."""
    for session in found.sessions:
        if session.status == "completed":
            for what in _missing(results_of(found.conn, session.id)):
                yield f"{session} is completed, and {what}"
        elif session.status == "failed" and session.results:
            yield f"{session} failed, and has {session.results} rows of results"


def _missing(results: Results) -> Iterator[str]:
    if len(results.technical) != 1 or len(results.scores) != 1:
        yield f"has {len(results.technical)} technical and {len(results.scores)} score rows"
        return
    labels = sorted(results.technical[0]["emg_labels"])
    if [row["channel_name"] for row in results.channels] != labels:
        yield "has not one row for each EMG channel"
    counted = Counter(row["channel"] for row in results.contractions)
    for row in results.channels:
        if counted[row["channel_name"]] != row["total_contractions"]:
            yield f"counts {row['total_contractions']} contractions of {row['channel_name']}, but"
            f" has {counted[row['channel_name']]}"


def equal_bytes_have_one_first(found: Found) -> Iterator[str]:
    by_hash: defaultdict[str, list[Stored]] = defaultdict(list)
    for session in found.sessions:
        if session.file_hash is not None:
            by_hash[session.file_hash].append(session)
    for digest, equal in by_hash.items():
        firsts = [s for s in equal if s.duplicate_of is None]
        if len(firsts) != 1:
            yield f"of {len(equal)} sessions of the bytes {digest[:12]} {len(firsts)} are the first"


# ── nothing left lying about


def nobody_left_files_behind(found: Found) -> Iterator[str]:
    for path in found.litter:
        yield f"{path.name} was left behind"


Rule = Callable[[Found], Iterator[str]]

RULES: Final[tuple[Rule, ...]] = (
    each_object_has_one_live_session,
    each_live_session_has_its_object,
    whoever_was_told_of_a_session_finds_it,
    every_session_is_settled,
    the_queue_is_empty,
    what_failed_says_why,
    what_is_live_was_analysed_as_it_is_now,
    results_are_whole,
    equal_bytes_have_one_first,
    nobody_left_files_behind,
)
