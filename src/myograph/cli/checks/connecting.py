"""A short look into a database, and why there was none."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import Connection

from myograph.db.connections import watched
from myograph.db.server import answer_within

ANSWERS_WITHIN_S: Final = 4
NO_ADDRESS: Final = "it is no address of a database"


def connected(url: str, *, autocommit: bool = False) -> Connection:
    """Or an error within seconds."""
    return psycopg.connect(
        watched(url),
        autocommit=autocommit,
        connect_timeout=ANSWERS_WITHIN_S,
        application_name="myograph doctor",
    )


@contextmanager
def looked_into(url: str, *, read_only: bool = True) -> Generator[Connection]:
    """One transaction, rolled back."""
    with connected(url) as conn:
        conn.prepare_threshold = None
        conn.read_only = read_only
        answer_within(conn, ANSWERS_WITHIN_S)
        yield conn
        conn.rollback()


def refusal(exc: psycopg.Error, variable: str) -> tuple[str, str]:
    """What was found, and how to mend it: by the words of the server and of the line to it."""
    if isinstance(exc, psycopg.ProgrammingError):
        return NO_ADDRESS, f"Write {variable} as postgresql://LOGIN:PASSWORD@HOST:5432/DATABASE."
    text = str(exc).casefold()
    for words, found, mend in _REFUSALS:
        if any(word in text for word in words):
            return found, mend.format(variable=variable)
    return (
        f"the connection failed ({type(exc).__name__})",
        f"Compare {variable} with what the provider of the database says.",
    )


_REFUSALS: Final = (
    (
        ("password authentication failed", "no password supplied"),
        "the password is refused",
        "Set {variable} to the login's password, or give it that one by ALTER ROLE ... PASSWORD.",
    ),
    (
        ("tenant or user not found", 'role "'),
        "the server does not know this login",
        "Run `myograph migrate`, which makes the logins, and correct the name in {variable}.",
    ),
    (
        ('database "',),
        "the server has no such database, or the login may not enter it",
        "Correct the database's name at the end of {variable}, or allow it by GRANT CONNECT.",
    ),
    (
        ("no pg_hba.conf entry",),
        "the server lets nobody in from this machine by that login",
        "Let the server's pg_hba.conf, or the provider's list of addresses, name this machine.",
    ),
    (
        ("failed to resolve", "could not translate host name", "name or service not known"),
        "there is no host of that name",
        "Correct the host in {variable}.",
    ),
    (
        ("connection refused", "no such file or directory"),
        "nothing listens there",
        "Start the database, or correct host and port in {variable}.",
    ),
    (
        ("too many clients", "remaining connection slots", "too many connections"),
        "the server has no connection left",
        "Raise max_connections of the server, or lower MYOGRAPH_POOL_SIZE; {variable} is right.",
    ),
    (
        ("certificate", "ssl", "tls"),
        "no encrypted connection could be agreed upon",
        "Set sslmode, and sslrootcert where its certificate is its own, in {variable}.",
    ),
    (
        ("timeout expired", "timed out", "no route to host", "network is unreachable"),
        "nobody answers there",
        "Open the way to it in the firewall, or correct host and port in {variable}.",
    ),
)
