"""Keys: there, long enough, and those that were used before."""

import json

import pytest

from myograph.cli.checks import keys
from myograph.db.embedded import kept_secrets, secrets_of
from myograph.services.pseudonym_key import keep
from tests.cli.checks.conftest import KEY

PSEUDONYMS, OTHERS = keys.CHECKS[:1], keys.CHECKS[1:]
ELSEWHERE = {"worker_database_url": "postgresql://h/d"}


def test_the_key_of_the_pseudonyms_is_the_one_that_was_used(look, addresses, database):
    assert "no worker has used" in look(PSEUDONYMS, **addresses)["pseudonyms"].found
    with database.connect("myograph_work") as conn:
        keep(conn, KEY)
    assert look(PSEUDONYMS, **addresses)["pseudonyms"].found == "the key that was used before"
    other = look(PSEUDONYMS, **addresses | {"pseudonym_key": "s3cret" * 6})["pseudonyms"]
    assert (other.verdict, "docs/keys.md" in other.mend) == ("problem", True)
    assert "s3cret" not in str(other)
    del addresses["pseudonym_key"]
    assert "is not set" in look(PSEUDONYMS, **addresses)["pseudonyms"].found


@pytest.mark.parametrize(("length", "verdict"), [(15, "warning"), (16, "ok")])
def test_a_key_that_could_be_guessed_is_told(look, addresses, length, verdict):
    addresses["pseudonym_key"] = "k" * length
    assert look(PSEUDONYMS, **addresses)["pseudonyms"].verdict == verdict
    given = ELSEWHERE | {"audit_key": "k" * length}
    assert look(OTHERS, **given)["audit"].verdict == verdict


def test_the_audit_has_one_or_nothing_is_anchored(look, data):
    assert look(OTHERS)["audit"].verdict == "ok"
    assert look(OTHERS, **ELSEWHERE)["audit"].verdict == "warning"
    two = ELSEWHERE | {"audit_key": f"{KEY},{KEY}"}
    assert look(OTHERS, **two)["audit"].found == "set, with 1 from before"
    secrets_of(data)
    assert look(OTHERS)["audit"].found == "set"
    assert look(OTHERS, **ELSEWHERE)["audit"].verdict == "warning"  # its own is for its own


@pytest.mark.parametrize(
    ("key", "verdict"), [("ab" * 31, "problem"), ("ab" * 32, "ok"), ("s3cret", "problem")]
)
def test_the_key_of_the_cookies_is_long_enough(look, data, key, verdict):
    assert "made at the first start" in look(OTHERS)["cookies"].found
    secrets_of(data)
    known = json.loads((data / "secrets.json").read_text())
    (data / "secrets.json").write_text(json.dumps(known | {"session_key": key}))
    found = look(OTHERS)
    assert found["cookies"].verdict == verdict
    assert key not in str(found)


def test_looking_at_secrets_makes_none(data):
    assert kept_secrets(data) is None
    made = secrets_of(data)
    assert kept_secrets(data) == made
    (data / "secrets.json").write_text('{"pseudonym_key": "k"}')
    older = kept_secrets(data)
    assert (older.pseudonym_key, older.audit_key, older.passwords) == ("k", "", {})
    assert (data / "secrets.json").read_text() == '{"pseudonym_key": "k"}'
