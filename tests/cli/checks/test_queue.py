"""Workers, what waits for them, and sweeps."""

from datetime import UTC, datetime, timedelta

import pytest

from myograph.cli.checks import queue
from myograph.cli.checks.queue import judged_given_up, judged_sweep, judged_waiting, judged_workers
from myograph.db import monitoring
from myograph.db.monitoring import Pulse
from myograph.db.sweeps import LastSweep

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def pulse(**known):
    nothing = {"workers": 0, "silent_s": None, "waiting": 0, "waiting_s": 0.0}
    return Pulse(**nothing | {"gave_up": 0, "failed_jobs": 0} | known)


@pytest.fixture
def queued(database):
    """Statements of the queue's owner."""

    def run(*statements: str) -> None:
        with database.connect("postgres") as conn:
            conn.execute("SET search_path = queue, public")
            for statement in statements:
                conn.execute(statement)

    return run


def test_without_a_worker_it_is_a_problem_until_one_lives(look, addresses, queued):
    found = look(queue.CHECKS, **addresses)
    assert (found["workers"].verdict, "myograph work" in found["workers"].mend) == ("problem", True)
    queued("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
    dead = look(queue.CHECKS, **addresses)["workers"]
    assert (dead.verdict, "60 minutes ago" in dead.found) == ("problem", True)
    queued("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert look(queue.CHECKS, **addresses)["workers"].found == "1 worker alive"


def test_what_waits_is_counted_from_when_it_is_due(database, upload, clinic, queued):
    def found():
        with database.connect("myograph_work") as conn:
            return monitoring.pulse(conn, silent_s=30)

    assert found().waiting == 0
    upload()
    jobs = found().waiting
    assert jobs >= 1
    queued("UPDATE procrastinate_events SET at = at - interval '1 hour'")
    assert found().waiting_s == pytest.approx(3600, abs=60)
    queued("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 minute'")
    assert (found().waiting, found().waiting_s) == (0, 0)
    queued("UPDATE procrastinate_jobs SET status = 'failed'")
    assert found().failed_jobs == jobs


@pytest.mark.parametrize(
    ("waiting_s", "workers", "verdict", "mend"),
    [(300, 1, "ok", None), (301, 1, "warning", "more workers"), (301, 0, "warning", "Start one")],
)
def test_a_long_wait_is_told(waiting_s, workers, verdict, mend):
    found = judged_waiting(pulse(waiting=2, waiting_s=waiting_s, workers=workers))
    assert found.verdict == verdict
    assert found.mend is None if mend is None else mend in found.mend


def test_dead_letters_are_told(look, addresses, database, upload, clinic):
    session = upload().session_id
    assert look(queue.CHECKS, **addresses)["dead letters"].verdict == "ok"
    with database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET processing_status = 'failed', failure_kind = 'gave_up',"
            " failure_code = 'store_unavailable', processing_error_message = 'x' WHERE id = %s",
            [session],
        )
    found = look(queue.CHECKS, **addresses)["dead letters"]
    assert (found.verdict, "1 session" in found.found) == ("warning", True)
    both = judged_given_up(pulse(gave_up=2, failed_jobs=1))
    assert "2 sessions and 1 job" in both.found
    assert judged_workers(pulse(workers=2)).found == "2 workers alive"


def test_what_a_store_noted_and_nobody_dealt_with_is_told(look, addresses, queued):
    queued(
        "INSERT INTO storage_outbox (operation, bucket, name, at)"
        " VALUES ('INSERT', 'emg_data', 'P001/x.c3d', now() - interval '11 minutes')"
    )
    found = look(queue.CHECKS, **addresses)["outbox"]
    assert (found.verdict, "P001" in str(found)) == ("warning", False)
    queued("UPDATE storage_outbox SET at = now() - interval '9 minutes'")
    assert "outbox" not in look(queue.CHECKS, **addresses)


def test_sessions_that_wait_for_their_store_are_told(look, addresses, upload, clinic, queued):
    upload()
    assert "silent store" not in look(queue.CHECKS, **addresses)
    queued("UPDATE therapy_sessions SET put_off_since = now()")
    assert "1 session" in look(queue.CHECKS, **addresses)["silent store"].found


@pytest.mark.parametrize(
    ("swept", "verdict", "said"),
    [
        (None, "warning", "none yet"),
        ({"ended_at": NOW, "listed": 3}, "ok", "3 recordings"),
        ({}, "ok", "still runs"),
        ({"ended_at": NOW, "problem": "P001 is gone"}, "problem", "did not see everything"),
        ({"began_at": NOW - timedelta(minutes=60)}, "ok", "60 minutes ago"),
        ({"began_at": NOW - timedelta(minutes=61)}, "warning", "61 minutes ago"),
    ],
)
def test_the_last_sweep_is_recent_and_saw_everything(swept, verdict, said):
    last = {} if swept is None else {"b": LastSweep(**{"bucket": "b", "began_at": NOW} | swept)}
    found = judged_sweep("b", last, NOW)
    assert (found.verdict, said in found.found) == (verdict, True)
    assert "P001" not in str(found)


def test_each_bucket_has_its_sweep(look, addresses, queued):
    queued("INSERT INTO sweeps (bucket, began_at, ended_at, listed) VALUES ('a', now(), now(), 1)")
    found = look(queue.CHECKS, **addresses, buckets="a,b")
    assert (found["sweep of a"].verdict, found["sweep of b"].verdict) == ("ok", "warning")
