"""Remove what is kept for a time only. What people did with it stays in the record of that."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import links, outbox, outgoing, sign_ins, tokens, upload_events

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days it is kept.

    events_days     deliveries from when they came, changes of the store and what others are told
                    from when they were settled
    sign_ins_days   sign-ins, links and tokens from when they ended
    """

    events_days: int = 30
    sign_ins_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many rows of each."""

    deliveries: int
    outbox: int
    told: int
    sign_ins: int
    links: int
    tokens: int


class Forget(Protocol):
    """Removes at most so many of one kind."""

    def __call__(self, conn: Connection, *, days: int, most: int) -> int: ...


def forget_old(
    pool: ConnectionPool[Connection], retention: Retention, *, beat: Callable[[], None]
) -> Forgotten:
    """In short transactions, so that it may stop anywhere; `beat` is called before each."""
    events = partial(_every, pool, retention.events_days, beat)
    coming_in = partial(_every, pool, retention.sign_ins_days, beat)
    return Forgotten(
        deliveries=events(upload_events.forget),
        outbox=events(outbox.forget),
        told=events(outgoing.forget),
        sign_ins=coming_in(sign_ins.forget),
        links=coming_in(links.forget),
        tokens=coming_in(tokens.forget),
    )


def _every(
    pool: ConnectionPool[Connection], days: int, beat: Callable[[], None], forget: Forget
) -> int:
    total = 0
    while True:
        beat()
        with pool.connection() as conn:
            gone = forget(conn, days=days, most=BATCH)
        total += gone
        if gone < BATCH:
            return total
