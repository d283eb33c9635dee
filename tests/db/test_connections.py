"""Whoever vanishes is missed: what each of our connections has told its server and its socket."""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from myograph.db.connections import watched
from myograph.db.pool import open_pool
from myograph.web.live import CHANNEL, Live
from myograph.web.webhooks.inbox import open_inbox
from myograph.worker.queue import open_queue
from tests.faults.outages import server_of
from tests.faults.place import wait_for
from tests.faults.proxy import fault_proxy

IDLE = "idle_in_transaction_session_timeout"
SHOW = f"SHOW {IDLE}"
FIRST_TRIES = 4  # more than a pool makes before it gives up


@pytest.fixture
def over_tcp(database):
    """The database's address of a login, by TCP: a socket of a file knows nothing of its ends."""
    with fault_proxy(server_of(database.cluster)) as proxy:
        yield partial(database.url_by, proxy)


def test_a_transaction_in_which_nothing_happens_ends_after_a_minute(database):
    with open_pool(database.url("myograph_web"), size=1) as pool, pool.connection() as conn:
        assert conn.execute(SHOW).fetchone() == ("1min",)


def test_the_queue_and_the_webhooks_are_told_so_too(database):
    async def queue():
        async with open_queue(database.url("myograph_work"), most=1).open_async() as app:
            said = await app.connector.execute_query_one_async(SHOW)
            path = await app.connector.execute_query_one_async("SHOW search_path")
            return said | path

    async def inbox():
        async with (
            open_inbox(database.url("myograph_web"), size=1, timeout_s=20.0) as inbox,
            inbox._pool.connection() as conn,
        ):
            return await (await conn.execute(SHOW)).fetchone()

    assert asyncio.run(queue()) == {IDLE: "1min", "search_path": "queue"}
    assert asyncio.run(inbox()) == ("1min",)


def test_what_listens_listens_though_the_line_is_watched(database):
    def listens():
        with database.connect("postgres") as conn:
            return conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND query LIKE %s",
                [f"%{CHANNEL}%"],
            ).fetchone()

    async def scenario():
        async with Live().listening(database.url("myograph_web")):
            return await asyncio.to_thread(wait_for, listens)

    assert asyncio.run(scenario())


def test_what_the_address_or_the_login_says_of_it_stays(database):
    url = f"{database.url('myograph_web')}&options=-c%20{IDLE}%3D7s"
    with open_pool(url, size=1) as pool, pool.connection() as conn:
        assert conn.execute(SHOW).fetchone() == ("7s",)
    said = conninfo_to_dict(watched("postgresql://a@b/c?keepalives_idle=5"))
    assert (said["keepalives_idle"], said["keepalives_interval"]) == ("5", "10")


def test_our_end_of_a_line_by_tcp_is_probed_and_given_up(over_tcp):
    with (
        open_pool(over_tcp("myograph_web"), size=1) as pool,
        pool.connection() as conn,
        socket.socket(fileno=os.dup(conn.fileno())) as end,
    ):
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def test_what_a_transaction_held_is_free_once_its_time_is_over(database):
    url = f"{database.url('myograph_work')}&options=-c%20{IDLE}%3D200ms"
    with open_pool(url, size=1) as pool, pool.connection() as idle:
        idle.execute("SELECT pg_advisory_xact_lock(4711)")
        with database.connect("myograph_work") as other:
            other.execute("SELECT pg_advisory_xact_lock(4711)")  # waits for it
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            idle.execute("SELECT 1")


def test_who_waits_is_served_as_soon_as_the_server_is_back(database):
    with (
        fault_proxy(server_of(database.cluster)) as proxy,
        open_pool(database.url_by(proxy, "myograph_web"), size=1, timeout=60) as pool,
        ThreadPoolExecutor() as threads,
    ):
        pool.wait()
        proxy.close_door()
        waits = threads.submit(lambda: pool.connection().__enter__().execute("SELECT 1").fetchone())
        given_up = wait_for(lambda: tried_in_vain(pool) >= FIRST_TRIES and tried_in_vain(pool))
        wait_for(lambda: tried_in_vain(pool) > given_up)
        proxy.open_door()
        assert waits.result() == (1,)


def tried_in_vain(pool):
    return pool.get_stats().get("connections_errors", 0)
