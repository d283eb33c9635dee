"""The queue as a worker connects to it."""

from datetime import datetime
from typing import Any, Final, LiteralString

from procrastinate import App, PsycopgConnector, utils
from psycopg import AsyncConnection

from myograph.db.connections import be_missed_async, watched
from myograph.db.pool import GIVES_UP_AFTER_S
from myograph.worker.tasks import tasks

QUEUE: Final = "myograph"


def open_queue(url: str, *, most: int) -> App:
    """With our tasks, and up to `most` connections once it is opened."""
    connector = _Connector(
        conninfo=watched(url),
        kwargs={"application_name": "myograph queue"},
        configure=_configure,
        min_size=1,
        max_size=most,
        reconnect_timeout=GIVES_UP_AFTER_S,
    )
    app = App(connector=connector)
    app.add_tasks_from(tasks, namespace="")
    return app


class _Connector(PsycopgConnector):
    """Plans another try by the database's clock, which is the one that says when it is due.

    The queue plans it by the worker's: where that is ten minutes ahead each try would come so much
    later, and where it is behind all of them at once.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:  # noqa: ANN401 - as in the class above
        planned: datetime | None = arguments.get("retry_at")
        if planned is not None:
            row = await self.execute_query_one_async("SELECT clock_timestamp() AS now")
            arguments["retry_at"] = planned + (row["now"] - utils.utcnow())
        await super().execute_query_async(query, **arguments)


async def _configure(conn: AsyncConnection) -> None:
    await be_missed_async(conn)
    await conn.execute("SET search_path = queue")
    await conn.commit()
