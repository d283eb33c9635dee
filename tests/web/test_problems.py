import inspect
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg_pool import PoolTimeout
from pydantic import BaseModel

from myograph import errors
from myograph.web import problems

ERRORS = [
    e
    for _, e in inspect.getmembers(errors, inspect.isclass)
    if issubclass(e, errors.MyographError) and e is not errors.MyographError
]
RAISED = {
    "not-found": errors.NotFound("There is no such session."),
    "short": errors.NotFound("there is no such session"),
    "gone": errors.ObjectGone("The recording is gone."),
    "too-many": errors.TooManyAttempts(wait_s=12.2),
    "overloaded": errors.Overloaded("Too many came at once."),
    "unreadable": errors.Truncated("The file ends early."),
    "no-database": psycopg.OperationalError("connection to 10.0.0.7 refused"),
    "slept-too-long": psycopg.errors.IdleInTransactionSessionTimeout("terminating connection"),
    "no-connection-free": PoolTimeout("couldn't get a connection after 2 sec"),
}
DOCS = Path(__file__).resolve().parents[2] / "docs" / "problems.md"


class Body(BaseModel):
    n: int


@pytest.fixture
def client():
    app = FastAPI()
    problems.install(app)

    @app.get("/raise/{name}")
    def raised(name: str):
        raise RAISED[name]

    @app.post("/body")
    def body(body: Body):
        return body

    return TestClient(app)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_has_a_status(error):
    assert 400 <= problems.status_of(error) <= 503


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_stands_in_the_documentation_with_its_status(error):
    rows = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    documented = {row[1].strip(" `"): row[2].strip() for row in rows}
    assert documented[error.code] == str(problems.status_of(error).value)


def test_the_documentation_names_no_error_that_does_not_exist():
    rows = [line.split("`")[1] for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    assert set(rows) - {e.code for e in ERRORS} == {"malformed", "bug"}


def test_an_expected_error_is_a_problem_with_its_sentence(client):
    r = client.get("/raise/not-found")
    assert r.headers["content-type"] == "application/problem+json"
    assert r.json() == {
        "type": "/problems/not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such session.",
        "code": "not_found",
    }


def test_a_sentence_begins_large_and_ends_with_a_stop(client):
    assert client.get("/raise/short").json()["detail"] == "There is no such session."


def test_an_error_without_a_status_of_its_own_has_that_of_its_kind(client):
    r = client.get("/raise/unreadable")
    assert (r.status_code, r.json()["code"]) == (422, "truncated")


def test_what_is_gone_is_not_merely_unavailable(client):
    assert client.get("/raise/gone").status_code == 410


def test_too_many_attempts_say_when_to_come_back(client):
    r = client.get("/raise/too-many")
    assert (r.status_code, r.headers["retry-after"]) == (429, "13")


@pytest.mark.parametrize("name", ["no-database", "slept-too-long", "no-connection-free"])
def test_without_a_database_one_is_asked_to_come_back_and_told_no_more(client, name):
    r = client.get(f"/raise/{name}")
    assert (r.status_code, r.headers["retry-after"]) == (503, "2")
    assert (r.json()["code"], r.json()["detail"]) == ("database_unavailable", problems.NO_DATABASE)


def test_a_malformed_body_says_where(client):
    r = client.post("/body", json={"n": "x"})
    assert (r.status_code, r.json()["code"]) == (422, "malformed")
    assert r.json()["errors"][0]["pointer"] == "body/n"
    assert r.json()["detail"] == r.json()["errors"][0]["detail"] == "n must be a whole number."


def test_a_body_that_nobody_can_read_is_answered_with_a_sentence(client):
    unread = client.post("/body", content=b"\xff", headers={"content-type": "application/json"})
    assert (unread.status_code, unread.json()["detail"][-1]) == (400, ".")
    r = client.post("/body", content=b"{", headers={"content-type": "application/json"})
    assert r.json()["detail"] == "The body is not JSON that can be read."


def test_an_unknown_address_has_the_same_shape(client):
    r = client.get("/nowhere")
    assert (r.json()["code"], r.json()["detail"]) == (
        "not_found",
        "There is nothing at this address.",
    )


def test_a_wrong_method_says_which_are_right(client):
    r = client.delete("/body")
    assert (r.status_code, r.headers["allow"]) == (405, "POST")
