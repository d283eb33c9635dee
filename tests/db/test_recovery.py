"""Recovering what there is of a broken recording: who may ask, and what comes of it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from myograph.db import recovery
from myograph.errors import BadInput, NotFound
from tests.game_files import game_file


@pytest.fixture
def broken(clinic, upload, run_queue):
    received = upload(game_file(finalised=False), patient_code="P001")
    run_queue()
    return received


def ask(database, person, received):
    with database.as_person(person) as conn:
        recovery.recover(conn, received.session_id)


def jobs(database):
    with database.connect("myograph_work") as conn:
        return conn.execute("SELECT task_name FROM queue.procrastinate_jobs").fetchall()


@pytest.mark.parametrize("who", ["therapist", "admin"])
def test_what_is_there_is_analysed_and_the_session_says_so(
    database, clinic, broken, look, run_queue, who
):
    failed = look(broken)
    assert (failed.failure_code, failed.recovered) == ("unfinalised", False)
    assert recovery.possible(failed)
    ask(database, getattr(clinic, who), broken)
    assert look(broken).processing_status == "pending"
    run_queue()
    found = look(broken)
    assert (found.processing_status, found.recovered) == ("completed", True)
    assert not recovery.possible(found)


def test_asked_twice_it_is_done_once(database, clinic, broken, look, run_queue):
    for _ in range(2):
        ask(database, clinic.therapist, broken)
    assert jobs(database) == [("analyse_session",)]
    run_queue()
    ask(database, clinic.therapist, broken)
    assert jobs(database) == []
    assert look(broken).processing_status == "completed"


def test_of_another_therapists_patient_it_is_not_there(database, clinic, broken, look):
    with pytest.raises(NotFound):
        ask(database, clinic.other_therapist, broken)
    assert not look(broken).recovered


def test_whole_recordings_are_not_recovered(database, clinic, upload, run_queue, look):
    received = upload(patient_code="P001")
    run_queue()
    with pytest.raises(BadInput, match="did not break off"):
        ask(database, clinic.therapist, received)
    assert look(received).processing_status == "completed"


def test_equal_bytes_are_recovered_only_where_that_was_asked(
    database, clinic, broken, upload, run_queue, look
):
    ask(database, clinic.therapist, broken)
    run_queue()
    twin = upload(game_file(finalised=False), name="P001/twin.c3d", patient_code="P001")
    run_queue()
    assert look(twin).duplicate_of == broken.session_id
    assert look(twin).failure_code == "unfinalised"


@pytest.mark.parametrize(
    "changes",
    [
        {"failure_code": "not_c3d"},
        {"failure_code": None},
        {"recovered": True},
        {"superseded_by": uuid4()},
        {"object_gone_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_nothing_is_offered_that_would_be_refused(broken, look, changes):
    assert not recovery.possible(replace(look(broken), **changes))
