"""Which addresses show identified data, and what is written down about whoever asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog
from fastapi import Request
from psycopg import Connection

from myograph.db.audit import note_read
from myograph.db.identity import Person
from myograph.db.plain import plain_text
from myograph.db.room import lacks_room

log = structlog.get_logger("myograph.web")

_LONGEST: Final = 100  # of what a filter says


@dataclass(frozen=True, slots=True)
class Shows:
    """What an address shows.

    subject   the table it is about
    key       the part of the address that names the row; None: it is a list
    filters   parameters that say which rows of a list
    part      what of the row, where that is more than its numbers
    """

    subject: str
    key: str | None = None
    filters: tuple[str, ...] = ()
    part: str | None = None


_SESSION: Final = Shows("therapy_sessions", "session_id")
_SIGNAL: Final = Shows("therapy_sessions", "session_id", part="signal")
_PATIENT: Final = Shows("patients", "code")
_SESSIONS: Final = Shows("therapy_sessions", filters=("patient", "state", "cursor", "before"))

READS: Final[Mapping[str, Shows]] = {
    "/": Shows("therapy_sessions"),
    "/overview/lists": Shows("therapy_sessions"),
    "/sessions": _SESSIONS,
    "/sessions/live": _SESSIONS,
    "/api/sessions": _SESSIONS,
    "/sessions/{session_id}": _SESSION,
    "/sessions/{session_id}/live": _SESSION,
    "/sessions/{session_id}/print.css": _SESSION,
    "/sessions/{session_id}/export": _SESSION,
    "/sessions/{session_id}/signal": _SIGNAL,
    "/api/sessions/{session_id}": _SESSION,
    "/api/sessions/{session_id}/technical": _SESSION,
    "/api/sessions/{session_id}/statistics": _SESSION,
    "/api/sessions/{session_id}/contractions": _SESSION,
    "/api/sessions/{session_id}/contractions/edits": _SESSION,
    "/api/sessions/{session_id}/performance": _SESSION,
    "/api/sessions/{session_id}/settings": _SESSION,
    "/api/signals/jit/{session_id}": _SIGNAL,
    "/api/signals/{session_id}/{channel}": _SIGNAL,
    "/upload": Shows("patients"),
    "/upload/files/{session_id}": _SESSION,
    "/api/patients": Shows("patients", filters=("therapist", "active", "search", "cursor")),
    "/api/patients/{code}": _PATIENT,
    "/api/patients/{code}/mvc": _PATIENT,
    "/api/patients/{code}/medical": Shows("patients", "code", part="medical facts"),
    "/api/patients/{code}/progress": _PATIENT,
    "/api/patients/{code}/adherence": _PATIENT,
    "/api/patients/{code}/alerts": _PATIENT,
    "/api/notes": Shows("clinical_notes", filters=("patient", "session", "cursor")),
    "/api/notes/{note_id}/history": Shows("clinical_notes", "note_id"),
    "/api/exports": Shows("export_history", filters=("session", "cursor")),
    "/api/exports/{export_id}": Shows("export_history", "export_id"),
    "/api/uploads/events": Shows("upload_events", filters=("source", "outcome", "state", "cursor")),
    "/monitoring": Shows("upload_events"),
    "/api/audit": Shows(
        "audit_log", filters=("person", "action", "subject", "row", "from", "to", "cursor")
    ),
}


def listed(request: Request, count: int) -> None:
    """So many rows are shown: said by whoever answers with a list, before its transaction ends."""
    request.state.listed = count


def note_reading(conn: Connection, request: Request, person: Person) -> None:
    """In the transaction that reads: whoever asks is shown what the address shows.

    Researchers see pseudonyms.
    """
    shows = READS.get(getattr(request.scope.get("route"), "path", ""))
    if shows is None or request.method != "GET" or person.role == "researcher":
        return
    key = None if shows.key is None else str(request.path_params[shows.key])
    try:
        note_read(conn, shows.subject, key, _facts(request, shows))
    except psycopg.Error as exc:
        if not (isinstance(exc, psycopg.errors.ReadOnlySqlTransaction) or lacks_room(exc)):
            raise
        # The database only reads for now: its disk is full, or it is a copy that has not taken over
        # yet. It has been read, and nothing else was to be written: people go on working meanwhile.
        conn.rollback()
        log.error(  # noqa: TRY400 - its trace would quote the row
            "read_not_recorded",
            person=str(person.id),
            subject=shows.subject,
            error=type(exc).__name__,
        )


def _facts(request: Request, shows: Shows) -> dict[str, Any] | None:
    if shows.key is not None:
        return None if shows.part is None else {"part": shows.part}
    asked = {
        name: plain_text(value)[:_LONGEST]
        for name in shows.filters
        if (value := request.query_params.get(name))
    }
    count = getattr(request.state, "listed", None)
    return {"filter": asked} | ({} if count is None else {"count": count})
