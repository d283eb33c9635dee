"""The worker finds what nobody announced, beside its jobs."""

import asyncio
import os
import threading
import time
from dataclasses import replace

import psycopg
import pytest
import structlog

from myograph.db import sweeps
from myograph.db.pool import open_pool
from myograph.errors import StoreResting, StoreUnavailable
from myograph.services.forget_old import Retention
from myograph.storage.drafts import ABANDONED_AFTER_S
from myograph.worker import sweeper
from myograph.worker.breaker import Breaker, guarded
from myograph.worker.sweeper import Sweeping, sweeping
from tests.game_files import game_file

PATIENCE_S = 60.0
BUCKET = "emg_data"


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=4) as pool:
        yield pool


@pytest.fixture
def put(store):
    def run(name, content=b"abc"):
        path = store.root / BUCKET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return run


@pytest.fixture
def of(pool, store):
    return Sweeping(
        pool=pool,
        store=store,
        buckets=(BUCKET,),
        listing_every_s=0.05,
        outbox_every_s=0.05,
        forget_every_s=0.05,
        settle_s=0,
    )


def names(pool):
    with pool.connection() as conn:
        return {row[0] for row in conn.execute("SELECT file_path FROM therapy_sessions").fetchall()}


def note(pool, name):
    with pool.connection() as conn:
        conn.execute(
            """
            INSERT INTO storage_outbox (operation, object_id, bucket, name, version, etag)
            VALUES ('INSERT', %s, 'emg_data', %s, 'v1', 'e1')
            """,
            [f"object {name}", name],
        )


def swept(of, until, doing=lambda: None):
    """Sweep until it is so, in a loop of this test's own."""

    def wait():
        doing()
        deadline = time.monotonic() + PATIENCE_S
        while not until():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.01)

    async def run():
        async with sweeping(of):
            await asyncio.to_thread(wait)

    asyncio.run(run())


def test_what_somebody_never_finished_is_removed_with_a_sweep(of, put):
    old, new = put("P001/a.c3d#1"), put("P001/b.c3d#1")
    os.utime(old, (time.time() - 2 * ABANDONED_AFTER_S,) * 2)
    swept(of, lambda: not old.exists())
    assert new.exists()


def test_what_lies_there_at_the_start_is_found_and_what_comes_later_too(of, put, pool):
    put("P001/a.c3d")
    swept(of, lambda: "P001/a.c3d" in names(pool))
    swept(of, lambda: "P001/b.c3d" in names(pool), doing=lambda: put("P001/b.c3d"))


def test_every_bucket_has_its_turn_though_one_is_missing(pool, store, put, of):
    put("../other/P001/a.c3d")
    put("P001/a.c3d")
    swept(of, lambda: "P001/a.c3d" in names(pool))
    (store.root / BUCKET).rename(store.root / "away")
    both = replace(of, buckets=(BUCKET, "other"))

    def problems():
        with pool.connection() as conn:
            return [last.problem for last in sweeps.last(conn) if last.ended_at]

    with structlog.testing.capture_logs() as said:
        swept(both, lambda: len(problems()) == 2 and any(problems()))
    assert any(line["log_level"] == "warning" and not line["whole"] for line in said)
    assert not any("P001" in str(line) for line in said)


def test_a_database_that_is_away_for_a_while_only_delays(of, put, pool, monkeypatch):
    put("P001/a.c3d")
    whole, calls = sweeper.sweep_uploads, []

    def away_at_first(*given, **options):
        calls.append(1)
        if len(calls) == 1:
            raise psycopg.OperationalError("gone")
        return whole(*given, **options)

    monkeypatch.setattr(sweeper, "sweep_uploads", away_at_first)
    swept(of, lambda: "P001/a.c3d" in names(pool))
    assert len(calls) >= 2


def test_a_fault_of_ours_in_a_sweep_does_not_end_all_later_ones(of, put, pool, monkeypatch):
    put("P001/a.c3d")
    whole, calls = sweeper.sweep_uploads, []

    def wrong_at_first(*given, **options):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError("P001")
        return whole(*given, **options)

    monkeypatch.setattr(sweeper, "sweep_uploads", wrong_at_first)
    with structlog.testing.capture_logs() as said:
        swept(of, lambda: "P001/a.c3d" in names(pool))
    assert {"event": "sweep", "log_level": "error", "error": "ZeroDivisionError"} in said


def test_it_stops_in_the_middle_when_the_worker_does(of, put, pool, monkeypatch):
    for number in range(3):
        put(f"P001/{number}.c3d")
    stopped, began = threading.Event(), threading.Event()
    whole = sweeper.sweep_uploads

    def slow(*given, beat, **options):
        def waiting(progress):
            if progress.stage == "comparing" and progress.done == 1:
                began.set()
                stopped.wait(PATIENCE_S)
            beat(progress)

        return whole(*given, beat=waiting, **options)

    monkeypatch.setattr(sweeper, "sweep_uploads", slow)
    monkeypatch.setattr("myograph.services.sweep_uploads._AT_ONCE", 1)

    async def run():
        async with sweeping(of):
            assert await asyncio.to_thread(began.wait, PATIENCE_S)
        stopped.set()

    asyncio.run(run())
    assert len(names(pool)) == 1


def test_it_leaves_the_rest_of_the_outbox_when_the_worker_stops(of, pool, monkeypatch):
    for number in range(3):
        note(pool, f"P001/{number}.c3d")
    whole, calls = sweeper.sweep_outbox, []

    def slow(*given, beat):
        def waiting():
            calls.append(1)
            deadline = time.monotonic() + PATIENCE_S
            beat()
            while len(calls) > 1 and time.monotonic() < deadline:
                time.sleep(0.01)
                beat()

        return whole(*given, beat=waiting)

    monkeypatch.setattr(sweeper, "sweep_outbox", slow)
    swept(of, lambda: len(calls) > 1)
    assert (names(pool), len(calls)) == ({"P001/0.c3d"}, 2)


def test_a_store_that_is_left_alone_is_left_alone_by_the_sweep_too(of, put, pool):
    put("P001/a.c3d", b"abc")
    swept(of, lambda: "P001/a.c3d" in names(pool))
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET file_hash = %s", ["0" * 64])
    put("P001/a.c3d", b"abd")  # of the same size: only its bytes tell what it is
    breaker = Breaker(after=1, rest_s=3600.0)
    with pytest.raises(StoreResting), breaker.asking():
        raise StoreUnavailable("503")

    def problems():
        with pool.connection() as conn:
            return [last.problem for last in sweeps.last(conn) if last.problem]

    swept(replace(of, store=guarded(of.store, breaker)), problems)
    assert problems() == ["The store does not answer."]


@pytest.mark.parametrize("buckets", [(BUCKET,), ()])
def test_old_deliveries_are_forgotten_and_their_sessions_are_not(
    of, pool, upload, database, buckets
):
    """And one line says how many, whether or not there is a store to be listed."""
    upload(game_file(), name="P001/b.c3d")
    with database.connect("postgres") as conn:
        conn.execute("UPDATE upload_events SET received_at = now() - interval '11 days'")
    shorter = replace(of, buckets=buckets, retention=Retention(events_days=10))
    with structlog.testing.capture_logs() as said:
        swept(shorter, lambda: "forgotten" in {line["event"] for line in list(said)})
    [line] = [line for line in said if line["event"] == "forgotten"]
    counted = {name: n for name, n in line.items() if name not in {"event", "log_level"}}
    assert counted.pop("deliveries") == 1
    assert set(counted.values()) == {0}
    assert names(pool) == {"P001/b.c3d"}
    with pool.connection() as conn:
        assert conn.execute("SELECT FROM upload_events WHERE source <> 'sweep'").fetchall() == []


def test_what_the_store_noted_is_announced_too(of, pool):
    note(pool, "P001/a.c3d")
    with structlog.testing.capture_logs() as said:
        swept(of, lambda: "P001/a.c3d" in names(pool))
    assert {"event": "sweep_outbox", "log_level": "info", "settled": 1} in said
