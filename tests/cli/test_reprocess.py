"""A stored session, analysed again by command."""

from uuid import uuid4

import pytest

from myograph.db import contractions, scores, session_settings, statistics
from tests.game_files import game_file


@pytest.fixture
def reprocess(command, database, store, tmp_path):
    def run(session_id):
        return command(
            "reprocess",
            session_id,
            MYOGRAPH_DATA_DIR=str(tmp_path / "data"),
            MYOGRAPH_STORAGE_URL=store.root.as_uri(),
            MYOGRAPH_WORKER_DATABASE_URL=database.url("myograph_work"),
            MYOGRAPH_PSEUDONYM_KEY=database.cluster.secrets.pseudonym_key,
        )

    return run


@pytest.fixture
def analysed(upload, run_queue, clinic):
    received = upload(patient_code="P001", left="CH1", right="CH2")
    run_queue()
    return received.session_id


def rows_of(conn, session_id, table="contractions"):
    order = "at" if table == "contraction_edits" else "channel, number"
    return conn.execute(
        f"SELECT * FROM {table} WHERE session_id = %s ORDER BY {order}",  # noqa: S608, of ours
        [session_id],
    ).fetchall()


def test_results_are_made_anew_and_what_people_said_stays(
    reprocess, database, clinic, analysed, store
):
    with database.as_person(clinic.therapist) as conn:
        session_settings.enter(conn, analysed, {"rpe_post_session": 5})
    with database.connect("myograph_work") as conn:
        conn.execute(
            """
            INSERT INTO contraction_edits (session_id, channel, action, before_start_s,
                                           before_end_s, author)
            VALUES (%s, 'CH1', 'remove', 2, 4.5, %s)
            """,
            [analysed, clinic.therapist.id],
        )
        edits, right = rows_of(conn, analysed, "contraction_edits"), rows_of(conn, analysed)
        conn.execute("UPDATE emg_statistics SET rms = 0, fatigue_reason = NULL")
        conn.execute("DELETE FROM contractions WHERE number > 1")
    answer = reprocess(analysed)
    assert (answer.code, answer.out) == (0, f"{analysed}: analysed\n")
    with database.as_person(clinic.therapist) as conn:
        assert all(c.rms > 0 for c in statistics.of_session(conn, analysed))
        assert len(contractions.of_session(conn, analysed)) == len(right)
        assert scores.of_session(conn, analysed).effort_score == 100
    with database.connect("myograph_work") as conn:
        assert rows_of(conn, analysed, "contraction_edits") == edits
        assert rows_of(conn, analysed) == right


def test_a_file_that_is_gone_is_said_and_the_numbers_stay(
    reprocess, database, clinic, analysed, store
):
    [path] = store.root.rglob("*.c3d")
    path.unlink()
    answer = reprocess(analysed)
    assert (answer.code, answer.out) == (1, "")
    assert "cannot be analysed" in answer.err
    with database.as_person(clinic.therapist) as conn:
        assert len(statistics.of_session(conn, analysed)) == 2
    again = reprocess(analysed)
    assert (again.code, "gone from the store" in again.err) == (1, True)


def test_a_session_in_other_hands_is_left_to_them(reprocess, database, analysed):
    with database.connect("myograph_work") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET processing_status = 'reprocessing',"
            " lease_until = now() + interval '1 hour'"
        )
    assert "left to the worker" in reprocess(analysed).out


def test_an_overwritten_recording_is_not_analysed_again(reprocess, upload, run_queue, clinic):
    first = upload(name="unassigned/same.c3d")
    run_queue()
    upload(game_file(seed=2), name="unassigned/same.c3d")
    answer = reprocess(first.session_id)
    assert (answer.code, "overwritten" in answer.err) == (1, True)


def test_an_unknown_session_is_said_to_be_none(reprocess, database):
    answer = reprocess(uuid4())
    assert (answer.code, "no such session" in answer.err) == (1, True)
