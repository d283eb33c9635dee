"""Whatever is wrong with a request is said in a sentence that names the field."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import pytest
from fastapi import FastAPI, File, Query, UploadFile
from fastapi.testclient import TestClient
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from myograph.web import problems
from myograph.web.api.schema import description_of
from myograph.web.texts import CODE, MUST_BE, NO_NUL, NUL_SENT, SOMETHING


def refuse(_: object):
    raise ValueError("Please say it otherwise.")


class Leg(BaseModel):
    side: Literal["left", "right"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    needed: bool
    count: Annotated[int, Field(ge=1, le=27)] = 1
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    code: Annotated[str, Field(pattern=CODE)] = "P017"
    text: Annotated[str, Field(pattern=SOMETHING, max_length=9)] = "x"
    odd: Annotated[str, Field(pattern="^x$")] = "x"
    day: date = date(2026, 1, 1)
    at: AwareDatetime | None = None
    person: UUID | None = None
    legs: Annotated[dict[Annotated[str, Field(min_length=2)], Leg], Field(max_length=2)] = {}
    marks: Annotated[list[int], Field(min_length=1)] = [1]
    ours: Annotated[int, AfterValidator(refuse)] = 1


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    problems.install(app)

    @app.post("/body")
    def body(body: Body, limit: Annotated[int, Query(le=200)] = 1):
        return limit, body

    @app.post("/file")
    def file(sent: Annotated[UploadFile, File()]):
        return sent.filename

    return TestClient(app)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"needed": "perhaps"}, "needed must be true or false."),
        ({"count": 0}, "count must be at least 1."),
        ({"count": 28}, "count must be at most 27."),
        ({"count": 1.5}, "count must be a whole number."),
        ({"count": "x"}, "count must be a whole number."),
        ({"share": 0}, "share must be above 0.0."),
        ({"share": 1}, "share must be below 1.0."),
        ({"share": "much"}, "share must be a number."),
        ({"share": "inf"}, "share must be a finite number."),
        ({"code": "17"}, "code must be P and at least three digits, such as P017."),
        ({"code": 17}, "code must be a text."),
        ({"text": " \n"}, "text must be a text that says something."),
        ({"text": "a\0"}, NUL_SENT),
        ({"text": "x" * 10}, "text must be a text of at most 9 characters."),
        ({"odd": "y"}, "odd cannot be read as it was sent."),
        ({"day": "02-03-2026"}, "day must be a date such as 2026-03-02."),
        (
            {"at": "2026-01-01T00:00:00"},
            "at must be a moment with its zone, such as 2026-03-02T14:30:00+01:00.",
        ),
        (
            {"person": "ada"},
            "person must be a number such as 5b0c8a4e-5f1d-4b53-9a0b-1f0c0f6a7c11.",
        ),
        ({"legs": {"CH1": {"side": "up"}}}, "legs.CH1.side must be 'left' or 'right'."),
        ({"legs": {"CH1": "left"}}, "legs.CH1 must be an object with named values."),
        ({"legs": {"C": {"side": "left"}}}, "legs.C must be a text of at least 2 characters."),
        (
            {"legs": {label: {"side": "left"} for label in ("C1", "C2", "C3")}},
            "legs must be a list of at most 2.",
        ),
        ({"marks": 1}, "marks must be a list."),
        ({"marks": []}, "marks must be a list of at least 1."),
        ({"marks": ["x"]}, "marks.0 must be a whole number."),
        ({"ours": 1}, "Please say it otherwise."),
        ({"more": 1}, "more is nothing that can be said here."),
    ],
)
def test_a_field_that_cannot_be_right_has_its_sentence(client, said, sentence):
    answer = client.post("/body", json={"needed": True} | said)
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


def test_several_are_several_sentences(client):
    answer = client.post("/body?limit=201", json={"count": 0}).json()
    assert answer["detail"] == (
        "limit must be at most 200. needed is missing. count must be at least 1."
    )
    assert [e["pointer"] for e in answer["errors"]] == ["query/limit", "body/needed", "body/count"]


def test_all_of_it_may_be_wrong(client):
    assert client.post("/body", json=[]).json()["detail"] == (
        "The body must be an object with named values."
    )


def test_what_only_the_framework_says_is_not_passed_on(client):
    answer = client.post("/file", data={"sent": "no file"})
    assert answer.json()["detail"] == "sent cannot be read as it was sent."


def patterns_in(document):
    if isinstance(document, dict):
        found = [document["pattern"]] if isinstance(document.get("pattern"), str) else []
        return found + [p for part in document.values() for p in patterns_in(part)]
    return [p for part in document for p in patterns_in(part)] if isinstance(document, list) else []


def test_every_pattern_has_words_for_people(served):
    assert set(patterns_in(description_of(served.server.app))) == {NO_NUL, *MUST_BE}
