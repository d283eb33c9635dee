import math

import psycopg
import pytest

from myograph.db.plain import plain, plain_text
from myograph.db.refusals import refusals
from myograph.db.rows import certain
from myograph.errors import BadInput, LeaseLost, NotAllowed, NotFound


def test_a_row_that_must_be_there_is():
    assert certain(0) == 0


def test_a_row_that_must_be_there_and_is_not_is_a_bug():
    with pytest.raises(AssertionError):
        certain(None)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\x00b", "ab"),
        ("a\ud800b", "a?b"),
        (math.nan, None),
        (math.inf, None),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ({"a\x00": (math.nan, {"b": "\x00"})}, {"a": [None, {"b": ""}]}),
    ],
)
def test_json_is_made_such_that_the_database_takes_it(database, value, kept):
    assert plain(value) == kept
    with database.connect("myograph_work") as conn:
        sent = psycopg.types.json.Jsonb(plain(value))
        assert conn.execute("SELECT %s::jsonb", [sent]).fetchone() == (kept,)


def test_a_text_stays_what_it_is():
    assert plain_text("Übung 3") == "Übung 3"


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("MG400", BadInput), ("MG403", NotAllowed), ("MG404", NotFound), ("MG409", LeaseLost)],
)
def test_what_a_function_refuses_is_an_error_of_ours_with_its_sentence(database, code, refusal):
    with (
        database.connect("myograph_work") as conn,
        pytest.raises(refusal, match="not so"),
        refusals(),
    ):
        conn.execute(f"DO $$ BEGIN RAISE 'not so' USING ERRCODE = '{code}'; END $$")
