"""Where recordings lie: a folder, or buckets of a store that speaks S3."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Final

from myograph.cli import system
from myograph.cli.checks.disk import judged_room
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.cli.checks.words import place
from myograph.errors import MyographError
from myograph.services.anchor_audit import FOLDER as ANCHORS
from myograph.storage.objects import ObjectStore, S3Account, s3_store
from myograph.storage.reach import Fault, Reached, reached

PROBE: Final = "myograph-doctor-"
_CONTENT: Final = b"0123456789"
STORE: Final = "store"


def _folder(of: Installation) -> Iterator[Finding]:
    root = of.folder
    if root is None:
        return
    said = "the data directory" if of.settings.storage_url is None else set_by(of, "storage_url")
    if not root.exists():
        if of.settings.storage_url is None:
            yield ok(STORE, f"{root} is made with the first recording")
        else:
            yield problem(
                STORE,
                f"there is no folder {root}; is its disk mounted?",
                f"Mount or make it, or correct {said}.",
            )
        return
    if not root.is_dir():
        yield problem(STORE, f"{root} is no folder", f"Name a folder in {said}.")
        return
    yield ok(STORE, f"the folder {root}")
    yield judged_room("room for recordings", root)
    for bucket in of.settings.accepted_buckets:
        yield _bucket_folder(root / bucket, bucket, root)


def _bucket_folder(folder: Path, bucket: str, root: Path) -> Finding:
    name = f"bucket {bucket}"
    used = folder if folder.exists() else root
    if folder.is_symlink():
        return problem(
            name,
            f"{folder} is a link, and links are not followed",
            "Put the folder itself there, or name its place in MYOGRAPH_STORAGE_URL.",
        )
    try:
        with tempfile.TemporaryFile(dir=used) as probe:
            probe.write(_CONTENT)
        next(used.iterdir(), None)
    except OSError as exc:
        return problem(
            name,
            f"{used} cannot be written or listed ({exc.strerror})",
            f"Give it to the user whom the service runs as: `chown -R USER {used}`",
        )
    return ok(name, "it is written and listed" if used is folder else "made when first needed")


def _s3(of: Installation) -> Iterator[Finding]:
    if of.folder is not None:
        return
    store = system.open_storage(of.settings, of.data_dir)
    account = replace(store.account, connect_timeout_s=2.0, read_timeout_s=5.0)
    where = place(account.endpoint) if account.endpoint else "Amazon"
    yield ok(STORE, f"S3 at {where}, region {account.region}")
    for bucket in of.settings.accepted_buckets:
        yield from _bucket(of, account, bucket)
    if of.settings.audit_key is not None or of.own_database:
        yield from _anchors(account)


def _bucket(of: Installation, account: S3Account, bucket: str) -> Iterator[Finding]:
    found = reached(account, bucket)
    if found.fault is not None:
        yield _faulty(of, bucket, found, found.fault)
        return
    yield from _read_and_written(s3_store(account), bucket, found.first)


def _faulty(of: Installation, bucket: str, found: Reached, fault: Fault) -> Finding:
    said, mend = _FAULTS[fault]
    variables = {
        name: set_by(of, f"storage_{name}") for name in ("endpoint", "region", "key_id", "secret")
    }
    return problem(
        f"bucket {bucket}",
        f"{said} ({found.said})",
        mend.format(bucket=bucket, buckets=set_by(of, "buckets"), **variables),
    )


def _read_and_written(store: ObjectStore, bucket: str, first: str | None) -> Iterator[Finding]:
    name = f"bucket {bucket}"
    refused = _refusal(lambda: _read(store, bucket, first))
    if refused:
        yield problem(
            name,
            f"it is listed, and cannot be read ({refused})",
            "Let the store's keys read objects of this bucket (s3:GetObject).",
        )
        return
    written = _refusal(lambda: _write(store, bucket))
    if written:
        yield warning(
            name,
            f"it is listed and read, and takes nothing ({written})",
            "Let the store's keys write and delete in it (s3:PutObject, s3:DeleteObject), or no"
            " page can upload.",
        )
    else:
        yield ok(name, "listed, read by ranges and written")


def _read(store: ObjectStore, bucket: str, first: str | None) -> None:
    """As /readyz asks, and as a worker reads; the name is nobody's to see."""
    store.answer_for(bucket)
    if first is not None:
        store.source(f"{bucket}/{first}").read(0, 1)


def _write(store: ObjectStore, bucket: str) -> None:
    key = f"{bucket}/{PROBE}{token_hex(8)}"
    try:
        store.put(key, [_CONTENT])
        if store.source(key).read(3, 4) != _CONTENT[3:7]:
            raise MyographError("a range of an object is not what was written there")
    finally:
        store.delete(key)


def _refusal(do: Callable[[], None]) -> str | None:
    """The kind of it alone: its words name an object."""
    try:
        do()
    except MyographError as exc:
        return type(exc).__name__
    return None


def _anchors(account: S3Account) -> Iterator[Finding]:
    bucket = ANCHORS.partition("/")[0]
    found = reached(account, bucket)
    name = f"bucket {bucket}"
    if found.fault is None:
        yield ok(name, "it takes the anchors of the record of who did what")
    elif found.fault in {"bucket", "rights"}:
        yield warning(
            name,
            f"the anchors of the record of who did what have no place ({found.said})",
            f"Make a private bucket {bucket} for these keys; docs/audit.md says why.",
        )


_FAULTS: Final[dict[Fault, tuple[str, str]]] = {
    "address": ("no S3 store answers there", "Correct {endpoint}, and open the way to it."),
    "tls": (
        "its certificate is not trusted",
        "Correct the host in {endpoint}, or let this machine trust who signed the certificate.",
    ),
    "no keys": ("there are no keys to ask with", "Set {key_id} and {secret}."),
    "key": ("the store does not know the key", "Correct {key_id}."),
    "secret": ("the secret does not belong to the key", "Correct {secret}."),
    "region": ("the region is another", "Set {region} to that of the bucket."),
    "bucket": ("there is no such bucket", "Make the bucket {bucket}, or correct {buckets}."),
    "rights": (
        "the keys may not list it",
        "Let them list and read the bucket {bucket} (s3:ListBucket, s3:GetObject).",
    ),
    "other": ("the store refuses", "Look into the log of the store at {endpoint}."),
}

CHECKS: Final = (Check(STORE, _folder), Check("buckets", _s3))
