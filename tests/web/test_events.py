"""Streams, in front of real servers: two of them, each with a thread of its own."""

import json
import time
from contextlib import ExitStack, contextmanager

import httpx2
import pytest

from myograph.web.auth import COOKIE
from myograph.web.site import Limits
from tests.web.servers import PATIENCE_S, running


@pytest.fixture(scope="module")
def servers(make_app):
    with ExitStack() as stack:
        patient = Limits(keep_alive_s=3 * PATIENCE_S)  # what comes was said, not looked for
        yield [stack.enter_context(running(make_app(limits=patient))) for _ in range(2)]


KEPT_OPEN = ": ping"


class Stream:
    """Events as they come, each as (id, name, data)."""

    def __init__(self, response: httpx2.Response):
        self.response = response
        self.lines = response.iter_lines()

    def next(self):
        event, silences = {}, 0
        for line in self.lines:
            silences += line == KEPT_OPEN
            assert silences < 3, "nothing came while it was waited for"
            name, _, value = line.partition(": ")
            if line == "" and "data" in event:
                return event.get("id"), event["event"], json.loads(event["data"])
            event = {} if line == "" else event | {name: value}
        raise EOFError

    def until(self, session_id):
        """The next change of one session."""
        while True:
            number, name, data = self.next()
            if name == "session" and data["id"] == session_id:
                return number, data


@contextmanager
def listening(served, running, login="ann", since=None, last_id=None):
    headers = {"Last-Event-ID": str(last_id)} if last_id is not None else {}
    with (
        httpx2.Client(base_url=running.address, cookies={COOKIE: served.cookie(login)}) as client,
        client.stream(
            "GET",
            "/api/events",
            params={} if since is None else {"since": since},
            headers=headers,
            timeout=PATIENCE_S,
        ) as response,
    ):
        assert response.status_code == 200
        yield Stream(response)


def upload(served, running, content, login="ann", **query):
    answer = httpx2.put(
        f"{running.address}/api/uploads/a.c3d",
        content=content,
        params=query,
        cookies={COOKIE: served.cookie(login)},
    )
    assert answer.status_code == 202
    return answer.json()["session_id"]


def test_a_stream_says_at_once_that_the_line_is_open(served, servers):
    with listening(served, servers[0]) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["x-accel-buffering"] == "no"
        number, name, data = stream.next()
    assert (name, data) == ("begin", {"cursor": int(number)})


def test_what_one_process_takes_in_everybody_hears_of(served, servers, new_recording):
    with (
        listening(served, servers[0]) as here,
        listening(served, servers[1]) as there,
        listening(served, servers[1], "ada") as admin,
    ):
        for stream in (here, there, admin):
            assert stream.next()[1] == "begin"
        session_id = upload(served, servers[0], new_recording(), patient="P101")
        told = served.as_("ann").get(f"/api/sessions/{session_id}/status").json()
        assert told["processing_status"] == "pending"
        for stream in (here, there, admin):
            assert stream.until(session_id)[1] == told


def test_a_stream_goes_on_in_another_process_from_the_last_event(served, servers, new_recording):
    with listening(served, servers[0]) as stream:
        last_id = stream.next()[0]
    missed = upload(served, servers[0], new_recording())
    with listening(served, servers[1], last_id=last_id) as stream:
        stream.until(missed)
    with listening(served, servers[1], since=last_id) as stream:
        stream.until(missed)


def test_the_last_event_is_newer_than_the_address(served, servers, new_recording):
    with listening(served, servers[0]) as stream:
        begun = stream.next()[0]
    upload(served, servers[0], new_recording())
    deadline = time.monotonic() + PATIENCE_S
    # What is being written anywhere on this server of databases may be told twice.
    while begins_with(served, servers[0], begun) != "begin":
        assert time.monotonic() < deadline


def begins_with(served, running, since):
    with listening(served, running) as stream:
        last_id = stream.next()[0]
    with listening(served, running, since=since, last_id=last_id) as stream:
        return stream.next()[1]


def test_nobody_hears_of_what_they_may_not_see(served, servers, new_recording):
    with listening(served, servers[0], "bob") as stream:
        stream.next()
        foreign = upload(served, servers[0], new_recording(), patient="P101")
        own = upload(served, servers[0], new_recording(), "bob", patient="P102")
        heard = []
        while not heard or heard[-1] != own:
            heard.append(stream.next()[2]["id"])
    assert foreign not in heard


def test_streams_end_when_the_server_begins_to_stop(served, make_app):
    with running(make_app()) as server, listening(served, server) as stream:
        stream.next()
        server.stop()
        with pytest.raises(EOFError):
            stream.next()


@pytest.mark.parametrize("how", ["/sign-out", "/account/sign-out-everywhere"])
def test_a_stream_ends_for_whoever_signs_out(served, servers, someone_new, how):
    """Said by the database: `keep_alive_s` is longer than this test waits."""
    cookies = {COOKIE: served.cookie(someone_new("therapist"))}
    with (
        httpx2.Client(base_url=servers[0].address, cookies=cookies) as client,
        client.stream("GET", "/api/events", timeout=PATIENCE_S) as response,
    ):
        stream = Stream(response)
        stream.next()
        httpx2.post(servers[1].address + how, cookies=cookies)
        with pytest.raises(EOFError):
            stream.next()


def test_a_stream_ends_at_once_for_whoever_is_switched_off(
    served, servers, switch_off, someone_new
):
    login = someone_new("therapist")
    with listening(served, servers[0], login) as stream:
        stream.next()
        switch_off(login)
        with pytest.raises(EOFError):
            stream.next()


def test_a_stream_ends_for_whoever_is_switched_off(
    served, servers, switch_off, new_recording, someone_new
):
    login = someone_new("therapist")
    with listening(served, servers[0], login) as stream:
        stream.next()
        switch_off(login)
        upload(served, servers[0], new_recording())
        with pytest.raises(EOFError):
            stream.next()


def test_a_listener_that_lost_its_connection_finds_another(
    served, servers, site_database, new_recording
):
    with listening(served, servers[0]) as stream:
        stream.next()
        with site_database.connect("postgres") as conn:
            ended = conn.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            ).fetchone()
        assert ended == (3,)  # one per application, the served's own too, however many streams
        stream.until(upload(served, servers[0], new_recording()))


@pytest.mark.parametrize("since", ["-1", "x", str(2**63)])
def test_a_cursor_that_is_none_is_refused(served, since):
    answer = served.as_("ann").get(f"/api/events?since={since}")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_a_quiet_line_is_kept_open_with_a_word_in_between(served, make_app):
    with (
        running(make_app(limits=Limits(keep_alive_s=0.05))) as server,
        listening(served, server) as stream,
    ):
        heard = [next(stream.lines) for _ in range(3)]
        while heard[-3:] != [KEPT_OPEN, "", KEPT_OPEN]:  # a change may be told twice
            assert len(heard) < 200
            heard.append(next(stream.lines))
