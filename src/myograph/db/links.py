"""Links with which a person sets their login and password, each good once."""

from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Role
from myograph.db.refusals import refusals
from myograph.db.rows import certain


@dataclass(frozen=True, slots=True)
class Welcome:
    """Whom a link is for.

    person_id, name    None: whoever becomes the first administrator
    login              None: it is still to be chosen
    """

    person_id: UUID | None
    name: str | None
    role: Role
    login: str | None


def offer_first(conn: Connection, secret_hash: str, *, lasts_s: float) -> bool:
    """One for the first administrator, instead of any older; False where there is one already."""
    offered: bool = certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT app.offer_first_link(%s, %s)", [secret_hash, lasts_s])
        .fetchone()
    )
    return offered


def offer(conn: Connection, person_id: UUID, secret_hash: str, *, lasts_s: float) -> None:
    """One for this person, instead of any older of theirs. An admin's right."""
    with refusals():
        conn.execute("SELECT app.offer_link(%s, %s, %s)", [person_id, secret_hash, lasts_s])


def make(conn: Connection, person_id: UUID, secret_hash: str, *, lasts_s: float) -> None:
    """The same for the owner of the tables."""
    with refusals():
        conn.execute("SELECT app.make_link(%s, %s, %s)", [person_id, secret_hash, lasts_s])


def welcomed(conn: Connection, secret_hash: str) -> Welcome | None:
    """None where the link is good for nothing: unknown, used, expired."""
    return (
        conn.cursor(row_factory=class_row(Welcome))
        .execute("SELECT person_id, name, role, login FROM app.welcomed(%s)", [secret_hash])
        .fetchone()
    )


def accept(
    conn: Connection, secret_hash: str, *, login: str, name: str, password_hash: str
) -> UUID:
    """Use it up, and whose it was. Login and name count where they were still to be chosen."""
    with refusals():
        person: UUID = certain(
            conn.cursor(row_factory=scalar_row)
            .execute(
                "SELECT app.accept_link(%s, %s, %s, %s)", [secret_hash, login, name, password_hash]
            )
            .fetchone()
        )
    return person


def forget(conn: Connection, *, days: int, most: int) -> int:
    """Delete what was used or ran out so long ago, so many at most; how many there were."""
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT app.forget_links(%s, %s)", [days, most])
        .fetchone()
    )
