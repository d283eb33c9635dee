"""Who says who somebody is, and whether anybody may let others in."""

import pytest

from myograph.cli.checks import signing_in
from myograph.db import people
from tests.web.identity_provider import KEY, elliptic, identity_provider, rsa_key

WAY = signing_in.CHECKS[:1]
ADMINISTRATOR = signing_in.CHECKS[1:]
ELSEWHERE = {"database_url": "postgresql://h/d"}


@pytest.fixture(scope="module")
def one():
    with identity_provider() as provider:
        yield provider


@pytest.fixture
def provider(one):
    one.keys, one.document, one.status = [elliptic("one"), rsa_key("two")], None, 200
    return one


def test_it_must_be_said_how_people_are_recognised(look):
    found = look(WAY, **ELSEWHERE)["way"]
    assert (found.verdict, "MYOGRAPH_SIGN_IN=local" in found.mend) == ("problem", True)
    assert look(WAY, **ELSEWHERE, sign_in="local")["way"].verdict == "ok"
    assert look(WAY)["way"].found == "passwords of this installation"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jwt_secret": "s3cret"}, "fewer than 32 bytes"),
        ({"supabase_url": "https://x.supabase.co"}, "MYOGRAPH_SUPABASE_KEY"),
        ({"jwks_url": "http://clinic.example/keys"}, "begins with https://"),
    ],
)
def test_what_the_service_would_refuse_is_told(look, given, said):
    found = look(WAY, **given)
    assert (found["way"].verdict, said in found["way"].found) == ("problem", True)
    assert "s3cret" not in str(found)


def test_a_key_set_is_read_as_the_service_reads_it(look, provider):
    found = look(WAY, jwks_url=provider.keys_url)
    assert found["key set"].found == "2 keys (ES256, RS256)"
    assert found["tokens"].found == f"for 'authenticated', by {provider.issuer}"
    assert found["way"].found.endswith("tokens by the provider's key set")


@pytest.mark.parametrize(
    ("document", "status", "said"),
    [
        (b'{"keys": []}', 200, "no key that signs as we know it"),
        (b"<html>", 200, "no key set"),
        (None, 404, "answers 404"),
    ],
)
def test_a_key_set_that_is_of_no_use_is_told_and_mended(look, provider, document, status, said):
    provider.document, provider.status = document, status
    found = look(WAY, jwks_url=provider.keys_url)["key set"]
    assert (found.verdict, said in found.found) == ("problem", True)
    provider.document, provider.status = None, 200
    assert look(WAY, jwks_url=provider.keys_url)["key set"].verdict == "ok"


def test_one_that_does_not_answer_is_told_without_its_password(look):
    address = "http://user:s3cret@127.0.0.1:1/keys"
    found = look(WAY, jwks_url=address)
    assert "nobody answers at http://127.0.0.1:1/keys" in found["key set"].found
    assert "s3cret" not in str(found)


def test_supabase_is_asked_whether_it_takes_the_key(look, provider):
    given = {"supabase_url": provider.address, "supabase_key": KEY}
    assert look(WAY, **given)["Supabase"].verdict == "ok"
    for status, said in ((401, "refuses the publishable key"), (500, "it answers 500")):
        provider.status = status
        assert said in look(WAY, **given)["Supabase"].found
    away = given | {"supabase_url": "http://127.0.0.1:1"}
    assert look(WAY, **away)["Supabase"].verdict == "problem"


def test_an_older_secret_says_nothing_of_its_issuer(look):
    assert look(WAY, jwt_secret="s" * 32)["tokens"].verdict == "warning"
    named = {"jwt_secret": "s" * 32, "jwt_issuer": "https://clinic.example"}
    assert look(WAY, **named)["tokens"].verdict == "ok"


def test_an_administrator_is_missed_until_there_is_one(look, addresses, database):
    inside = look(ADMINISTRATOR, **addresses)["administrator"]
    assert (inside.verdict, "person add --role admin" in inside.mend) == ("warning", True)
    outside = look(ADMINISTRATOR, **addresses, host="10.0.0.1")["administrator"]
    assert (outside.verdict, "10.0.0.1" in outside.found) == ("problem", True)
    with database.connect("myograph_migrator") as conn:
        people.add(conn, "Ada", "admin")
    assert look(ADMINISTRATOR, **addresses, host="10.0.0.1")["administrator"].verdict == "ok"
    del addresses["database_url"]
    assert look(ADMINISTRATOR, **addresses) == {}
