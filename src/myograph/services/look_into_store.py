"""What lies in a bucket, beside the sessions: what is new, moved, overwritten or there again."""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Literal

from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import listing as found
from myograph.db import storage_objects
from myograph.db.listing import Finding
from myograph.errors import StoreUnavailable
from myograph.storage.listing import Listed, listed, refusal
from myograph.storage.objects import ObjectStore

Stage = Literal["listing", "comparing", "missing"]
_AT_ONCE = 1000
_row = attrgetter(*(field.name for field in fields(Listed)))  # `astuple` copies each value

Pool = ConnectionPool[Connection]


@dataclass(frozen=True, slots=True)
class Progress:
    """total    None while nobody knows how many there are"""

    stage: Stage
    done: int
    total: int | None = None


Beat = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look into a bucket showed; `seen_at` by the database's clock, before it began."""

    bucket: str
    seen_at: datetime
    listed: int
    findings: Sequence[Finding]
    problem: str | None


def look_into_store(
    pool: Pool, conn: Connection, store: ObjectStore, bucket: str, beat: Beat, settle_s: float
) -> Look:
    """List `bucket` into a table of `conn`, which stays until `listing.end`, and compare it."""
    with conn.transaction():
        seen_at = found.begin(conn)
    count, problem = 0, None
    try:
        with contextlib.closing(_listing(pool, store, bucket, settle_s)) as listing:
            for rows in _chunks(listing):
                with conn.transaction():
                    found.add(conn, rows)
                count += len(rows)
                beat(Progress("listing", count))
    except StoreUnavailable as exc:
        problem = exc.sentence
    with conn.transaction():
        found.close(conn)
        # The number of a file in its folder moves with it; an S3 client's move is another object.
        findings = found.findings(
            conn, bucket, moves=store.root is not None, complete=problem is None
        )
    return Look(bucket, seen_at, count, _room_first(findings), problem)


def _room_first(findings: Sequence[Finding]) -> list[Finding]:
    """Moves before all else, and of two of them first the one that makes room for the other."""
    leaving = {one.old_name: one for one in findings if one.old_name is not None}
    ordered: dict[str, Finding] = {}
    for move in leaving.values():
        chain: dict[str, Finding] = {}
        step: Finding | None = move
        while step is not None and step.name not in chain and step.name not in ordered:
            chain[step.name] = step
            step = leaving.get(step.name)
        ordered |= reversed(chain.items())
    return list((ordered | {one.name: one for one in findings}).values())


def _listing(pool: Pool, store: ObjectStore, bucket: str, settle_s: float) -> Generator[Listed]:
    """By the store's own table where there is one that we may read, else by the store itself."""
    with pool.connection() as conn:
        if store.root is None and storage_objects.readable(conn, bucket):
            yield from _of_table(conn, bucket)
            return
        unused = not found.any_live(conn, bucket)
    if unused and store.root is not None and not (store.root / bucket).exists():
        return  # nothing was ever put there; where something was, its folder is missed
    yield from listed(store, bucket, settle_s=settle_s)


def _of_table(conn: Connection, bucket: str) -> Iterator[Listed]:
    """What is in the table is whole: it stands there from the end of the upload on."""
    for one in storage_objects.listed(conn, bucket):
        yield Listed(
            name=one.name,
            size=one.size,
            etag=one.etag,
            modified_at=one.modified_at,
            version=one.version,
            object_id=one.id,
            refused=refusal(bucket, one.name),
        )


def _chunks(listing: Iterator[Listed]) -> Iterator[list[tuple[object, ...]]]:
    """Rows for the database, many at once; of a listing that breaks off, what came before."""
    rows: list[tuple[object, ...]] = []
    try:
        for one in listing:
            rows.append(_row(one))
            if len(rows) == _AT_ONCE:
                yield rows
                rows = []
    except StoreUnavailable:
        yield rows
        raise
    yield rows
