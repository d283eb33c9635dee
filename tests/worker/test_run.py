"""The worker as a process of its own: started, stopped, killed, doubled."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

import psutil
import pytest

from myograph.db import lease
from myograph.worker.run import run_until_empty
from tests.game_files import game_file
from tests.refusing import Refusing
from tests.waiting import wait_for

PATIENCE_S = 60.0
MANY = 12
WAITING = """
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND usename = 'myograph_work' AND wait_event_type = 'Lock'
    """

WORKER = """
import sys
from pathlib import Path
from myograph.storage.objects import folder_store
from myograph.worker.run import Rhythm, run_worker
url, root, lease_s, stop_within_s, reap_every_s, concurrency = sys.argv[1:]
run_worker(url, folder_store(Path(root)), pseudonym_key="a key", concurrency=int(concurrency),
           lease_s=float(lease_s),
           rhythm=Rhythm(reap_every_s=float(reap_every_s), stalled_s=1.0, heartbeat_s=0.2,
                         poll_s=0.2, stop_within_s=float(stop_within_s)))
print("with scipy" if "scipy" in sys.modules else "without scipy")
"""


@pytest.fixture
def worker(database, store):
    """Start a worker; whatever still runs at the end is killed with all it started."""

    @contextmanager
    def started(lease_s=2.0, stop_within_s=5, reap_every_s=0.2, concurrency=1):
        rhythm = map(str, (lease_s, stop_within_s, reap_every_s, concurrency))
        told = [database.url("myograph_work"), store.root, *rhythm]
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, *told],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            yield process
        finally:
            kill(process)

    return started


def kill(process):
    """As a power cut would: the worker and the processes it measures in, at once."""
    try:
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


def finished(look, *received):
    return lambda: all(look(one).settled for one in received)


def test_a_worker_takes_what_is_uploaded_and_stops_when_asked(worker, upload, look):
    with worker() as process:
        received = upload()
        wait_for(finished(look, received))
        assert look(received).processing_status == "completed"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_worker_does_without_what_only_measuring_needs(worker, upload, look, capfd):
    received = upload()
    with worker() as process:
        wait_for(finished(look, received))
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    assert look(received).processing_status == "completed"
    assert capfd.readouterr().out.splitlines()[-1] == "without scipy"


def test_one_killed_in_the_middle_is_made_good_by_the_next(worker, upload, look, database, capfd):
    """At once: that its lease holds for an hour keeps nobody waiting."""
    received = upload(game_file(bursts=12, seed=7))
    with worker(lease_s=3600) as process:
        wait_for(lambda: look(received).processing_status == "processing")
        kill(process)
    assert look(received).processing_status == "processing"
    with worker():
        wait_for(finished(look, received))
    found = look(received)
    assert found.processing_status == "completed"
    assert found.attempt >= 2
    assert capfd.readouterr().out.count("outcome=analysed") == 1
    with database.connect("myograph_work") as conn:
        assert conn.execute("SELECT count(*) FROM performance_scores").fetchone() == (1,)
        assert conn.execute("SELECT count(*) FROM emg_statistics").fetchone() == (2,)


@pytest.fixture
def refuse(database):
    refusing = Refusing(database)
    yield refusing
    refusing.lift()


def test_what_no_full_database_could_be_told_is_taken_up_once_there_is_room(
    worker, upload, look, change, refuse
):
    """The reaper's next turn would be in an hour."""
    received = upload()
    change(DONE)
    change("UPDATE therapy_sessions SET processing_status = 'processing', lease_until = now()")
    refuse(3)
    with worker(reap_every_s=3600):
        wait_for(finished(look, received))
    assert look(received).processing_status == "completed"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["asked", "Ctrl-C"])
def test_what_a_worker_has_no_time_to_finish_waits_for_the_next_at_once(
    worker, upload, look, database, how
):
    """Ctrl-C on a terminal is heard by the worker and by all that it has started."""
    received = upload(game_file(bursts=300, seed=3))
    with worker(lease_s=2, stop_within_s=0) as process:
        [busy] = wait_for(lambda: measuring(process))
        busy.suspend()  # or it has done before anybody asks it
        if how == signal.SIGINT:
            busy.send_signal(how)
        process.send_signal(how)
        assert process.wait(PATIENCE_S) == 0
    found = look(received)
    assert (found.processing_status, found.tries) == ("pending", 0)
    assert ("analyse_session", "todo") in jobs(database)


def measuring(process):
    """Those that have begun to measure; what only passes by is gone when it is asked."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        return [one for child in children for one in child.children() if one.num_threads() > 1]
    return []


def test_as_many_go_on_at_once_as_were_asked_for(worker, upload, look, database):
    """However few processors there are: most of the time each waits for somebody."""

    def waiting():
        with database.connect("postgres") as conn:
            return len(conn.execute(WAITING).fetchall())

    received = [upload(game_file(seed=1)) for _ in range(MANY)]
    with database.connect("postgres") as holder:
        holder.execute("SELECT FROM therapy_sessions FOR UPDATE")
        with worker(concurrency=MANY):
            wait_for(lambda: waiting() >= MANY)
            holder.rollback()
            wait_for(finished(look, *received))


def test_of_a_worker_that_is_killed_nothing_is_left(worker, upload, look):
    received = upload()
    with worker() as process:
        wait_for(finished(look, received))
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 3  # a server, what it has forked, and who tidies up after them
        process.kill()
        process.wait()
        psutil.wait_procs(started, timeout=PATIENCE_S)
    assert [child for child in started if child.is_running()] == []


def test_who_measures_when_the_worker_is_killed_ends_too(worker, upload, look):
    received = upload(game_file(bursts=300, seed=3))
    with worker() as process:
        wait_for(lambda: psutil.Process(process.pid).children(recursive=True)[2:])
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        psutil.wait_procs(started, timeout=PATIENCE_S)
    assert [child for child in started if child.is_running()] == []
    assert not look(received).settled


def test_two_workers_share_the_work_and_do_nothing_twice(worker, upload, look):
    received = [upload(game_file(seed=seed)) for seed in range(8)]
    with worker(30), worker(30):
        wait_for(finished(look, *received))
    found = [look(one) for one in received]
    assert {one.processing_status for one in found} == {"completed"}
    assert {one.attempt for one in found} == {1}


@pytest.fixture
def reap(database):
    def run(max_tries=5, stalled_s=0.0):
        with database.connect("myograph_work") as conn:
            return conn.execute("SELECT app.reap(%s, %s)", [max_tries, stalled_s]).fetchone()[0]

    return run


@pytest.fixture
def change(database):
    def run(statement):
        # The queue's own triggers look for its tables where the worker does.
        path = "-c search_path=queue,public"
        with database.connect("myograph_work", options=path) as conn:
            conn.execute(statement)

    return run


DONE = "DELETE FROM queue.procrastinate_jobs"


def jobs(database):
    with database.connect("myograph_work") as conn:
        return conn.execute(
            "SELECT task_name, status FROM queue.procrastinate_jobs ORDER BY id"
        ).fetchall()


def test_nothing_is_reaped_where_all_is_well(upload, reap):
    upload()
    assert reap() == 0


@pytest.mark.parametrize("status", ["processing", "reprocessing"])
def test_a_lease_that_ran_out_is_queued_again(upload, reap, change, database, look, status):
    received = upload()
    change(DONE)
    change("UPDATE therapy_sessions SET tries = 1, lease_until = now() - interval '1 s'")
    change(f"UPDATE therapy_sessions SET processing_status = '{status}'")  # noqa: S608, of this table
    assert reap() == 1
    expected = "pending" if status == "processing" else "reprocessing"
    assert look(received).processing_status == expected
    assert jobs(database) == [("analyse_session", "todo")]


def test_a_lease_that_holds_is_left_alone(upload, reap, change, look):
    received = upload()
    change(DONE)
    change(
        "UPDATE therapy_sessions SET processing_status = 'processing',"
        " lease_until = now() + interval '1 min'"
    )
    assert reap() == 0
    assert look(received).processing_status == "processing"


def test_a_session_that_kills_its_workers_is_given_up(upload, reap, change, database, look):
    received = upload()
    change(DONE)
    change(
        "UPDATE therapy_sessions SET processing_status = 'processing', tries = 5,"
        " lease_until = now() - interval '1 s', processing_error_message = 'Before.'"
    )
    assert reap() == 1
    found = look(received)
    assert (found.processing_status, found.failure_kind) == ("failed", "gave_up")
    assert found.processing_error_message == (
        "Before. The analysis was begun 5 times and never finished."
    )
    assert jobs(database) == []


def test_a_session_whose_job_was_lost_gets_another(upload, reap, change, database):
    upload()
    change(DONE)
    assert reap(stalled_s=1000) == 0
    assert reap() == 1
    assert jobs(database) == [("analyse_session", "todo")]


def test_a_job_in_the_hands_of_a_dead_worker_is_given_to_another(upload, reap, change, database):
    upload()
    change("UPDATE queue.procrastinate_jobs SET status = 'doing'")
    assert reap() == 2
    assert jobs(database) == [("extract_metadata", "todo"), ("analyse_session", "todo")]


def test_a_job_in_living_hands_is_left_there(upload, reap, change, database):
    upload()
    change(
        "WITH w AS (INSERT INTO queue.procrastinate_workers DEFAULT VALUES RETURNING id)"
        " UPDATE queue.procrastinate_jobs SET status = 'doing', worker_id = w.id FROM w"
    )
    assert reap(stalled_s=1000) == 0


BEGUN = """
    WITH w AS (INSERT INTO queue.procrastinate_workers DEFAULT VALUES RETURNING id)
    UPDATE queue.procrastinate_jobs SET status = 'doing', worker_id = w.id FROM w
    """
AGO = "UPDATE queue.procrastinate_events SET at = now() - interval '{} s' WHERE type = 'started'"


@pytest.fixture
def take_back(database):
    def run(stalled_s=30.0):
        with database.connect("myograph_work") as conn:
            return lease.take_back_jobs(conn, stalled_s=stalled_s)

    return run


@pytest.mark.parametrize(
    ("ago_s", "taken"), [(29, []), (31, ["analyse_session"]), (299, ["analyse_session"])]
)
def test_an_analysis_that_a_living_worker_forgot_is_queued_again(
    upload, take_back, change, database, ago_s, taken
):
    """The connection broke as its end was written: the session is done, or waits for a job."""
    upload()
    change(BEGUN)
    change(AGO.format(ago_s))
    assert take_back() == len(taken)
    assert [task for task, status in jobs(database) if status == "todo"] == taken


def test_any_other_job_is_forgotten_after_ten_times_as_long(upload, take_back, change, database):
    upload()
    change(BEGUN)
    change(AGO.format(301))
    assert take_back() == 2
    assert {status for _, status in jobs(database)} == {"todo"}


@pytest.mark.parametrize(("until", "taken"), [("+ interval '1 s'", 0), ("- interval '1 s'", 1)])
def test_an_analysis_that_somebody_holds_is_not_forgotten(upload, take_back, change, until, taken):
    upload()
    change(BEGUN)
    change(AGO.format(60))
    change(f"UPDATE therapy_sessions SET lease_until = clock_timestamp() {until}")  # noqa: S608, of this table
    assert take_back() == taken


def test_an_error_comes_back_later_and_is_given_up_in_the_end(
    upload, change, database, store, look
):
    received = upload(name="unassigned/a.c3d")
    path = store.root / "emg_data/unassigned/a.c3d"
    path.write_bytes(path.read_bytes()[:-1])
    for tries in range(1, 4):
        run_until_empty(database.url("myograph_work"), store, pseudonym_key="a key", max_tries=3)
        found = look(received)
        assert found.processing_status == ("pending" if tries < 3 else "failed")
        change("UPDATE queue.procrastinate_jobs SET scheduled_at = NULL")
    assert found.failure_kind == "gave_up"
    assert "announced" in found.processing_error_message
    assert jobs(database) == []


def test_a_worker_outlives_a_restart_of_its_connections(worker, upload, look, database):
    with worker():
        first = upload()
        wait_for(finished(look, first))
        with database.connect("postgres") as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'myograph_work' AND datname = current_database()"
            )
        second = upload(game_file(seed=2))
        wait_for(finished(look, second))
        assert look(second).processing_status == "completed"


def test_uploads_at_the_same_time_are_each_analysed_once(upload, run_queue, look):
    found = []

    def one(seed):
        found.append(upload(game_file(seed=seed % 3)))

    threads = [threading.Thread(target=one, args=[seed]) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_queue()
    assert {look(one).processing_status for one in found} == {"completed"}
    assert {look(one).attempt for one in found} == {1}
    assert sum(look(one).duplicate_of is None for one in found) == 3
