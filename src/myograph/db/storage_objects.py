"""Supabase's own table of what lies in its store, where this database is Supabase's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.rows import certain

_AT_ONCE = 2000
_COLUMNS = ["id", "bucket_id", "name", "version", "metadata", "updated_at"]


@dataclass(frozen=True, slots=True)
class StorageObject:
    id: str
    name: str
    version: str | None
    etag: str
    size: int
    modified_at: datetime


def readable(conn: Connection, bucket: str) -> bool:
    """Whether the table is there, we may read it, and it knows the bucket.

    A table without a single object of the bucket may as well belong to another store, or its row
    level security may hide everything: whoever asks must look elsewhere then.
    """
    allowed: bool = certain(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_class c
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'storage' AND c.relname = 'objects'
                   AND has_schema_privilege(n.oid, 'USAGE')
                   AND (SELECT count(*) = cardinality(%(columns)s::text[])
                               AND bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT'))
                          FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid = c.oid AND NOT a.attisdropped
                           AND a.attname = ANY (%(columns)s)))
            """,
            {"columns": _COLUMNS},
        )
        .fetchone()
    )
    if not allowed:
        return False
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT EXISTS (SELECT FROM storage.objects WHERE bucket_id = %s)", [bucket])
        .fetchone()
    )


def listed(conn: Connection, bucket: str) -> Iterator[StorageObject]:
    """The recordings of a bucket, in one transaction of this connection.

    What is uploaded but not committed is not seen: Supabase's probes never are.
    """
    with conn.cursor("storage_objects", row_factory=class_row(StorageObject)) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(
            """
            SELECT id::text, name, version, trim('"' FROM metadata ->> 'eTag') AS etag,
                   (metadata ->> 'size')::bigint AS size, COALESCE(updated_at, now()) AS modified_at
              FROM storage.objects
             WHERE bucket_id = %s
               AND lower(name) LIKE '%%.c3d'
               AND metadata ->> 'eTag' IS NOT NULL
               AND metadata ->> 'size' IS NOT NULL
            """,
            [bucket],
        )
        yield from cursor
