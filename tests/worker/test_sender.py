import asyncio

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from myograph.db import outgoing
from myograph.services import send_events
from myograph.services.event_targets import announce
from myograph.worker import sender
from tests.services.test_send_events import Receiver, Target
from tests.waiting import wait_for

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receivers():
    both = Receiver(), Receiver()
    yield both
    for one in both:
        one.close()


@pytest.fixture
def pool(database):
    with ConnectionPool(database.url("myograph_work"), min_size=1, max_size=4, open=True) as pool:
        yield pool


def told(pool, *targets, until):
    async def run():
        async with sender.sending(pool, targets):
            await asyncio.to_thread(wait_for, until)

    asyncio.run(run())


def test_each_target_is_told_beside_the_others(upload, run_queue, clinic, pool, receivers):
    one, other = (Target(name, r.url, SECRET) for name, r in zip("ab", receivers, strict=True))
    announce(pool, [one, other])
    upload()
    upload(name="P001/b.c3d")
    run_queue()
    told(pool, one, other, until=lambda: all(len(r.got) == 2 for r in receivers))
    with pool.connection() as conn:
        assert (
            len(outgoing.newest(conn, state="waiting")) + len(outgoing.newest(conn, state="sent"))
            == 4
        )


def test_a_database_that_is_away_for_a_while_only_delays(
    upload, run_queue, clinic, pool, receivers, monkeypatch
):
    target = Target("a", receivers[0].url, SECRET)
    announce(pool, [target])
    upload()
    run_queue()
    send, calls = send_events.send_next, []

    def away_at_first(*given):
        calls.append(1)
        if len(calls) == 1:
            raise psycopg.OperationalError("gone")
        return send(*given)

    monkeypatch.setattr(send_events, "send_next", away_at_first)
    monkeypatch.setattr(sender, "EVERY_S", 0.01)
    told(pool, target, until=lambda: receivers[0].got)
    assert len(calls) >= 2
