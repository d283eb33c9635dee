"""All that is stored of one patient, read and removed by the owner of the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.refusals import refusals
from myograph.db.rows import certain


@dataclass(frozen=True, slots=True)
class Row:
    """One row of table `subject`."""

    subject: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object lies. ours: False where it lies in the patient's folder and is another's."""

    bucket: str
    name: str
    ours: bool

    @property
    def key(self) -> str:
        return f"{self.bucket}/{self.name}"


def rows(conn: Connection, code: str) -> list[Row]:
    return (
        conn.cursor(row_factory=class_row(Row))
        .execute("SELECT DISTINCT subject, data FROM app.person_data(%s) ORDER BY 1", [code])
        .fetchall()
    )


def session_ids(conn: Connection, code: str) -> list[UUID]:
    return (
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT * FROM app.sessions_of(%s)", [code])
        .fetchall()
    )


def places(conn: Connection, code: str) -> list[Place]:
    return (
        conn.cursor(row_factory=class_row(Place))
        .execute("SELECT bucket, name, ours FROM app.objects_of(%s)", [code])
        .fetchall()
    )


def begin_erasure(conn: Connection, code: str, *, pseudonym: str, reason: str, by: str) -> UUID:
    """Its number: the same as before where it was cut off."""
    with refusals():
        return certain(
            conn.cursor(row_factory=scalar_row)
            .execute("SELECT app.begin_erasure(%s, %s, %s, %s)", [code, pseudonym, reason, by])
            .fetchone()
        )


def finish_erasure(
    conn: Connection, erasure: UUID, code: str, *, gone: Sequence[str], objects: int
) -> dict[str, int]:
    """How many rows of each table were removed.

    gone    keys of the objects that are no longer in the store; where a session has another by
            now, nothing is removed and Conflict is raised
    """
    with refusals():
        return certain(
            conn.cursor(row_factory=scalar_row)
            .execute(
                "SELECT app.finish_erasure(%s, %s, %s, %s)", [erasure, code, list(gone), objects]
            )
            .fetchone()
        )
