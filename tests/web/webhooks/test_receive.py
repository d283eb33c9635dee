"""Deliveries through the real application: what is answered, and what is written down by then."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import structlog
from fastapi.testclient import TestClient

from myograph.services.standard_webhooks import signed
from myograph.storage.objects import Peek, S3Account, s3_store
from myograph.web.api.webhooks import ADDRESS, DEPRECATED, OLDER
from myograph.web.webhooks import reception
from myograph.worker.run import run_until_empty
from tests.odd_names import UNREADABLE
from tests.web.webhooks.bodies import cloudevent, database_webhook, encoded, s3, storage_webhook
from tests.web.webhooks.conftest import KEY, NOW, OTHER_KEY, SOURCES, TOKEN, Receiver, inserted


@pytest.fixture
def events(site_database):
    """The rows of one object's deliveries, oldest first."""

    def of(name):
        with site_database.connect("postgres") as conn:
            return conn.execute(
                """
                SELECT source, shape, operation, outcome, reason, deliveries, session_id
                  FROM upload_events WHERE object_name = %s ORDER BY id
                """,
                [name],
            ).fetchall()

    return of


def etag_of(stored):
    return {"metadata": {"eTag": f'"{stored.etag}"', "size": stored.size}}


# ── the answers


def test_an_upload_that_is_announced_has_its_session_and_metadata_in_the_answer(
    receiver, served, new_name, new_recording, events
):
    name = new_name()
    stored = receiver.put(name, new_recording(12.0))
    answer = receiver.send(inserted(name, **etag_of(stored)))
    assert answer.status_code == 202
    said = answer.json()
    assert (said["outcome"], said["status"], said["success"]) == ("created", "pending", True)
    assert said["analytics_status"] == "processing"
    assert said["metadata"]["sampling_rate"] == 1000
    assert said["metadata"]["emg_labels"] == ["CH1", "CH2"]
    session = served.as_("ann").get(f"/api/sessions/{said['session_id']}").json()
    assert (session["patient_id"], session["file_path"]) == ("P101", name)
    assert events(name)[0][:5] == ("default", "database_webhook", "created", "created", None)


def test_what_was_announced_is_analysed(receiver, served, site_database, new_name, new_recording):
    name = new_name()
    stored = receiver.put(name, new_recording(20.0))
    body = inserted(name, **etag_of(stored))
    session_id = receiver.send(body).json()["session_id"]
    run_until_empty(site_database.url("myograph_work"), receiver.store, pseudonym_key="k" * 32)
    session = served.as_("ann").get(f"/api/sessions/{session_id}").json()
    assert session["processing_status"] == "completed"
    again = receiver.send(body)
    assert (again.status_code, again.json()["analytics_status"]) == (200, "completed")


@pytest.mark.parametrize("shape", [s3, cloudevent, storage_webhook])
def test_every_shape_makes_a_session(receiver, new_name, new_recording, shape):
    name = new_name()
    stored = receiver.put(name, new_recording(12.0))
    body = json.loads(
        json.dumps(shape())
        .replace("P001/a+b.c3d", name)
        .replace("P001/a b.c3d", name)
        .replace("1595fbc267d4c14ca620d05834e6434c", stored.etag)
        .replace("1229632", str(stored.size))
    )
    answer = receiver.send(body)
    assert answer.status_code == 202
    assert answer.json()["metadata"]["original_sampling_rate"] == 990.0


def test_the_same_delivery_again_is_the_same_session(receiver, new_name, events):
    name = new_name()
    body = inserted(name)
    first = receiver.send(body, delivery_id="again-1")
    second = receiver.send(body, delivery_id="again-1")
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json()["session_id"] == first.json()["session_id"]
    assert second.json()["outcome"] == "duplicate"
    assert [row[5] for row in events(name)] == [2]


def test_the_same_delivery_after_it_was_forgotten_is_the_same_session(
    receiver, new_name, events, site_database
):
    name, number = new_name(), str(uuid4())
    told = inserted(name)
    first = receiver.send(told, delivery_id=number)
    with site_database.connect("myograph_work") as conn:
        conn.execute("DELETE FROM upload_events WHERE object_name = %s", [name])
    assert events(name) == []
    again = receiver.send(told, delivery_id=number)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["session_id"] == first.json()["session_id"]


def test_a_delivery_played_again_with_another_body_does_nothing_new(receiver, new_name, events):
    """The number is signed with the body, so only its sender can do that."""
    first, second = new_name(), new_name()
    receiver.send(inserted(first), delivery_id="reused")
    answer = receiver.send(inserted(second), delivery_id="reused")
    assert answer.status_code == 200
    assert events(second) == []


def test_twenty_at_once_make_one_session(receiver, new_name, events):
    name = new_name()
    body = inserted(name)
    with ThreadPoolExecutor(20) as senders:
        answers = list(senders.map(lambda _: receiver.send(body, delivery_id="at-once"), range(20)))
    assert {a.json()["session_id"] for a in answers} == {str(events(name)[0][6])}
    assert sorted(a.status_code for a in answers) == [200] * 19 + [202]


def test_twenty_announcements_of_one_object_make_one_session(receiver, new_name, events):
    name = new_name()
    body = inserted(name)
    with ThreadPoolExecutor(20) as senders:
        answers = list(senders.map(lambda _: receiver.send(body), range(20)))
    assert len({a.json()["session_id"] for a in answers}) == 1
    assert sorted(a.status_code for a in answers) == [200] * 19 + [202]
    assert len(events(name)) == 20


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"bucket_id": "other"}, "other_bucket"),
        ({"name": "P101/notes.txt"}, "not_c3d"),
        ({"name": "P101/n\0.c3d"}, "bad_name"),
        ({"name": "P101/\ud800.c3d"}, "bad_name"),
    ],
)
def test_what_is_unwanted_is_ignored_and_written_down(receiver, everything, changed, reason):
    deliveries, sessions, jobs = everything()
    body = inserted("P101/x.c3d", **changed)
    answer = receiver.send(body)
    assert (answer.status_code, answer.json()) == (200, {"ignored": reason})
    assert everything() == (deliveries + 1, sessions, jobs)


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_name_that_nothing_reads_is_a_session_that_says_so(receiver, served, name):
    answer = receiver.send(inserted(f"{uuid4()}/{name}"))
    assert answer.status_code == 202
    said = answer.json()
    assert (said["status"], said["analytics_status"]) == ("failed", "failed")
    session = served.as_("ada").get(f"/api/sessions/{said['session_id']}").json()
    assert session["failure_kind"] == "unreadable"
    assert len(session["processing_error_message"].split()) > 3


def test_such_a_name_without_version_or_etag_is_ignored(receiver):
    answer = receiver.send(inserted("a//b.c3d", version=None))
    assert answer.json() == {"ignored": "bad_name"}


def test_removal_marks_the_file_as_gone_and_keeps_the_session(receiver, served, new_name):
    record = inserted(new_name())["record"]
    session_id = receiver.send(database_webhook(record=record)).json()["session_id"]
    answer = receiver.send(database_webhook("DELETE", None, record))
    said = answer.json()
    assert (answer.status_code, said["outcome"], said["session_id"]) == (200, "gone", session_id)
    session = served.as_("ann").get(f"/api/sessions/{session_id}").json()
    assert session["object_gone_at"] is not None
    assert session["failure_kind"] == "file_gone"


def test_a_move_renames(receiver, served, new_name):
    known = {"metadata": {"eTag": "same", "size": 7}}
    old, name = inserted(new_name(), **known)["record"], new_name()
    session_id = receiver.send(database_webhook(record=old)).json()["session_id"]
    new = old | {"name": name, "version": str(uuid4())}
    answer = receiver.send(database_webhook("UPDATE", new, old))
    assert (answer.status_code, answer.json()["outcome"]) == (202, "renamed")
    assert answer.json()["session_id"] == session_id
    assert served.as_("ann").get(f"/api/sessions/{session_id}").json()["file_path"] == name


def test_several_objects_in_one_delivery_are_answered_each(receiver, new_name, events):
    body, names = s3(), [new_name(), new_name()]
    [record] = body["Records"]
    body["Records"] = []
    for name in [*names, "notes.txt"]:
        body["Records"].append(json.loads(json.dumps(record).replace("P001/a+b.c3d", name)))
    answer = receiver.send(body)
    said = answer.json()
    assert answer.status_code == 202
    assert [one.get("ignored") for one in said["objects"]] == [None, None, "not_c3d"]
    assert said["session_id"] == said["objects"][0]["session_id"]
    assert [len(events(name)) for name in names] == [1, 1]
    again = receiver.send(body)
    assert again.status_code == 200
    assert [o.get("outcome") for o in again.json()["objects"]] == ["duplicate", "duplicate", None]


def test_an_unchanged_row_is_ignored(receiver, new_name):
    record = inserted(new_name())["record"]
    answer = receiver.send(database_webhook("UPDATE", record, record))
    assert answer.json() == {"ignored": "unchanged"}


def test_a_number_that_is_the_name_of_another_is_none(receiver, new_name):
    first, second = new_name(), new_name()
    assert receiver.send(inserted(first, id=second, version="same")).status_code == 202
    answer = receiver.send(storage_webhook(name=second, version="same"))
    assert (answer.status_code, answer.json()["outcome"]) == (202, "created")


# ── what the store says


def test_a_hint_of_what_is_not_there_yet_makes_its_session_without_metadata(receiver, new_name):
    said = receiver.send(inserted(new_name())).json()
    assert (said["status"], said["metadata"]) == ("pending", None)


def test_the_first_bytes_of_other_bytes_are_not_those_of_this_version(
    receiver, new_name, new_recording
):
    name = new_name()
    stored = receiver.put(name, new_recording(12.0))
    of_another_etag = {"metadata": {"eTag": "older", "size": stored.size}}
    assert receiver.send(inserted(name, **of_another_etag)).json()["metadata"] is None
    of_another_size = {"metadata": {"eTag": stored.etag, "size": stored.size + 1}}
    assert receiver.send(inserted(name, **of_another_size)).json()["metadata"] is None


@pytest.mark.parametrize("content", [b"", b"x", b"no recording" * 100])
def test_a_file_that_is_no_recording_breaks_no_receipt(receiver, new_name, content):
    name = new_name()
    stored = receiver.put(name, content)
    answer = receiver.send(inserted(name, **etag_of(stored)))
    assert (answer.status_code, answer.json()["metadata"]) == (202, None)


def test_an_event_that_tells_no_version_is_looked_up(receiver, served, new_name, new_recording):
    name = new_name()
    stored = receiver.put(name, new_recording(12.0))
    said = receiver.send(inserted(name, version=None)).json()
    session = served.as_("ann").get(f"/api/sessions/{said['session_id']}").json()
    assert (session["storage_etag"], session["file_size_bytes"]) == (stored.etag, stored.size)
    assert said["metadata"]["sampling_rate"] == 1000
    absent = receiver.send(inserted(new_name(), version=None))
    assert (absent.status_code, absent.json()) == (200, {"ignored": "no_such_object"})


def of_s3(name, kind="s3:ObjectCreated:Put", **thing):
    body = s3(kind, key=name)
    body["Records"][0]["s3"]["object"] |= thing
    return body


def test_a_bearer_event_counts_as_far_as_the_store_shows_it(
    receiver, served, new_name, new_recording, events
):
    name = new_name()
    stored = receiver.put(name, new_recording(12.0))
    lies = {"size": 5, "eTag": "lie", "versionId": "lie", "sequencer": "FF"}
    answer = receiver.send_bearer(of_s3(name, **lies))
    assert answer.status_code == 202
    session = served.as_("ann").get(f"/api/sessions/{answer.json()['session_id']}").json()
    assert session["storage_version"] == session["storage_etag"] == stored.etag
    assert session["file_size_bytes"] == stored.size
    assert receiver.send_bearer(of_s3(name, **lies)).status_code == 200
    assert [row[5] for row in events(name)] == [2]


def test_a_bearer_event_of_what_is_not_there_is_ignored_until_it_is(
    receiver, new_name, new_recording, events
):
    name = new_name()
    for _ in range(2):
        assert receiver.send_bearer(of_s3(name)).json() == {"ignored": "no_such_object"}
    assert [row[3:6] for row in events(name)] == [("ignored", "no_such_object", 2)]
    receiver.put(name, new_recording(12.0))
    assert receiver.send_bearer(of_s3(name)).status_code == 202


def test_a_bearer_event_of_a_removal_is_believed_when_the_store_says_so(
    receiver, served, new_name, new_recording
):
    name = new_name()
    receiver.put(name, new_recording(12.0))
    session_id = receiver.send_bearer(of_s3(name)).json()["session_id"]
    removal = of_s3(name, "s3:ObjectRemoved:Delete")
    assert receiver.send_bearer(removal).json() == {"ignored": "still_there"}
    receiver.store.delete(f"emg_data/{name}")
    assert receiver.send_bearer(removal).json()["outcome"] == "gone"
    session = served.as_("ann").get(f"/api/sessions/{session_id}").json()
    assert session["object_gone_at"] is not None


def test_a_bearer_event_of_an_unreadable_name_is_ignored(receiver):
    assert receiver.send_bearer(of_s3("a//b.c3d")).json() == {"ignored": "bad_name"}


def test_a_link_in_a_folder_is_no_object(receiver, new_name):
    name = new_name()
    (receiver.root / "emg_data" / "P101").mkdir(parents=True, exist_ok=True)
    (receiver.root / "emg_data" / name).symlink_to("/etc/hostname")
    assert receiver.send_bearer(of_s3(name)).json() == {"ignored": "no_such_object"}
    assert receiver.send(inserted(name)).json()["metadata"] is None


def test_a_cloudevent_in_binary_mode_is_looked_up(receiver, new_name, new_recording):
    name = new_name()
    data = encoded({"bucket": "emg_data", "name": name, "etag": "lie"})

    def send(delivery_id, ce_id):
        headers = signed(KEY, number=delivery_id, at=NOW, body=data)
        unsigned = {"ce-id": ce_id, "ce-type": "object.deleted", "ce-subject": "other.c3d"}
        return receiver.post(data, headers | unsigned)

    assert send("ce-1", "ce-1").json() == {"ignored": "no_such_object"}
    receiver.put(name, new_recording(12.0))
    assert send("ce-1", "ce-1").status_code == 202
    assert send("ce-2", "ce-1").status_code == 400


# ── proofs


def test_every_kind_of_source_is_served(receiver, new_name):
    assert receiver.send(inserted(new_name()), key=OTHER_KEY).status_code == 202
    assert receiver.send_sha256(inserted(new_name())).status_code == 202


def test_a_token_needs_tls_or_the_loopback(make_app, receiver, new_name):
    app = make_app(sources=SOURCES)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for client, status in [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 401), ("door", 401)]:
        with TestClient(app, client=(client, 5000)) as server:
            answer = server.post(ADDRESS, json=of_s3(new_name()), headers=headers)
            assert answer.status_code == status
            if status == 401:
                assert "only taken over TLS" in answer.json()["detail"]


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_each_refusal_has_its_answer_and_leaves_nothing(receiver, everything, new_name):
    before = everything()
    body = inserted(new_name())
    assert problem(receiver.send(body, key=b"z" * 24)) == (401, "bad_signature")
    assert problem(receiver.post(encoded(body))) == (401, "bad_signature")
    assert problem(receiver.send(body, at=NOW - 301)) == (401, "stale_delivery")
    assert problem(receiver.send(body, at=NOW + 301)) == (401, "stale_delivery")
    assert problem(receiver.send(b"{")) == (400, "malformed_event")
    assert problem(receiver.send({"hello": "world"})) == (400, "malformed_event")
    assert problem(receiver.send(b"x" * 65537)) == (413, "too_large")
    assert everything() == before


def test_64_kilobytes_are_taken(receiver, new_name):
    body = encoded(inserted(new_name(), user_metadata={"a": "b"}))
    padded = body + b" " * (65536 - len(body))
    assert receiver.send(padded).status_code == 202


def test_what_the_database_cannot_keep_is_malformed(receiver, new_name):
    answer = receiver.send(inserted(new_name(), version="v" * 1025))
    assert problem(answer) == (400, "malformed_event")
    assert "never so long" in answer.json()["detail"]


def test_without_a_source_nothing_is_taken(make_app, new_name):
    with TestClient(make_app(sources=())) as server:
        answer = server.post(ADDRESS, content=encoded(inserted(new_name())))
    assert problem(answer) == (503, "no_webhook_source")
    assert "MYOGRAPH_WEBHOOK_SECRETS" in answer.json()["detail"]


def test_without_a_database_nothing_is_said_to_be_written(make_app, new_name):
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    app = make_app(web_url=nowhere, sources=SOURCES, clock=lambda: NOW, pool_timeout=0.2)
    with TestClient(app) as server:
        answer = Receiver(server, app).send(inserted(new_name()))
    assert problem(answer) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_without_a_store_a_signed_event_is_taken_and_another_comes_again(make_app, new_name):
    nowhere = s3_store(S3Account("http://127.0.0.1:1", key_id="k", secret="s"))
    app = make_app(store=nowhere, sources=SOURCES, clock=lambda: NOW)
    with TestClient(app, base_url="https://clinic.example") as server:
        known = Receiver(server, app).send(inserted(new_name()))
        assert (known.status_code, known.json()["metadata"]) == (202, None)
        unknown = Receiver(server, app).send_bearer(of_s3(new_name()))
        assert problem(unknown) == (503, "store_unavailable")


@pytest.fixture
def stalled():
    """A store that takes every request and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        host, port = listener.getsockname()
        yield s3_store(S3Account(f"http://{host}:{port}", key_id="k", secret="s"))


def test_a_store_that_stalls_holds_up_no_receipt(make_app, stalled, new_name, monkeypatch):
    monkeypatch.setattr(reception, "LOOK_S", 0.2)
    app = make_app(store=stalled, sources=SOURCES, clock=lambda: NOW)
    with TestClient(app, base_url="https://clinic.example") as server:
        known = Receiver(server, app).send(inserted(new_name()))
        assert (known.status_code, known.json()["metadata"]) == (202, None)
        unknown = Receiver(server, app).send(inserted(new_name(), version=None))
        assert problem(unknown) == (503, "store_unavailable")


def test_whatever_a_file_does_to_the_reader_it_arrived():
    seen = Peek("emg_data/a.c3d", 7, "etag", datetime.now(UTC), start=None)
    with structlog.testing.capture_logs() as lines:
        assert reception._facts(seen) is None
    assert [line["error"] for line in lines] == ["TypeError"]


def test_without_time_nothing_is_read(make_app, receiver, new_name, new_recording):
    name = new_name()
    stored = receiver.put(name, new_recording(12.0))
    app = make_app(sources=SOURCES, clock=lambda: NOW, metadata_budget_ms=0)
    with TestClient(app) as server:
        answer = Receiver(server, app).send(inserted(name, **etag_of(stored)))
    assert (answer.status_code, answer.json()["metadata"]) == (202, None)


def test_another_site_cannot_be_told_apart_and_need_not_be(receiver, new_name):
    """Senders are no browsers: what they prove does not come with a cookie."""
    body = encoded(inserted(new_name()))
    headers = signed(KEY, number="cross", at=NOW, body=body) | {"Origin": "https://store.example"}
    assert receiver.post(body, headers).status_code == 202


# ── older addresses


@pytest.mark.parametrize("address", OLDER)
def test_older_addresses_answer_alike_and_say_that_they_are_old(receiver, new_name, address):
    body = inserted(new_name())
    new = receiver.send(body, delivery_id=f"old-{address}")
    old = receiver.send(body, delivery_id=f"old-{address}", address=address)
    assert (new.status_code, old.status_code) == (202, 200)
    assert old.json() == new.json() | {"outcome": "duplicate"}
    assert {name: old.headers[name] for name in DEPRECATED} == DEPRECATED
    assert set(new.headers) & {"deprecation", "sunset"} == set()
    refused = receiver.send(body, key=b"z" * 24, address=address)
    assert problem(refused) == (401, "bad_signature")
    assert refused.headers["deprecation"] == DEPRECATED["Deprecation"]


def test_when_they_end_is_said_as_the_standards_want_it():
    assert {
        "Deprecation": "@1795132800",
        "Sunset": "Sat, 01 Jan 2028 00:00:00 GMT",
        "Link": f'<{ADDRESS}>; rel="successor-version"',
    } == DEPRECATED
