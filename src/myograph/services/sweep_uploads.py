"""The store is the truth: whatever lies there has a session, whoever announced it or did not."""

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice

import psycopg
from psycopg import Connection

from myograph.db import listing as found
from myograph.db import sweeps
from myograph.db.listing import Absent, Finding, Meaning
from myograph.db.sweeps import Counts
from myograph.errors import BadName, MyographError, StoreUnavailable
from myograph.services.look_into_store import Beat, Look, Pool, Progress, look_into_store
from myograph.services.receive_upload import (
    Received,
    Refused,
    Upload,
    receive_event,
    receive_events,
)
from myograph.storage.listing import SETTLE_S, refusal
from myograph.storage.objects import ObjectStore

_PLAN_EVERY = 500  # new sessions, after which the server's plans are of too few
_AT_ONCE = 100  # new objects in one transaction: each holds its locks until the last is received
_EMPTY_IS_SUSPECT = 10  # a bucket loses so many at once by a wrong address sooner than by hand


def _on(_: Progress) -> None:
    """Nobody watches, and nobody stops it."""


@dataclass(frozen=True, slots=True)
class Swept:
    """problem    why it did not see everything, as a sentence; what was not seen is not gone"""

    bucket: str
    counts: Counts
    problem: str | None = None


def sweep_uploads(
    pool: Pool,
    store: ObjectStore,
    bucket: str,
    *,
    beat: Beat = _on,
    settle_s: float = SETTLE_S,
    every_s: float = 0.0,
) -> Swept | None:
    """Give every recording of `bucket` its session, and note which are gone.

    beat        called all the while; whatever it raises ends the sweep, and another finds the rest
    settle_s    what was touched since may still be being written, and waits for the next sweep
    None where another sweep of this bucket runs, or began less than `every_s` ago.

    New objects are received many in a transaction, and each in its own where one of them spoils
    it. Half a listing makes sessions and takes none away.
    """
    with pool.connection() as conn:
        with conn.transaction():
            if not sweeps.claim(conn, bucket, every_s=every_s):
                return None
        with _tidy(conn, lambda: sweeps.release(conn, bucket)):
            with _tidy(conn, lambda: found.end(conn)):
                look = look_into_store(pool, conn, store, bucket, beat, settle_s)
                swept = _sweep(conn, store, look, beat)
            with conn.transaction():
                sweeps.note(conn, bucket, swept.counts, problem=swept.problem)
    return swept


def survey_uploads(
    pool: Pool, store: ObjectStore, bucket: str, *, beat: Beat = _on, settle_s: float = SETTLE_S
) -> Swept:
    """What a sweep would find; nothing is changed."""
    with pool.connection() as conn, _tidy(conn, lambda: found.end(conn)):
        look = look_into_store(pool, conn, store, bucket, beat, settle_s)
        counted = Counter[Meaning](one.meaning for one in look.findings)
        problems = [look.problem] if look.problem else []
        gone = len(_missing(conn, store, look, beat, problems))
    return _swept(look, counted, gone, problems)


@contextmanager
def _tidy(conn: Connection, up: Callable[[], None]) -> Generator[None]:
    """Whatever happens; with a connection that broke, all that it held is gone anyway."""
    try:
        yield
    finally:
        with contextlib.suppress(psycopg.Error), conn.transaction():
            up()


# what becomes of what was found


def _sweep(conn: Connection, store: ObjectStore, look: Look, beat: Beat) -> Swept:
    counted: Counter[Meaning] = Counter()
    problems = [look.problem] if look.problem else []
    for number, together in _numbered(_together(look.findings)):
        beat(Progress("comparing", number, len(look.findings)))
        if number % _PLAN_EVERY < len(together):
            with conn.transaction():
                sweeps.plan_anew(conn)
        counted += _take_up_all(conn, store, look, together, problems)
    gone = sum(_let_go(conn, look, one) for one in _missing(conn, store, look, beat, problems))
    return _swept(look, counted, gone, problems)


_LEFT_FOR_LATER = (
    MyographError,
    psycopg.errors.IntegrityError,
    psycopg.errors.DataError,
    psycopg.errors.DeadlockDetected,
)


def _together(findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    """In their order: those that are new many at once, whatever else it is one by one."""
    for new, some in groupby(findings, lambda finding: finding.meaning == "new"):
        yield from _chunks(some, _AT_ONCE if new else 1)


def _chunks(findings: Iterable[Finding], size: int) -> Iterator[Sequence[Finding]]:
    left = iter(findings)
    while chunk := list(islice(left, size)):
        yield chunk


def _numbered(chunks: Iterator[Sequence[Finding]]) -> Iterator[tuple[int, Sequence[Finding]]]:
    """Each with how many came before it."""
    before = 0
    for chunk in chunks:
        yield before, chunk
        before += len(chunk)


def _take_up_all(
    conn: Connection,
    store: ObjectStore,
    look: Look,
    findings: Sequence[Finding],
    problems: list[str],
) -> Counter[Meaning]:
    """At once, or one by one where they are few or one of them cannot be received."""
    if len(findings) > 1:
        with contextlib.suppress(*_LEFT_FOR_LATER), conn.transaction():
            received = receive_events(conn, [_announcement(look, one) for one in findings])
            return Counter[Meaning](map(_became, findings, received))
    counted: Counter[Meaning] = Counter()
    for finding in findings:
        try:
            counted[_take_up(conn, store, look, finding)] += 1
        except _LEFT_FOR_LATER as exc:
            problems.append(_said(exc))
    return counted


def _take_up(conn: Connection, store: ObjectStore, look: Look, finding: Finding) -> Meaning:
    same = _has_same_bytes(store, look.bucket, finding)
    with conn.transaction():
        if same and finding.session_id is not None:
            found.recognise(conn, finding.session_id, etag=finding.etag, version=finding.version)
        received = receive_event(conn, _announcement(look, finding))
    return _became(finding, received)


def _became(finding: Finding, received: Received) -> Meaning:
    """What it was in the end: another may have announced it meanwhile."""
    if received.outcome == "restored" and finding.meaning != "moved":
        return "again"
    return finding.meaning if received.outcome in {"created", "renamed", "restored"} else "known"


def _has_same_bytes(store: ObjectStore, bucket: str, finding: Finding) -> bool:
    """A folder that was copied or restored has other etags: reading tells what they cannot."""
    if finding.file_hash is None:
        return False
    return store.digest(f"{bucket}/{finding.name}").sha256 == finding.file_hash


def _announcement(look: Look, finding: Finding) -> Upload:
    return Upload(
        look.bucket,
        finding.name,
        size_bytes=finding.size,
        etag=finding.etag,
        version=finding.version,
        object_id=finding.object_id,
        source="sweep",
        shape="sweep",
        modified_at=finding.modified_at,
        seen_at=look.seen_at,
        old_name=finding.old_name,
        refused=None if finding.refused is None else Refused(BadName.code, finding.refused),
    )


def _missing(
    conn: Connection, store: ObjectStore, look: Look, beat: Beat, problems: list[str]
) -> list[Absent]:
    """Sessions whose object was not listed, and is not there when it is asked for by its name."""
    if look.problem is not None:
        return []
    moved = {finding.old_name for finding in look.findings}
    with conn.transaction():
        absent = [
            one
            for one in found.absent(conn, look.bucket, seen_at=look.seen_at)
            if one.name not in moved
        ]
    if look.listed == 0 and len(absent) > _EMPTY_IS_SUSPECT:
        problems.append(
            f"Bucket {look.bucket!r} looks empty, though it should hold {len(absent)} recordings:"
            " none was marked as gone. Is it the right place?"
        )
        return []
    gone: list[Absent] = []
    for number, one in enumerate(absent):
        beat(Progress("missing", number, len(absent)))
        try:
            if not _is_there(store, f"{look.bucket}/{one.name}"):
                gone.append(one)
        except StoreUnavailable as exc:
            problems.append(exc.sentence)
            break
    return gone


def _is_there(store: ObjectStore, key: str) -> bool:
    """A name that nothing can ask for was in no listing either."""
    try:
        return store.exists(key)
    except BadName:
        return False


def _let_go(conn: Connection, look: Look, absent: Absent) -> int:
    refused = refusal(look.bucket, absent.name)
    with conn.transaction():
        received = receive_event(
            conn,
            Upload(
                look.bucket,
                absent.name,
                etag=absent.etag,
                version=absent.version,
                object_id=absent.object_id,
                source="sweep",
                shape="sweep",
                operation="removed",
                seen_at=look.seen_at,
                refused=None if refused is None else Refused(BadName.code, refused),
            ),
        )
    return int(received.outcome == "gone")


def _swept(look: Look, counted: Counter[Meaning], gone: int, problems: Sequence[str]) -> Swept:
    counts = Counts(
        listed=look.listed,
        created=counted["new"],
        overwritten=counted["overwritten"],
        moved=counted["moved"],
        restored=counted["again"],
        gone=gone,
        refused=counted["refused"],
    )
    return Swept(look.bucket, counts, _summary(problems))


def _summary(problems: Sequence[str]) -> str | None:
    if not problems:
        return None
    return problems[0] if len(problems) == 1 else f"{problems[0]} And {len(problems) - 1} more."


def _said(exc: Exception) -> str:
    """Of what the database says no more than its kind: it may quote a name."""
    return exc.sentence if isinstance(exc, MyographError) else type(exc).__name__
