"""What lies in a bucket, whatever the names: obstore's own listing fails on `a//b` or `..`."""

import hashlib
import importlib
import os
import stat
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from myograph.errors import BadName, StoreUnavailable
from myograph.storage.folder import changed_at, etag_of
from myograph.storage.names import NAME_LIMIT_BYTES, check_key
from myograph.storage.objects import ObjectStore, S3Account

SUFFIX = ".c3d"
SETTLE_S = 2.0  # a file that was touched since may still be being written


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording as a listing shows it.

    name            within its bucket; a readable stand-in where `refused` says it is no text
    etag            without quotes, the one that reading the object gives
    modified_at     by the store's clock
    version, object_id    of stores that have them
    fresh           it may still be being written: there, but not yet to be taken up
    refused         why nothing can ever read it, as a sentence
    """

    name: str
    size: int
    etag: str
    modified_at: datetime
    version: str | None = None
    object_id: str | None = None
    fresh: bool = False
    refused: str | None = None


def is_recording(name: str) -> bool:
    return name.lower().endswith(SUFFIX)


def listed(
    store: ObjectStore,
    bucket: str,
    *,
    settle_s: float = SETTLE_S,
    wanted: Callable[[str], bool] = is_recording,
) -> Iterator[Listed]:
    """Every recording of `bucket`, or whatever name is `wanted`, in no particular order.

    Raises StoreUnavailable, possibly half-way: what is missing from half a listing is not gone.
    """
    if store.root is not None:
        return _in_folder(store.root / bucket, bucket, settle_s, wanted)
    return _in_s3(store.account, bucket, settle_s, wanted)


def refusal(bucket: str, name: str) -> str | None:
    """Why an object of this name can never be read; None where it can."""
    try:
        check_key(f"{bucket}/{name}")
    except BadName as exc:
        return exc.sentence
    return None


# a folder


def _in_folder(
    folder: Path, bucket: str, settle_s: float, wanted: Callable[[str], bool]
) -> Iterator[Listed]:
    if folder.is_symlink():
        raise StoreUnavailable(f"bucket {bucket!r} is a symbolic link; links are not followed")
    waiting = [""]
    while waiting:
        below = waiting.pop()
        for entry in _entries(folder, below, bucket):
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(name + "/")
            elif wanted(name) and (found := _file(entry)) is not None:
                yield _listed_file(bucket, name, found, settle_s)


def _entries(folder: Path, below: str, bucket: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(f"{folder}/{below}") as entries:
            return list(entries)
    except OSError as exc:
        # Files come and go while they are listed, and with them the folders that hold them.
        if below and isinstance(exc, FileNotFoundError | NotADirectoryError):
            return []
        raise StoreUnavailable(
            f"a folder of bucket {bucket!r} cannot be listed: {exc.strerror}"
        ) from exc


def _file(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """None for links, devices, and what is gone since the folder was read."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _listed_file(bucket: str, name: str, found: os.stat_result, settle_s: float) -> Listed:
    now = time.time()
    return Listed(
        name=_storable(name),
        size=found.st_size,
        etag=etag_of(found),  # what is read later must have the etag that was listed
        modified_at=changed_at(found),
        fresh=_recent(now, found.st_mtime, settle_s) or _recent(now, found.st_ctime, settle_s),
        refused=refusal(bucket, name),
    )


def _recent(now: float, then: float, settle_s: float) -> bool:
    """A clock that is far ahead must not keep a file from ever being taken up."""
    return abs(now - then) < settle_s


def _storable(name: str) -> str:
    """As the database can keep it: text without NUL, of the length that a name may have."""
    text = name.encode("utf-8", "backslashreplace").replace(b"\x00", rb"\x00")
    if len(text) > NAME_LIMIT_BYTES:
        mark = hashlib.sha256(text).hexdigest()[:16].encode()
        text = text[: NAME_LIMIT_BYTES - 32] + b"~" + mark + SUFFIX.encode()
    return text.decode("utf-8", "ignore")


# S3


def _in_s3(
    account: S3Account, bucket: str, settle_s: float, wanted: Callable[[str], bool]
) -> Iterator[Listed]:
    with listing(bucket):
        client = s3_client(account)
        try:
            # botocore asks for names in URL encoding, since XML cannot hold them all.
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                now = time.time()
                for entry in page.get("Contents", ()):
                    if wanted(entry["Key"]):
                        yield _listed_object(bucket, entry, now, settle_s)
        finally:
            client.close()


def s3_client(account: S3Account, *, tries: int = 3) -> Any:  # noqa: ANN401, botocore makes its classes as it runs
    # Loaded by those who sweep an S3 store alone: 20 MB.
    config = importlib.import_module("botocore.config")
    session = importlib.import_module("botocore.session").Session()
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=_moment)
    return session.create_client(
        "s3",
        endpoint_url=account.endpoint,
        region_name=account.region,
        aws_access_key_id=account.key_id,
        aws_secret_access_key=account.secret,
        config=config.Config(
            connect_timeout=account.connect_timeout_s,
            read_timeout=account.read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": tries},
            s3={"addressing_style": "path"},
        ),
    )


def _moment(text: Any) -> datetime:  # noqa: ANN401 - whatever botocore finds in an answer
    """As listings write it. botocore's own reading takes a quarter of the time of a listing."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return importlib.import_module("botocore.utils").parse_timestamp(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _listed_object(bucket: str, entry: dict[str, Any], now: float, settle_s: float) -> Listed:
    modified_at: datetime = entry["LastModified"]
    return Listed(
        name=_storable(entry["Key"]),
        size=entry["Size"],
        etag=entry["ETag"].strip('"'),
        modified_at=modified_at,
        fresh=_recent(now, modified_at.timestamp(), settle_s),
        refused=refusal(bucket, entry["Key"]),
    )


@contextmanager
def listing(bucket: str) -> Generator[None]:
    """Errors of botocore become ours."""
    exceptions = importlib.import_module("botocore.exceptions")
    try:
        yield
    except exceptions.ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "unknown")
        raise StoreUnavailable(f"bucket {bucket!r} cannot be listed: {code}") from exc
    except exceptions.BotoCoreError as exc:
        raise StoreUnavailable(f"bucket {bucket!r} cannot be listed: {type(exc).__name__}") from exc
