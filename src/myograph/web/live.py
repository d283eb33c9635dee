"""Something has changed: one LISTEN connection per process, any number who wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, LiteralString

import psycopg
import structlog
from psycopg import sql

CHANNEL: Final[LiteralString] = "myograph_sessions"
RETRY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Live:
    """Wakes whoever waits when a session changes, in this process or any other.

    A wake-up says only *look*; what changed is read from the database under the visitor's identity.
    Where the connection is lost everybody is woken once more when it is back, since something may
    have been missed, and until then those who wait look after their own time-out.
    """

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.ended = False

    @asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[None]:
        task = asyncio.create_task(self._listen(url))
        try:
            yield
        finally:
            self.end()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def changed(self, timeout_s: float) -> bool:
        """Wait for the next change; False where the time passed without one."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            if self.ended:
                return True
            await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(future)
        return True

    def end(self) -> None:
        """Every stream ends: the server is about to stop and waits for open answers."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def _listen(self, url: str) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
                    await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    self._wake()
                    async for _ in conn.notifies():
                        self._wake()
            except psycopg.OperationalError as exc:
                log.warning("live_connection_lost", error=type(exc).__name__)
            await asyncio.sleep(RETRY_S)
