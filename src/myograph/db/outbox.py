"""Changes that a store in this very database noted in the transactions that made them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

TRIES = 5  # a minute apart; from then on ever more rarely


@dataclass(frozen=True, slots=True)
class Change:
    """One row of `storage_outbox`."""

    id: int
    operation: Literal["INSERT", "UPDATE", "DELETE"]
    object_id: str | None
    bucket: str
    name: str
    old_name: str | None
    version: str | None
    old_version: str | None
    size_bytes: int | None
    etag: str | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """A change that could not be dealt with yet; it is tried again at `due_at`."""

    id: int
    operation: Literal["INSERT", "UPDATE", "DELETE"]
    bucket: str
    name: str
    at: datetime
    attempts: int
    due_at: datetime
    problem: str


def next_due(conn: Connection) -> Change | None:
    """The oldest change that waits, in our hands until the transaction ends."""
    return (
        conn.cursor(row_factory=class_row(Change))
        .execute(
            """
            SELECT id, operation, object_id, bucket, name, old_name, version, old_version,
                   size_bytes, etag, modified_at
              FROM storage_outbox
             WHERE settled_at IS NULL AND due_at <= clock_timestamp()
             ORDER BY id
             LIMIT 1
               FOR UPDATE SKIP LOCKED
            """
        )
        .fetchone()
    )


def settle(conn: Connection, change: Change, session_id: UUID | None) -> None:
    conn.execute(
        """
        UPDATE storage_outbox
           SET settled_at = clock_timestamp(), session_id = %s, problem = NULL
         WHERE id = %s
        """,
        [session_id, change.id],
    )


def put_off(conn: Connection, change: Change, problem: str) -> None:
    """Try again in a minute; after TRIES in an hour, then in two, at last once a day."""
    conn.execute(
        """
        UPDATE storage_outbox
           SET attempts = attempts + 1, problem = %s,
               due_at = clock_timestamp() + make_interval(mins =>
                   CASE WHEN attempts + 1 < %s THEN 1
                        ELSE LEAST(60 * 2 ^ LEAST(attempts + 1 - %s, 10), 1440)::integer END)
         WHERE id = %s
        """,
        [problem, TRIES, TRIES, change.id],
    )


def forget(conn: Connection, *, days: int, most: int) -> int:
    """Delete what was settled so long ago, so many at most; how many there were."""
    return conn.execute(
        """
        DELETE FROM storage_outbox
         WHERE id IN (SELECT id
                        FROM storage_outbox
                       WHERE settled_at < now() - make_interval(days => %s)
                       LIMIT %s)
        """,
        [days, most],
    ).rowcount


def stuck(conn: Connection, *, limit: int) -> list[Stuck]:
    """What failed and waits for its next try, the oldest first. For admins."""
    return (
        conn.cursor(row_factory=class_row(Stuck))
        .execute(
            """
            SELECT id, operation, bucket, name, at, attempts, due_at, problem
              FROM storage_outbox
             WHERE settled_at IS NULL AND problem IS NOT NULL
             ORDER BY id
             LIMIT %s
            """,
            [limit],
        )
        .fetchall()
    )
