"""Sweeps of the store: one at a time on all machines, and what the last one found."""

from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.rows import certain


@dataclass(frozen=True, slots=True)
class Counts:
    """What a sweep found; None while it has not come to its end."""

    listed: int | None = None
    created: int | None = None
    overwritten: int | None = None
    moved: int | None = None
    restored: int | None = None
    gone: int | None = None
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class LastSweep(Counts):
    """ended_at    None: it still runs, or was cut off"""

    bucket: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    problem: str | None = None


def claim(conn: Connection, bucket: str, *, every_s: float) -> bool:
    """Begin, unless another does it now or began less than `every_s` ago and came to an end.

    Nobody else can until `release` is called or this connection ends.
    """
    if not _lock(conn, bucket):
        return False
    began = conn.execute(
        """
        INSERT INTO sweeps AS s (bucket, began_at)
        VALUES (%s, clock_timestamp())
        ON CONFLICT (bucket) DO UPDATE
           SET began_at = excluded.began_at, ended_at = NULL, problem = NULL
         WHERE s.ended_at IS NULL
            OR s.began_at <= excluded.began_at - make_interval(secs => %s)
        """,
        [bucket, every_s],
    )
    if began.rowcount == 0:
        release(conn, bucket)
    return began.rowcount == 1


def note(conn: Connection, bucket: str, counts: Counts, *, problem: str | None) -> None:
    """It ended, and this is what it found."""
    conn.execute(
        """
        UPDATE sweeps
           SET ended_at = clock_timestamp(), problem = %(problem)s, listed = %(listed)s,
               created = %(created)s, overwritten = %(overwritten)s, moved = %(moved)s,
               restored = %(restored)s, gone = %(gone)s, refused = %(refused)s
         WHERE bucket = %(bucket)s
        """,
        asdict(counts) | {"bucket": bucket, "problem": problem},
    )


def release(conn: Connection, bucket: str) -> None:
    conn.execute(
        "SELECT pg_advisory_unlock(hashtextextended(concat('sweep ', %s::text), 0))",
        [bucket],
    )


def plan_anew(conn: Connection) -> None:
    """For many more sessions than there were when this connection's plans were made."""
    conn.execute("DISCARD PLANS")


def last(conn: Connection) -> list[LastSweep]:
    """Of each bucket, as far as this person may see them."""
    return (
        conn.cursor(row_factory=class_row(LastSweep))
        .execute(
            """
            SELECT bucket, began_at, ended_at, listed, created, overwritten, moved, restored,
                   gone, refused, problem
              FROM sweeps
             ORDER BY bucket
            """
        )
        .fetchall()
    )


def _lock(conn: Connection, bucket: str) -> bool:
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT pg_try_advisory_lock(
                   hashtextextended(concat('sweep ', %s::text), 0))
            """,
            [bucket],
        )
        .fetchone()
    )
