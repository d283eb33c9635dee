import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from myograph.db import sessions
from myograph.db.sessions import newest
from myograph.errors import NotFound
from tests.game_files import game_file

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PATIENCE_S = 30


def add(database, count, **columns):
    """Sessions of P001 an hour apart, the last the newest; their ids, newest first."""
    values = {"patient_id": "P001", "processing_status": "pending", "failure_kind": None} | columns
    with database.connect("myograph_work") as conn:
        ids = [
            conn.execute(
                """
                INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version,
                       session_date, patient_id, processing_status, failure_kind)
                VALUES (gen_random_uuid()::text, 'b', '1', %s, %s, %s, %s) RETURNING id
                """,
                [NOON + timedelta(hours=n), *values.values()],
            ).fetchone()[0]
            for n in range(count)
        ]
    return ids[::-1]


def test_the_newest_come_first_page_by_page(database, clinic):
    ids = add(database, 5)
    found, before = [], None
    with database.as_person(clinic.therapist) as conn:
        while page := newest(conn, clinic.therapist, limit=2, before=before):
            found += [row.id for row in page]
            before = (page[-1].sorted_at, page[-1].id)
    assert found == ids


def test_sessions_of_the_same_moment_are_each_seen_once(database, clinic):
    ids = set(add(database, 3))
    with database.connect("myograph_work") as conn:
        conn.execute("UPDATE therapy_sessions SET session_date = %s", [NOON])
    with database.as_person(clinic.therapist) as conn:
        first = newest(conn, clinic.therapist, limit=2)
        rest = newest(conn, clinic.therapist, limit=2, before=(first[-1].sorted_at, first[-1].id))
    assert {row.id for row in first + rest} == ids


def test_a_session_without_a_date_is_placed_by_its_arrival(database, clinic):
    add(database, 1)
    with database.connect("myograph_work") as conn:
        conn.execute("UPDATE therapy_sessions SET session_date = NULL")
    with database.as_person(clinic.therapist) as conn:
        [row] = newest(conn, clinic.therapist)
    assert row.sorted_at == row.created_at


def test_a_list_can_be_of_one_patient_or_one_state(database, clinic):
    mine = add(database, 2)
    failed = add(
        database, 1, patient_id="P002", processing_status="failed", failure_kind="unreadable"
    )
    with database.as_person(clinic.therapist) as conn:
        assert [r.id for r in newest(conn, clinic.therapist, patient="P001")] == mine
        assert [r.id for r in newest(conn, clinic.therapist, state="failed")] == failed
        assert newest(conn, clinic.therapist, patient="P001", state="failed") == []


def test_a_researcher_asks_by_pseudonym(database, clinic, upload):
    received = upload(patient_code="P001")
    with database.as_person(clinic.researcher) as conn:
        [row] = newest(conn, clinic.researcher)
        assert row.id == received.session_id
        assert newest(conn, clinic.researcher, patient=row.pseudonym) == [row]
        assert newest(conn, clinic.researcher, patient="P001") == []


def test_a_session_that_is_not_there_is_not_found(database, clinic):
    with database.as_person(clinic.admin) as conn, pytest.raises(NotFound):
        sessions.get(conn, clinic.admin, uuid4())


def test_counts_are_of_what_the_person_may_see(database, clinic):
    add(database, 2)
    add(database, 1, patient_id="P003", processing_status="failed", failure_kind="gave_up")
    with database.as_person(clinic.therapist) as conn:
        found = sessions.counts(conn, clinic.therapist)
    assert (found.patients, found.sessions, found.in_processing, found.failed) == (2, 2, 2, 0)
    with database.as_person(clinic.admin) as conn:
        found = sessions.counts(conn, clinic.admin)
    assert (found.patients, found.sessions, found.in_processing, found.failed) == (3, 3, 2, 1)


def since(database, person, cursor):
    with database.as_person(person) as conn:
        return sessions.changed_since(conn, person, cursor)


def nothing_comes_for_ever(database, person, cursor):
    """A change comes again while any transaction of the server is older than it, and then ends."""
    until = time.monotonic() + PATIENCE_S
    while (found := since(database, person, cursor))[0]:
        assert time.monotonic() < until
        cursor = found[1]


def test_what_changed_comes_after_the_cursor(database, clinic, upload):
    nothing, cursor = since(database, clinic.therapist, None)
    assert nothing == []
    received = upload(patient_code="P001")
    changed, cursor = since(database, clinic.therapist, cursor)
    assert [(s.id, s.processing_status) for s in changed] == [(received.session_id, "pending")]
    nothing_comes_for_ever(database, clinic.therapist, cursor)


def test_a_change_that_commits_late_is_not_lost(database, clinic, upload):
    """It began before the cursor was taken and ended after."""
    slow, quick = upload(patient_code="P001"), upload(game_file(seed=2), patient_code="P001")
    touch = "UPDATE therapy_sessions SET protocol_day = 1 WHERE id = %s"
    with database.connect("myograph_work") as late:
        late.execute(touch, [slow.session_id])
        with database.connect("myograph_work") as conn:
            conn.execute(touch, [quick.session_id])
        _, cursor = since(database, clinic.therapist, None)
        late.commit()
    changed, _ = since(database, clinic.therapist, cursor)
    assert slow.session_id in {s.id for s in changed}


def test_others_changes_are_not_ours(database, clinic, upload):
    _, cursor = since(database, clinic.therapist, None)
    upload(patient_code="P003")
    assert since(database, clinic.therapist, cursor)[0] == []


def test_a_change_is_announced(database, upload):
    heard = []
    with database.connect("myograph_web", autocommit=True) as conn:
        conn.execute("LISTEN session_changed")
        listener = threading.Thread(
            target=lambda: heard.extend(n.payload for n in conn.notifies(timeout=30, stop_after=1))
        )
        listener.start()
        received = upload()
        listener.join()
    assert heard[0] == str(received.session_id)


def test_states_are_of_the_sessions_asked_for(database, clinic, upload, run_queue):
    received, other = upload(patient_code="P001"), upload(game_file(seed=2), patient_code="P003")
    run_queue()
    with database.as_person(clinic.therapist) as conn:
        found = sessions.states(conn, clinic.therapist, [received.session_id, other.session_id])
    assert [(s.id, s.processing_status, s.has_technical) for s in found] == [
        (received.session_id, "completed", True)
    ]


def test_the_way_of_a_session_is_seen_in_its_changes(database, clinic, upload, run_queue):
    received = upload(patient_code="P001")
    _, cursor = since(database, clinic.therapist, None)
    run_queue()
    changed, _ = since(database, clinic.therapist, cursor)
    assert [(s.id, s.processing_status) for s in changed] == [(received.session_id, "completed")]


def test_a_session_knows_where_its_object_lies_and_whether_it_is_settled(database, clinic, upload):
    received = upload(name="P001/a b.c3d")
    with database.as_person(clinic.admin) as conn:
        session = sessions.get(conn, clinic.admin, received.session_id)
    assert session.object_key == "emg_data/P001/a b.c3d"
    assert not session.settled
