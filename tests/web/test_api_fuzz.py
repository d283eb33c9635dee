"""A few requests out of the schema for each operation by everybody; `./dev bench api-fuzz` asks
thousands."""

import pytest

from bench.api_fuzz import OF_ANN, fuzz, place
from myograph.web.api.schema import description_of
from tests.database import fresh_database


@pytest.fixture(scope="module")
def here(server, tmp_path_factory):
    with (
        fresh_database(server) as database,
        place(database, tmp_path_factory.mktemp("fuzzed")) as made,
    ):
        yield made


def test_every_answer_is_one_that_the_description_names_and_tells_nothing_of_others(here):
    outcome = fuzz(here, 2, seed=1)
    assert outcome.wrong == {}
    described = description_of(here.server.app)["paths"]
    assert len(outcome.asked) == sum(len(operations) for operations in described.values())
    assert {200, 401, 403, 404, 422} <= outcome.answered.keys()


def test_everybody_was_asked_with_their_own_eyes(here):
    """Else the marks of others would never stand in an answer at all."""
    marks = {who: here.client(who).get("/api/sessions").text for who in ("ann", "token", "ada")}
    assert all(OF_ANN[0] in text for text in marks.values())
    assert here.sessions["ann"] in here.client("rae").get("/api/sessions").text
    assert here.sessions["bob"] in marks["ada"]


def test_every_operation_describes_its_errors_as_problem_documents(here):
    document = description_of(here.server.app)
    assert "ProblemDetails" in document["components"]["schemas"]
    assert "HTTPValidationError" not in str(document)
    for operations in document["paths"].values():
        for operation in operations.values():
            kinds = {
                kind
                for status, response in operation["responses"].items()
                if int(status) >= 400 and "content" in response
                for kind in response["content"]
            }
            assert kinds <= {"application/problem+json", "application/json"}


def test_whatever_takes_a_body_describes_it(here):
    """All that changes something does, but for these, whose address says everything."""
    document = description_of(here.server.app)
    without = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in {"post", "put", "patch"} and "requestBody" not in operation
    }
    assert without == {
        "POST /api/uploads/events/{event_id}/replay",
        "POST /api/sessions/{session_id}/reprocess",
        "POST /api/outgoing-events/{event_id}/replay",
        "POST /api/people/{person_id}/link",
    }


def test_all_but_health_and_deliveries_say_how_one_comes_in(here):
    document = description_of(here.server.app)
    open_to_all = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "security" not in operation
    }
    assert open_to_all == {"/livez", "/readyz", "/api/webhooks/storage/c3d-upload"}
    for path in open_to_all - {"/api/webhooks/storage/c3d-upload"}:
        assert here.client(None).get(path).status_code == 200
