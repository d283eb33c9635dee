"""Writes deliveries down: what waits at the same time shares a transaction.

A delivery is answered when its transaction is committed, and one transaction costs the database
more than what stands in it. So two writers take whatever has come meanwhile: one delivery where
it is quiet, many at once in a burst. One that cannot be written with the others is tried alone.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from myograph.db.connections import be_missed_async, watched
from myograph.db.pool import GIVES_UP_AFTER_S, try_on_async
from myograph.db.refusals import refusals
from myograph.db.room import lacks_room
from myograph.errors import BadInput, DatabaseUnavailable, MalformedEvent, NotAllowed, Overloaded
from myograph.services.receive_upload import RECEIVE_EVENTS, Received

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[Any]]
WRITERS: Final = 2
MOST_TOGETHER: Final = 32
MOST_WAITING: Final = 1000

_NOT_NOW: Final = "The database does not answer at the moment. Please send this again."
_TOO_MANY: Final = "Too many deliveries came at once. Please send this one again in a moment."


@dataclass(slots=True, eq=False)
class _Letter:
    """One delivery: its announcements, written all or none."""

    events: Sequence[dict[str, Any]]
    answer: "asyncio.Future[list[Received]]"
    came: float = field(default_factory=time.monotonic)


class Inbox:
    """timeout_s: how long one may wait before it is sent away, and how long writing may take."""

    def __init__(
        self, pool: Pool, *, timeout_s: float = 2.0, most_waiting: int = MOST_WAITING
    ) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._most_waiting = most_waiting
        self._waiting: deque[_Letter] = deque()
        self._writers: set[asyncio.Task[None]] = set()

    async def receive(self, events: Sequence[dict[str, Any]]) -> list[Received]:
        """What became of each announcement, once that is committed.

        Raises Overloaded or DatabaseUnavailable where nothing is written, MalformedEvent where
        something in them cannot be.
        """
        if len(self._waiting) >= self._most_waiting:
            raise Overloaded(_TOO_MANY)
        letter = _Letter(events, asyncio.get_running_loop().create_future())
        self._waiting.append(letter)
        if len(self._writers) < WRITERS:
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        return await letter.answer

    async def _write(self) -> None:
        while letters := self._taken():
            await self._deliver(letters)

    def _taken(self) -> list[_Letter]:
        """The next to be written. Whoever has waited too long is told to come again."""
        taken: list[_Letter] = []
        latest = time.monotonic() - self._timeout_s
        while self._waiting and len(taken) < MOST_TOGETHER:
            letter = self._waiting.popleft()
            if letter.came < latest:
                _refuse(letter, Overloaded(_TOO_MANY))
            elif not letter.answer.done():  # whoever sent it still waits
                taken.append(letter)
        return taken

    async def _deliver(self, letters: Sequence[_Letter]) -> None:
        try:
            await self._commit(letters)
        except Exception:  # noqa: BLE001 - one letter that spoils the others, or lost connections
            await self._pool.check()
            await asyncio.gather(*map(self._deliver_alone, letters))

    async def _deliver_alone(self, letter: _Letter) -> None:
        try:
            with refusals():
                await self._commit([letter])
        except (BadInput, NotAllowed) as exc:
            _refuse(letter, MalformedEvent(exc.sentence))
        except (psycopg.OperationalError, TimeoutError):
            _refuse(letter, DatabaseUnavailable(_NOT_NOW))
        except Exception as exc:  # noqa: BLE001 - whoever waits for the answer tells of the bug
            _refuse(letter, DatabaseUnavailable(_NOT_NOW) if lacks_room(exc) else exc)

    async def _commit(self, letters: Sequence[_Letter]) -> None:
        events = [event for letter in letters for event in letter.events]
        written = sorted(range(len(events)), key=lambda n: _place(events[n]))
        async with asyncio.timeout(self._timeout_s), self._pool.connection() as conn:
            cursor = conn.cursor(row_factory=class_row(Received))
            await cursor.execute(RECEIVE_EVENTS, [Jsonb([events[n] for n in written])])
            found = dict(zip(written, await cursor.fetchall(), strict=True))
        received = [found[n] for n in range(len(events))]
        for letter in letters:
            own, received = received[: len(letter.events)], received[len(letter.events) :]
            if not letter.answer.done():
                letter.answer.set_result(own)


def _place(event: Mapping[str, Any]) -> str:
    """Every process writes in this order, so that none waits for what another has locked before.

    What is said of one name stays in the order in which it was said.
    """
    name: str = event["name"]
    return name


def _refuse(letter: _Letter, error: Exception) -> None:
    if not letter.answer.done():
        letter.answer.set_exception(error)


@asynccontextmanager
async def open_inbox(url: str, *, size: int, timeout_s: float) -> AsyncGenerator[Inbox]:
    """An inbox with connections of its own, which it opens when it needs them.

    Each statement commits by itself, and is asked for in one round trip.
    """
    pool: Pool = AsyncConnectionPool(
        watched(url),
        min_size=min(WRITERS, size),
        max_size=size,
        timeout=timeout_s,
        reconnect_timeout=GIVES_UP_AFTER_S,
        reconnect_failed=try_on_async,
        kwargs={"application_name": "myograph", "autocommit": True},
        configure=be_missed_async,
        open=False,
    )
    async with pool:
        yield Inbox(pool, timeout_s=timeout_s)
