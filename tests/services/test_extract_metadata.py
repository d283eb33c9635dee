from dataclasses import replace
from datetime import datetime

import pytest

from myograph.c3d.recording import read_facts
from myograph.c3d.source import BytesSource
from myograph.db import sessions, technical
from myograph.db.pool import open_pool
from myograph.services.extract_metadata import described, extract_metadata
from myograph.services.receive_upload import Upload
from tests.game_files import NAME, START, game_file


def facts(**made):
    return read_facts(BytesSource(game_file(**made)))


@pytest.fixture
def extract(database, store):
    with open_pool(database.url("myograph_work"), size=2) as pool:
        yield lambda received: extract_metadata(pool, store, received.session_id)


def known(database, clinic, received):
    with database.as_person(clinic.admin) as conn:
        return (
            technical.of_session(conn, received.session_id),
            sessions.get(conn, clinic.admin, received.session_id),
        )


def test_the_first_blocks_tell_the_facts_and_the_patient(database, clinic, upload, extract):
    received = upload(game_file(player="P001"))
    extract(received)
    found, session = known(database, clinic, received)
    assert (found.sampling_rate, found.channel_count) == (1000, 4)
    assert (session.patient_id, session.processing_status) == ("P001", "pending")
    assert session.started_local == START


def test_it_is_done_once(database, clinic, upload, extract, store):
    received = upload(name="unassigned/a.c3d")
    extract(received)
    first, _ = known(database, clinic, received)
    extract(received)
    assert known(database, clinic, received)[0] == first


@pytest.mark.parametrize("content", [b"", b"no recording" * 100], ids=["empty", "text"])
def test_a_file_that_cannot_be_read_is_left_to_the_analysis(
    database, clinic, upload, extract, content
):
    received = upload(content)
    extract(received)
    found, session = known(database, clinic, received)
    assert found is None
    assert session.processing_status == "pending"


def test_a_file_that_is_gone_is_left_to_the_analysis(database, clinic, upload, extract, store):
    received = upload(name="unassigned/a.c3d")
    store.delete("emg_data/unassigned/a.c3d")
    extract(received)
    assert known(database, clinic, received)[0] is None


def test_other_bytes_that_lie_there_by_now_say_nothing_of_this_session(
    database, clinic, upload, extract, store
):
    """Not even whose it is: their player is not this one's."""
    received = upload(game_file(player="P001"), name="unassigned/a.c3d")
    store.put("emg_data/unassigned/a.c3d", [game_file(player="P002", seed=2)])
    extract(received)
    found, session = known(database, clinic, received)
    assert (found, session.patient_id, session.started_local) == (None, None, None)


def told(upload, store, **known):
    """An announcement that knows less than the store does."""
    store.put("emg_data/unassigned/a.c3d", [game_file(player="P001")])
    return upload.announce(Upload("emg_data", "unassigned/a.c3d", version="v1", **known))


@pytest.mark.parametrize(("size", "patient"), [(0, "P001"), (1, None)])
def test_where_no_etag_was_told_the_size_says_which_bytes_are_meant(
    database, clinic, upload, extract, store, size, patient
):
    extract(told(upload, store, size_bytes=len(game_file(player="P001")) + size))
    with database.connect("postgres") as conn:
        assert conn.execute("SELECT patient_id FROM therapy_sessions").fetchall() == [(patient,)]


def test_where_nothing_was_told_of_the_bytes_those_that_lie_there_are_meant(
    database, clinic, upload, extract, store
):
    received = told(upload, store)
    extract(received)
    assert known(database, clinic, received)[1].patient_id == "P001"


def test_a_file_player_is_not_believed_over_a_person(database, clinic, upload, extract):
    received = upload(game_file(player="P002"), patient_code="P001")
    extract(received)
    assert known(database, clinic, received)[1].patient_id == "P001"


def test_the_name_makes_the_start_precise():
    told = described(facts(), name=f"P001/{NAME}")
    assert told["started_local"] == "2025-03-10T11:46:23.823000"
    assert told["session_date"] == "2025-03-10T11:46:23.823000+01:00"


def test_a_name_of_another_day_is_not_believed():
    told = described(facts(), name="Ghostly_Emg_20240101_00-00-00-0000.c3d")
    assert told["started_local"] == "2025-03-10T11:46:00"


def test_a_name_alone_is_better_than_nothing():
    silent = replace(facts(), game=None)
    assert described(silent, name=NAME)["started_local"] == "2025-03-10T11:46:23.823000"
    assert described(silent, name=NAME)["game"] is None


def test_without_either_the_start_is_unknown():
    told = described(replace(facts(), game=None), name="recording.c3d")
    assert (told["started_local"], told["session_date"]) == (None, None)


@pytest.mark.parametrize(
    ("start", "offset", "doubled"),
    [
        ("2025-10-26T01:59", "+02:00", False),
        ("2025-10-26T02:30", "+02:00", True),
        ("2025-10-26T03:00", "+01:00", False),
        ("2025-03-30T02:30", "+01:00", False),
    ],
)
def test_of_a_doubled_hour_the_first_is_taken_and_said(start, offset, doubled):
    told = described(facts(start=datetime.fromisoformat(start)), name="recording.c3d")
    assert told["session_date"].endswith(offset)
    assert ("doubled_hour" in {f["code"] for f in told["findings"]}) is doubled


def test_the_zone_is_the_sites():
    told = described(facts(), name=NAME, zone="America/New_York")
    assert told["session_date"].endswith("-04:00")
