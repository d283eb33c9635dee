"""Connections to the database, a few, shared by all threads of one program."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout

from myograph.db.connections import be_missed, watched
from myograph.errors import DatabaseUnavailable

__all__ = [
    "GIVES_UP_AFTER_S",
    "DatabaseUnavailable",
    "PoolTimeout",
    "do_not_wait_for_the_disk",
    "in_few_trips",
    "open_pool",
    "try_on",
    "try_on_async",
]

# To reach a server that is away. The longer a pool tries by itself the rarer it does, by default
# up to every two minutes, and whoever needs a connection waits for that. One that gives up begins
# anew for those who wait, and so tries about once a second.
GIVES_UP_AFTER_S = 2.0

_WAITING = "requests_waiting"


def open_pool(
    url: str,
    *,
    size: int = 10,
    timeout: float = 2.0,
    application: str = "myograph",
    configure: Callable[[Connection], None] | None = None,
) -> ConnectionPool[Connection]:
    """An open pool of up to `size` connections; waiting for one longer than `timeout` raises.

    configure    called with every new connection

    The caller closes it, or uses it in a `with`. Connections are tested before they are lent, so
    a restart of the server costs a reconnection and no error.
    """

    def prepare(conn: Connection) -> None:
        be_missed(conn)
        if configure is not None:
            configure(conn)

    def check(conn: Connection) -> None:
        """Where one was cut most likely all were: found one by one, each costs a longer wait."""
        try:
            ConnectionPool.check_connection(conn)
        except psycopg.Error:
            pool.check()
            raise

    pool: ConnectionPool[Connection] = ConnectionPool(
        watched(url),
        min_size=1,
        max_size=size,
        timeout=timeout,
        reconnect_timeout=GIVES_UP_AFTER_S,
        reconnect_failed=try_on,
        kwargs={"application_name": application},
        configure=prepare,
        check=check,
        open=False,
    )
    pool.open()
    return pool


def try_on(pool: ConnectionPool[Any]) -> None:
    """Once a pool has given up: whoever waits already would do so until their time runs out."""
    if pool.get_stats().get(_WAITING):
        pool.check()


async def try_on_async(pool: AsyncConnectionPool[Any]) -> None:
    if pool.get_stats().get(_WAITING):
        await pool.check()


@contextmanager
def in_few_trips(pool: ConnectionPool[Connection]) -> Generator[Connection]:
    """A transaction of which no statement waits for the one before.

    They are sent together when an answer is read, the last ones with the commit; until then a row
    count is not known. What fails is raised at the next answer, at the latest by the commit.
    """
    with pool.connection() as conn, conn.pipeline():
        yield conn
        conn.commit()


def do_not_wait_for_the_disk(conn: Connection) -> None:
    """For a transaction that is done again in any case where the server crashes soon after it.

    Every later commit that waits makes this one last, too.
    """
    conn.execute("SET LOCAL synchronous_commit = off")
