"""Receipts that wait at the same time are written together, and none suffers from another."""

import asyncio
from contextlib import contextmanager
from uuid import uuid4

import pytest

from myograph.errors import DatabaseUnavailable, MalformedEvent, Overloaded
from myograph.web.webhooks.inbox import MOST_TOGETHER, Inbox, open_inbox


def event(name, **known):
    return {
        "bucket": "emg_data",
        "name": name,
        "version": "1",
        "source": "inbox",
        "shape": "s3",
        "delivery_id": str(uuid4()),
        **known,
    }


def with_inbox(url, use, *, timeout_s=20.0):
    """What `use(inbox)` gives, in a loop of its own."""

    async def run():
        async with open_inbox(url, size=5, timeout_s=timeout_s) as inbox:
            return await use(inbox)

    return asyncio.run(run())


@pytest.fixture
def url(database):
    return database.url("myograph_web")


@pytest.fixture
def locked(database):
    """An object that somebody else is writing about."""

    @contextmanager
    def lock(name):
        with database.connect("postgres") as conn:
            conn.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"emg_data/{name}"]
            )
            yield

    return lock


async def outcomes(inbox, events):
    tasks = [inbox.receive([e]) for e in events]
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_many_at_once_are_each_answered_with_their_own(url, database):
    names = [f"a{n}.c3d" for n in range(3 * MOST_TOGETHER)]
    answers = with_inbox(url, lambda inbox: outcomes(inbox, map(event, names)))
    with database.connect("postgres") as conn:
        paths = dict(conn.execute("SELECT id, file_path FROM therapy_sessions").fetchall())
        commits = conn.execute("SELECT count(DISTINCT xmin::text) FROM upload_events").fetchone()[0]
    assert [paths[one.session_id] for [one] in answers] == names
    assert commits < len(names) / 4


def test_a_delivery_of_several_objects_is_answered_in_their_order(url):
    events = [event(f"b{n}.c3d") for n in range(3)] + [event("b0.c3d")]
    answers = with_inbox(url, lambda inbox: inbox.receive(events))
    assert [a.outcome for a in answers] == ["created", "created", "created", "duplicate"]
    assert answers[0].session_id == answers[3].session_id


def test_what_cannot_be_kept_spoils_no_other(url):
    events = [event("c1.c3d"), event("c2.c3d", version="v" * 2000), event("c3.c3d")]
    good, bad, other = with_inbox(url, lambda inbox: outcomes(inbox, events))
    assert [good[0].outcome, other[0].outcome] == ["created", "created"]
    assert isinstance(bad, MalformedEvent)


def test_what_has_to_wait_holds_up_no_other(url, locked):
    events = [event("d1.c3d"), event("held.c3d"), event("d3.c3d")]
    with locked("held.c3d"):
        first, held, last = with_inbox(url, lambda inbox: outcomes(inbox, events), timeout_s=3.0)
    assert [first[0].outcome, last[0].outcome] == ["created", "created"]
    assert isinstance(held, DatabaseUnavailable)


def test_who_waits_too_long_is_sent_away(url, locked):
    async def use(inbox):
        held = [asyncio.ensure_future(inbox.receive([event("held.c3d")])) for _ in range(2)]
        await asyncio.sleep(0)  # both writers have one each
        late = asyncio.ensure_future(inbox.receive([event("late.c3d")]))
        return await asyncio.gather(*held, late, return_exceptions=True)

    with locked("held.c3d"):
        *_, late = with_inbox(url, use, timeout_s=0.5)
    assert isinstance(late, Overloaded)


def test_no_more_wait_than_can_be_served(url, locked):
    async def use(inbox):
        few = Inbox(inbox._pool, timeout_s=0.5, most_waiting=2)
        waiting = [few.receive([event("held.c3d")]) for _ in range(8)]
        return await asyncio.gather(*waiting, return_exceptions=True)

    with locked("held.c3d"):
        answers = with_inbox(url, use)
    assert sum(isinstance(a, Overloaded) for a in answers) >= 4


def test_lost_connections_cost_nobody_an_answer(url, database):
    async def use(inbox):
        await outcomes(inbox, [event(f"e{n}.c3d") for n in range(4)])
        with database.connect("postgres") as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'myograph_web' AND datname = current_database()"
            )
        return await outcomes(inbox, [event(f"f{n}.c3d") for n in range(40)])

    answers = with_inbox(url, use)
    assert [one.outcome for [one] in answers] == ["created"] * 40


def test_who_does_not_wait_any_more_disturbs_nobody(url):
    async def use(inbox):
        leaving = asyncio.ensure_future(inbox.receive([event("g1.c3d")]))
        await asyncio.sleep(0)
        leaving.cancel()
        [stayed] = await inbox.receive([event("g2.c3d")])
        return stayed

    assert with_inbox(url, use).outcome == "created"


def test_a_bug_is_told_to_whoever_waits_for_the_answer(url):
    answers = with_inbox(
        url, lambda inbox: outcomes(inbox, [event("h1.c3d"), event("h2.c3d", size_bytes=1.5j)])
    )
    assert answers[0][0].outcome == "created"
    assert isinstance(answers[1], TypeError)
