"""From the webhook through the worker, where an announcement is not the whole truth."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from myograph.db.pool import open_pool
from myograph.services.sweep_uploads import sweep_uploads
from myograph.storage.objects import CHUNK_BYTES, ObjectStore
from tests.web.conftest import Served
from tests.web.webhooks.bodies import database_webhook
from tests.web.webhooks.conftest import NOW, SOURCES, Receiver, inserted

PAGE = {"Accept": "text/html"}


@pytest.fixture
def hook(make_app, database, clinic, store):
    """The receiver, with a database and a store of the test's own."""
    app = make_app(
        web_url=database.url("myograph_web"), store=store, sources=SOURCES, clock=lambda: NOW
    )
    with TestClient(app, base_url="https://clinic.example") as server:
        yield Receiver(server, store.root)


@pytest.fixture
def visit(hook, clinic, database):
    ids = {"ada": clinic.admin.id, "thea": clinic.therapist.id}
    with database.connect("myograph_web") as web:
        yield Served(hook.server, hook.root, ids, web)


@pytest.fixture
def session(visit):
    """A session as an admin sees it."""
    return lambda told: visit.as_("ada").get(f"/api/sessions/{told['session_id']}").json()


@pytest.fixture
def hurry(database, run_queue):
    """Every job that was put off, as if its time had come; so often that no try is left."""

    def run(times=8):
        for _ in range(times):
            with database.connect("postgres") as conn:
                conn.execute("SET search_path = queue")
                conn.execute(
                    "UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"
                )
            run_queue()

    return run


@pytest.fixture
def sweep(database, store):
    def run():
        with open_pool(database.url("myograph_work"), size=4) as pool:
            return sweep_uploads(pool, store, "emg_data", settle_s=0)

    return run


def of(stored, **lies):
    return {"metadata": {"eTag": f'"{stored.etag}"', "size": stored.size} | lies}


def test_the_session_of_an_unknown_patient_is_assigned_by_an_admin_and_scored(
    hook, visit, session, run_queue, new_recording
):
    stored = hook.put("P999/new.c3d", new_recording(20.0))
    told = hook.send(inserted("P999/new.c3d", **of(stored))).json()
    run_queue()
    before = session(told)
    assert before["processing_status"] == "completed"
    assert (before["patient_id"], before["claimed_patient_code"]) == (None, "P999")
    address = f"/sessions/{told['session_id']}"
    page = visit.as_("ada", **PAGE).get(address).text
    assert "names patient P999, who is not known here" in page
    assert "<option>P001</option>" in page
    assert visit.as_("thea").get(f"/api{address}").status_code == 404
    scores = f"/api{address}/performance"
    assert visit.as_("ada").get(scores).json()["compliance_score"] is None

    said = {"patient": "P001", "left": "CH1", "right": "CH2"}
    answer = visit.as_("ada").patch(f"/api{address}/patient", json=said)
    assert (answer.status_code, answer.json()["patient_id"]) == (200, "P001")
    run_queue()
    assert visit.as_("thea").get(f"/api{address}").json()["patient_id"] == "P001"
    assert visit.as_("thea").get(scores).json()["compliance_score"] is not None
    assert "P999" not in visit.as_("thea", **PAGE).get(address).text.partition("<main")[2]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"patient": "P404"}, "There is no patient P404"),
        ({"patient": "somebody"}, "patient must be P and at least three digits"),
        ({"patient": None}, "patient must be a text."),
        ({"left": "CH1", "right": "CH1"}, "CH1 cannot be on both legs."),
        ({}, "Nothing was said"),
    ],
)
def test_an_assignment_that_cannot_be_is_refused_and_changes_nothing(
    hook, visit, session, said, sentence
):
    told = hook.send(inserted("P999/new.c3d")).json()
    address = f"/api/sessions/{told['session_id']}/patient"
    answer = visit.as_("ada").patch(address, json=said)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]
    assert session(told)["patient_id"] is None


def test_legs_are_taken_back_and_the_patient_stays(hook, visit, session):
    told = hook.send(inserted("P001/new.c3d")).json()
    address = f"/api/sessions/{told['session_id']}"
    for said in ({"left": "CH1", "right": "CH2"}, {"left": None}):
        assert visit.as_("ada").patch(f"{address}/patient", json=said).status_code == 200
    legs = visit.as_("ada").get(f"{address}/settings").json()["settings"]["channel_assignment"]
    assert {label: leg["side"] for label, leg in legs.items()} == {"CH2": "right"}
    assert session(told)["patient_id"] == "P001"


def test_a_size_that_nobody_told_is_the_stores(hook, session, run_queue, new_recording):
    stored = hook.put("P001/a.c3d", new_recording())
    told = hook.send(inserted("P001/a.c3d", **of(stored, size=None))).json()
    run_queue()
    found = session(told)
    assert (found["processing_status"], found["file_size_bytes"]) == ("completed", stored.size)


def test_a_size_that_lies_is_righted_where_the_etag_is_that_of_the_store(
    hook, session, run_queue, new_recording
):
    stored = hook.put("P001/a.c3d", new_recording())
    told = hook.send(inserted("P001/a.c3d", **of(stored, size=stored.size + 1))).json()
    run_queue()
    found = session(told)
    assert (found["processing_status"], found["file_size_bytes"]) == ("completed", stored.size)


def test_a_size_that_lies_and_is_all_that_was_told_is_given_up_and_the_sweep_knows_better(
    hook, visit, session, hurry, sweep, database, new_recording
):
    stored = hook.put("P001/a.c3d", new_recording())
    lie = stored.size + 1
    told = hook.send(inserted("P001/a.c3d", **of(stored, size=lie, eTag=None))).json()
    hurry()
    found = session(told)
    assert (found["processing_status"], found["failure_kind"]) == ("failed", "gave_up")
    sentence = f"holds {stored.size} bytes where {lie} were announced"
    assert sentence in found["processing_error_message"]
    assert sentence in visit.as_("ada", **PAGE).get("/monitoring").text
    sweep()
    hurry(1)
    assert live(database) == [("completed", None, stored.sha256)]


def test_what_is_gone_before_it_is_read_says_so_and_comes_back_with_its_file(
    hook, session, run_queue, new_recording
):
    content = new_recording()
    stored = hook.put("P001/a.c3d", content)
    event = inserted("P001/a.c3d", **of(stored))
    told = hook.send(event).json()
    hook.store.delete("emg_data/P001/a.c3d")
    run_queue()
    found = session(told)
    assert (found["processing_status"], found["failure_kind"]) == ("failed", "file_gone")
    again = hook.put("P001/a.c3d", content)
    record = event["record"] | {"version": str(uuid4())} | of(again)
    told = hook.send(database_webhook(record=record)).json()
    run_queue()
    assert session(told)["processing_status"] == "completed"


def live(database):
    with database.connect("postgres") as conn:
        return conn.execute(
            """
            SELECT processing_status, failure_kind, file_hash FROM therapy_sessions
             WHERE superseded_by IS NULL
            """
        ).fetchall()


@pytest.mark.parametrize("announced", ["by its webhook", "by the sweep alone"])
def test_what_is_replaced_before_it_is_read_waits_and_gives_way_to_the_new_recording(
    hook, session, run_queue, hurry, sweep, database, new_recording, announced
):
    stored = hook.put("P001/a.c3d", new_recording())
    event = inserted("P001/a.c3d", **of(stored))
    first = hook.send(event).json()
    newer = hook.put("P001/a.c3d", new_recording(16.0))
    run_queue()
    waits = session(first)
    assert (waits["processing_status"], waits["file_hash"]) == ("pending", None)
    assert "announced" in waits["processing_error_message"]
    if announced == "by its webhook":
        record = event["record"] | {"version": str(uuid4())} | of(newer)
        hook.send(database_webhook("UPDATE", record, event["record"]))
    else:
        sweep()
    hurry()
    assert live(database) == [("completed", None, newer.sha256)]
    assert session(first)["failure_kind"] == "superseded"


def test_what_is_replaced_while_it_is_read_gives_nothing_and_gives_way_to_the_new_recording(
    hook, session, run_queue, hurry, sweep, database, new_recording, monkeypatch
):
    """Its first megabyte is of one recording, the rest would be of another."""
    stored = hook.put("P001/a.c3d", new_recording(70.0))
    newer = []
    read = ObjectStore.read_range

    def replaced_after_the_first(store, head, start, stop):
        content = read(store, head, start, stop)
        if stop - start == CHUNK_BYTES and not newer:
            newer.append(hook.put("P001/a.c3d", new_recording(70.0)))
        return content

    monkeypatch.setattr(ObjectStore, "read_range", replaced_after_the_first)
    first = hook.send(inserted("P001/a.c3d", **of(stored))).json()
    run_queue()
    waits = session(first)
    assert (waits["processing_status"], waits["file_hash"]) == ("pending", None)
    assert "overwritten while it was read" in waits["processing_error_message"]
    sweep()
    hurry()
    assert live(database) == [("completed", None, newer[0].sha256)]
    assert session(first)["failure_kind"] == "superseded"


@pytest.mark.parametrize(
    "changed", [{"bucket_id": "other"}, {"name": "P001/a.txt"}, {"name": "P001/a.c3d.part"}]
)
def test_what_is_unwanted_leaves_the_worker_nothing_to_do(hook, database, run_queue, changed):
    assert "ignored" in hook.send(inserted("P001/a.c3d", **changed)).json()
    run_queue()
    with database.connect("postgres") as conn:
        [sessions] = conn.execute("SELECT count(*) FROM therapy_sessions").fetchone()
        [jobs] = conn.execute("SELECT count(*) FROM queue.procrastinate_jobs").fetchone()
    assert (sessions, jobs) == (0, 0)
