"""Analyse a session: claim, fetch, measure, save. Only the middle is slow, and it holds no lock."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph import __version__
from myograph.analysis.edits import Edit
from myograph.analysis.method import METHOD
from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.analysis.results import Measurement
from myograph.c3d.recording import read_facts
from myograph.c3d.source import FileSource
from myograph.db import contraction_edits, lease, results, scoring
from myograph.db.lease import Claim
from myograph.db.pool import do_not_wait_for_the_disk, in_few_trips
from myograph.errors import (
    BadName,
    LeaseLost,
    NotReadable,
    ObjectGone,
    ObjectReplaced,
    StoreResting,
    TooLarge,
)
from myograph.recording import Facts
from myograph.services.end_try import Ending
from myograph.services.extract_metadata import DEFAULT_ZONE, describe
from myograph.services.measure_file import Measure, Stopped
from myograph.services.rescore_session import score
from myograph.storage.objects import ObjectStore, Stored

Outcome = Literal[
    "analysed", "shared", "failed", "gave_up", "put_off", "nothing_to_do", "lease_lost"
]

_REFUSED = (NotReadable, TooLarge, BadName)  # the file's fault: no second try would end otherwise


@dataclass(frozen=True, slots=True)
class Terms:
    """How sessions are analysed.

    pseudonym_key   turns a patient's code into what a researcher sees
    zone            of the times in the files, which name none
    lease_s         how long a claim holds while nothing is heard of the worker
    max_tries       before a session that always fails is given up
    scratch         where recordings are copied to; None: the system's folder for such things
    patience_s      before one is given up that waits for a store that never answers
    holder          of every claim, see `lease.show_life`
    """

    pseudonym_key: str
    zone: str = DEFAULT_ZONE
    protocol: Protocol = DEFAULT
    lease_s: float = 30.0
    max_tries: int = 5
    scratch: Path | None = None
    patience_s: float = 24 * 3600.0
    holder: int | None = None


def analyse_session(
    pool: ConnectionPool[Connection],
    store: ObjectStore,
    session_id: UUID,
    *,
    terms: Terms,
    measure: Measure,
) -> Outcome:
    """Give the session its results, or the reason it has none.

    Twice is once: only one claim holds at a time, a finished session is left alone, and what an
    older claim would save is refused. An unexpected error is raised after the claim was given
    back, so that the queue tries again; the last try ends as `failed`, `gave_up`. Stopped is
    raised likewise, and was no try. Nor is it one where the store is left alone: the session is
    queued for later.
    """
    began = time.monotonic()
    with in_few_trips(pool) as conn:
        claim = lease.claim(conn, session_id, seconds=terms.lease_s, holder=terms.holder)
        edits = contraction_edits.active(conn, session_id)
    if claim is None:
        return "nothing_to_do"
    end = Ending(pool, claim, terms.lease_s, terms.max_tries, terms.patience_s, terms.zone)
    try:
        return _analyse(_Work(pool, store, claim, terms, measure, edits, began))
    except LeaseLost:
        return "lease_lost"
    except Stopped:
        end.put_down()
        raise
    except StoreResting as exc:
        return end.put_off(exc)
    except (*_REFUSED, ObjectGone) as exc:
        kind = "file_gone" if isinstance(exc, ObjectGone) else "unreadable"
        return end.failed(kind, exc)
    except Exception as exc:
        outcome = end.after_error(exc)
        if outcome is None:
            raise
        return outcome


@dataclass(frozen=True, slots=True)
class _Work:
    """edits: those that stand while the session is claimed; a later one takes the claim away."""

    pool: ConnectionPool[Connection]
    store: ObjectStore
    claim: Claim
    terms: Terms
    measure: Measure
    edits: tuple[Edit, ...]
    began: float

    def still_ours(self) -> None:
        with self.pool.connection() as conn:
            lease.extend(conn, self.claim, seconds=self.terms.lease_s)

    def took_ms(self) -> int:
        return round(1000 * (time.monotonic() - self.began))


def _analyse(work: _Work) -> Outcome:
    with tempfile.NamedTemporaryFile(
        prefix="myograph-", suffix=".c3d", dir=work.terms.scratch
    ) as copy:
        path = Path(copy.name)
        stored = _fetch(work, path)
        facts, source = _identify(work, stored, path)
        if source is not None and _shared(work, source, stored.sha256):
            return "shared"
        measured = work.measure(
            path, work.terms.protocol, work.claim.recovered, work.edits, work.still_ours
        )
    _save(work, lambda conn: _write(work, conn, measured, facts, stored.sha256))
    return "analysed"


def _fetch(work: _Work, path: Path) -> Stored:
    """The whole file, hashed on the way; it is the one that was announced."""
    beat = _paced(work.still_ours, every_s=work.terms.lease_s / 4)
    stored = work.store.fetch(work.claim.object_key, path, beat=beat)
    if _is_announced(work.claim, stored):
        return stored
    announced = work.claim.file_size_bytes
    if announced not in {None, stored.size}:
        raise ObjectReplaced(
            f"the store holds {stored.size} bytes where {announced} were announced"
        )
    raise ObjectReplaced("other bytes lie where this recording was announced")


def _is_announced(claim: Claim, stored: Stored) -> bool:
    """By its bytes where they are known: what was restored from a backup has another etag."""
    if claim.file_hash is not None:
        return stored.sha256 == claim.file_hash
    return stored.is_announced(etag=claim.storage_etag, size=claim.file_size_bytes)


def _paced(do: Callable[[], None], *, every_s: float) -> Callable[[], None]:
    """What may be called at any time and does it now and then."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last >= every_s:
            do()
            last = time.monotonic()

    return beat


def _identify(work: _Work, stored: Stored, path: Path) -> tuple[Facts, UUID | None]:
    """What the file says, on the page before its samples are read, and whose measurement it shares.

    Its bytes are noted even where nothing can be read in them.
    """
    try:
        facts = _read(work, path)
    except Exception:
        with in_few_trips(work.pool) as conn:
            _note(work, conn, stored)
        raise
    with in_few_trips(work.pool) as conn:
        _note(work, conn, stored)
        describe(
            conn, work.claim.session_id, facts, name=work.claim.file_path, zone=work.terms.zone
        )
        results.remember_protocol(conn, work.terms.protocol, METHOD)
        return facts, _source(work, conn, stored)


def _read(work: _Work, path: Path) -> Facts:
    with FileSource(path) as source:
        return read_facts(source, recover=work.claim.recovered)


def _note(work: _Work, conn: Connection, stored: Stored) -> None:
    do_not_wait_for_the_disk(conn)  # only a session that is still claimed would lose this
    results.wait_for_twins(conn, stored.sha256)
    lease.hold(conn, work.claim)
    results.identify(conn, work.claim.session_id, stored.sha256, size_bytes=stored.size)


def _source(work: _Work, conn: Connection, stored: Stored) -> UUID | None:
    """The session that the same measurement can be taken from, if there is one.

    There is none for a session that somebody corrected: its measurement is its own.
    """
    if work.edits:
        return None
    found = results.measured_before(
        conn,
        stored.sha256,
        METHOD,
        work.terms.protocol.digest,
        recovered=work.claim.recovered,
    )
    return found if found != work.claim.session_id else None


@dataclass(frozen=True, slots=True)
class _Noted:
    """What the session's own row says of its results."""

    findings: Sequence[Mapping[str, Any]]
    list_row: Mapping[str, Any]


def _save(work: _Work, write: Callable[[Connection], _Noted]) -> None:
    """Results, scores and the end of the claim: all, or nothing where the claim is lost."""
    with in_few_trips(work.pool) as conn:
        lease.hold(conn, work.claim)
        noted = write(conn)
        lease.complete(
            conn,
            work.claim,
            method=METHOD,
            took_ms=work.took_ms(),
            findings=noted.findings,
            list_row=noted.list_row,
        )


def _write(
    work: _Work, conn: Connection, measured: Measurement, facts: Facts, file_hash: str
) -> _Noted:
    """Scores first: so each row is written once, with what it is worth."""
    session_id = work.claim.session_id
    channels = results.channels_of(measured, facts)
    scored = score(conn, session_id, channels, pseudonym_key=work.terms.pseudonym_key)
    results.replace(
        conn,
        session_id,
        measured,
        facts=facts,
        score=scored.score,
        inputs=scored.inputs,
        file_hash=file_hash,
        program=__version__,
        took_ms=work.took_ms(),
    )
    scored.save(conn, session_id)
    return _Noted(results.findings_of(measured), scored.list_row)


class _NotThereAnyMore(Exception):
    """What was to be shared has been deleted or measured anew since it was found."""


def _shared(work: _Work, source: UUID, file_hash: str) -> bool:
    try:
        _save(work, lambda conn: _share(work, conn, source, file_hash))
    except _NotThereAnyMore:
        return False
    return True


def _share(work: _Work, conn: Connection, source: UUID, file_hash: str) -> _Noted:
    session_id = work.claim.session_id
    if not _still_there(work, conn, source, file_hash):
        raise _NotThereAnyMore
    findings = results.findings_at(conn, source)
    channels = scoring.channels_of(conn, source)
    scored = score(conn, session_id, channels, pseudonym_key=work.terms.pseudonym_key)
    results.copy(conn, session_id, source, score=scored.score, inputs=scored.inputs)
    scored.save(conn, session_id)
    return _Noted(findings, scored.list_row)


def _still_there(work: _Work, conn: Connection, source: UUID, file_hash: str) -> bool:
    lease.keep_still(conn, source)
    found = results.measured_before(
        conn,
        file_hash,
        METHOD,
        work.terms.protocol.digest,
        recovered=work.claim.recovered,
        only=source,
    )
    return found == source
