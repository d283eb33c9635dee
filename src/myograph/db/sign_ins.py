"""Sign-ins: begun, read with every request, and ended from here or from elsewhere."""

from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Person
from myograph.db.rows import certain


def begin(conn: Connection, person_id: UUID, *, lasts_s: float) -> UUID | None:
    """A new sign-in of somebody who was recognised; None where they may no longer."""
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT ARRAY[app.begin_sign_in(%s, %s)]", [person_id, lasts_s])
        .fetchone()
    )[0]


def person_of(conn: Connection, sign_in: UUID, *, idle_s: float, attended: bool) -> Person | None:
    """Whose it is, as they are now; None where it counts no more.

    idle_s     how long nobody may have been seen
    attended   a person did something, rather than their page by itself: remember that
    """
    return (
        conn.cursor(row_factory=class_row(Person))
        .execute(
            "SELECT id, name, role FROM app.signed_in(%s, %s, %s)", [sign_in, idle_s, attended]
        )
        .fetchone()
    )


def end(conn: Connection, sign_in: UUID) -> None:
    conn.execute("SELECT app.end_sign_in(%s)", [sign_in])


def end_all(conn: Connection) -> None:
    """Every one of the person whom this transaction acts for."""
    conn.execute("SELECT app.sign_out_everywhere()")


def forget(conn: Connection, *, days: int, most: int) -> int:
    """Delete what ended so long ago, so many at most; how many there were."""
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT app.forget_sign_ins(%s, %s)", [days, most])
        .fetchone()
    )
