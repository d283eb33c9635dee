"""Events as the four kinds of senders write them, for whoever wants to try a receiver."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Example:
    """An object to speak of. version: where the store has versions; etag: of its bytes."""

    bucket: str
    name: str
    version: str
    size: int | None
    etag: str | None
    at: str

    @property
    def metadata(self) -> dict[str, Any]:
        return {"size": self.size, "eTag": self.etag and f'"{self.etag}"', "lastModified": self.at}


def supabase(example: Example) -> dict[str, Any]:
    record = {
        "bucket_id": example.bucket,
        "name": example.name,
        "version": example.version,
        "metadata": example.metadata,
    }
    place = {"table": "objects", "schema": "storage"}
    return {"type": "INSERT", **place, "record": record, "old_record": None}


def s3(example: Example) -> dict[str, Any]:
    thing = {"key": quote(example.name), "size": example.size, "eTag": example.etag}
    place = {"bucket": {"name": example.bucket}, "object": thing}
    return {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": example.at, "s3": place}]}


def cloudevents(example: Example) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": example.version,
        "source": "myograph webhook send",
        "type": "object.created",
        "data": {
            "bucket": example.bucket,
            "name": example.name,
            "size": example.size,
            "etag": example.etag,
            "updated": example.at,
        },
    }


def storage(example: Example) -> dict[str, Any]:
    payload = {
        "bucketId": example.bucket,
        "name": example.name,
        "version": example.version,
        "metadata": example.metadata,
    }
    event = {"type": "ObjectCreated:Put", "payload": payload}
    return {"type": "Webhook", "event": event, "sentAt": example.at}


SHAPES: Final[Mapping[str, Callable[[Example], dict[str, Any]]]] = {
    "supabase": supabase,
    "s3": s3,
    "cloudevents": cloudevents,
    "storage": storage,
}
