"""What a store keeps of an object beside the object: older versions, and uploads never finished.

An S3 bucket that keeps versions hides an object that is deleted, and has it still. A folder keeps
nothing. A store that knows no versions says so, or lists none.
"""

import importlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from myograph.storage.listing import listing, s3_client
from myograph.storage.objects import ObjectStore

_UNKNOWN: Final = frozenset({"NotImplemented", "MethodNotAllowed", "NotSupported", "501", "405"})


def kept(store: ObjectStore, bucket: str, *, wanted: Callable[[str], bool]) -> set[str]:
    """Names of which anything is kept, be it hidden or never finished."""
    if store.root is not None:
        return set()
    with listing(bucket), _client(store) as client:
        versions = _versions(client, bucket, "")
        return {name for name, _ in (*versions, *_unfinished(client, bucket, "")) if wanted(name)}


@contextmanager
def erasing(store: ObjectStore) -> Generator[Callable[[str], None]]:
    """What deletes an object, by its key, and whatever is kept of it."""
    if store.root is not None:
        yield store.delete
        return
    with _client(store) as client:
        yield partial(_erase, store, client)


def _erase(store: ObjectStore, client: Any, key: str) -> None:  # noqa: ANN401 - as botocore's are
    store.delete(key)
    bucket, _, name = key.partition("/")
    with listing(bucket):
        for found, version in list(_versions(client, bucket, name)):
            if found == name:
                client.delete_object(Bucket=bucket, Key=name, VersionId=version)
        for found, upload in list(_unfinished(client, bucket, name)):
            if found == name:
                client.abort_multipart_upload(Bucket=bucket, Key=name, UploadId=upload)


@contextmanager
def _client(store: ObjectStore) -> Generator[Any]:
    client = s3_client(store.account)
    try:
        yield client
    finally:
        client.close()


def _versions(client: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Names and versions, the marks of deletions too."""
    for page in _pages(client, "list_object_versions", bucket, prefix):
        for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            yield entry["Key"], entry["VersionId"]


def _unfinished(client: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for page in _pages(client, "list_multipart_uploads", bucket, prefix):
        for entry in page.get("Uploads", ()):
            yield entry["Key"], entry["UploadId"]


def _pages(client: Any, operation: str, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    with _where_known():
        yield from client.get_paginator(operation).paginate(Bucket=bucket, Prefix=prefix)


@contextmanager
def _where_known() -> Generator[None]:
    """A store that does not know the question keeps nothing."""
    exceptions = importlib.import_module("botocore.exceptions")
    try:
        yield
    except exceptions.ClientError as exc:
        if exc.response.get("Error", {}).get("Code") not in _UNKNOWN:
            raise
