"""Two web processes that are told of the same objects at once, in any order."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from uuid import NAMESPACE_OID, uuid4, uuid5

import httpx2
import pytest

from myograph.services.standard_webhooks import signed
from myograph.web.api.webhooks import ADDRESS
from tests.web.servers import running
from tests.web.webhooks.bodies import s3
from tests.web.webhooks.conftest import KEY, NOW, SOURCES, inserted

OBJECTS, SENDERS, ROUNDS = 20, 4, 5


@pytest.fixture
def two(make_app):
    """The addresses of two servers with one database. Patient: the machine may be busy."""

    def app():
        return make_app(sources=SOURCES, clock=lambda: NOW, metadata_budget_ms=0, pool_timeout=60.0)

    with running(app()) as one, running(app()) as other:
        yield one.address, other.address


def of_all(records):
    """One delivery of S3 that speaks of every object."""
    body = s3()
    [record] = body["Records"]
    body["Records"] = [json.loads(json.dumps(record).replace("P001/a+b.c3d", n)) for n in records]
    return body


def alone(names):
    return [inserted(name, id=str(uuid5(NAMESPACE_OID, name)), version="1") for name in names]


def together(names):
    return [of_all(names)]


@pytest.mark.parametrize("told", [alone, together])
def test_the_same_objects_in_other_orders_have_one_session_each_and_nobody_is_sent_away(
    two, site_database, told
):
    place = f"P101/{uuid4()}"
    names = [f"{place}/{n}.c3d" for n in range(OBJECTS)]

    def send(sender):
        rng = random.Random(sender)  # noqa: S311 - the same in every run
        statuses = set()
        with httpx2.Client(base_url=two[sender % 2], timeout=120) as client:
            for _ in range(ROUNDS):
                for event in told(rng.sample(names, OBJECTS)):
                    body = json.dumps(event).encode()
                    headers = signed(KEY, number=str(uuid4()), at=NOW, body=body)
                    statuses.add(client.post(ADDRESS, content=body, headers=headers).status_code)
        return statuses

    with ThreadPoolExecutor(SENDERS) as senders:
        statuses = set.union(*senders.map(send, range(SENDERS)))
    assert statuses == {200, 202}
    with site_database.connect("postgres") as conn:
        found = conn.execute(
            """
            SELECT file_path, count(*)
              FROM therapy_sessions WHERE starts_with(file_path, %s) GROUP BY 1
            """,
            [place],
        ).fetchall()
    assert sorted(found) == sorted((name, 1) for name in names)
