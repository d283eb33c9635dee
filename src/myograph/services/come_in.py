"""Logins, links and tokens. Of a secret the person has it all, the database its SHA-256."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg import Connection

from myograph.db import links, tokens
from myograph.db.tokens import Scope
from myograph.errors import BadInput

PREFIX: Final = "myo_"
LINK_LASTS_S: Final = 24 * 3600.0
DAY_S: Final = 24 * 3600.0
TOKEN_DAYS: Final = 90
LONGEST_TOKEN_DAYS: Final = 365
LONGEST_LOGIN: Final = 100
LONGEST_NAME: Final = 200


def fingerprint(secret: str) -> str:
    """SHA-256, in hex. Enough for 256 random bits; never for a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def accepted_login(login: str) -> str:
    """What somebody signs in with, without the spaces around it, or BadInput."""
    kept = login.strip()
    if not 1 <= len(kept) <= LONGEST_LOGIN or not kept.isprintable() or " " in kept:
        raise BadInput(
            f"A login has 1 to {LONGEST_LOGIN} characters, without spaces: what you sign in with."
        )
    return kept


def accepted_name(name: str) -> str:
    """What is shown on pages, or BadInput."""
    kept = name.strip()
    if not 1 <= len(kept) <= LONGEST_NAME or not kept.isprintable():
        raise BadInput(f"A name has 1 to {LONGEST_NAME} characters.")
    return kept


def link_for_first_admin(conn: Connection) -> str | None:
    """The link's secret; None where there is an administrator already."""
    secret = _secret()
    offered = links.offer_first(conn, fingerprint(secret), lasts_s=LINK_LASTS_S)
    return secret if offered else None


def link_for(conn: Connection, person_id: UUID) -> str:
    """The secret of a link for this person, given by an admin."""
    secret = _secret()
    links.offer(conn, person_id, fingerprint(secret), lasts_s=LINK_LASTS_S)
    return secret


def link_by_command(conn: Connection, person_id: UUID) -> str:
    """The same, given by the owner of the tables."""
    secret = _secret()
    links.make(conn, person_id, fingerprint(secret), lasts_s=LINK_LASTS_S)
    return secret


@dataclass(frozen=True, slots=True, repr=False)
class NewToken:
    """The only moment at which `secret` is there to be seen."""

    id: UUID
    secret: str


def token_of_visitor(
    conn: Connection, name: str, *, scopes: Sequence[Scope], days: int = TOKEN_DAYS
) -> NewToken:
    """A token of the person whom this transaction acts for."""
    secret = _token(name, scopes, days)
    made = tokens.add(
        conn, name.strip(), fingerprint(secret), scopes=_once(scopes), lasts_s=days * DAY_S
    )
    return NewToken(made, secret)


def token_by_command(
    conn: Connection, person_id: UUID, name: str, *, scopes: Sequence[Scope], days: int = TOKEN_DAYS
) -> NewToken:
    """A token of anybody, made by the owner of the tables."""
    secret = _token(name, scopes, days)
    made = tokens.make(
        conn,
        person_id,
        name.strip(),
        fingerprint(secret),
        scopes=_once(scopes),
        lasts_s=days * DAY_S,
    )
    return NewToken(made, secret)


def _token(name: str, scopes: Sequence[Scope], days: int) -> str:
    if not 1 <= len(name.strip()) <= 100 or not name.isprintable():  # noqa: PLR2004 - as the table
        raise BadInput("A token has a name of up to 100 characters that says what it is for.")
    if not scopes or set(scopes) - set(tokens.SCOPES):
        raise BadInput(f"A token is for one or more of {', '.join(tokens.SCOPES)}.")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise BadInput(f"A token lasts from 1 to {LONGEST_TOKEN_DAYS} days.")
    return PREFIX + _secret()


def _once(scopes: Sequence[Scope]) -> list[Scope]:
    return [s for s in tokens.SCOPES if s in scopes]


def _secret() -> str:
    """256 random bits that may stand in an address."""
    return secrets.token_urlsafe(32)
