"""A delivery waits for the database once: receipt, session and jobs are one statement."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.faults.outages import server_of
from tests.faults.proxy import fault_proxy
from tests.waiting import wait_for
from tests.web.webhooks.bodies import s3
from tests.web.webhooks.conftest import NOW, SOURCES, Receiver, inserted

UNTIL_PREPARED = 8  # psycopg does so once a statement was sent often, by a round trip of its own


@pytest.fixture(scope="module")
def proxy(site_database):
    with fault_proxy(server_of(site_database.cluster)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def far(make_app, site_database, proxy):
    """An application whose every word to the database is counted."""
    password = site_database.cluster.secrets.passwords["myograph_web"]
    url = f"postgresql://myograph_web:{password}@{proxy.host}:{proxy.port}/{site_database.name}"
    known = {"sources": SOURCES, "clock": lambda: NOW, "metadata_budget_ms": 10_000}
    app = make_app(web_url=url, pool_size=1, **known)
    with TestClient(app, base_url="https://clinic.example") as server:
        receiver = Receiver(server, make_app.root)
        wait_for(lambda: app.state.live.version)  # the line that listens
        assert server.get("/readyz").status_code == 200  # the line of the pages
        for _ in range(UNTIL_PREPARED):
            receiver.send(inserted(f"P101/{uuid4()}.c3d"))
        yield receiver


@pytest.fixture
def trips(proxy):
    """How often the service waited for the database since the test began."""
    before = proxy.round_trips
    return lambda: proxy.round_trips - before


def test_what_is_new_is_written_down_in_one_round_trip(far, trips, new_name):
    answers = [far.send(inserted(new_name())) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202] * 5
    assert trips() == 5


def test_so_is_what_the_file_says_of_itself(far, trips, new_name, new_recording):
    name = new_name()
    stored = far.put(name, new_recording())
    told = inserted(name, metadata={"eTag": f'"{stored.etag}"', "size": stored.size})
    assert far.send(told).json()["metadata"] is not None
    assert trips() == 1


def test_a_duplicate_and_what_is_not_wanted_cost_one_each(far, trips, new_name):
    told = inserted(new_name())
    number = f"msg-{uuid4()}"
    outcomes = [far.send(told, delivery_id=number) for _ in range(2)]
    ignored = far.send(inserted("notes.txt"))
    assert [a.status_code for a in (*outcomes, ignored)] == [202, 200, 200]
    assert trips() == 3


def test_several_objects_in_one_delivery_cost_one(far, trips, new_name):
    body = s3()
    record = body["Records"][0]
    body["Records"] = [
        record | {"s3": {**record["s3"], "object": {"key": new_name(), "eTag": "1", "size": 7}}}
        for _ in range(3)
    ]
    assert len(far.send(body).json()["objects"]) == 3
    assert trips() == 1


def test_what_proves_nothing_costs_none(far, trips, new_name):
    assert far.send(inserted(new_name()), key=b"x" * 24).status_code == 401
    assert trips() == 0
