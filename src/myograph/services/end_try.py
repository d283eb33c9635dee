"""How a try ends that brought no results: failed, given back, put off, or put down.

A database that takes nothing is asked again for as long as the claim holds: nobody else may begin
before it is told, and it may be well again in a moment. Later the reaper tells it.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import lease, results
from myograph.db.lease import Claim
from myograph.db.pool import GIVES_UP_AFTER_S
from myograph.db.room import takes_nothing
from myograph.errors import LeaseLost, MyographError, StoreResting

AGAIN_EVERY_S = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ending:
    """Of one claim. The other fields are those of `Terms`."""

    pool: ConnectionPool[Connection]
    claim: Claim
    lease_s: float
    max_tries: int
    patience_s: float
    zone: str

    def failed(
        self, kind: Literal["unreadable", "file_gone"], exc: MyographError
    ) -> Literal["failed", "lease_lost"]:
        file_hash = self.claim.file_hash

        def write(conn: Connection) -> Literal["failed"]:
            if file_hash is not None:
                results.wait_for_twins(conn, file_hash)
            lease.hold(conn, self.claim)
            lease.fail(conn, self.claim, kind, code=exc.code, sentence=exc.sentence)
            if file_hash is not None:  # what is gone unread leaves the count to another
                results.settle_twins(conn, file_hash)
            return "failed"

        return self._written(write)

    def put_off(self, exc: StoreResting) -> Literal["put_off", "gave_up", "lease_lost"]:
        at = datetime.now(ZoneInfo(self.zone)) + timedelta(seconds=exc.wait_s)

        def write(conn: Connection) -> Literal["put_off", "gave_up"]:
            lease.hold(conn, self.claim)
            if lease.waiting_s(conn, self.claim) >= self.patience_s:
                self._give_up(conn, exc.sentence)
                return "gave_up"
            sentence = f"{exc.sentence} It will be tried again at {at:%H:%M:%S}."
            lease.put_off(conn, self.claim, wait_s=exc.wait_s, sentence=sentence)
            return "put_off"

        return self._written(write)

    def after_error(self, exc: Exception) -> Literal["gave_up", "lease_lost"] | None:
        """None: the claim was given back, and another try may follow."""

        def write(conn: Connection) -> Literal["gave_up"] | None:
            lease.hold(conn, self.claim)
            if self.claim.tries >= self.max_tries:
                self._give_up(conn, _sentence(exc))
                return "gave_up"
            lease.give_back(conn, self.claim, sentence=_sentence(exc))
            return None

        return self._written(write)

    def put_down(self) -> None:
        """Asked once: whoever stops is missed as soon as it is gone, and what it held with it."""
        with suppress(psycopg.Error), self._connection() as conn:
            lease.put_down(conn, self.claim)

    def _give_up(self, conn: Connection, sentence: str) -> None:
        lease.fail(conn, self.claim, "gave_up", code="gave_up", sentence=sentence)

    def _connection(self) -> AbstractContextManager[Connection]:
        """Soon or not at all: a pool that gave up tries again only when it is asked again."""
        return self.pool.connection(timeout=GIVES_UP_AFTER_S)

    def _written(self, write: Callable[[Connection], T]) -> T | Literal["lease_lost"]:
        latest = time.monotonic() + self.lease_s
        while True:
            try:
                with self._connection() as conn:
                    return write(conn)
            except LeaseLost:
                return "lease_lost"
            except psycopg.Error as exc:
                if not takes_nothing(exc) or time.monotonic() >= latest:
                    raise
            time.sleep(AGAIN_EVERY_S)


def _sentence(exc: Exception) -> str:
    """For people: an expected error's own words, and of a bug no more than its kind."""
    if isinstance(exc, MyographError):
        return exc.sentence
    return f"The analysis stopped on an unexpected error ({type(exc).__name__})."
