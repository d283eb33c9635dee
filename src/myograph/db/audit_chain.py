"""The seals over the log of who did what, and what retention removed of both."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from myograph.db.refusals import refusals
from myograph.db.rows import certain


@dataclass(frozen=True, slots=True)
class Head:
    """The last seal."""

    position: int
    hash: bytes
    xid: int
    audit_id: int


@dataclass(frozen=True, slots=True)
class Link:
    """A seal and the row it is of, as that is now.

    row    canonical text, see docs/audit.md; None: the row is gone
    same_transaction    what the seal says of the row's transaction is so
    """

    position: int
    hash: bytes
    audit_id: int
    row: bytes | None
    same_transaction: bool | None


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What has no seal.

    waiting     rows that will have one, the oldest of them written `waiting_s` ago
    inserted    ids of rows that come before the last seal and so can never have got there
    """

    waiting: int
    waiting_s: float | None
    inserted: list[int]


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of the chain."""

    from_position: int
    to_position: int
    row_count: int
    end_hash: bytes


@dataclass(frozen=True, slots=True)
class Gap(Prefix):
    """What retention removed."""

    removed_at: datetime
    removed_by: str
    reason: str
    signature: str = ""


def seal(conn: Connection, *, most: int = 10_000) -> int:
    """Seal what is final; how many rows. 0 where another program seals at this moment."""
    return certain(
        conn.cursor(row_factory=scalar_row).execute("SELECT app.seal(%s)", [most]).fetchone()
    )


def head(conn: Connection) -> Head | None:
    return (
        conn.cursor(row_factory=class_row(Head))
        .execute(
            """
            SELECT position, hash, xid::text::bigint AS xid, audit_id
              FROM audit_seals ORDER BY position DESC LIMIT 1
            """
        )
        .fetchone()
    )


def links(conn: Connection, *, many: int = 5_000) -> Iterator[list[Link]]:
    """The whole chain in its order, so many at a time.

    The text of a row is put together here and not by `app.audit_text`: whoever can change rows
    could change that function, too.
    """
    after = 0
    while True:
        found = (
            conn.cursor(row_factory=class_row(Link), binary=True)
            .execute(
                """
                SELECT s.position, s.hash, s.audit_id, s.xid = a.xid AS same_transaction,
                       convert_to(jsonb_build_array(
                           a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.xid::text,
                           a.person_id, a.login, a.role, a.action, a.subject, a.row_key,
                           a.changed, a.facts, a.address, a.request_id, a.via, a.reason)::text,
                           CASE WHEN a.id IS NOT NULL THEN 'UTF8' END) AS row
                  FROM (SELECT * FROM audit_seals o
                         WHERE o.position > %s ORDER BY o.position LIMIT %s) s
                  LEFT JOIN audit_log a ON a.id = s.audit_id
                 ORDER BY s.position
                """,
                [after, many],
            )
            .fetchall()
        )
        if not found:
            return
        yield found
        after = found[-1].position


def unsealed(conn: Connection, last: Head | None, *, most: int = 100) -> Unsealed:
    """At most so many ids. Of a chain that was restored from a dump no row counts as inserted."""
    xid, audit_id = (last.xid, last.audit_id) if last else (0, 0)
    return certain(
        conn.cursor(row_factory=class_row(Unsealed))
        .execute(
            """
            SELECT count(*) FILTER (WHERE NOT u.inserted) AS waiting,
                   extract(epoch FROM clock_timestamp()
                           - min(u.at) FILTER (WHERE NOT u.inserted))::float8 AS waiting_s,
                   COALESCE((array_agg(u.id ORDER BY u.id)
                             FILTER (WHERE u.inserted))[:%(most)s], '{}') AS inserted
              FROM (SELECT a.id, a.at,
                           (a.xid, a.id) < (%(xid)s::text::xid8, %(id)s)
                           AND %(xid)s::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())
                           AS inserted
                      FROM audit_log a
                     WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)) u
            """,
            {"xid": str(xid), "id": audit_id, "most": most},
        )
        .fetchone()
    )


def age_s(conn: Connection, *, after: int) -> float | None:
    """How long ago the first row after this position was written; None: there is none."""
    return (
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT extract(epoch FROM clock_timestamp() - a.at)::float8
              FROM audit_seals s JOIN audit_log a ON a.id = s.audit_id
             WHERE s.position > %s ORDER BY s.position LIMIT 1
            """,
            [after],
        )
        .fetchone()
    )


def gaps(conn: Connection) -> list[Gap]:
    return (
        conn.cursor(row_factory=class_row(Gap))
        .execute(
            """
            SELECT from_position, to_position, row_count, end_hash, removed_at, removed_by,
                   reason, signature
              FROM audit_gaps ORDER BY from_position
            """
        )
        .fetchall()
    )


def prefix(conn: Connection, older_than: datetime) -> Prefix | None:
    """The beginning that is older; None: there is none. The newest row is never part of it."""
    return (
        conn.cursor(row_factory=class_row(Prefix))
        .execute("SELECT * FROM app.audit_prefix(%s)", [older_than])
        .fetchone()
    )


def remove(conn: Connection, older_than: datetime, gap: Gap) -> None:
    """Raises BadInput for what is younger than a year, Conflict where it is not what is there."""
    said = asdict(gap) | {
        "end_hash": f"\\x{gap.end_hash.hex()}",
        "removed_at": gap.removed_at.isoformat(),
    }
    with refusals():
        conn.execute("SELECT app.retain_audit(%s, %s)", [older_than, Jsonb(said)])
