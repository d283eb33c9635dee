"""Local accounts: a login and a password's hash, readable through one function and nothing else."""

from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Person, Role
from myograph.db.rows import certain


@dataclass(frozen=True, slots=True)
class Account:
    """A person and the hash their password is checked against."""

    id: UUID
    name: str
    role: Role
    password_hash: str
    active: bool

    @property
    def person(self) -> Person:
        return Person(self.id, self.name, self.role)


def find(conn: Connection, login: str) -> Account | None:
    """The account of this login, whatever its case; the web may ask before anyone is signed in."""
    return (
        conn.cursor(row_factory=class_row(Account))
        .execute("SELECT id, name, role, password_hash, active FROM app.account(%s)", [login])
        .fetchone()
    )


def active_person(conn: Connection, person_id: UUID) -> Person | None:
    """Who this is now, or None where they are gone or switched off since they signed in."""
    return (
        conn.cursor(row_factory=class_row(Person))
        .execute("SELECT id, name, role FROM app.active_person(%s)", [person_id])
        .fetchone()
    )


def add(conn: Connection, *, login: str, name: str, role: Role, password_hash: str) -> UUID:
    """A new person with an account, or the one who has this login already, unchanged.

    For the owner of the tables: no other login may call the function behind it. A therapist gets
    the row in `therapists` that patients refer to, a researcher theirs.
    """
    found: UUID = certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT app.add_account(%s, %s, %s, %s)", [login, name, role, password_hash])
        .fetchone()
    )
    return found
