"""What a delivery says of objects: four shapes of event, told apart by what stands in them.

database_webhook   Supabase: {type: INSERT | UPDATE | DELETE, table, schema, record, old_record}
s3                 S3 and MinIO: {Records: [{eventName, s3: {bucket: {name}, object: {key, ...}}}]}
cloudevents        {specversion, type, id, data: {bucket, name, ...}}, or in binary mode data alone
storage_webhook    Supabase Storage, self-hosted: {type: "Webhook", event: {type, payload}}

Pure. Fields that are not needed may be anything; of the needed ones a wrong type raises
MalformedEvent with a sentence, whatever stands there. What a client says of its own upload
(user_metadata) is never looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from urllib.parse import unquote_plus

from myograph.errors import MalformedEvent
from myograph.web.webhooks.fields import Fields, fields_of

Shape = Literal["database_webhook", "s3", "cloudevents", "storage_webhook"]
Operation = Literal["created", "removed"]
MOST_OBJECTS: Final = 100
_REMOVED: Final = re.compile("delet|remov")
_HEXADECIMAL: Final = re.compile("[0-9A-Fa-f]{1,64}")
_CREATED: Final = re.compile(r"creat|finaliz|writ|upload|copi|\b(put|post|copy)\b")


@dataclass(frozen=True, slots=True)
class Hint:
    """What is said of one object.

    version, etag    of its bytes; etag without quotes
    modified_at      the store's own time of that version
    sequencer        S3: grows with every version of a name
    old_name, old_version   what it was before it was moved, within its bucket, or overwritten
    ignored          why it is of no interest, as a code; None: it may be
    proven           False: what is said is only a reason to look the object up
    """

    shape: Shape
    operation: Operation
    bucket: str
    name: str
    object_id: str | None = None
    version: str | None = None
    etag: str | None = None
    size_bytes: int | None = None
    modified_at: datetime | None = None
    sequencer: str | None = None
    old_name: str | None = None
    old_version: str | None = None
    ignored: str | None = None
    proven: bool = True


def hints_of(body: bytes, *, binary_id_fits: bool = False) -> list[Hint]:
    """What the body says, at least one hint. Raises MalformedEvent.

    binary_id_fits    there is a ce-id header, and it is the number that was signed
    """
    said = fields_of(body)
    if said.has("Records"):
        found = list(_s3(said))
    elif said.has("specversion"):
        found = [_cloudevent(said)]
    elif said.text_or_none("type") == "Webhook":
        found = _storage_webhook(said.inner("event"))
    elif said.has("table"):
        found = _database_webhook(said)
    elif binary_id_fits:
        found = [replace(_described(said, "created"), proven=False)]
    else:
        raise MalformedEvent(
            "The body is none of the four shapes we know: a database webhook of Supabase, an S3"
            " notification, a CloudEvent, or a webhook of Supabase Storage."
        )
    if not 1 <= len(found) <= MOST_OBJECTS:
        raise MalformedEvent(f"A delivery speaks of 1 to {MOST_OBJECTS} objects.")
    return found


# ── the shapes


def _database_webhook(said: Fields) -> list[Hint]:
    kind = said.text("type")
    if (said.text("schema"), said.text("table")) != ("storage", "objects"):
        place = Hint("database_webhook", "created", said.text("schema"), said.text("table"))
        return [replace(place, ignored="not_an_object")]
    if kind == "DELETE":
        return [_row(said.inner("old_record"), "removed")]
    if kind == "INSERT":
        return [_row(said.inner("record"), "created")]
    if kind == "UPDATE":
        return _updated(_row(said.inner("record"), "created"), said.inner("old_record"))
    raise MalformedEvent(f"type is INSERT, UPDATE or DELETE, not {kind[:40]!r}.")


def _updated(new: Hint, old: Fields) -> list[Hint]:
    """An overwrite, a move, or nothing: only a new version is a new object.

    What is moved to another bucket, or to a name that is no recording, is gone from its old place.
    """
    old_bucket = old.text_or_none("bucket_id") or new.bucket
    old_name = old.text_or_none("name") or new.name
    if old.text_or_none("version") == new.version:
        return [replace(new, ignored="unchanged")]
    if old_bucket != new.bucket:
        return [_row(old, "removed"), new]
    moved = None if old_name == new.name else old_name
    return [replace(new, old_name=moved, old_version=old.text_or_none("version"))]


def _row(record: Fields, operation: Operation) -> Hint:
    metadata = record.inner_or_none("metadata")
    return Hint(
        "database_webhook",
        operation,
        record.text("bucket_id"),
        record.text("name"),
        object_id=record.uuid("id"),
        version=record.text_or_none("version"),
        etag=metadata.bare("eTag"),
        size_bytes=metadata.size("size"),
        modified_at=metadata.moment("lastModified"),
    )


def _s3(said: Fields) -> Iterator[Hint]:
    for record in said.inners("Records"):
        kind = record.text("eventName").removeprefix("s3:")
        place = record.inner("s3")
        thing = place.inner("object")
        operation = _named(kind, created="ObjectCreated:", removed="ObjectRemoved:")
        version = thing.text_or_none("versionId")
        hint = Hint(
            "s3",
            operation or "created",
            place.inner("bucket").text("name"),
            _unquoted(thing.text("key")),
            version=None if version == "null" else version,
            etag=thing.bare("eTag"),
            size_bytes=thing.size("size"),
            modified_at=record.moment("eventTime"),
            sequencer=_hexadecimal(thing.text_or_none("sequencer")),
        )
        yield hint if operation else replace(hint, ignored="other_event")


def _cloudevent(said: Fields) -> Hint:
    """The type's last words say what happened: ...object.v1.finalized, ...ObjectCreated.Put."""
    words = ".".join(said.text("type").casefold().split(".")[-2:])
    removed = _REMOVED.search(words) is not None
    hint = _described(said.inner("data"), "removed" if removed else "created")
    return hint if removed or _CREATED.search(words) else replace(hint, ignored="other_event")


def _described(data: Fields, operation: Operation) -> Hint:
    """Data that names bucket and object, in the words of several stores."""
    return Hint(
        "cloudevents",
        operation,
        data.text("bucket"),
        data.text("name") if data.has("name") else data.text("key"),
        version=data.text_or_none("version") or data.number_as_text("generation"),
        etag=data.bare("etag") or data.bare("eTag"),
        size_bytes=data.size("size"),
        modified_at=data.moment("updated"),
    )


def _storage_webhook(event: Fields) -> list[Hint]:
    kind = event.text("type")
    payload = event.inner("payload")
    operation = _named(kind, created="ObjectCreated:", removed="ObjectRemoved:")
    metadata = payload.inner_or_none("metadata")
    hint = Hint(
        "storage_webhook",
        operation or "created",
        payload.text("bucketId"),
        payload.text("name"),
        version=payload.text_or_none("version"),
        etag=metadata.bare("eTag"),
        size_bytes=metadata.size("size"),
        modified_at=metadata.moment("lastModified"),
    )
    if operation is None:
        return [replace(hint, ignored="other_event")]
    if kind == "ObjectRemoved:Move":  # the other half, ObjectCreated:Move, says where it is now
        return [replace(hint, ignored="moved")]
    if kind == "ObjectCreated:Move":
        return _moved(hint, payload.inner_or_none("oldObject"))
    return [hint]


def _moved(new: Hint, old: Fields) -> list[Hint]:
    name = old.text_or_none("name")
    if name is None:
        return [new]
    bucket = old.text_or_none("bucketId") or new.bucket
    if bucket == new.bucket:
        return [replace(new, old_name=name, old_version=old.text_or_none("version"))]
    return [Hint(new.shape, "removed", bucket, name), new]


def _named(kind: str, *, created: str, removed: str) -> Operation | None:
    if kind.startswith(created):
        return "created"
    return "removed" if kind.startswith(removed) else None


def _hexadecimal(sequencer: str | None) -> str | None:
    """It only orders versions, so one that is none is not known."""
    return sequencer if sequencer and _HEXADECIMAL.fullmatch(sequencer) else None


def _unquoted(key: str) -> str:
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as exc:
        raise MalformedEvent("key is not text in UTF-8, URL-encoded.") from exc
