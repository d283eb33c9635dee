"""Deliveries as senders write them, one of each shape, of the object emg_data/P001/a b.c3d."""

import json
from typing import Any

NAME = "P001/a b.c3d"
ETAG = "1595fbc267d4c14ca620d05834e6434c"
RECORD: dict[str, Any] = {
    "id": "660ccdb4-64e3-46fe-950b-1c91673d3276",
    "bucket_id": "emg_data",
    "name": NAME,
    "version": "b7002d5a-1f78-411e-ad12-14ae2b278a2a",
    "owner": None,
    "metadata": {
        "eTag": f'"{ETAG}"',
        "size": 1229632,
        "mimetype": "application/octet-stream",
        "lastModified": "2026-11-20T03:39:37.239Z",
    },
    "user_metadata": {"name": "P002/other.c3d", "size": -1},
    "path_tokens": ["P001", "a b.c3d"],
    "created_at": "2026-11-20T03:39:37Z",
}


def database_webhook(kind: str = "INSERT", record=RECORD, old_record=None) -> dict[str, Any]:
    return {
        "type": kind,
        "table": "objects",
        "schema": "storage",
        "record": record,
        "old_record": old_record,
    }


def s3(kind: str = "s3:ObjectCreated:Put", key: str = "P001/a+b.c3d") -> dict[str, Any]:
    return {
        "EventName": kind,
        "Key": f"emg_data/{key}",
        "Records": [
            {
                "eventVersion": "2.0",
                "eventSource": "minio:s3",
                "eventTime": "2026-11-20T03:39:37.239Z",
                "eventName": kind,
                "s3": {
                    "bucket": {"name": "emg_data", "arn": "arn:aws:s3:::emg_data"},
                    "object": {
                        "key": key,
                        "size": 1229632,
                        "eTag": ETAG,
                        "versionId": "null",
                        "sequencer": "17A2B3C4D5E6F708",
                    },
                },
            }
        ],
    }


def cloudevent(kind: str = "google.cloud.storage.object.v1.finalized") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "event-1",
        "source": "//storage.googleapis.com/projects/_/buckets/emg_data",
        "type": kind,
        "data": {
            "bucket": "emg_data",
            "name": NAME,
            "size": "1229632",
            "etag": ETAG,
            "generation": 17,
            "updated": "2026-11-20T03:39:37.239Z",
        },
    }


def storage_webhook(kind: str = "ObjectCreated:Put", **payload: Any) -> dict[str, Any]:
    return {
        "type": "Webhook",
        "event": {
            "$version": "v1",
            "type": kind,
            "applyTime": 1732073977239,
            "payload": {
                "bucketId": "emg_data",
                "name": NAME,
                "version": RECORD["version"],
                "metadata": RECORD["metadata"],
                **payload,
            },
        },
        "sentAt": "2026-11-20T03:39:38.000Z",
        "tenant": {"ref": "stub", "host": ""},
    }


SHAPES: dict[str, dict[str, Any]] = {
    "database_webhook": database_webhook(),
    "s3": s3(),
    "cloudevents": cloudevent(),
    "storage_webhook": storage_webhook(),
}


def encoded(body: object) -> bytes:
    return json.dumps(body).encode()
