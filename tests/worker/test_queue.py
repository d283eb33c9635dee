"""The queue of a worker whose database goes away and comes back."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.utils import cancel_and_capture_errors

from myograph.worker import queue
from myograph.worker.queue import QUEUE, open_queue
from tests.faults.outages import server_of
from tests.faults.proxy import fault_proxy
from tests.waiting import wait_for

MANY = 6
LISTENERS = """
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'myograph queue'
       AND query LIKE 'LISTEN%'
    """


@pytest.fixture
def proxy(database):
    with fault_proxy(server_of(database.cluster)) as proxy:
        yield proxy


@pytest.fixture
def opened(database, proxy, monkeypatch):
    monkeypatch.setattr(queue, "WAITS_S", 2.0)
    monkeypatch.setattr(queue, "LISTENS_AGAIN_AFTER_S", 0.05)

    def open_it(most=2):
        return open_queue(database.url_by(proxy, "myograph_work"), most=most).open_async()

    return open_it


@pytest.fixture
def listener(database):
    """The process of the server that tells the queue of new jobs, once there is one."""

    def found():
        with database.connect("postgres") as conn:
            return [pid for (pid,) in conn.execute(LISTENERS)]

    return lambda other_than=None: wait_for(lambda: [p for p in found() if p != other_than])[0]


@pytest.fixture
def last_heartbeat(database):
    def of(worker_id):
        with database.connect("postgres") as conn:
            [row] = conn.execute(
                "SELECT last_heartbeat FROM queue.procrastinate_workers WHERE id = %s", [worker_id]
            )
        return row

    return of


def test_a_heartbeat_that_is_missed_is_followed_by_others(opened, proxy, last_heartbeat):
    async def beats():
        async with opened() as app:
            worker_id = await app.job_manager.register_worker()
            began = await asyncio.to_thread(last_heartbeat, worker_id)
            await asyncio.to_thread(proxy.close_door)
            await app.job_manager.update_heartbeat(worker_id)
            await asyncio.to_thread(proxy.open_door)
            while await asyncio.to_thread(last_heartbeat, worker_id) == began:
                await app.job_manager.update_heartbeat(worker_id)

    asyncio.run(asyncio.wait_for(beats(), 60))


def test_it_listens_again_after_an_outage(opened, proxy, listener, upload):
    """Each new job is announced then, and need not be looked for."""

    async def hears():
        heard = asyncio.Event()

        async def on_notification(**_):
            heard.set()

        async with opened() as app:
            listens = asyncio.create_task(
                app.job_manager.listen_for_jobs(on_notification=on_notification, queues=[QUEUE])
            )
            before = await asyncio.to_thread(listener)
            await asyncio.to_thread(proxy.close_door)
            await asyncio.to_thread(proxy.open_door)
            await asyncio.to_thread(listener, before)
            await asyncio.to_thread(upload)
            await asyncio.wait_for(heard.wait(), 60)
            await cancel_and_capture_errors([listens])  # as a worker does that stops
            assert listens.cancelled()

    asyncio.run(hears())


def test_it_is_open_before_its_database_is_there(opened, proxy):
    """A worker that starts in an outage waits for its end as any other does."""

    async def asks():
        await asyncio.to_thread(proxy.close_door)
        async with opened() as app:
            with pytest.raises(ConnectorException):
                await app.job_manager.register_worker()
            await asyncio.to_thread(proxy.open_door)
            await app.connector.pool.wait(60)
            return await app.job_manager.register_worker()

    assert asyncio.run(asks()) > 0


def test_all_connections_that_were_cut_are_replaced_when_the_first_is_found(opened, proxy):
    async def asks():
        async with opened(MANY) as app:
            pool = app.connector.pool
            async with AsyncExitStack() as stack:
                for _ in range(MANY):
                    await stack.enter_async_context(pool.connection())
            await asyncio.to_thread(proxy.cut)
            await app.job_manager.register_worker()
            return pool.get_stats()["connections_lost"]

    assert asyncio.run(asks()) >= MANY
