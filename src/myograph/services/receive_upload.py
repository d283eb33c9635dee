"""Something is announced of an object in the store: what becomes of its session.

An announcement is a hint, early, late, doubled or out of order; `app.receive_event` decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal, LiteralString
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

Shape = Literal[
    "database_webhook",
    "s3",
    "cloudevents",
    "storage_webhook",
    "page",
    "outbox",
    "sweep",
    "simulate",
    "cli",
]
Outcome = Literal["created", "duplicate", "renamed", "restored", "late", "gone", "ignored"]

# For callers with a connection of another kind; the argument is Jsonb(event_of(upload)).
RECEIVE_EVENT: Final[LiteralString] = (
    "SELECT event_id, session_id, outcome, status, metadata FROM app.receive_event(%s)"
)
# Of many; the argument is Jsonb([event_of(upload), ...]).
RECEIVE_EVENTS: Final[LiteralString] = """
    SELECT event_id, session_id, outcome, status, metadata FROM app.receive_events(%s)
    """


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an object can never be read, though it lies in the store."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What is announced of an object, and what is known of it already.

    name           of the object within its bucket: "P001/Ghostly_Emg_20250310_11-46-23-0823.c3d"
    session_id     where the uploader named the session in the object's key
    source, delivery_id   who announces it, and its number for this: a repeat changes nothing
    patient_code   chosen by the person who uploads; left, right: the labels of that leg's channel
    facts          where the file's first blocks were read already; their start is in `zone`
    file_hash      SHA-256 in hex, where all bytes went through the uploader's hands
    operation      created: it lies there now, new, overwritten or moved; removed: no longer
    old_name, old_version   what it was before it was moved or overwritten, where that is told
    modified_at    when the store changed it, by the store's own clock
    sequencer      hexadecimal; orders the changes of one name (S3)
    seen_at        when a sweep began to look, by the database's clock: what changed later stands
    refused        its session ends unread with this sentence
    ignored        a code: nothing but the event is kept
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
    shape: Shape = "page"
    operation: Literal["created", "removed"] = "created"
    old_name: str | None = None
    old_version: str | None = None
    modified_at: datetime | None = None
    sequencer: str | None = None
    seen_at: datetime | None = None
    refused: Refused | None = None
    ignored: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an announcement.

    session_id   None where the object has no session: ignored, or gone before it was known
    outcome      created: the session is new; duplicate: the object has it; renamed: it moved;
                 restored: the store shows it again; late: a newer one was announced before;
                 gone: it was removed; ignored
    metadata     the row of c3d_technical_data, None while nobody has read the file
    """

    event_id: int
    session_id: UUID | None
    outcome: Outcome
    status: State | None
    metadata: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """created: False where this very object has its session already."""

    session_id: UUID
    created: bool
    status: State


def receive_event(conn: Connection, upload: Upload) -> Received:
    """What an announcement comes to, the same however often it is repeated.

    One SQL function, one round trip: event, session, settings and job commit together with
    whatever else the caller's transaction does. The person's identity is taken from the
    connection. Raises BadInput or NotAllowed where they may not announce this.
    """
    with refusals():
        return certain(
            conn.cursor(row_factory=class_row(Received))
            .execute(RECEIVE_EVENT, [Jsonb(event_of(upload))])
            .fetchone()
        )


def receive_events(conn: Connection, uploads: Sequence[Upload]) -> list[Received]:
    """What each of them comes to, in their order, by one statement: all of them, or none."""
    with refusals():
        return (
            conn.cursor(row_factory=class_row(Received))
            .execute(RECEIVE_EVENTS, [Jsonb([event_of(upload) for upload in uploads])])
            .fetchall()
        )


def receive_upload(conn: Connection, upload: Upload) -> Uploaded:
    """The session of an object that lies in the store. Raises BadInput or NotAllowed."""
    received = receive_event(conn, upload)
    return Uploaded(
        certain(received.session_id), received.outcome == "created", certain(received.status)
    )


def event_of(upload: Upload) -> dict[str, Any]:
    """The argument of `app.receive_event`: only what is known."""
    event: dict[str, Any] = {
        name: _plain(value) for name in _SENT if (value := getattr(upload, name)) is not None
    }
    if upload.refused is not None:
        event["refused"] = {
            "code": upload.refused.code,
            "sentence": plain_text(upload.refused.sentence),
        }
    if upload.facts is not None:
        event["facts"] = described(upload.facts, name=upload.name, zone=upload.zone)
    return event


def _plain(value: object) -> object:
    match value:
        case str():
            return plain_text(value)
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


_SENT = tuple(f.name for f in fields(Upload) if f.name not in {"facts", "zone", "refused"})
