"""Where recordings are kept: a folder, or anything that speaks S3.

A key is a bucket and an object's name: `emg_data/P001/Ghostly_Emg_20250310_11-46-23-0823.c3d`.
In a folder store the object lies at ROOT/bucket/name.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from myograph.errors import (
    BadInput,
    CannotWrite,
    ObjectGone,
    ObjectReplaced,
    StoreUnavailable,
)
from myograph.storage.folder import changed_at, etag_of, in_memory, remove_empty
from myograph.storage.names import check_key, refuse_links

if TYPE_CHECKING:
    from obstore import GetResult

CHUNK_BYTES = 1024 * 1024
_WHOLE_ANSWER = timedelta(minutes=10)  # 512 MB over a slow line; one that stalls is cut off sooner

Bucket = LocalStore | S3Store


@dataclass(frozen=True, slots=True)
class Head:
    """What the store knows of an object. `etag` without quotes; it changes when the bytes do."""

    key: str
    size: int
    etag: str

    def is_announced(self, *, etag: str | None, size: int | None) -> bool:
        """By its etag, whatever size was told: of the two the store made only the etag."""
        return etag == self.etag if etag is not None else size in {None, self.size}


@dataclass(frozen=True, slots=True)
class Stored(Head):
    """An object whose every byte went through our hands; `sha256` in hex."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Peek(Head):
    """An object as it is now, and its first bytes. modified_at: by the store's clock."""

    modified_at: datetime
    start: bytes


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """Range reads of one object as it was when it was opened.

    A store may be written to between two reads; a changed etag or size raises ObjectReplaced.
    """

    store: "ObjectStore"
    head: Head

    @property
    def size(self) -> int:
        return self.head.size

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes, fewer only at the end of the object."""
        stop = min(offset + length, self.head.size)
        if offset >= stop:
            return b""
        return self.store.read_range(self.head, offset, stop)


@dataclass(frozen=True, slots=True)
class S3Account:
    """Where an S3 store answers, and with which keys.

    read_timeout_s    for the next bytes, however many there are in all
    """

    endpoint: str | None = None
    region: str = "us-east-1"
    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Objects in one or more buckets. Every error is a StoreUnavailable or BadName.

    root    of a folder store, None for S3
    account    of an S3 store
    """

    open_bucket: Callable[[str], Bucket]
    root: Path | None = None
    account: S3Account = field(default_factory=S3Account)
    _buckets: dict[str, Bucket] = field(default_factory=dict[str, Bucket])

    def put(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Keep the bytes under `key`. Whole or not at all: half an upload leaves nothing."""
        bucket, name = self._where(key)
        counted = _Counted(chunks)
        with _wrapped(key):
            result = obstore.put(bucket, name, counted, chunk_size=5 * CHUNK_BYTES)
        return Stored(key, counted.size, _bare(result["e_tag"]), counted.digest.hexdigest())

    def head(self, key: str) -> Head:
        bucket, name = self._where(key)
        try:
            with _wrapped(key):
                meta = obstore.head(bucket, name)
        except StoreUnavailable as exc:
            if "Content-Length" not in exc.sentence:
                raise
            # Supabase does not tell the length of an empty object when asked for its head alone.
            with _wrapped(key):
                meta = obstore.get(bucket, name).meta
        return Head(key, meta["size"], _bare(meta["e_tag"]))

    async def peek(self, key: str, length: int) -> Peek:
        """The object and its first `length` bytes, by one range read that blocks nobody."""
        bucket, name = self._where(key)
        if found := self._at_hand(key, length):
            return found
        try:
            with _wrapped(key):
                result = await obstore.get_async(bucket, name, options={"range": (0, length)})
                start = bytes(await result.bytes_async())
        except ObjectGone:
            raise
        except StoreUnavailable:  # an empty object has no range
            with _wrapped(key):
                result = await obstore.get_async(bucket, name)
            if result.meta["size"]:
                raise
            start = b""
        meta = result.meta
        return Peek(key, meta["size"], _bare(meta["e_tag"]), meta["last_modified"], start)

    def _at_hand(self, key: str, length: int) -> Peek | None:
        """The same of a folder's file that need not be waited for."""
        if self.root is None:
            return None
        with _wrapped(key):
            at_once = in_memory(self.root / key, length)
        if at_once is None:
            return None
        found, start = at_once
        return Peek(key, found.st_size, etag_of(found), changed_at(found), start)

    def exists(self, key: str) -> bool:
        try:
            self.head(key)
        except ObjectGone:
            return False
        return True

    def answer_for(self, bucket: str) -> None:
        """Raises StoreUnavailable where the bucket cannot be asked for an object."""
        self.exists(f"{bucket}/readyz")

    def source(self, key: str) -> ObjectSource:
        return ObjectSource(self, self.head(key))

    def fetch(self, key: str, target: Path, *, beat: Callable[[], None] = lambda: None) -> Stored:
        """Copy the object to `target`, a piece at a time; `beat` is called with each of them.

        Raises CannotWrite where it is not the store that fails but the disk of this machine.
        """
        pieces = self._counted(key)
        with _written(key), target.open("wb") as file:
            for piece in pieces:
                file.write(piece)
                beat()
        return pieces.stored()

    def digest(self, key: str) -> Stored:
        """The object's hash, of every byte as it lies there now."""
        pieces = self._counted(key)
        for _ in pieces:
            pass
        return pieces.stored()

    def _counted(self, key: str) -> "_Pieces":
        if self.root is not None:
            head = self.head(key)
            return _Pieces(head, self._in_ranges(head))
        bucket, name = self._where(key)
        with _wrapped(key):
            sent = obstore.get(bucket, name)
        head = Head(key, sent.meta["size"], _bare(sent.meta["e_tag"]))
        return _Pieces(head, _streamed(key, sent))

    def _in_ranges(self, head: Head) -> Iterator[bytes]:
        """Of a folder, whose streams are read 8 KB at a time by threads that take turns."""
        for start in range(0, head.size, CHUNK_BYTES):
            yield self.read_range(head, start, min(start + CHUNK_BYTES, head.size))

    def read_range(self, head: Head, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop` of the very object that `head` describes."""
        bucket, name = self._where(head.key)
        with _wrapped(head.key):
            # get_range tells neither etag nor size, and no store honours If-Match with a range.
            result = obstore.get(bucket, name, options={"range": (start, stop)})
            content = bytes(result.bytes())
        if (result.meta["size"], _bare(result.meta["e_tag"])) != (head.size, head.etag):
            raise ObjectReplaced(f"{head.key!r} was overwritten while it was read")
        if len(content) != stop - start:
            raise StoreUnavailable(
                f"the store sent {len(content)} of {stop - start} bytes of {head.key!r}"
            )
        return content

    def delete(self, key: str) -> None:
        """An object that is not there is no error."""
        bucket, name = self._where(key)
        try:
            with _wrapped(key):
                obstore.delete(bucket, name)
        except ObjectGone:
            return

    def forget_folder(self, key: str) -> None:
        """Folders that hold no file any more, from this one on: S3 has none, so names none."""
        check_key(key)
        if self.root is not None:
            refuse_links(self.root, key)
            remove_empty(self.root / key)

    def _where(self, key: str) -> tuple[Bucket, str]:
        check_key(key)
        bucket, _, name = key.partition("/")
        if self.root is not None:
            refuse_links(self.root, key)
        if bucket not in self._buckets:
            try:
                self._buckets[bucket] = self.open_bucket(bucket)
            except OSError as exc:
                raise StoreUnavailable(f"bucket {bucket!r} cannot be opened: {exc}") from exc
        return self._buckets[bucket], name


def open_store(
    url: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    key_id: str | None = None,
    secret: str | None = None,
) -> ObjectStore:
    """The store of `file:///folder`, a plain path, or `s3://bucket` with its endpoint and keys."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return s3_store(S3Account(endpoint, region or "us-east-1", key_id, secret))
    if parts.scheme == "file":
        return folder_store(Path(unquote(parts.path)))
    if parts.scheme == "":
        return folder_store(Path(url))
    raise BadInput(f"{url!r} is no store we know: file:///folder or s3://bucket")


def s3_store(account: S3Account) -> ObjectStore:
    return ObjectStore(lambda bucket: _s3(bucket, account), account=account)


def folder_store(root: Path) -> ObjectStore:
    root = root.resolve()
    return ObjectStore(lambda bucket: _folder(root, bucket), root)


def _folder(root: Path, bucket: str) -> LocalStore:
    """For nobody else on this machine: recordings are personal. What was there keeps its mode."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / bucket
    folder.mkdir(mode=0o700, exist_ok=True)
    return LocalStore(folder)


def _s3(bucket: str, account: S3Account) -> S3Store:
    loopback = urlsplit(account.endpoint or "").hostname in {"127.0.0.1", "localhost", "::1"}
    named = {
        "endpoint": account.endpoint,
        "access_key_id": account.key_id,
        "secret_access_key": account.secret,
    }
    options: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return S3Store(
        bucket,
        region=account.region,
        virtual_hosted_style_request=False,
        # Short: a job that fails is tried again later, and says meanwhile why.
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        client_options={
            "allow_http": loopback,
            "connect_timeout": timedelta(seconds=account.connect_timeout_s),
            "read_timeout": timedelta(seconds=account.read_timeout_s),
            "timeout": _WHOLE_ANSWER,
        },
        **options,
    )


class _Counted:
    """The chunks as they come, counted and hashed on the way."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk


class _Pieces:
    """An object as the store sends it, counted and hashed on the way."""

    def __init__(self, head: Head, sent: Iterable[bytes]) -> None:
        self._head = head
        self._counted = _Counted(sent)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._counted)

    def stored(self) -> Stored:
        """Once all of it has come; raises StoreUnavailable where it has not."""
        head, counted = self._head, self._counted
        if counted.size != head.size:
            raise StoreUnavailable(
                f"the store sent {counted.size} of the {head.size} bytes of {head.key!r}"
            )
        return Stored(head.key, counted.size, head.etag, counted.digest.hexdigest())


def _streamed(key: str, sent: "GetResult") -> Iterator[bytes]:
    with _wrapped(key):
        for piece in sent.stream(CHUNK_BYTES):
            yield bytes(piece)


@contextmanager
def _written(key: str) -> Generator[None]:
    try:
        yield
    except OSError as exc:
        raise CannotWrite(
            f"this machine has no place for a copy of {key!r}: {exc.strerror or exc}"
        ) from exc


@contextmanager
def _wrapped(key: str) -> Generator[None]:
    """obstore's errors have no common type; ours have."""
    try:
        yield
    except FileNotFoundError as exc:
        raise ObjectGone(f"{key!r} is not in the store") from exc
    except BaseError as exc:
        raise StoreUnavailable(f"the store could not serve {key!r}: {_first_line(exc)}") from exc


def _first_line(exc: Exception) -> str:
    return str(exc).partition("\n")[0]


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')
