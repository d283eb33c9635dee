"""What people may send, and what becomes of it. Every refusal is a sentence and leaves nothing."""

import hashlib
import socket
import struct
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest
import structlog
from fastapi.testclient import TestClient
from starlette.datastructures import QueryParams

from myograph.db import session_settings
from myograph.db.identity import Person
from myograph.errors import BadName, StoreUnavailable
from myograph.settings import UPLOAD_LIMIT_BYTES
from myograph.storage.objects import ObjectStore, folder_store
from myograph.web.api.uploads import FileResult, address_of, checked_name, results_of
from myograph.web.auth import COOKIE
from myograph.web.site import Limits
from tests.web.conftest import LIMIT
from tests.web.servers import PATIENCE_S, running

PAGE = {"Accept": "text/html"}
NAME = "Ghostly_Emg_20250310_11-46-23-0823.c3d"


def put(served, content, name=NAME, login="ann", **query):
    return served.as_(login).put(f"/api/uploads/{name}", content=content, params=query)


def test_a_recording_is_stored_and_has_its_session(served, new_recording):
    content = new_recording()
    answer = put(served, content, patient="P101", left="CH1", right="CH2", rpe=4)
    assert answer.status_code == 202
    said = answer.json()
    assert said["status"] == "pending"
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert said["size_bytes"] == len(content)
    assert said["metadata"] == {
        "sampling_rate": 1000.0,
        "original_sampling_rate": 990.0,
        "duration_seconds": 12.0,
        "sample_count": 12000,
        "channel_names": ["CH1 Raw", "CH2 Raw", "CH1 activated", "CH2 activated"],
        "emg_labels": ["CH1", "CH2"],
    }
    assert (said["problem"], said["duplicate_of"]) == (None, None)
    lies_at = served.root / "emg_data" / "P101" / said["session_id"] / NAME
    assert lies_at.read_bytes() == content


def test_the_session_is_there_when_the_answer_is(served, new_recording):
    said = put(served, new_recording()).json()
    found = served.as_("ann").get(f"/api/sessions/{said['session_id']}").json()
    assert found["file_path"] == f"unassigned/{said['session_id']}/{NAME}"
    assert found["file_hash"] == said["sha256"]


@pytest.mark.parametrize("name", ["Sitzung 3 für Müller.c3d", "100 % a&b #1.c3d", "UPPER.C3D"])
def test_blanks_umlauts_and_signs_in_a_name_are_fine(served, new_recording, name):
    content = new_recording()
    answer = served.as_("ann").put(f"/api/uploads/{quote(name, safe='')}", content=content)
    assert answer.status_code == 202
    assert answer.json()["name"] == name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../../etc/passwd.c3d", "path"),
        ("a/b.c3d", "path"),
        ("a\\b.c3d", "path"),
        ("line\nbreak.c3d", "cannot be seen"),
        ("nul\0.c3d", "cannot be seen"),
        ("right\u202eto-left.c3d", "cannot be seen"),
        ("session.csv", "does not end in .c3d"),
        ("c3d", "does not end in .c3d"),
        ("ü" * 120 + ".c3d", "longer than 240 bytes"),
    ],
)
def test_a_name_no_object_may_have_is_refused_with_a_sentence(served, name, sentence):
    before = served.objects()
    answer = served.as_("ann").put(f"/api/uploads/{quote(name, safe='')}", content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")
    assert sentence in answer.json()["detail"]
    assert served.objects() == before


def test_the_longest_name_is_taken_and_one_byte_more_is_not():
    assert checked_name("x" * 236 + ".c3d")
    with pytest.raises(BadName):
        checked_name("x" * 237 + ".c3d")


def test_the_two_ways_to_write_an_umlaut_are_one_name():
    assert checked_name("Mu\u0308ller.c3d") == "Müller.c3d"


def test_an_empty_file_is_refused_and_not_stored(served):
    before = served.objects()
    answer = put(served, b"")
    assert (answer.status_code, answer.json()["code"]) == (422, "empty_file")
    assert served.objects() == before


def test_a_file_of_the_largest_size_is_taken(served):
    answer = put(served, b"x" * LIMIT)
    assert (answer.status_code, answer.json()["size_bytes"]) == (202, LIMIT)


def test_a_larger_one_is_refused_at_once_by_its_announced_length(served):
    def never():
        raise AssertionError("the body was asked for")
        yield b""

    answer = served.as_("ann").put(
        f"/api/uploads/{NAME}", content=never(), headers={"Content-Length": str(LIMIT + 1)}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_and_by_count_where_nothing_was_announced_and_nothing_stays(served):
    before = served.objects()
    answer = put(served, iter([b"x" * LIMIT, b"x"]))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert str(LIMIT) in answer.json()["detail"]
    assert served.objects() == before


def test_the_limit_of_an_installation_is_512_megabytes():
    assert UPLOAD_LIMIT_BYTES == 536_870_912


def half(content):
    return content[: len(content) // 2]


def without_frames(content):
    return content[:1536]


def with_nan(content):
    return content[:-4] + struct.pack("<f", float("nan"))


BROKEN = {
    "text renamed": (lambda _: b"time;CH1;CH2\n0;1;2\n" * 100, "not_c3d"),
    "its first 1016 bytes": (lambda c: c[:1016], None),
    "one byte": (lambda _: b"\x02", "not_c3d"),
}


@pytest.mark.parametrize(("broken", "code"), BROKEN.values(), ids=BROKEN)
def test_a_file_nobody_can_read_keeps_its_session_and_says_why(served, new_recording, broken, code):
    answer = put(served, broken(new_recording()))
    assert answer.status_code == 202
    said = answer.json()
    assert said["metadata"] is None
    assert said["problem"]["sentence"]
    assert code in {None, said["problem"]["code"]}
    assert served.as_("ann").get(f"/api/sessions/{said['session_id']}").status_code == 200


@pytest.mark.parametrize(
    "broken", [half, without_frames, with_nan], ids=["half a file", "no frames", "NaN inside"]
)
def test_what_only_the_samples_show_is_found_later(served, new_recording, broken):
    answer = put(served, broken(new_recording()))
    assert (answer.status_code, answer.json()["problem"]) == (202, None)


def test_the_same_file_twice_is_two_sessions_and_the_second_says_so(served, new_recording):
    content = new_recording()
    first, second = (put(served, content, patient="P101").json() for _ in range(2))
    assert first["session_id"] != second["session_id"]
    assert (first["duplicate_of"], second["duplicate_of"]) == (None, first["session_id"])


def test_a_duplicate_is_no_news_for_who_may_not_see_the_other(served, new_recording):
    content = new_recording()
    put(served, content, patient="P101", login="ann")
    assert put(served, content, patient="P102", login="bob").json()["duplicate_of"] is None


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"left": "CH1", "right": "CH1"}, "CH1 cannot be on both legs."),
        ({"patient": "P102"}, "None of your patients has the code 'P102'."),
        ({"patient": "nul\0"}, "None of your patients"),
        ({"left": "CH9"}, "left must be "),
        ({"rpe": "11"}, "rpe must be at most 10."),
        ({"rpe": "hard"}, "rpe must be a whole number."),
    ],
)
def test_what_cannot_be_right_is_refused_before_a_byte_is_stored(served, query, sentence):
    before = served.objects()
    answer = put(served, b"x", **query)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]
    assert served.objects() == before


def test_blank_fields_say_nothing(served, new_recording):
    blank = {"patient": "", "left": "", "right": "", "rpe": ""}
    assert put(served, new_recording(), **blank).status_code == 202


def post(served, files, login="ann", path="/upload", headers=PAGE, **fields):
    parts = [("files", (name, content)) for name, content in files]
    return served.as_(login).post(path, files=parts, data=fields, headers=headers)


def test_a_form_takes_several_and_leads_to_their_results(served, new_recording):
    files = [("a.c3d", new_recording()), ("notes.txt", b"x"), ("b.c3d", b"")]
    answer = post(served, files, patient="P101", left="CH2", right="CH1")
    assert answer.status_code == 303
    address = httpx2.URL(answer.headers["location"])
    assert address.path == "/upload"
    accepted, *refused = results_of(QueryParams(address.query.decode()), LIMIT)
    session = served.as_("ann").get(f"/api/sessions/{accepted.session_id}").json()
    assert session["patient_id"] == "P101"
    assert [(r.name, r.code) for r in refused] == [
        ("notes.txt", "bad_name"),
        ("b.c3d", "empty_file"),
    ]
    assert "does not end in .c3d" in refused[0].sentence
    assert "no bytes" in refused[1].sentence


def test_a_program_gets_the_same_as_json(served, new_recording):
    answer = post(
        served, [("a.c3d", new_recording()), ("b.txt", b"x")], path="/api/upload", headers={}
    )
    assert answer.status_code == 202
    taken, refused = answer.json()
    assert UUID(taken["session_id"])
    assert (refused["session_id"], refused["code"]) == (None, "bad_name")


def test_a_file_of_a_form_has_the_same_limit(served):
    before = served.objects()
    answer = post(served, [("big.c3d", b"x" * (LIMIT + 1))], headers={})
    assert [r["code"] for r in answer.json()] == ["too_large"]
    assert served.objects() == before


def test_a_form_beyond_its_own_limit_is_refused_whole(served):
    answer = post(served, [(f"{i}.c3d", b"x" * LIMIT) for i in range(4)], headers={})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("files", [[], [("", b"")]])
def test_a_form_without_a_file_says_so(served, files):
    answer = post(served, files, headers={}, patient="")
    assert (answer.status_code, answer.json()["detail"][:19]) == (422, "No file was chosen.")


def test_a_wrong_choice_in_a_form_is_a_sentence_too(served):
    answer = post(served, [("a.c3d", b"x")], headers={}, left="CH7")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


def test_a_form_that_is_none_is_refused(served):
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = served.as_("ann").post("/api/upload", content=b"--y\r\n", headers=broken)
    assert 400 <= answer.status_code < 500


def test_an_address_of_results_cannot_be_made_to_say_something_else():
    forged = QueryParams("refused=Call+0900:a.c3d&refused=bad_name:fine.c3d&session=x&session=7")
    assert results_of(forged, LIMIT) == []


def test_results_survive_their_address():
    results = [
        FileResult("a.c3d", UUID(int=7)),
        FileResult("big: one.c3d", code="too_large", sentence="..."),
        FileResult("b.c3d", code="store_unavailable", sentence="..."),
    ]
    again = results_of(QueryParams(address_of(results).partition("?")[2]), LIMIT)
    assert [(r.session_id, r.code, r.name) for r in again] == [
        (UUID(int=7), None, ""),
        (None, "too_large", "big: one.c3d"),
        (None, "store_unavailable", "b.c3d"),
    ]
    assert all(r.sentence for r in again[1:])


@dataclass(frozen=True)
class Unreadable(ObjectStore):
    """A store that takes what it is given and then does not answer for a while."""

    def source(self, key):
        raise StoreUnavailable(f"{key} cannot be had")


@dataclass(frozen=True)
class Full(ObjectStore):
    """A store that takes the first megabyte's half and no more."""

    def put(self, key, chunks):
        next(iter(chunks))
        raise StoreUnavailable("no space left")


def test_what_is_stored_is_taken_even_if_it_cannot_be_looked_at_now(
    served, make_app, new_recording, tmp_path
):
    store = folder_store(tmp_path)
    with TestClient(make_app(store=Unreadable(store.open_bucket, store.root))) as server:
        server.cookies[COOKIE] = served.cookie("ann")
        answer = server.put("/api/uploads/a.c3d", content=new_recording())
    assert (answer.status_code, answer.json()["metadata"], answer.json()["problem"]) == (
        202,
        None,
        None,
    )


def test_a_full_store_is_a_sentence_and_no_session(served, make_app, tmp_path):
    before = served.as_("ann").get("/api/sessions").json()
    store = folder_store(tmp_path)
    with TestClient(make_app(store=Full(store.open_bucket, store.root))) as server:
        server.cookies[COOKIE] = served.cookie("ann")
        alone = server.put("/api/uploads/a.c3d", content=b"x")
        [in_a_form] = server.post("/upload", files={"files": ("a.c3d", b"x")}).json()
    assert (alone.status_code, alone.json()["code"]) == (503, "store_unavailable")
    assert (in_a_form["code"], in_a_form["session_id"]) == ("store_unavailable", None)
    assert served.as_("ann").get("/api/sessions").json() == before


def test_an_upload_that_breaks_off_leaves_nothing(served, make_app, tmp_path):
    app = make_app(store=folder_store(tmp_path))
    with structlog.testing.capture_logs() as lines, running(app) as server:
        host, port = httpx2.URL(server.address).host, httpx2.URL(server.address).port
        head = (
            f"PUT /api/uploads/a.c3d HTTP/1.1\r\nHost: {host}\r\n"
            f"Cookie: {COOKIE}={served.cookie('ann')}\r\nContent-Length: 1000\r\n\r\n"
        )
        with socket.create_connection((host, port)) as sender:
            sender.sendall(head.encode() + b"x" * 500)
    assert [line["event"] for line in lines if line["event"] != "request"] == ["disconnected"]
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def begun_upload(served, address, sent):
    """A connection on which so much of an upload of 1000 bytes has been sent."""
    host, port = httpx2.URL(address).host, httpx2.URL(address).port
    head = (
        f"PUT /api/uploads/slow.c3d HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        f"Cookie: {COOKIE}={served.cookie('ann')}\r\nContent-Length: 1000\r\n\r\n"
    )
    line = socket.create_connection((host, port), timeout=PATIENCE_S)
    line.sendall(head.encode() + b"x" * sent)
    return line


def test_whoever_waits_for_a_sender_holds_up_no_other(served, make_app, tmp_path):
    limits = Limits(pieces_at_once=1)
    with running(make_app(store=folder_store(tmp_path), limits=limits)) as server:
        address = f"{server.address}/api/uploads/a.c3d"
        cookies = {COOKIE: served.cookie("ann")}
        with begun_upload(served, server.address, 500) as slow:
            answers = [httpx2.put(address, content=b"y", cookies=cookies) for _ in range(3)]
            slow.sendall(b"x" * 500)
            assert slow.recv(100).startswith(b"HTTP/1.1 202")
    assert [answer.status_code for answer in answers] == [202] * 3


def test_a_turn_is_given_back_whatever_becomes_of_the_upload(served, make_app, tmp_path):
    limits = Limits(pieces_at_once=1, upload_bytes=10_000)
    with running(make_app(store=folder_store(tmp_path), limits=limits)) as server:
        address = f"{server.address}/api/uploads/a.c3d"
        cookies = {COOKIE: served.cookie("ann")}
        begun_upload(served, server.address, 500).close()
        sent = [iter([b"x" * 20_000]), b"", b"y"]
        answers = [httpx2.put(address, content=content, cookies=cookies) for content in sent]
    assert [answer.status_code for answer in answers] == [413, 422, 202]


def test_the_address_of_an_upload_can_be_made_from_its_name(served):
    assert served.server.app.url_path_for("put_upload", name="a b.c3d") == "/api/uploads/a b.c3d"


def test_what_is_said_with_an_upload_is_kept_with_its_session(served, site_database, new_recording):
    said = put(served, new_recording(), patient="P101", left="CH2", right="CH1", rpe=7).json()
    ann = Person(served.people["ann"], "Ann", "therapist")
    with site_database.as_person(ann) as conn:
        kept = session_settings.of_session(conn, UUID(said["session_id"]))
    assert kept.rpe_post_session == 7
    assert {label: leg["side"] for label, leg in kept.channel_assignment.items()} == {
        "CH1": "right",
        "CH2": "left",
    }
