"""The queue as a worker connects to it."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg
import structlog
from procrastinate import App, PsycopgConnector, utils
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from myograph.db.connections import be_missed_async, watched
from myograph.db.pool import GIVES_UP_AFTER_S, try_on_async
from myograph.worker.tasks import tasks

QUEUE: Final = "myograph"
LISTENS_AGAIN_AFTER_S: Final = 1.0
WAITS_S: Final = 10.0  # for a connection, and so a worker that is asked to stop without a database

log = structlog.get_logger()


def open_queue(url: str, *, most: int) -> App:
    """With our tasks, and up to `most` connections once it is opened.

    A worker of it lives through an outage: it listens again and shows that it lives again once
    the database is back. The queue's own (procrastinate 3.10) notices neither that the one ends
    nor that the other does, if no task of it is periodic: it would poll only, and be taken for
    dead, for as long as it lives.
    """
    connector = _Connector(
        pool_factory=_Pool,
        conninfo=watched(url),
        kwargs={"application_name": "myograph queue"},
        configure=_configure,
        min_size=1,
        max_size=most,
        timeout=WAITS_S,
        reconnect_timeout=GIVES_UP_AFTER_S,
        reconnect_failed=try_on_async,
    )
    app = App(connector=connector)
    app.job_manager = _Manager(connector)
    app.add_tasks_from(tasks, namespace="")
    return app


class _Pool(AsyncConnectionPool):
    def __init__(self, *, check: object, **options: Any) -> None:  # noqa: ANN401 - as in the class above
        del check
        super().__init__(**options, check=self._look_at)

    async def open(self, wait: bool = False, timeout: float = 30.0) -> None:  # noqa: ASYNC109, FBT001, FBT002 - as in the class above
        """Whether the database is there or not: a worker that starts waits for it as any other."""
        del wait
        await super().open(wait=False, timeout=timeout)

    async def _look_at(self, conn: AsyncConnection) -> None:
        """Where one was cut most likely all were: found one by one, each costs a longer wait."""
        try:
            await self.check_connection(conn)
        except psycopg.Error:
            await self.check()
            raise


class _Manager(JobManager):
    async def update_heartbeat(self, worker_id: int) -> None:
        """One that is not written is missed, and the next is tried in its time."""
        try:
            await super().update_heartbeat(worker_id)
        except ConnectorException as exc:
            log.warning("heartbeat_missed", error=type(exc.__cause__ or exc).__name__)


class _Connector(PsycopgConnector):
    """Listens for as long as it is asked to, and plans by the database's clock."""

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        while True:
            try:
                await super().listen_notify(on_notification, channels)
            except ConnectorException as exc:
                log.warning("listening_again", error=type(exc.__cause__ or exc).__name__)
            await asyncio.sleep(LISTENS_AGAIN_AFTER_S)

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:  # noqa: ANN401 - as in the class above
        """Another try is due when the database's clock says so.

        The queue plans it by the worker's: where that is ten minutes ahead each try would come so
        much later, and where it is behind all of them at once.
        """
        planned: datetime | None = arguments.get("retry_at")
        if planned is not None:
            row = await self.execute_query_one_async("SELECT clock_timestamp() AS now")
            arguments["retry_at"] = planned + (row["now"] - utils.utcnow())
        await super().execute_query_async(query, **arguments)


async def _configure(conn: AsyncConnection) -> None:
    await be_missed_async(conn)
    await conn.execute("SET search_path = queue")
    await conn.commit()
