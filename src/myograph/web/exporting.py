"""An export as the answer to a request: written down before any byte of it leaves."""

import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import psycopg
import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse
from psycopg import Connection

from myograph.db import audit, export_history, sessions
from myograph.db.chosen_sessions import Choice
from myograph.db.export_history import Export, Said
from myograph.db.identity import Person
from myograph.errors import Conflict, MyographError, NotAllowed, NotFound, Overloaded
from myograph.export.stored import Type
from myograph.services.export_sessions import Format, Made, Wanted, export_sessions, pseudonyms_of
from myograph.storage.objects import CHUNK_BYTES
from myograph.web.deps import short_transaction, steady_transaction
from myograph.web.problems import BUG, DATABASE_UNABLE, NO_DATABASE
from myograph.web.site import site_of

log = structlog.get_logger("myograph.web")

KEPT_IN_MEMORY: Final = 4 * 1024 * 1024
BUSY: Final = "Other exports are being made at the moment. Please try again in a minute."
NO_EXPORT: Final = "There is no such export, or it is not one of yours."
ANOTHERS: Final = "Only whoever made an export gets it once more. You may make one of your own."
FAILED: Final = "This export failed, so there is no file of it."
CHANGED: Final = (
    "The data have changed since this export was made, so the same file cannot be made again."
    " Please make a new one."
)
FILES: Final[dict[Format, tuple[str, str]]] = {
    "json": ("json", "application/json"),
    "csv": ("zip", "application/zip"),
    "excel": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """As it came. patients: codes or pseudonyms; None: whoever it is."""

    wanted: Wanted
    patients: tuple[str, ...] | None = None


def export(request: Request, visitor: Person, asked: Asked) -> StreamingResponse:
    """The file, and its row in the history; where it fails, a row that says so."""
    started = time.monotonic()
    reason = asked.wanted.reason
    file = _empty()
    try:
        with _turn(request), steady_transaction(request, visitor, reason=reason) as conn:
            wanted = _resolved(conn, visitor, asked)
            made = export_sessions(conn, visitor, wanted, file)
            said = _given(visitor, wanted, made, _ms_since(started))
            export_id = export_history.add(conn, said)
    except Exception as error:
        file.close()
        _write_down(request, visitor, asked, error, _ms_since(started))
        raise
    return _sent(file, export_id, wanted, made)


def export_again(request: Request, visitor: Person, export_id: UUID) -> StreamingResponse:
    """The same bytes once more, to whoever got them."""
    with short_transaction(request, visitor) as conn:
        given = _given_to(conn, visitor, export_id)
    wanted = wanted_of(given)
    file = _empty()
    try:
        with _turn(request), steady_transaction(request, visitor, reason=given.reason) as conn:
            made = export_sessions(conn, visitor, wanted, file)
            _check_same(made, given)
            facts = {"again": True, "identifiers": given.identifiers}
            audit.note(conn, "export", "export_history", str(export_id), facts)
    except Exception:
        file.close()
        raise
    return _sent(file, export_id, wanted, made)


def wanted_of(given: Export) -> Wanted:
    """What was asked for, from its row."""
    return Wanted(
        type=cast("Type", given.export_type),
        format=cast("Format", given.data_format),
        chosen=given.session_id or _choice(given.query or {}),
        delimiter=given.export_options["delimiter"],
        identifiers=given.identifiers,
        reason=given.reason,
    )


@contextmanager
def _turn(request: Request) -> Generator[None]:
    turns = site_of(request).export_turns
    if not turns.acquire(blocking=False):
        raise Overloaded(BUSY)
    try:
        yield
    finally:
        turns.release()


def _empty() -> BinaryIO:
    """On disk once it is large, under no name: nothing of it outlives this program."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY))


def _given_to(conn: Connection, visitor: Person, export_id: UUID) -> Export:
    given = export_history.get(conn, export_id)
    if given is None:
        raise NotFound(NO_EXPORT)
    if given.exported_by != visitor.id:
        raise NotAllowed(ANOTHERS)
    if given.export_status == "failed":
        raise Conflict(FAILED)
    return given


def _check_same(made: Made, given: Export) -> None:
    if made.sha256 != given.export_hash:
        raise Conflict(CHANGED)


def _resolved(conn: Connection, visitor: Person, asked: Asked) -> Wanted:
    if asked.patients is None or not isinstance(asked.wanted.chosen, Choice):
        return asked.wanted
    pseudonyms = pseudonyms_of(conn, visitor, asked.patients)
    return replace(asked.wanted, chosen=replace(asked.wanted.chosen, pseudonyms=pseudonyms))


def _sent(file: BinaryIO, export_id: UUID, wanted: Wanted, made: Made) -> StreamingResponse:
    """Its name says what it is and of which export: neither a patient nor a recording."""
    ending, media = FILES[wanted.format]
    name = f"myograph-{wanted.type.replace('_', '-')}-{str(export_id)[:8]}.{ending}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(made.size_bytes),
        "Location": f"/api/exports/{export_id}",
    }
    return StreamingResponse(_pieces(file), media_type=media, headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


# ── its row


def _given(visitor: Person, wanted: Wanted, made: Made, took_ms: int) -> Said:
    one = wanted.chosen if isinstance(wanted.chosen, UUID) else None
    return Said(
        session_id=one,
        query=_query(wanted.chosen) if isinstance(wanted.chosen, Choice) else None,
        export_type=wanted.type,
        data_format=wanted.format,
        export_options=_options(wanted),
        processing_time_ms=took_ms,
        exported_by=visitor.id,
        identifiers=wanted.identifiers,
        reason=wanted.reason,
        export_status="success",
        session_count=made.sessions,
        row_counts=dict(made.row_counts),
        file_size_bytes=made.size_bytes,
        export_hash=made.sha256,
        validation_checks=dict(made.checks),
    )


def _write_down(
    request: Request, visitor: Person, asked: Asked, error: Exception, took_ms: int
) -> None:
    """That it failed, in a transaction of its own."""
    try:
        with short_transaction(request, visitor, reason=asked.wanted.reason) as conn:
            export_history.add(conn, _failed(conn, visitor, asked, error, took_ms))
    except (psycopg.Error, MyographError) as exc:
        log.error(  # noqa: TRY400 - its trace would quote the row
            "failed_export_not_recorded", person=str(visitor.id), error=type(exc).__name__
        )


def _failed(
    conn: Connection, visitor: Person, asked: Asked, error: Exception, took_ms: int
) -> Said:
    wanted = asked.wanted
    code, sentence = _told(error)
    one = wanted.chosen if isinstance(wanted.chosen, UUID) else None
    options = _options(wanted) | ({} if one is None else {"session": str(one)})
    if asked.patients is not None:  # by whatever they were called: not to be kept
        options["patients_named"] = len(asked.patients)
    reason = wanted.reason
    return Said(
        session_id=one if one and sessions.states(conn, visitor, [one]) else None,
        query=_query(wanted.chosen) if isinstance(wanted.chosen, Choice) else None,
        export_type=wanted.type,
        data_format=wanted.format,
        export_options=options,
        processing_time_ms=took_ms,
        exported_by=visitor.id,
        identifiers=wanted.identifiers and visitor.role == "admin" and bool((reason or "").strip()),
        reason=reason,
        export_status="failed",
        validation_checks={},
        error_code=code,
        error_message=sentence,
    )


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, MyographError):
        return error.code, error.sentence
    if isinstance(error, DATABASE_UNABLE):
        return "database_unavailable", NO_DATABASE
    return "bug", BUG


def _options(wanted: Wanted) -> dict[str, Any]:
    return {"delimiter": wanted.delimiter, "identifiers": wanted.identifiers}


def _query(choice: Choice) -> dict[str, Any]:
    said = {
        "sessions": choice.sessions and [str(n) for n in choice.sessions],
        "patients": choice.pseudonyms and list(choice.pseudonyms),
        "from": choice.since and choice.since.isoformat(),
        "to": choice.until and choice.until.isoformat(),
        "session_type": choice.session_type,
    }
    return {name: value for name, value in said.items() if value is not None}


def _choice(query: dict[str, Any]) -> Choice:
    return Choice(
        sessions=tuple(map(UUID, query["sessions"])) if "sessions" in query else None,
        pseudonyms=tuple(query["patients"]) if "patients" in query else None,
        since=datetime.fromisoformat(query["from"]) if "from" in query else None,
        until=datetime.fromisoformat(query["to"]) if "to" in query else None,
        session_type=query.get("session_type"),
    )


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
