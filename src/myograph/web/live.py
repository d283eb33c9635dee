"""Something has changed: one LISTEN connection per process, any number who wait for it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, LiteralString

import anyio
import psycopg
import structlog
from psycopg import sql

from myograph.db.connections import be_missed_async, watched

CHANNEL: Final[LiteralString] = "session_changed"
RETRY_S: Final = 1.0

log = structlog.get_logger("myograph.web")


class Live:
    """Wakes whoever waits when a session changes, in this process or any other.

    A wake-up says only *look*; what changed is read from the database under the visitor's identity.
    Where the connection is lost everybody is woken once more when it is back, since something may
    have been missed, and until then those who wait look after their own time-out.

    version   grows with every change: remember it, look, and wait for a change after it, so that
              none falls between looking and waiting
    lookups   how many may look at once, so that many waiting tabs leave the pool to the pages
    """

    def __init__(self) -> None:
        self.version = 0
        self.ended = False
        self.lookups = anyio.CapacityLimiter(4)
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def listening(self, url: str) -> AsyncGenerator[None, None]:
        self._loop = asyncio.get_running_loop()
        task = asyncio.create_task(self._listen(url))
        try:
            yield
        finally:
            self.end()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def changed_after(self, version: int, timeout_s: float) -> bool:
        """Wait for a change after `version`; False where the time passed without one."""
        if self.version != version or self.ended:
            return True
        try:
            await asyncio.wait_for(self._news.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def end(self) -> None:
        """Every stream ends: the server is about to stop and waits for open answers.

        May be called from any thread, and more than once.
        """
        self.ended = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self.version += 1
        self._news.set()
        self._news = asyncio.Event()

    async def _listen(self, url: str) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    watched(url), autocommit=True
                ) as conn:
                    await be_missed_async(conn)
                    await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    self._wake()
                    async for _ in conn.notifies():
                        self._wake()
            except psycopg.OperationalError as exc:
                log.warning("live_connection_lost", error=type(exc).__name__)
            await asyncio.sleep(RETRY_S)
