import json
import socket
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import pytest
from psycopg_pool import ConnectionPool
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from myograph.db import outgoing
from myograph.errors import BadInput, NotAllowed, NotFound
from myograph.services import send_events
from myograph.services.event_targets import Target, announce, targets_of
from myograph.services.send_events import TRIES, send_next
from myograph.services.standard_webhooks import key_of, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """An HTTP server of the test's own: answers as told, and keeps what it was sent."""

    def __init__(self):
        self.answers = []
        self.got = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((dict(self.headers.items()), body, self.path))
                status = outer.answers.pop(0) if outer.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hooks"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def target(receiver):
    return Target("trial", receiver.url, SECRET)


@pytest.fixture
def pool(database):
    with ConnectionPool(database.url("myograph_work"), min_size=1, max_size=2, open=True) as pool:
        yield pool


@pytest.fixture
def send(pool):
    with send_events.client() as client:
        yield lambda target: send_next(pool, client, target)


@pytest.fixture
def events(pool):
    def of(state=None):
        with pool.connection() as conn:
            return outgoing.newest(conn, state=state)

    return of


@pytest.fixture
def make_due(pool):
    def run():
        with pool.connection() as conn:
            conn.execute("UPDATE outgoing_events SET due_at = now() - interval '1 s'")

    return run


def verified(got):
    headers, body, _ = got
    return Webhook(SECRET).verify(body, {name.lower(): text for name, text in headers.items()})


def test_nobody_is_told_anything_unless_the_settings_say_so(upload, run_queue, clinic, events):
    upload()
    run_queue()
    assert events() == []


def test_an_analysed_session_is_told_with_a_signature_others_can_check(
    upload, run_queue, clinic, pool, target, send, receiver, events
):
    announce(pool, [target])
    received = upload()
    run_queue()
    assert send(target)
    assert not send(target)
    said = verified(receiver.got[0])
    assert said["type"] == "session.analysed"
    assert UUID(said["data"]["session_id"]) == received.session_id
    [event] = events("sent")
    assert receiver.got[0][0]["webhook-id"] == str(event.id)
    assert event.settled_at is not None


def test_what_is_told_names_no_patient_and_no_file(
    upload, run_queue, clinic, pool, target, send, receiver
):
    announce(pool, [target])
    upload(b"not a recording", name="P001/x.c3d")
    run_queue()
    assert send(target)
    said = json.loads(receiver.got[0][1])
    assert said["type"] == "session.failed"
    assert set(said["data"]) == {"session_id", "method", "failure_kind", "failure_code"}
    assert said["data"]["failure_kind"] == "unreadable"
    assert said["data"]["method"] is None
    assert b"P001" not in receiver.got[0][1]


def test_a_target_hears_only_what_it_asked_for(upload, run_queue, clinic, pool, target, events):
    announce(pool, [replace(target, events=("session.failed",))])
    upload()
    run_queue()
    assert events() == []


def test_a_target_that_left_the_settings_is_told_nothing_more(
    upload, run_queue, clinic, pool, target, events
):
    announce(pool, [target])
    announce(pool, [])
    upload()
    run_queue()
    assert events() == []


@pytest.mark.parametrize("status", [302, 400, 410, 500, 503])
def test_a_refusal_is_tried_again_under_the_same_number(
    status, upload, run_queue, clinic, pool, target, send, receiver, events, make_due
):
    announce(pool, [target])
    upload()
    run_queue()
    receiver.answers = [status]
    assert send(target)
    [event] = events("waiting")
    assert (event.problem, event.tries) == (f"status {status}", 1)
    assert not send(target)  # not yet
    make_due()
    assert send(target)
    first, second = receiver.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert [path for _, _, path in receiver.got] == ["/hooks", "/hooks"]  # no redirect is followed
    [event] = events("sent")
    assert (event.problem, event.tries) == (None, 2)


def test_what_is_never_taken_ends_as_a_dead_letter_that_an_admin_may_send_again(
    upload, run_queue, clinic, pool, target, send, receiver, events, make_due, database
):
    announce(pool, [target])
    upload()
    run_queue()
    receiver.answers = [500] * TRIES
    for _ in range(TRIES):
        make_due()
        assert send(target)
    make_due()
    assert not send(target)
    [event] = events("dead")
    with database.as_person(clinic.admin) as conn:
        outgoing.resend(conn, event.id)
    assert send(target)
    [event] = events("sent")
    assert event.tries == 1


def test_only_an_admin_sends_again(clinic, database):
    with database.as_person(clinic.therapist) as conn, pytest.raises(Exception, match="permission"):
        outgoing.resend(conn, UUID(int=0))
    with database.as_person(clinic.admin) as conn, pytest.raises(NotFound):
        outgoing.resend(conn, UUID(int=0))
    with pytest.raises(NotAllowed), database.connect("myograph_work") as conn:
        outgoing.resend(conn, UUID(int=0))


def test_a_receiver_that_is_not_there_is_a_problem_like_any_other(
    upload, run_queue, clinic, pool, send, receiver, events
):
    gone = Target("trial", receiver.url.replace("/hooks", ""), SECRET)
    announce(pool, [gone])
    upload()
    run_queue()
    receiver.close()
    assert send(gone)
    [event] = events("waiting")
    assert event.problem == "no connection"


def test_a_receiver_that_stalls_is_left_after_a_while(
    upload, run_queue, clinic, pool, target, receiver, events
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        announce(pool, [target])
        upload()
        run_queue()
        stalling = replace(target, url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with send_events.client() as client:
            client.timeout = 0.05
            assert send_next(pool, client, stalling)
    [event] = events("waiting")
    assert event.problem == "timeout"


def test_who_dies_while_sending_leaves_the_event_due_again(
    upload, run_queue, clinic, pool, target, send, receiver, make_due, events
):
    announce(pool, [target])
    upload()
    run_queue()
    with pool.connection() as conn:
        assert outgoing.take_due(conn, "trial", again_after_s=20) is not None
    assert not send(target)  # in other hands
    make_due()
    assert send(target)
    assert events("sent")[0].tries == 2


def test_the_signature_is_that_of_the_standard():
    headers = signed(key_of(SECRET), number="msg_1", at=1, body=b"{}")
    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(SECRET).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError, match="signature"):
        Webhook(SECRET.replace("M", "N", 1)).verify(
            b"{}", signed(key_of(SECRET), number="a", at=4_000_000_000, body=b"{}") | _now(b"{}")
        )


def _now(body):
    return signed(key_of(SECRET), number="a", at=int(time.time()), body=body)


def setting(**changed):
    said = {"name": "trial", "url": "https://trial.example/hooks", "secret": SECRET} | changed
    return json.dumps([{name: value for name, value in said.items() if value is not None}])


def test_no_setting_is_no_target():
    assert targets_of("", []) == ()
    assert targets_of("[]", []) == ()


def test_a_target_is_told_everything_unless_it_says_what():
    [target] = targets_of(setting(), ["Trial.example"])
    assert target.events == ("session.analysed", "session.failed")
    [target] = targets_of(setting(events=["session.failed"]), ["trial.example"])
    assert target.events == ("session.failed",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not right: the whole"),
        (setting(name=None), "0.name: Field required"),
        (setting(events=["session.began"]), "0.events.0"),
        (setting(url="http://trial.example/hooks"), "over https"),
        (setting(url="ftp://trial.example/hooks"), "over https"),
        (setting(url="https://me:pw@trial.example/"), "plain https"),
        (setting(url="https://trial.example/#x"), "plain https"),
        (setting(url="https:///hooks"), "plain https"),
        (setting(url="https://trial.example:x/"), "no address one could call"),
        (setting(url="https://other.example/"), "MYOGRAPH_EVENT_HOSTS does not name"),
        (setting(url="https://trial.example.evil.example/"), "does not name"),
        (setting(secret="whsec_?"), "whsec_ and base64"),
        (setting(secret="whsec_c2hvcnQ="), "at least 16 bytes"),
        ("[" + setting()[1:-1] + "," + setting()[1:-1] + "]", "same name"),
    ],
)
def test_a_wrong_target_stops_the_start_with_a_sentence_that_tells_no_secret(text, sentence):
    with pytest.raises(BadInput, match=sentence) as refused:
        targets_of(text, ["trial.example"])
    assert SECRET not in str(refused.value)


def test_plain_http_is_for_the_loopback_alone():
    [target] = targets_of(setting(url="http://127.0.0.1:9/x"), ["127.0.0.1"])
    assert target.url == "http://127.0.0.1:9/x"


def test_a_target_says_nothing_of_itself_in_a_log():
    assert SECRET not in repr(targets_of(setting(), ["trial.example"]))
