"""A bucket's listing beside the sessions, set against set, in a temporary table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row, tuple_row

from myograph.db.rows import certain

Meaning = Literal["new", "overwritten", "moved", "again", "refused", "known"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A listed object whose session, if it has one, does not say the same.

    meaning     known: the same object, of which the store tells more by now
    old_name    of what moved, in stores that number their objects by nothing else
    session_id, file_hash    of the live session under this name, where its bytes may be the same:
                they were read, there are as many, and only the etag is another
    """

    name: str
    size: int
    etag: str
    modified_at: datetime
    version: str | None
    object_id: str | None
    refused: str | None
    meaning: Meaning
    old_name: str | None
    session_id: UUID | None
    file_hash: str | None


@dataclass(frozen=True, slots=True)
class Absent:
    """A live session whose object was not listed."""

    session_id: UUID
    name: str
    etag: str | None
    version: str
    object_id: str | None


def begin(conn: Connection) -> datetime:
    """An empty table of this connection's own; the database's time, which no look was before."""
    # What a crash of the server takes back the next sweep finds again.
    conn.execute("SET synchronous_commit = off")
    conn.execute("DROP TABLE IF EXISTS pg_temp.listed")
    conn.execute(
        """
        CREATE TEMP TABLE listed (
            name        text COLLATE "C" NOT NULL,
            size        bigint NOT NULL,
            etag        text NOT NULL,
            modified_at timestamptz NOT NULL,
            version     text,
            object_id   text,
            fresh       boolean NOT NULL,
            refused     text
        )
        """
    )
    return certain(
        conn.cursor(row_factory=scalar_row).execute("SELECT clock_timestamp()").fetchone()
    )


def add(conn: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows in the order of the table's columns."""
    with conn.cursor(row_factory=tuple_row).copy("COPY pg_temp.listed FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def close(conn: Connection) -> None:
    """Ready to be compared: a name twice, as where it was overwritten meanwhile, is one."""
    conn.execute(
        """
        DELETE FROM pg_temp.listed l
         USING pg_temp.listed later
         WHERE later.name = l.name AND (later.modified_at, later.ctid) > (l.modified_at, l.ctid)
        """
    )
    conn.execute("ANALYZE pg_temp.listed")


def findings(conn: Connection, bucket: str, *, moves: bool, complete: bool) -> list[Finding]:
    """What was listed and is not known just so, the oldest first.

    moves       an etag is an object's own: the same one under another name is a move
    complete    False: half a listing. What may have moved is left out then, since nobody can tell
                whether it still lies where it lay.
    """
    return (
        conn.cursor(row_factory=class_row(Finding))
        .execute(
            """
            WITH live AS (
                SELECT id, file_path, file_hash, file_size_bytes, storage_object_id,
                       storage_version, storage_etag, object_gone_at IS NOT NULL AS gone
                  FROM therapy_sessions
                 WHERE storage_bucket = %(bucket)s AND superseded_by IS NULL
            ), movable AS (
                SELECT s.storage_etag AS etag, s.file_size_bytes AS size,
                       min(s.file_path) AS old_name, count(*) AS sessions
                  FROM live s
                 WHERE %(moves)s AND s.storage_object_id IS NULL
                   AND (NOT %(complete)s OR NOT EXISTS (
                           SELECT FROM pg_temp.listed l
                            WHERE l.name = s.file_path
                              AND l.etag = s.storage_etag AND l.size = s.file_size_bytes))
                 GROUP BY 1, 2
            ), beside AS (
                SELECT l.*, s.id, s.file_hash, s.gone, s.storage_etag,
                       COALESCE(s.file_size_bytes = l.size, false) AS same_size,
                       COALESCE(s.file_size_bytes <> l.size, false) AS other_size,
                       COALESCE(s.file_size_bytes = l.size AND s.storage_etag = l.etag
                                AND (s.storage_object_id = l.object_id) IS NOT FALSE, false)
                       AS same,
                       (s.storage_object_id = l.object_id) IS NOT FALSE
                       AND (l.object_id IS NULL OR s.storage_object_id IS NULL) AS unnumbered,
                       l.object_id IS NULL
                       OR COALESCE((s.storage_object_id, s.storage_version)
                                   = (l.object_id, l.version), false) AS same_version,
                       count(*) OVER (PARTITION BY l.etag, l.size) AS copies
                  FROM pg_temp.listed l
                  LEFT JOIN live s ON s.file_path = l.name
                 WHERE NOT l.fresh
            ), unknown AS (
                SELECT b.*, COALESCE(m.old_name, n.old_name) AS old_name,
                       m.old_name IS NOT NULL AS by_etag,
                       b.same_size AND NOT b.same AND b.unnumbered AND b.file_hash IS NOT NULL
                       AND b.refused IS NULL AND m.old_name IS NULL AS comparable
                  FROM beside b
                  LEFT JOIN movable m
                    ON m.etag = b.etag AND m.size = b.size AND NOT b.same
                   AND (NOT %(complete)s OR m.sessions = 1 AND b.copies = 1)
                  LEFT JOIN LATERAL (
                       SELECT s.file_path AS old_name
                         FROM therapy_sessions s
                        WHERE s.storage_bucket = %(bucket)s
                          AND COALESCE(s.storage_object_id, s.file_path) = b.object_id
                          AND s.storage_object_id = b.object_id
                          AND s.superseded_by IS NULL AND s.file_path <> b.name
                          AND s.storage_etag = b.etag AND s.file_size_bytes = b.size
                        LIMIT 1) n ON NOT b.same
                 WHERE NOT (b.same AND b.same_version AND NOT b.gone)
            )
            SELECT u.name, u.size, u.etag, u.modified_at, u.version, u.object_id, u.refused,
                   CASE WHEN u.same AND u.gone THEN 'again'
                        WHEN u.same THEN 'known'
                        WHEN u.refused IS NOT NULL THEN 'refused'
                        WHEN u.old_name IS NOT NULL THEN 'moved'
                        WHEN u.id IS NOT NULL AND NOT u.gone THEN 'overwritten'
                        ELSE 'new' END AS meaning,
                   CASE WHEN u.by_etag THEN u.old_name END AS old_name,
                   CASE WHEN u.comparable THEN u.id END AS session_id,
                   CASE WHEN u.comparable THEN u.file_hash END AS file_hash
              FROM unknown u
             WHERE (%(complete)s OR NOT u.by_etag)
               -- Announced without an etag: but for its size nobody can tell before it was read.
               AND NOT (u.unnumbered AND u.id IS NOT NULL AND u.storage_etag IS NULL
                        AND u.file_hash IS NULL AND NOT u.gone AND NOT u.other_size)
             ORDER BY u.modified_at, u.name
            """,
            {"bucket": bucket, "moves": moves, "complete": complete},
        )
        .fetchall()
    )


def absent(conn: Connection, bucket: str, *, seen_at: datetime) -> list[Absent]:
    """Live sessions from before the listing that it does not show."""
    return (
        conn.cursor(row_factory=class_row(Absent))
        .execute(
            """
            SELECT s.id AS session_id, s.file_path AS name, s.storage_etag AS etag,
                   s.storage_version AS version, s.storage_object_id AS object_id
              FROM therapy_sessions s
             WHERE s.storage_bucket = %s AND s.superseded_by IS NULL AND s.object_gone_at IS NULL
               AND s.created_at < %s
               AND NOT EXISTS (SELECT FROM pg_temp.listed l WHERE l.name = s.file_path)
               AND NOT EXISTS (
                       SELECT FROM pg_temp.listed l WHERE l.object_id = s.storage_object_id)
             ORDER BY s.created_at, s.id
            """,
            [bucket, seen_at],
        )
        .fetchall()
    )


def any_live(conn: Connection, bucket: str) -> bool:
    """Whether a session is known whose object should lie in this bucket."""
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT EXISTS (
                SELECT FROM therapy_sessions
                 WHERE storage_bucket = %s AND superseded_by IS NULL AND object_gone_at IS NULL)
            """,
            [bucket],
        )
        .fetchone()
    )


def recognise(conn: Connection, session_id: UUID, *, etag: str, version: str | None) -> None:
    """Its bytes lie there, as reading them has shown: only the store's name for them is new."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET storage_etag = %(etag)s,
               storage_version = CASE WHEN storage_object_id IS NULL
                                      THEN COALESCE(%(version)s, %(etag)s)
                                      ELSE storage_version END
         WHERE id = %(session)s AND superseded_by IS NULL
        """,
        {"etag": etag, "version": version, "session": session_id},
    )


def end(conn: Connection) -> None:
    conn.execute("DROP TABLE IF EXISTS pg_temp.listed")
    conn.execute("RESET synchronous_commit")
