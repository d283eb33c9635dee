"""Supabase's own table of what lies in its store, where this database is Supabase's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import class_row, scalar_row

from myograph.db.rows import certain

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class StorageObject:
    id: str
    name: str
    version: str | None
    etag: str
    size: int
    modified_at: datetime


def readable(conn: Connection, bucket: str) -> bool:
    """Whether this database is Supabase's, prepared for us, and knows the bucket.

    A table without a single object of the bucket may as well belong to another store: whoever asks
    must look elsewhere then. The function that shows it comes with deploy/supabase.
    """
    allowed: bool = certain(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT COALESCE(has_function_privilege(
                       to_regprocedure('app.stored_recordings(text, text, integer)'), 'EXECUTE'),
                       false)
            """
        )
        .fetchone()
    )
    return allowed and bool(shown(conn, bucket))


def shown(conn: Connection, bucket: str) -> bool | None:
    """Whether there is a recording in the bucket; None where the function was not told of it."""
    try:
        # In a transaction of its own: it refuses a bucket that it was not told of.
        with conn.transaction():
            first = conn.execute("SELECT FROM app.stored_recordings(%s, '', 1)", [bucket])
            return first.fetchone() is not None
    except InsufficientPrivilege:
        return None


def listed(conn: Connection, bucket: str) -> Iterator[StorageObject]:
    """The recordings of a bucket, in one transaction of this connection.

    What is uploaded but not committed is not seen: Supabase's probes never are.
    """
    with conn.cursor("storage_objects", row_factory=class_row(StorageObject)) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(
            """
            SELECT object_id AS id, name, version, etag, size_bytes AS size,
                   COALESCE(modified_at, now()) AS modified_at
              FROM app.stored_recordings(%s)
             WHERE etag IS NOT NULL AND size_bytes IS NOT NULL
            """,
            [bucket],
        )
        yield from cursor
