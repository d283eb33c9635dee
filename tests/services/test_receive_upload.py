import threading
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from myograph.c3d.recording import read_facts
from myograph.c3d.source import BytesSource
from myograph.db import session_settings, sessions, technical
from myograph.errors import BadInput
from myograph.services.receive_upload import Upload, receive_upload
from tests.game_files import NAME, game_file

PLAIN = Upload("emg_data", f"unassigned/1/{NAME}", size_bytes=3, etag='"1"')


def jobs(database):
    with database.connect("myograph_work") as conn:
        return conn.execute(
            "SELECT task_name, args ->> 'session_id', priority FROM queue.procrastinate_jobs "
            "ORDER BY id"
        ).fetchall()


def session(database, clinic, received):
    with database.as_person(clinic.admin) as conn:
        return sessions.get(conn, clinic.admin, received.session_id)


def facts(**made):
    return read_facts(BytesSource(game_file(**made)))


def test_an_upload_gets_a_pending_session_and_its_jobs(database, upload):
    received = upload.announce(PLAIN)
    assert (received.created, received.status) == (True, "pending")
    of_this = str(received.session_id)
    assert jobs(database) == [("extract_metadata", of_this, 50), ("analyse_session", of_this, 10)]


def test_what_is_known_already_needs_no_job(database, upload):
    upload.announce(replace(PLAIN, facts=facts()))
    assert [task for task, *_ in jobs(database)] == ["analyse_session"]


def test_announced_again_it_is_the_same_session_and_no_new_work(database, upload):
    first = upload.announce(PLAIN)
    again = upload.announce(PLAIN)
    other_source = upload.announce(replace(PLAIN, source="sweep", delivery_id="7"))
    assert first.session_id == again.session_id == other_source.session_id
    assert (again.created, other_source.created) == (False, False)
    assert len(jobs(database)) == 2


def test_a_delivery_that_is_repeated_is_known_by_its_number(database, upload):
    first = upload.announce(replace(PLAIN, delivery_id="7", version="a"))
    again = upload.announce(replace(PLAIN, delivery_id="7", version="b"))
    assert first.session_id == again.session_id


def test_every_announcement_leaves_a_row(database, upload):
    upload.announce(PLAIN)
    upload.announce(replace(PLAIN, source="sweep", delivery_id="7"))
    with database.connect("myograph_work") as conn:
        rows = conn.execute("SELECT source, outcome FROM upload_events ORDER BY id").fetchall()
    assert rows == [("page", "created"), ("sweep", "duplicate")]


def test_a_listing_finds_the_session_by_path_and_etag(upload):
    first = upload.announce(replace(PLAIN, object_id="o1", version="v1"))
    listed = upload.announce(replace(PLAIN, source="sweep", etag="1"))
    assert listed.session_id == first.session_id


def test_other_bytes_under_the_same_name_supersede_what_was_not_analysed(database, clinic, upload):
    first = upload.announce(PLAIN)
    second = upload.announce(replace(PLAIN, etag='"2"'))
    assert second.created
    old = session(database, clinic, first)
    assert (old.processing_status, old.failure_kind) == ("failed", "superseded")
    assert old.superseded_by == second.session_id


def test_superseded_numbers_stay(database, clinic, upload, run_queue):
    first = upload(name="P001/a.c3d")
    run_queue()
    upload(game_file(seed=2), name="P001/a.c3d")
    old = session(database, clinic, first)
    assert (old.processing_status, old.superseded_by is None) == ("completed", False)
    assert old.analytics_cache is not None


def test_two_announcements_at_once_make_one_session(database, upload):
    found = []
    start = threading.Barrier(4)

    def announce(number):
        start.wait()
        found.append(upload.announce(replace(PLAIN, delivery_id=str(number))))

    threads = [threading.Thread(target=announce, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({received.session_id for received in found}) == 1
    assert sorted(received.created for received in found) == [False, False, False, True]


def test_nothing_stays_of_a_transaction_that_fails(database):
    with database.connect("myograph_work") as conn:
        receive_upload(conn, PLAIN)
        conn.rollback()
        assert conn.execute("SELECT count(*) FROM therapy_sessions").fetchone() == (0,)
    assert jobs(database) == []


def test_the_uploader_may_name_the_session(upload):
    wanted = uuid4()
    assert upload.announce(replace(PLAIN, session_id=wanted)).session_id == wanted


@pytest.mark.parametrize(
    ("name", "player", "patient", "claimed"),
    [
        ("P001/a.c3d", None, "P001", None),
        ("P001/a.c3d", "P001", "P001", None),
        ("P001/a.c3d", "P999", "P001", None),
        ("P999/a.c3d", None, None, "P999"),
        ("P999/a.c3d", "P001", "P001", None),
        ("unassigned/a.c3d", "P001", "P001", None),
        ("unassigned/a.c3d", "P999", None, "P999"),
        ("unassigned/a.c3d", "P01", None, None),
        ("unassigned/a.c3d", "somebody", None, None),
        ("unassigned/a.c3d", "Default", None, None),
    ],
)
def test_the_patient_is_who_path_or_file_name(
    database, clinic, upload, name, player, patient, claimed
):
    known = None if player is None else facts(player=player)
    received = upload.announce(replace(PLAIN, name=name, facts=known))
    found = session(database, clinic, received)
    assert (found.patient_id, found.claimed_patient_code) == (patient, claimed)
    assert found.patient_finding is None


def test_path_and_file_that_name_different_patients_leave_it_open(database, clinic, upload):
    received = upload.announce(replace(PLAIN, name="P001/a.c3d", facts=facts(player="P002")))
    found = session(database, clinic, received)
    assert (found.patient_id, found.claimed_patient_code, found.pseudonym) == (None, None, None)
    assert "P001" in found.patient_finding
    assert "P002" in found.patient_finding


def test_what_a_person_chooses_wins(database, clinic, upload):
    chosen = replace(PLAIN, name="P002/a.c3d", patient_code="P001", facts=facts(player="P003"))
    received = upload.announce(chosen, clinic.therapist)
    found = session(database, clinic, received)
    assert (found.patient_id, found.patient_finding) == ("P001", None)


@pytest.mark.parametrize("code", ["P003", "P999"])
def test_a_therapist_chooses_none_but_own_patients(clinic, upload, code):
    with pytest.raises(BadInput, match=code):
        upload.announce(replace(PLAIN, patient_code=code), clinic.therapist)


def test_an_admin_chooses_any_patient(database, clinic, upload):
    received = upload.announce(replace(PLAIN, patient_code="P003"), clinic.admin)
    assert session(database, clinic, received).patient_id == "P003"


def test_the_web_chooses_no_patient_where_nobody_is_signed_in(database, clinic):
    with database.connect("myograph_web") as conn, pytest.raises(BadInput, match="P001"):
        receive_upload(conn, replace(PLAIN, patient_code="P001"))


def test_an_unassigned_upload_is_seen_by_whoever_made_it(database, clinic, upload):
    received = upload.announce(PLAIN, clinic.therapist)
    with database.as_person(clinic.therapist) as conn:
        assert sessions.get(conn, clinic.therapist, received.session_id).patient_id is None
    with database.as_person(clinic.other_therapist) as conn:
        assert sessions.newest(conn, clinic.other_therapist) == []


def test_legs_are_kept_for_the_session_and_remembered_for_the_patient(database, clinic, upload):
    legs = {
        "CH1": {"muscle": "quadriceps", "side": "right"},
        "CH2": {"muscle": "quadriceps", "side": "left"},
    }
    received = upload.announce(
        replace(PLAIN, patient_code="P001", left="CH2", right="CH1"), clinic.therapist
    )
    with database.as_person(clinic.therapist) as conn:
        settings = session_settings.of_session(conn, received.session_id)
        remembered = conn.execute(
            "SELECT channel_assignment FROM patients WHERE patient_code = 'P001'"
        ).fetchone()
    assert settings.channel_assignment == legs
    assert remembered == (legs,)


def test_one_channel_cannot_lie_on_both_legs(upload):
    with pytest.raises(BadInput, match="both legs"):
        upload.announce(replace(PLAIN, left="CH1", right="CH1"))


def test_a_channel_that_the_recording_has_not_is_refused(upload):
    with pytest.raises(BadInput, match="CH7"):
        upload.announce(replace(PLAIN, left="CH7", facts=facts()))


@pytest.mark.parametrize(
    "broken",
    [
        {"bucket": ""},
        {"name": ""},
        {"name": "a/../b.c3d"},
        {"name": "../b.c3d"},
        {"name": "a//b.c3d"},
        {"name": "./b.c3d"},
        {"name": "a\nb.c3d"},
        {"name": "x" * 1025},
        {"etag": None},
        {"size_bytes": -1},
    ],
)
def test_what_cannot_be_an_upload_is_refused(database, upload, broken):
    with pytest.raises(BadInput):
        upload.announce(replace(PLAIN, **broken))
    assert jobs(database) == []


def test_names_with_blanks_umlauts_and_dots_are_fine(database, clinic, upload):
    received = upload.announce(replace(PLAIN, name="unassigned/Übung 3 .. links.c3d"))
    assert session(database, clinic, received).session_id == "Übung 3 .. links"


def test_a_nul_in_what_the_file_says_does_not_stop_it(database, clinic, upload):
    said = facts()
    said = replace(said, game=replace(said.game, player="P0\x0001", score=float("nan")))
    received = upload.announce(replace(PLAIN, facts=said))
    game = session(database, clinic, received).game_metadata
    assert (game["player"], game["score"]) == ("P001", None)


def test_the_facts_are_stored_with_the_session(database, clinic, upload):
    received = upload.announce(replace(PLAIN, facts=facts()))
    with database.as_person(clinic.admin) as conn:
        stored = technical.of_session(conn, received.session_id)
    assert (stored.sampling_rate, stored.original_sampling_rate) == (1000, 990)
    assert stored.emg_labels == ["CH1", "CH2"]
    found = session(database, clinic, received)
    assert f"{found.started_local}" == "2025-03-10 11:46:23.823000"
    assert f"{found.session_date}" == "2025-03-10 10:46:23.823000+00:00"


def test_an_error_that_is_no_refusal_passes(database):
    with database.connect("myograph_web") as conn, pytest.raises(psycopg.DataError):
        receive_upload(conn, replace(PLAIN, session_id="no uuid"))
