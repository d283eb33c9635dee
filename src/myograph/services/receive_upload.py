"""A recording has arrived in storage: give it a session and queue its analysis."""

from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from myograph.db.plain import plain_text
from myograph.db.refusals import refusals
from myograph.db.rows import certain
from myograph.db.sessions import State
from myograph.recording import Facts
from myograph.services.extract_metadata import DEFAULT_ZONE, described


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored object, and what is known of it already.

    name           of the object within its bucket: "P001/Ghostly_Emg_20250310_11-46-23-0823.c3d"
    session_id     where the uploader named the session in the object's key
    source, delivery_id   who announces it, and its number for this: a repeat changes nothing
    patient_code   chosen by the person who uploads; left, right: the labels of that leg's channel
    facts          where the file's first blocks were read already; their start is in `zone`
    file_hash      SHA-256 in hex, where all bytes went through the uploader's hands
    """

    bucket: str
    name: str
    size_bytes: int | None = None
    etag: str | None = None
    version: str | None = None
    object_id: str | None = None
    session_id: UUID | None = None
    source: str = "page"
    delivery_id: str | None = None
    body_digest: str | None = None
    patient_code: str | None = None
    left: str | None = None
    right: str | None = None
    facts: Facts | None = None
    zone: str = DEFAULT_ZONE
    file_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """created: False where this very object has its session already."""

    session_id: UUID
    created: bool
    status: State


def receive_upload(conn: Connection, upload: Upload) -> Received:
    """The session of this upload, the same one however often the upload is announced.

    One SQL function, one round trip: event, session, settings and job commit together with
    whatever else the caller's transaction does. The person's identity is taken from the
    connection. Raises BadInput where the patient chosen is not one of theirs.
    """
    with refusals():
        return certain(
            conn.cursor(row_factory=class_row(Received))
            .execute(
                "SELECT session_id, created, status FROM app.receive_upload(%s)",
                [Jsonb(event_of(upload))],
            )
            .fetchone()
        )


def event_of(upload: Upload) -> dict[str, Any]:
    """The argument of `app.receive_upload`: only what is known."""
    event: dict[str, Any] = {
        name: plain_text(value) if isinstance(value, str) else value
        for name in _SENT
        if (value := getattr(upload, name)) is not None
    }
    if upload.session_id is not None:
        event["session_id"] = str(upload.session_id)
    if upload.facts is not None:
        event["facts"] = described(upload.facts, name=upload.name, zone=upload.zone)
    return event


_SENT = tuple(f.name for f in fields(Upload) if f.name not in {"facts", "zone"})
