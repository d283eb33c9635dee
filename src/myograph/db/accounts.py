"""Local accounts: a login and a password's hash, readable through one function and nothing else."""

from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Person, Role
from myograph.db.refusals import refusals
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


def of_person(conn: Connection, person_id: UUID) -> Account | None:
    """The account of somebody who has signed in, to check their password once more."""
    return (
        conn.cursor(row_factory=class_row(Account))
        .execute(
            "SELECT id, name, role, password_hash, active FROM app.account_of(%s)", [person_id]
        )
        .fetchone()
    )


def login_of(conn: Connection, person_id: UUID) -> str | None:
    row = conn.execute("SELECT login FROM app.account_of(%s)", [person_id]).fetchone()
    return None if row is None else row[0]


def change_password(conn: Connection, password_hash: str, *, but: UUID | None) -> None:
    """Of the person whom this transaction acts for; every sign-in of theirs but one ends."""
    with refusals():
        conn.execute("SELECT app.change_password(%s, %s)", [password_hash, but])


def set_password(conn: Connection, person_id: UUID, password_hash: str) -> None:
    """Of anybody, by the owner of the tables; every sign-in of theirs ends."""
    with refusals():
        conn.execute("SELECT app.set_password(%s, %s, NULL)", [person_id, password_hash])


def known_by_provider(
    conn: Connection, subject: UUID, *, role: str | None, name: str
) -> Person | None:
    """Who this subject of the identity provider is; None where nobody has given them a role.

    role, name    what the provider's administration says, for somebody who is new here
    """
    return (
        conn.cursor(row_factory=class_row(Person))
        .execute(
            "SELECT id, name, role FROM app.known_by_provider(%s, %s, %s)", [subject, role, name]
        )
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


def admin_exists(conn: Connection) -> bool:
    """Whether anybody could let others in. The web's right."""
    exists: bool = certain(
        conn.cursor(row_factory=scalar_row).execute("SELECT app.admin_exists()").fetchone()
    )
    return exists
