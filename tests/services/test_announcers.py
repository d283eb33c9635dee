"""Who announces what, all at once or one after the other, and what only some may."""

import threading
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from myograph.c3d.recording import read_facts
from myograph.c3d.source import BytesSource
from myograph.db.identity import become
from myograph.errors import BadInput, NotAllowed
from myograph.services.receive_upload import Upload, event_of, receive_event
from tests.game_files import NAME, game_file

DOOR = UUID("5b1f6a52-8c0e-4d55-9f43-2f6c3a1d7e10")
# One object as three see it: our own upload page, the store's webhook, a listing.
PAGE = Upload("emg_data", f"unassigned/{DOOR}/{NAME}", size_bytes=3, etag="a", session_id=DOOR)
WEBHOOK = replace(
    PAGE, etag='"a"', session_id=None, version="v1", object_id="o1", source="store", shape="s3"
)
SWEEP = replace(PAGE, session_id=None, source="sweep", shape="sweep")


@pytest.fixture
def tell(database, clinic):
    """Announce as a person, else as the receiver."""

    def told(upload, person=None):
        with database.connect("myograph_web") as conn:
            if person:
                become(conn, person)
            return receive_event(conn, upload)

    return told


@pytest.fixture
def rows(database):
    def read():
        with database.connect("postgres", row_factory=dict_row) as conn:
            return conn.execute("SELECT * FROM therapy_sessions ORDER BY created_at, id").fetchall()

    return read


def jobs(database):
    with database.connect("myograph_work") as conn:
        return [
            task
            for (task,) in conn.execute(
                "SELECT task_name FROM queue.procrastinate_jobs ORDER BY id"
            )
        ]


# ── one object, several announcers


@pytest.mark.parametrize(
    "order",
    ["page webhook sweep", "webhook page sweep", "sweep webhook page", "sweep page webhook"],
)
def test_whoever_comes_first_there_is_one_session_and_it_is_the_persons(
    database, clinic, tell, rows, order
):
    facts = read_facts(BytesSource(game_file(player="P003")))
    said = replace(
        PAGE, patient_code="P001", left="CH2", right="CH1", facts=facts, file_hash="e" * 64
    )
    tellers = {
        "page": lambda: tell(said, clinic.therapist),
        "webhook": lambda: tell(WEBHOOK),
        "sweep": lambda: tell(SWEEP),
    }
    got = [tellers[who]() for who in order.split()]
    assert [r.outcome for r in got] == ["created", "duplicate", "duplicate"]
    assert {r.session_id for r in got} == {DOOR}
    [row] = rows()
    assert (row["patient_id"], row["patient_chosen"]) == ("P001", True)
    assert (row["uploaded_by"], row["file_hash"]) == (clinic.therapist.id, "e" * 64)
    assert (row["storage_object_id"], row["storage_version"]) == ("o1", "v1")
    with database.as_person(clinic.therapist) as conn:
        [legs] = conn.execute("SELECT channel_assignment FROM session_settings").fetchone()
    assert legs["CH2"]["side"] == "left"
    assert jobs(database).count("analyse_session") == 1


def test_all_at_once_make_one_session(database, clinic, tell, rows):
    told, start = [], threading.Barrier(6)
    said = replace(PAGE, patient_code="P001")

    def announce(upload, person=None):
        start.wait()
        told.append(tell(upload, person))

    each = [(said, clinic.therapist), (SWEEP, None), (WEBHOOK, None)]
    each += [(replace(WEBHOOK, delivery_id=number), None) for number in "112"]
    threads = [threading.Thread(target=announce, args=args) for args in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.outcome for r in told) == ["created"] + ["duplicate"] * 5
    [row] = rows()
    assert (row["id"], row["patient_id"]) == (DOOR, "P001")
    with database.connect("myograph_work") as conn:
        [counted] = conn.execute(
            "SELECT deliveries FROM upload_events WHERE delivery_id = '1'"
        ).fetchone()
    assert counted == 2


def test_objects_that_change_places_at_once_do_not_wait_for_each_other_for_ever(
    database, clinic, tell, rows
):
    one = replace(WEBHOOK, name="P001/1.c3d", object_id="o1", etag="1")
    two = replace(WEBHOOK, name="P001/2.c3d", object_id="o2", etag="2")
    tell(one)
    tell(two)
    for version in range(2, 12):
        one = replace(one, name=two.name, old_name=one.name, version=f"v{version}")
        two = replace(two, name=one.old_name, old_name=two.name, version=f"v{version}")
        problems, start = [], threading.Barrier(2)

        def move(upload, start=start, problems=problems):
            start.wait()
            try:
                tell(upload)
            except psycopg.Error as exc:
                problems.append(exc)

        threads = [threading.Thread(target=move, args=[upload]) for upload in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        at = {r["storage_object_id"]: r["file_path"] for r in rows() if not r["superseded_by"]}
        assert at == {"o1": one.name, "o2": two.name}


def test_an_overwrite_and_an_analysis_that_saves_do_not_wait_for_each_other_for_ever(
    database, clinic, tell, rows, upload, run_queue
):
    """The twin of a session is overwritten while the session is identified."""
    content = game_file()
    stored = upload.store.put("emg_data/P001/1.c3d", [content])
    upload.store.put("emg_data/P001/2.c3d", [content])
    known = {"size_bytes": stored.size, "etag": stored.etag}
    first = replace(WEBHOOK, name="P001/1.c3d", object_id="o1", **known)
    second = replace(WEBHOOK, name="P001/2.c3d", object_id="o2", **known)
    tell(first)
    head = upload.store.head("emg_data/P001/2.c3d")
    tell(replace(second, etag=head.etag))
    run_queue()
    one, two = rows()
    assert (one["duplicate_of"], two["duplicate_of"]) == (None, one["id"])
    tell(replace(first, version="v2", etag="b", size_bytes=4))
    one, two, _ = rows()
    assert (one["duplicate_of"], two["duplicate_of"]) == (two["id"], None)


# ── keys of our own upload page


@pytest.mark.parametrize("teller", [WEBHOOK, SWEEP])
def test_an_upload_whose_commit_failed_is_found_again_as_itself(tell, rows, teller):
    got = tell(replace(teller, name=f"P002/{DOOR}/{NAME}"))
    assert got.session_id == DOOR
    [row] = rows()
    assert (row["patient_id"], row["patient_chosen"]) == ("P002", True)


def test_a_number_in_a_name_that_is_taken_is_given_to_no_second_session(tell, rows):
    first = tell(WEBHOOK)
    second = tell(replace(WEBHOOK, object_id="o2", version="w", etag="w"))
    elsewhere = tell(replace(WEBHOOK, name=f"P001/{DOOR}/{NAME}", object_id="o3", etag="x"))
    assert first.session_id == DOOR
    assert len({DOOR, second.session_id, elsewhere.session_id}) == 3


@pytest.mark.parametrize("name", [f"P999/{DOOR}/a.c3d", f"{DOOR}/a.c3d", f"a/b/{DOOR}/a.c3d"])
def test_whom_nobody_chose_is_left_open(tell, rows, name):
    got = tell(replace(WEBHOOK, name=name))
    [row] = rows()
    assert (row["patient_id"], row["patient_chosen"]) == (None, False)
    assert (got.session_id == DOOR) is name.startswith("P999")


def test_an_admin_gives_a_session_of_an_unknown_patient_to_one(database, clinic, tell, rows):
    got = tell(replace(WEBHOOK, name=f"P999/{NAME}"))
    assert rows()[0]["claimed_patient_code"] == "P999"
    with database.as_person(clinic.admin) as conn:
        conn.execute("SELECT app.assign(%s, %s)", [got.session_id, Jsonb({"patient_code": "P002"})])
    row = rows()[0]
    assert (row["patient_id"], row["claimed_patient_code"]) == ("P002", None)


# ── what only some may


@pytest.mark.parametrize(
    "more",
    [
        {"operation": "removed"},
        {"source": "store"},
        {"shape": "sweep"},
        {"delivery_id": "1"},
        {"old_name": "P003/x.c3d"},
        {"ignored": "not_c3d"},
        {"sequencer": "1"},
    ],
)
def test_a_therapist_announces_uploads_of_their_own_and_nothing_else(tell, clinic, more):
    with pytest.raises(NotAllowed):
        tell(replace(PAGE, **more), clinic.therapist)


@pytest.mark.parametrize("etag", ["a", "b"])
def test_a_therapist_neither_learns_nor_takes_the_place_of_anothers_recording(
    tell, clinic, rows, etag
):
    theirs = replace(PAGE, name=f"P003/{NAME}", session_id=None)
    tell(theirs, clinic.other_therapist)
    with pytest.raises(NotAllowed):
        tell(replace(theirs, etag=etag), clinic.therapist)
    assert len(rows()) == 1


def test_a_number_in_a_name_opens_no_session_that_has_its_uploader(tell, clinic, rows):
    tell(PAGE, clinic.other_therapist)
    with pytest.raises(NotAllowed):
        tell(replace(PAGE, patient_code="P001"), clinic.therapist)
    assert rows()[0]["uploaded_by"] == clinic.other_therapist.id


def test_what_an_uploader_says_again_counts_and_anothers_word_does_not(tell, clinic, rows, upload):
    tell(PAGE, clinic.therapist)
    tell(replace(PAGE, patient_code="P001"), clinic.therapist)
    tell(replace(PAGE, patient_code="P003"), clinic.admin)
    upload.announce(replace(PAGE, patient_code="P002"))  # a program of ours
    assert rows()[0]["patient_id"] == "P001"


def test_a_role_without_a_person_announces_nothing(database, clinic):
    with database.connect("myograph_web") as conn:
        conn.execute("SET LOCAL ROLE myograph_therapist")
        with pytest.raises(NotAllowed, match="signed in"):
            receive_event(conn, PAGE)


def test_a_webhook_chooses_no_patient(tell):
    with pytest.raises(BadInput, match="P001"):
        tell(replace(WEBHOOK, patient_code="P001"))


def test_an_admin_may_announce_anything(tell, clinic):
    assert tell(replace(WEBHOOK, delivery_id="1"), clinic.admin).outcome == "created"
    assert tell(replace(WEBHOOK, operation="removed"), clinic.admin).outcome == "gone"


# ── played again


def replayed(database, person, event_id):
    with database.as_person(person) as conn:
        return conn.execute(
            "SELECT session_id, outcome, status FROM app.replay_event(%s)", [event_id]
        ).fetchone()


def test_a_dead_letter_that_is_played_again_is_queued_again(database, clinic, tell, rows):
    got = tell(replace(WEBHOOK, delivery_id="1"))
    with database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET processing_status = 'failed', failure_kind = 'gave_up',"
            " tries = 5"
        )
    assert replayed(database, clinic.admin, got.event_id) == (DOOR, "duplicate", "pending")
    row = rows()[0]
    assert (row["processing_status"], row["failure_kind"], row["tries"]) == ("pending", None, 0)
    assert jobs(database).count("analyse_session") == 2


def test_a_file_that_was_not_there_is_looked_for_again(database, clinic, tell, upload, run_queue):
    stored = upload.store.put(f"emg_data/{WEBHOOK.name}", [game_file()])
    upload.store.delete(f"emg_data/{WEBHOOK.name}")
    got = tell(replace(WEBHOOK, size_bytes=stored.size, etag=None))
    run_queue()
    upload.store.put(f"emg_data/{WEBHOOK.name}", [game_file()])
    _, _, status = replayed(database, clinic.admin, got.event_id)
    assert status == "pending"
    run_queue()
    with database.connect("postgres") as conn:
        row = conn.execute("SELECT processing_status, object_gone_at FROM therapy_sessions")
        assert row.fetchone() == ("completed", None)


def test_what_never_had_a_session_has_one_when_it_is_played_again(database, clinic, tell, rows):
    gone = tell(replace(WEBHOOK, operation="removed"))
    assert replayed(database, clinic.admin, gone.event_id) == (None, "gone", None)
    ignored = tell(replace(WEBHOOK, ignored="other_bucket", delivery_id="9"))
    assert replayed(database, clinic.admin, ignored.event_id)[1] == "ignored"
    assert rows() == []


def test_a_delivery_that_is_not_there_cannot_be_played_again(database, clinic):
    with database.as_person(clinic.admin) as conn, pytest.raises(psycopg.Error, match="delivery"):
        conn.execute("SELECT app.replay_event(7)")


# ── sent


def test_what_is_sent_holds_what_is_known_and_nothing_else():
    assert event_of(Upload("b", "n", etag="1")) == {
        "bucket": "b",
        "name": "n",
        "etag": "1",
        "source": "page",
        "shape": "page",
        "operation": "created",
    }
