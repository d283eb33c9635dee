"""Stored sessions, analysed again by command."""

import re
import threading
from uuid import uuid4

import pytest

from myograph.db import contractions, reprocessing, scores, session_settings, sessions, statistics
from myograph.db.reprocessing import Wanted
from myograph.worker.run import run_until_empty
from tests.database import PSEUDONYM_KEY
from tests.game_files import game_file


@pytest.fixture
def reprocess(command, database, store, tmp_path):
    def run(*arguments, key=PSEUDONYM_KEY):
        return command(
            "reprocess",
            *arguments,
            MYOGRAPH_DATA_DIR=str(tmp_path / "data"),
            MYOGRAPH_STORAGE_URL=store.root.as_uri(),
            MYOGRAPH_WORKER_DATABASE_URL=database.url("myograph_work"),
            MYOGRAPH_PSEUDONYM_KEY=key,
        )

    return run


@pytest.fixture
def analysed(upload, run_queue, clinic):
    received = upload(patient_code="P001", left="CH1", right="CH2")
    run_queue()
    return received.session_id


@pytest.fixture
def work(database):
    def connected():
        return database.connect("myograph_work", options="-c search_path=queue,public")

    return connected


@pytest.fixture
def seen_worker(work):
    """A worker that was heard of just now, as far as anybody can tell."""
    with work() as conn:
        conn.execute("INSERT INTO queue.procrastinate_workers DEFAULT VALUES")


def rows_of(conn, session_id, table="contractions"):
    order = "at" if table == "contraction_edits" else "channel, number"
    return conn.execute(
        f"SELECT * FROM {table} WHERE session_id = %s ORDER BY {order}",  # noqa: S608, of ours
        [session_id],
    ).fetchall()


def jobs(conn):
    return conn.execute(
        "SELECT task_name, priority FROM queue.procrastinate_jobs WHERE status = 'todo' ORDER BY id"
    ).fetchall()


def status(database, clinic, session_id):
    with database.as_person(clinic.admin) as conn:
        return sessions.get(conn, clinic.admin, session_id).processing_status


def test_results_are_made_anew_and_what_people_said_stays(
    reprocess, database, clinic, analysed, store
):
    """Nobody works, so the command brings a worker along."""
    with database.as_person(clinic.therapist) as conn:
        session_settings.enter(conn, analysed, {"rpe_post_session": 5})
    with database.connect("myograph_work") as conn:
        right = rows_of(conn, analysed)
        conn.execute("UPDATE emg_statistics SET rms = 0, fatigue_reason = NULL")
        conn.execute("DELETE FROM contractions WHERE number > 1")
    answer = reprocess(analysed)
    assert (answer.code, answer.out) == (0, "1 queued\n1 analysed, 0 failed\n")
    with database.as_person(clinic.therapist) as conn:
        assert all(c.rms > 0 for c in statistics.of_session(conn, analysed))
        assert len(contractions.of_session(conn, analysed)) == len(right)
        assert scores.of_session(conn, analysed).effort_score == 100
    with database.connect("myograph_work") as conn:
        assert rows_of(conn, analysed) == right


def test_a_file_that_is_gone_is_said_and_the_numbers_stay(
    reprocess, database, clinic, analysed, store
):
    [path] = store.root.rglob("*.c3d")
    path.unlink()
    answer = reprocess(analysed)
    assert (answer.code, answer.out) == (1, "1 queued\n0 analysed, 1 failed\n")
    assert answer.err.strip() == f"{analysed}: object_gone, as its page says"
    with database.as_person(clinic.therapist) as conn:
        assert len(statistics.of_session(conn, analysed)) == 2
    again = reprocess(analysed)
    assert (again.code, "gone from the store" in again.err) == (1, True)


def test_an_overwritten_recording_is_not_analysed_again(reprocess, upload, run_queue, clinic):
    first = upload(name="unassigned/same.c3d")
    run_queue()
    upload(game_file(seed=2), name="unassigned/same.c3d")
    answer = reprocess(first.session_id)
    assert (answer.code, "overwritten" in answer.err) == (1, True)


def test_an_unknown_session_is_said_to_be_none(reprocess, database):
    answer = reprocess(uuid4())
    assert (answer.code, "no such session" in answer.err) == (1, True)


def test_nothing_is_queued_for_a_worker_that_would_use_another_key(reprocess, analysed, work):
    answer = reprocess("--all", key="another" * 8)
    assert answer.code == 1
    assert "pseudonym" in answer.err
    with work() as conn:
        assert ("reprocess_session", -10) not in jobs(conn)


def test_a_patient_of_whom_there_is_nothing_is_said_to_have_none(reprocess, database):
    answer = reprocess("--patient", "P404")
    assert answer.code == 1
    assert "There is no session with a file of a patient 'P404'." in answer.err
    older = reprocess("--patient", "P404", "--older-than-method", "--no-wait")
    assert (older.code, older.out) == (0, "0 queued\n")


@pytest.mark.parametrize("arguments", [(), ("--all", "--patient", "P001"), (uuid4(), "--all")])
def test_which_sessions_must_be_said_once(reprocess, database, arguments):
    answer = reprocess(*arguments)
    assert (answer.code, "Please name one session" in answer.err) == (1, True)


def test_many_wait_behind_fresh_uploads_and_count_as_done_until_their_turn(
    reprocess, database, clinic, analysed, upload, work
):
    fresh = upload(game_file(seed=2))
    answer = reprocess("--all", "--no-wait")
    assert (answer.code, answer.out) == (0, "1 queued\n")
    assert "No worker is running" in answer.err
    with work() as conn:
        assert jobs(conn) == [
            ("extract_metadata", 50),
            ("analyse_session", 10),
            ("reprocess_session", -10),
        ]
    assert status(database, clinic, analysed) == "completed"
    assert status(database, clinic, fresh.session_id) == "pending"


def test_asked_twice_is_queued_once(reprocess, analysed, work, seen_worker):
    assert reprocess("--all", "--no-wait").err == ""
    again = reprocess("--all", "--no-wait")
    assert (again.code, again.out, again.err) == (0, "1 queued\n", "")
    with work() as conn:
        assert jobs(conn) == [("reprocess_session", -10)]


def test_somebody_elses_worker_is_followed_to_the_end(
    reprocess, analysed, database, store, seen_worker, upload, run_queue, work
):
    second = upload(game_file(seed=2)).session_id
    run_queue()
    with work() as conn:
        conn.execute("UPDATE emg_statistics SET rms = 0")

    def work_once_there_is_something():
        while True:
            with work() as conn:
                if jobs(conn):
                    break
        run_until_empty(
            database.url("myograph_work"),
            store,
            pseudonym_key=database.cluster.secrets.pseudonym_key,
        )

    worker = threading.Thread(target=work_once_there_is_something)
    worker.start()
    answer = reprocess("--all")
    worker.join()
    assert (answer.code, "2 analysed, 0 failed" in answer.out) == (0, True)
    with work() as conn:
        [(least,)] = conn.execute("SELECT min(rms) FROM emg_statistics").fetchall()
        assert least > 0
        assert {row[0] for row in conn.execute("SELECT attempt FROM therapy_sessions")} == {2}
    assert second


def test_ctrl_c_ends_the_waiting_and_not_the_work(
    reprocess, analysed, work, seen_worker, monkeypatch
):
    def interrupted(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("myograph.cli.reprocess.time.sleep", interrupted)
    answer = reprocess("--all")
    assert answer.code == 0
    assert re.search("goes on being analysed", answer.err)
    with work() as conn:
        assert jobs(conn) == [("reprocess_session", -10)]


def chosen(conn, **wanted):
    return [one for batch in reprocessing.chosen(conn, Wanted(**wanted)) for one in batch]


def test_sessions_are_chosen_by_patient_and_method(analysed, upload, run_queue, work):
    other = upload(game_file(seed=2)).session_id
    broken = upload(b"no recording").session_id
    run_queue()
    waiting = upload(game_file(seed=3)).session_id
    with work() as conn:
        assert chosen(conn) == [analysed, other, broken]
        assert chosen(conn, patient="P001") == [analysed]
        assert chosen(conn, session=other) == [other]
        assert chosen(conn, older=True) == []
        conn.execute(
            "UPDATE therapy_sessions SET processing_version = '2020.1' WHERE id = %s", [other]
        )
        assert chosen(conn, older=True) == [other]
        assert chosen(conn, older=True, patient="P001") == []
        conn.execute("UPDATE therapy_sessions SET object_gone_at = now() WHERE id = %s", [other])
        assert waiting not in chosen(conn)
        assert other not in chosen(conn)


def test_batches_follow_each_other_without_a_gap(analysed, upload, run_queue, work, monkeypatch):
    for seed in range(2, 5):
        upload(game_file(seed=seed))
    run_queue()
    monkeypatch.setattr(reprocessing, "BATCH", 2)
    with work() as conn:
        every = conn.execute("SELECT id FROM therapy_sessions ORDER BY created_at, id").fetchall()
        conn.execute("UPDATE therapy_sessions SET created_at = now()")
        conn.commit()
        by_id = sorted(row[0] for row in every)
        assert chosen(conn) == by_id
        assert [len(b) for b in reprocessing.chosen(conn, Wanted())] == [2, 2]


def test_a_session_taken_up_again_is_open_only_then(analysed, work, database, clinic, upload):
    waiting = upload(game_file(seed=2)).session_id
    with work() as conn:
        for session_id in (analysed, waiting):
            reprocessing.open_again(conn, session_id)
    assert status(database, clinic, analysed) == "reprocessing"
    assert status(database, clinic, waiting) == "pending"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("processing_status = 'completed'", None),
        ("object_gone_at = now()", "object_gone"),
        ("superseded_by = id", "superseded"),
        ("processing_status = 'failed', failure_kind = 'gave_up', failure_code = 'x'", "x"),
    ],
    ids=["done", "gone", "overwritten", "failed"],
)
def test_why_there_are_no_new_results_is_told(analysed, work, change, reason):
    with work() as conn:
        conn.execute(f"UPDATE therapy_sessions SET {change}")  # noqa: S608, of ours
        [one] = reprocessing.ended(conn, [analysed])
    assert (one.settled, one.reason) == (True, reason)
