"""People: who there is, in which role, and whether they may still come in.

For an admin, and for the owner of the tables, who acts by command. What follows from a change is
the database's own business: rows that others refer to, sign-ins and tokens that end.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Role
from myograph.db.refusals import refusals
from myograph.db.rows import certain
from myograph.errors import BadInput, Conflict


@dataclass(frozen=True, slots=True)
class Member:
    """A person as an administrator sees them.

    login      None: they have no password here, or have not set it yet
    db_login   the database login that is this person; usually None
    """

    id: UUID
    name: str
    role: Role
    login: str | None
    db_login: str | None
    active: bool
    created_at: datetime


def everybody(conn: Connection) -> list[Member]:
    """By name."""
    return (
        conn.cursor(row_factory=class_row(Member)).execute(_MEMBER + " ORDER BY p.name, p.id")
    ).fetchall()


def get(conn: Connection, person_id: UUID) -> Member | None:
    return (
        conn.cursor(row_factory=class_row(Member))
        .execute(_MEMBER + " WHERE p.id = %s", [person_id])
        .fetchone()
    )


def by_login(conn: Connection, login: str) -> Member | None:
    return (
        conn.cursor(row_factory=class_row(Member))
        .execute(_MEMBER + " WHERE lower(a.login) = lower(%s)", [login])
        .fetchone()
    )


def add(
    conn: Connection,
    name: str,
    role: Role,
    *,
    person_id: UUID | None = None,
    db_login: str | None = None,
) -> UUID:
    """A new person, who cannot sign in yet.

    person_id   the identity provider's subject; None: a number of our own
    """
    try:
        with refusals():
            added: UUID = certain(
                conn.cursor(row_factory=scalar_row)
                .execute(
                    """
                    INSERT INTO people (id, name, role, db_login)
                    VALUES (COALESCE(%s, gen_random_uuid()), %s, %s, %s)
                    RETURNING id
                    """,
                    [person_id, name, role, db_login],
                )
                .fetchone()
            )
    except psycopg.errors.UniqueViolation as taken:
        raise Conflict("Somebody else has this number or this database login.") from taken
    except psycopg.errors.CheckViolation as wrong:
        raise BadInput("This name or this database login cannot be somebody's.") from wrong
    return added


def change(
    conn: Connection,
    person_id: UUID,
    *,
    name: str,
    role: Role,
    active: bool,
    db_login: str | None,
) -> bool:
    """False where there is no such person, or it is oneself."""
    try:
        with refusals():
            changed = conn.execute(
                "UPDATE people SET name = %s, role = %s, active = %s, db_login = %s WHERE id = %s",
                [name, role, active, db_login, person_id],
            )
    except psycopg.errors.UniqueViolation as taken:
        raise Conflict("Somebody else has this database login.") from taken
    except psycopg.errors.CheckViolation as wrong:
        raise BadInput("This name or this database login cannot be somebody's.") from wrong
    return changed.rowcount == 1


_MEMBER: LiteralString = """
    SELECT p.id, p.name, p.role, a.login, p.db_login, p.active, p.created_at
      FROM people p
      LEFT JOIN local_accounts a ON a.person_id = p.id"""
