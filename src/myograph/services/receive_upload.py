"""A recording has arrived in storage: give it a session and queue its analysis."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from myograph.db import technical
from myograph.db.refusals import refusals
from myograph.db.sessions import State
from myograph.recording import Facts


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored object, and what is known of it already.

    name           of the object within its bucket: "P001/Ghostly_Emg_20250310_11-46-23-0823.c3d"
    session_id     where the uploader named the session in the object's key
    source, delivery_id   who announces it, and its number for this: a repeat changes nothing
    patient_code   chosen by the person who uploads; left, right: the labels of that leg's channel
    facts          where the file's first blocks were read already
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
        received = (
            conn.cursor(row_factory=class_row(Received))
            .execute(
                "SELECT session_id, created, status FROM app.receive_upload(%s)",
                [Jsonb(event_of(upload))],
            )
            .fetchone()
        )
    if received is None:
        raise AssertionError("app.receive_upload always answers")
    return received


def event_of(upload: Upload) -> dict[str, Any]:
    """The argument of `app.receive_upload`: only what is known, facts as the tables take them."""
    event = {name: value for name, value in asdict(upload).items() if value is not None}
    event.pop("facts", None)
    if upload.session_id is not None:
        event["session_id"] = str(upload.session_id)
    if upload.facts is not None:
        event["technical"] = technical.as_json(upload.facts)
    return event
