"""Personal tokens: what programs use in a person's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.identity import Role
from myograph.db.refusals import refusals
from myograph.db.rows import certain

Scope = Literal["read", "upload", "write", "export"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Token:
    """Everything but the secret, of which not even the hash is read.

    last_used_at   to about an hour; None: never
    revoked_at     None: it was not
    """

    id: UUID
    person_id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """In whose name a token is used, and for what."""

    id: UUID
    name: str
    role: Role
    scopes: list[Scope]


def bearer(conn: Connection, secret_hash: str) -> Bearer | None:
    """None where the token is good for nothing, or its person may no longer."""
    return (
        conn.cursor(row_factory=class_row(Bearer))
        .execute("SELECT id, name, role, scopes FROM app.bearer(%s)", [secret_hash])
        .fetchone()
    )


def add(
    conn: Connection, name: str, secret_hash: str, *, scopes: Sequence[Scope], lasts_s: float
) -> UUID:
    """A token of the person whom this transaction acts for."""
    with refusals():
        made: UUID = certain(
            conn.cursor(row_factory=scalar_row)
            .execute(
                "SELECT app.add_token(%s, %s, %s, %s)", [name, secret_hash, list(scopes), lasts_s]
            )
            .fetchone()
        )
    return made


def make(
    conn: Connection,
    person_id: UUID,
    name: str,
    secret_hash: str,
    *,
    scopes: Sequence[Scope],
    lasts_s: float,
) -> UUID:
    """A token of this person, made by the owner of the tables."""
    with refusals():
        made: UUID = certain(
            conn.cursor(row_factory=scalar_row)
            .execute(
                "SELECT app.make_token(%s, %s, %s, %s, %s)",
                [person_id, name, secret_hash, list(scopes), lasts_s],
            )
            .fetchone()
        )
    return made


def revoke(conn: Connection, token_id: UUID) -> None:
    """One of the person whom this transaction acts for. Twice is once."""
    with refusals():
        conn.execute("SELECT app.revoke_token(%s)", [token_id])


def withdraw(conn: Connection, token_id: UUID) -> bool:
    """Anybody's, by the owner of the tables. False where there is none, or it was revoked."""
    known = conn.execute(
        "SELECT app.withdraw_token(id) FROM api_tokens WHERE id = %s AND revoked_at IS NULL",
        [token_id],
    )
    return known.rowcount == 1


def of_person(conn: Connection, person_id: UUID) -> list[Token]:
    """Newest first, those that are good for nothing any more too."""
    return (
        conn.cursor(row_factory=class_row(Token))
        .execute(
            """
            SELECT id, person_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
              FROM api_tokens
             WHERE person_id = %s
             ORDER BY created_at DESC, id
            """,
            [person_id],
        )
        .fetchall()
    )


def forget(conn: Connection, *, days: int, most: int) -> int:
    """Delete what was revoked or ran out so long ago, so many at most; how many there were."""
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT app.forget_tokens(%s, %s)", [days, most])
        .fetchone()
    )
