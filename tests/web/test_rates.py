"""How often one may ask: each bound on both sides, and whom it does not touch."""

import time
from uuid import UUID

import httpx2
import pytest
from fastapi.testclient import TestClient

from myograph.errors import TooManyRequests
from myograph.web.auth import COOKIE
from myograph.web.rates import Rates, network_of
from myograph.web.site import Limits
from tests.web.servers import PATIENCE_S, running

ANN, BOB = UUID(int=1), UUID(int=2)


def asked(times, ask, *args):
    for _ in range(times):
        ask(*args)


def test_a_person_may_ask_so_often_and_no_more():
    rates = Rates(per_person=3, per_address=0)
    asked(3, rates.of_person, ANN)
    with pytest.raises(TooManyRequests, match=r"^You asked for more than 3 things"):
        rates.of_person(ANN)
    rates.of_person(BOB)


def test_what_was_refused_may_be_asked_once_the_wait_is_over(monkeypatch):
    rates = Rates(per_person=2, per_address=0)
    asked(2, rates.of_person, ANN)
    with pytest.raises(TooManyRequests) as refused:
        rates.of_person(ANN)
    assert 58 <= refused.value.wait_s <= 60
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + refused.value.wait_s)
    rates.of_person(ANN)


def test_an_address_is_counted_by_itself():
    rates = Rates(per_person=1, per_address=2)
    asked(2, rates.of_address, "192.0.2.1")
    with pytest.raises(TooManyRequests, match=r"^Your network asked"):
        rates.of_address("192.0.2.1")
    rates.of_address("192.0.2.2")
    rates.of_person(ANN)


def test_zero_is_no_bound():
    rates = Rates(per_person=0, per_address=0)
    asked(50, rates.of_person, ANN)
    asked(50, rates.of_address, "192.0.2.1")


def test_a_subscribers_whole_network_is_one_address():
    rates = Rates(per_person=0, per_address=1)
    rates.of_address("2001:db8:0:1::1")
    with pytest.raises(TooManyRequests):
        rates.of_address("2001:db8:0:1:ffff::2")
    rates.of_address("2001:db8:0:2::1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::7", "2001:db8::/64"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address, network):
    assert network_of(address) == network


def test_memory_stays_bounded_whoever_asks():
    rates = Rates(per_person=0, per_address=5, remembered=100)
    for n in range(1000):
        rates.of_address(f"client {n}")
    assert len(rates._counts.events) <= 101


@pytest.fixture(scope="module")
def bounded(make_app):
    with TestClient(make_app(rate_per_person=5, rate_per_address=20)) as server:
        yield server


@pytest.fixture
def client(bounded, request):
    """The application as seen from an address of this test's own."""
    bounded._transport.client = (request.node.name, 1)

    def connect(cookie=None):
        return httpx2.Client(
            transport=bounded._transport,
            base_url=bounded.base_url,
            cookies={COOKIE: cookie} if cookie else {},
        )

    return connect


def test_a_person_who_asks_too_often_is_told_when_to_come_back(client, served, someone_new):
    eager = client(served.cookie(someone_new("therapist")))
    patient = client(served.cookie(someone_new("therapist")))
    answers = [eager.get("/api/sessions") for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "too_many_requests"
    assert refused.json()["detail"].endswith("seconds.")
    assert patient.get("/api/sessions").status_code == 200


def test_a_page_says_so_too(client, served, someone_new):
    eager = client(served.cookie(someone_new("therapist")))
    asked(5, eager.get, "/api/sessions")
    page = eager.get("/sessions", headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert "asked for more than 5 things" in page.text


def test_an_address_that_asks_too_often_is_refused_before_anything_is_done(client):
    stranger = client()
    assert [stranger.get("/nowhere").status_code for _ in range(21)] == [404] * 20 + [429]
    assert stranger.post("/sign-in", data={"login": "ann"}).status_code == 429


def test_health_and_the_webhook_are_not_counted(client):
    stranger = client()
    asked(21, stranger.get, "/nowhere")
    assert stranger.get("/livez").status_code == 200
    assert stranger.post("/api/webhooks/storage/c3d-upload", content=b"{}").status_code == 401


def test_an_open_stream_is_one_request_however_often_it_looks(make_app, served, someone_new):
    """It looks anew with every sign of life, and asks each time who is still there."""
    app = make_app(rate_per_person=2, limits=Limits(keep_alive_s=0.01))
    cookies = {COOKIE: served.cookie(someone_new("therapist"))}
    with running(app) as server, httpx2.Client(base_url=server.address, cookies=cookies) as ann:
        with ann.stream("GET", "/api/events", timeout=PATIENCE_S) as response:
            lines = (line for line in response.iter_lines() if line == ": ping")
            assert [next(lines) for _ in range(5)] == [": ping"] * 5
        assert [ann.get("/api/sessions").status_code for _ in range(2)] == [200, 429]
