"""That a worker is gone is seen by its connections, before its leases run out."""

import secrets

import pytest

from myograph.db import lease, reprocessing
from myograph.db.pool import open_pool

HOUR_S = 3600.0


@pytest.fixture
def work(database):
    """Connections of a worker: `work(holder)`; a `with` closes them, as its death would."""

    def opened(holder):
        return open_pool(
            database.url("myograph_work"),
            size=2,
            configure=lambda conn: lease.show_life(conn, holder),
        )

    return opened


@pytest.fixture
def reap(database):
    def run():
        with database.connect("myograph_work") as conn:
            return lease.reap(conn, max_tries=5, stalled_s=HOUR_S)

    return run


@pytest.fixture
def status(look):
    return lambda received: look(received).processing_status


@pytest.mark.parametrize("holder", [1, 2**31, 2**62 - 1], ids=["small", "sign bit", "largest"])
def test_what_the_living_hold_is_theirs_and_what_the_dead_held_is_queued_at_once(
    work, upload, reap, status, holder
):
    received = upload()
    with work(holder) as pool:
        with pool.connection() as conn:
            assert lease.claim(conn, received.session_id, seconds=HOUR_S, holder=holder)
        assert reap() == 0
        assert status(received) == "processing"
    assert reap() == 1
    assert status(received) == "pending"


def test_one_that_lives_does_not_speak_for_another(work, upload, reap):
    received = upload()
    with work(7) as pool, pool.connection() as conn:
        lease.claim(conn, received.session_id, seconds=HOUR_S, holder=8)
        conn.commit()
        assert reap() == 1


def test_a_claim_of_nobody_in_particular_is_kept_by_its_lease(work, upload, reap, database):
    received = upload()
    with database.connect("myograph_work") as conn:
        lease.claim(conn, received.session_id, seconds=HOUR_S)
    assert reap() == 0


def test_a_lock_in_another_database_is_no_life(work, upload, reap, server, database):
    received = upload()
    holder = secrets.randbits(62)
    with server_lock(server, holder):
        with database.connect("myograph_work") as conn:
            lease.claim(conn, received.session_id, seconds=HOUR_S, holder=holder)
        assert reap() == 1


def server_lock(server, holder):
    return open_pool(
        server.url("postgres", "postgres"),
        size=1,
        configure=lambda conn: lease.show_life(conn, holder),
    )


def test_what_waits_to_be_analysed_again_is_not_lost_and_not_doubled(upload, run_queue, database):
    upload()
    run_queue()
    with database.connect("myograph_work", options="-c search_path=queue,public") as conn:
        [(session_id,)] = conn.execute("SELECT id FROM therapy_sessions").fetchall()
        conn.execute("SELECT app.reprocess_many(%s)", [[session_id]])
        reprocessing.open_again(conn, session_id)
        conn.commit()
        assert lease.reap(conn, max_tries=5, stalled_s=0) == 0
        conn.execute("DELETE FROM queue.procrastinate_jobs")
        conn.commit()
        assert lease.reap(conn, max_tries=5, stalled_s=0) == 1
        found = conn.execute("SELECT task_name, priority FROM queue.procrastinate_jobs").fetchall()
    assert found == [("analyse_session", -10)]
