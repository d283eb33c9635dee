"""Tokens of an identity provider: who is believed, who is not, and who is whom here."""

import base64
import json
import time
from uuid import UUID, uuid4

import httpx2
import jwt
import pytest
from fastapi.testclient import TestClient

from myograph.db import people as members
from myograph.db.identity import Person
from myograph.errors import BadInput, SignInUnavailable
from myograph.settings import Settings
from myograph.web.provider.keys import KeySet, keys_in
from myograph.web.provider.subjects import LONGEST_TOKEN, provider_of
from tests.web.identity_provider import (
    KEY,
    SECRET,
    elliptic,
    identity_provider,
    rsa_key,
)

STRANGER = elliptic("stranger")
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def provider():
    with identity_provider() as running:
        yield running


@pytest.fixture(scope="module")
def web(make_app, provider):
    """The application, which takes this provider's tokens and lets it check passwords."""
    app = make_app(
        jwt_secret=SECRET,
        supabase_url=provider.address,
        supabase_key=KEY,
        rate_per_address=0,
        rate_per_person=0,
    )
    with TestClient(app, follow_redirects=False) as server:
        yield server


@pytest.fixture
def subject(site_database, people):
    """Somebody whom an administrator has added by their number at the provider."""
    number = uuid4()
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        members.add(conn, "Sue", "researcher", person_id=number)
    return str(number)


def ask(web, token, address="/api/sessions"):
    return web.get(address, headers={"Authorization": f"Bearer {token}"})


def role_of(web, token):
    """What this token's person is here, as pages show it."""
    return ask(web, token, "/").text.partition('class="wide-only">, ')[2].partition("<")[0]


@pytest.mark.parametrize("which", [0, 1])
def test_a_token_signed_by_a_key_of_the_provider_is_its_persons(web, provider, subject, which):
    token = provider.token(provider.keys[which], sub=subject)
    assert ask(web, token).status_code == 200
    assert role_of(web, token) == "researcher"


def test_so_is_one_signed_with_the_older_secret(web, provider, subject):
    token = jwt.encode(provider.claims(sub=subject), SECRET, algorithm="HS256")
    assert ask(web, token).status_code == 200


def hmac_with(key):
    """A token that says HS256 and is signed with whatever bytes these are."""

    def made(provider, sub):
        head = {"alg": "HS256", "kid": provider.keys[0].number, "typ": "JWT"}
        parts = [_part(head), _part(provider.claims(sub=sub))]
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            b".".join(parts), key(provider)
        )
        return b".".join([*parts, _encoded(signature)]).decode()

    return made


def unsigned(algorithm):
    def made(provider, sub):
        head = {"alg": algorithm, "kid": provider.keys[0].number}
        return b".".join([_part(head), _part(provider.claims(sub=sub)), b""]).decode()

    return made


def _part(said):
    return _encoded(json.dumps(said).encode())


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def altered(provider, sub):
    """Another person's claims before a good signature."""
    head, _, signature = provider.token(sub=str(UUID(int=1))).split(".")
    return ".".join([head, _part(provider.claims(sub=sub)).decode(), signature])


def said(**claims):
    return lambda provider, sub: provider.token(**{"sub": sub, **claims})


def headed(**headers):
    return lambda provider, sub: provider.token(headers=headers, sub=sub)


def by(key):
    return lambda provider, sub: provider.token(key, sub=sub)


def deep(provider, sub):
    return b".".join([_encoded(b"[" * 5000), _part(provider.claims(sub=sub)), b"x"]).decode()


def deep_claims(provider, sub):
    nested = {"app_metadata": {"role": "admin"}, "x": json.loads("[" * 400 + "]" * 400)}
    return provider.token(sub=sub, **nested, exp=0)


NOW = int(time.time())
FORGED = {
    "unsigned": unsigned("none"),
    "unsigned, in other letters": unsigned("None"),
    "unsigned, as ES256": unsigned("ES256"),
    "signed with the public key as a secret": hmac_with(lambda p: p.keys[0].public_pem),
    "signed with the key set as a secret": hmac_with(lambda p: p.key_set()),
    "signed with nothing as a secret": hmac_with(lambda _: b""),
    "signed with another secret": hmac_with(lambda _: b"another secret of the same length......"),
    "signed by a stranger": by(STRANGER),
    "signed by a stranger under a number that is known": headed(kid="two"),
    "a number that is no text": headed(kid="../../etc/passwd"),
    "another's claims before a good signature": altered,
    "of another issuer": said(iss="https://evil.example/auth/v1"),
    "of no issuer": said(iss=None),
    "for somebody else": said(aud="anon"),
    "for nobody": said(aud=None),
    "expired": said(exp=NOW - 11),
    "without an end": said(exp=None),
    "an end that is no time": said(exp="tomorrow"),
    "not yet": said(nbf=NOW + 3600),
    "issued in the future": said(iat=NOW + 3600),
    "of nobody": said(sub=None),
    "of nobody's number": said(sub="ada"),
    "of a number that is none": said(sub=7),
    "of a number in braces": lambda p, sub: p.token(sub=f"{{{sub}}}"),
    "anonymous": said(is_anonymous=True),
    "anonymous, in words": said(is_anonymous="true"),
    "of a program": said(role="service_role"),
    "of a stranger's role": said(role="anon"),
    "of a thing that must be understood": headed(crit=["exp2"], exp2=1),
    "nested without end": deep,
    "nested and expired": deep_claims,
    "endless": lambda p, sub: p.token(sub=sub, padding="x" * 1_000_000),
    "a little too long": lambda p, sub: p.token(sub=sub, padding="x" * LONGEST_TOKEN),
    "no token": lambda *_: "x.y.z",
    "one part": lambda *_: "eyJ",
    "no letters": lambda *_: "\xe9.\xe9.\xe9",
}


@pytest.mark.parametrize("forged", FORGED, ids=str)
def test_no_forged_token_is_believed(web, provider, subject, forged):
    token = FORGED[forged](provider, subject)
    headers = [("Authorization", f"Bearer {token}".encode("latin-1"))]
    answer = web.get("/api/sessions", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert "Please sign in again." in answer.json()["detail"]


@pytest.mark.parametrize("claims", [{"exp": NOW + 3600}, {"nbf": NOW}])
def test_what_the_forged_ones_were_made_of_is_good_by_itself(web, provider, subject, claims):
    assert ask(web, provider.token(sub=subject, **claims)).status_code == 200


def test_clocks_may_differ_by_seconds(web, provider, subject):
    now = int(time.time())
    assert ask(web, provider.token(sub=subject, exp=now - 3)).status_code == 200
    assert ask(web, provider.token(sub=subject, nbf=now + 5, iat=now + 5)).status_code == 200


# ── who is whom


@pytest.mark.parametrize("role", ["therapist", "researcher", "admin"])
def test_whom_the_providers_administration_gave_a_role_has_it_here(web, provider, role):
    number = str(uuid4())
    token = provider.token(sub=number, app_metadata={"role": role}, email="sue@clinic.example")
    assert role_of(web, token) == role
    assert "sue@clinic.example" in ask(web, token, "/").text


def test_the_table_of_people_wins(web, provider, subject):
    assert role_of(web, provider.token(sub=subject, app_metadata={"role": "admin"})) == "researcher"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"user_metadata": {"role": "admin"}},
        {"app_metadata": None, "user_metadata": {"role": "admin"}},
        {"app_metadata": {"role": "root"}},
        {"app_metadata": {"role": ["admin"]}},
        {"app_metadata": "admin"},
        {"app_metadata": None},
        {"app_role": "admin"},
    ],
)
def test_nobody_gives_themselves_a_role(web, provider, site_database, claims):
    number = str(uuid4())
    answer = ask(web, provider.token(sub=number, **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert "ask an administrator" in answer.json()["detail"]
    with site_database.connect("postgres") as conn:
        assert conn.execute("SELECT FROM people WHERE id = %s", [number]).fetchone() is None


def test_whoever_is_switched_off_is_out_whatever_the_token_says(
    web, provider, subject, site_database, people
):
    token = provider.token(sub=subject, app_metadata={"role": "admin"})
    assert ask(web, token).status_code == 200
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        conn.execute("UPDATE people SET active = false WHERE id = %s", [subject])
    assert ask(web, token).status_code == 401


@pytest.mark.parametrize("email", ["", "a\nb", "x" * 300, 7])
def test_a_name_that_cannot_be_shown_is_a_number(web, provider, email):
    number = str(uuid4())
    token = provider.token(sub=number, app_metadata={"role": "therapist"}, email=email)
    assert f"Person {number[:8]}" in ask(web, token, "/").text


def test_a_provider_where_none_is_configured_says_nothing(served, provider, subject):
    token = provider.token(sub=subject)
    assert served.as_(None, Authorization=f"Bearer {token}").get("/api/sessions").status_code == 401


# ── passwords that the provider checks


THEIRS = "a password of theirs"


def sign_in(web, email, password=THEIRS):
    web.cookies.clear()
    form = {"login": email, "password": password}
    return web.post("/sign-in", data=form, headers=PAGE)


@pytest.fixture
def email(provider, subject):
    address = f"{subject}@clinic.example"
    provider.users[address] = (THEIRS, {"sub": subject})
    return address


def test_a_password_that_the_provider_knows_gives_our_own_cookie(web, provider, email):
    answer = sign_in(web, email)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert web.get("/api/sessions").status_code == 200
    assert provider.posted[-1] == {"path": "/auth/v1/token?grant_type=password", "apikey": KEY}


def test_wrong_unknown_and_without_a_role_are_one_answer(web, provider, email):
    nobody = f"{uuid4()}@clinic.example"
    provider.users[nobody] = (THEIRS, {"sub": str(uuid4())})
    wrong = sign_in(web, email, "another")
    unknown = sign_in(web, "x@clinic.example")
    no_role = sign_in(web, nobody)
    assert wrong.status_code == unknown.status_code == no_role.status_code == 401
    pages = {
        wrong.text.replace(email, ""),
        unknown.text.replace("x@clinic.example", ""),
        no_role.text.replace(nobody, ""),
    }
    assert len(pages) == 1


def test_a_login_without_an_at_is_one_of_ours(web, provider):
    asked = len(provider.posted)
    assert sign_in(web, "ann", "correct horse").status_code == 303
    assert len(provider.posted) == asked


@pytest.mark.parametrize(("status", "expected"), [(500, 503), (429, 429), (302, 503)])
def test_a_provider_in_trouble_lets_nobody_in_and_says_so(web, provider, email, status, expected):
    provider.status = status
    try:
        answer = sign_in(web, email)
    finally:
        provider.status = 200
    assert answer.status_code == expected
    assert int(answer.headers["retry-after"]) > 0
    assert "set-cookie" not in answer.headers


# ── keys


@pytest.fixture
def clock():
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def asked_now():
    """A provider of the test's own."""
    with identity_provider() as running, httpx2.Client(trust_env=False) as client:
        yield running, client


def test_a_key_is_asked_for_once_and_again_after_its_time(asked_now, clock):
    provider, client = asked_now
    keys = KeySet(provider.keys_url, client, lasts_s=600, again_s=5, clock=clock)
    for _ in range(3):
        assert keys.key("one").algorithm_name == "ES256"
    clock.now += 599
    assert keys.key("two").algorithm_name == "RS256"
    assert provider.asked == 1
    clock.now += 1
    assert keys.key("one") is not None
    assert provider.asked == 2


def test_a_new_key_is_found_and_one_that_was_taken_away_is_gone(asked_now, clock):
    provider, client = asked_now
    keys = KeySet(provider.keys_url, client, again_s=5, clock=clock)
    assert keys.key("one") is not None
    clock.now += 5
    provider.keys[:] = [elliptic("three")]
    assert keys.key("three") is not None
    assert keys.key("one") is None


def test_made_up_numbers_trouble_the_provider_once_in_a_while(asked_now, clock):
    provider, client = asked_now
    keys = KeySet(provider.keys_url, client, again_s=5, clock=clock)
    for number in range(100):
        assert keys.key(f"made-up-{number}") is None
    assert provider.asked == 1
    clock.now += 5
    assert keys.key("made-up") is None
    assert provider.asked == 2
    assert keys.key("one") is not None


@pytest.mark.parametrize("trouble", ["away", "slow", "refuses", "endless", "nonsense", "list"])
def test_where_the_keys_cannot_be_had_nobody_is_believed_and_nobody_refused(
    asked_now, clock, trouble, monkeypatch
):
    provider, client = asked_now
    monkeypatch.setattr("myograph.web.provider.answers.TIMEOUT_S", 0.2)
    client.timeout = 0.2
    url = provider.keys_url
    if trouble == "away":
        url = "http://127.0.0.1:1/jwks.json"
    elif trouble == "slow":
        provider.silent.set()
    elif trouble == "refuses":
        provider.status = 404
    elif trouble == "endless":
        provider.document = b'{"keys": [' + b" " * 300_000 + b"]}"
    else:
        provider.document = b"<html>" if trouble == "nonsense" else b"[]"
    keys = KeySet(url, client, again_s=5, clock=clock)
    for _ in range(2):
        with pytest.raises(SignInUnavailable):
            keys.key("one")
    assert provider.asked <= 1


def test_keys_that_are_kept_outlive_a_short_absence_and_no_long_one(asked_now, clock):
    provider, client = asked_now
    keys = KeySet(provider.keys_url, client, lasts_s=600, again_s=5, clock=clock)
    assert keys.key("one") is not None
    provider.status = 500
    clock.now += 500
    assert keys.key("one") is not None
    with pytest.raises(SignInUnavailable):
        keys.key("new")
    clock.now += 100
    with pytest.raises(SignInUnavailable):
        keys.key("one")
    provider.status = 200
    clock.now += 5
    assert keys.key("one") is not None


def test_over_http_an_absent_provider_is_a_503_with_a_sentence(make_app, provider, subject):
    app = make_app(jwks_url="http://127.0.0.1:1/auth/v1/.well-known/jwks.json")
    with TestClient(app) as web:
        answer = ask(web, provider.token(sub=subject))
    assert (answer.status_code, answer.json()["code"]) == (503, "sign_in_unavailable")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "key",
    [
        rsa_key("weak", 1024),
        rsa_key("other", alg="RS512"),
        rsa_key("other", use="enc"),
        elliptic("other", crv="P-384"),
        elliptic("other", alg="ES384"),
        elliptic("other", x="AA"),
        elliptic("other", kty="oct", k="c2VjcmV0"),
        elliptic("other", kid=7),
    ],
    ids=lambda k: str(k.said or k.number),
)
def test_keys_that_sign_in_other_ways_are_left_out(key):
    good = elliptic("good")
    document = json.dumps({"keys": [key.public, good.public]}).encode()
    assert set(keys_in(document)) == {"good"}


def test_of_a_key_set_without_end_the_first_keys_count():
    many = [elliptic(str(i)).public for i in range(25)]
    assert len(keys_in(json.dumps({"keys": many}).encode())) == 20


# ── settings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jwt_secret": "short"}, "fewer than 32 bytes"),
        ({"supabase_url": "https://x.supabase.co"}, "MYOGRAPH_SUPABASE_KEY"),
        ({"jwks_url": "http://x.example/jwks.json"}, "MYOGRAPH_JWKS_URL must be"),
        ({"jwks_url": "file:///etc/passwd"}, "MYOGRAPH_JWKS_URL must be"),
        (
            {"jwks_url": "https://x.example/k", "supabase_url": "http://x", "supabase_key": "k"},
            "SUPABASE_URL must",
        ),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(given, words):
    with pytest.raises(BadInput, match=words):
        provider_of(Settings(**given))


@pytest.mark.parametrize(
    ("given", "issuer"),
    [
        ({"jwt_secret": SECRET}, None),
        (
            {"jwks_url": "https://a.example/auth/v1/.well-known/jwks.json"},
            "https://a.example/auth/v1",
        ),
        ({"jwks_url": "https://a.example/keys"}, None),
        ({"jwks_url": "https://a.example/keys", "jwt_issuer": "me"}, "me"),
        ({"supabase_url": "https://a.example/", "supabase_key": "k"}, "https://a.example/auth/v1"),
    ],
)
def test_the_issuer_is_who_publishes_the_keys_unless_it_is_said(given, issuer):
    assert provider_of(Settings(**given)).issuer == issuer


def test_without_a_provider_there_is_none():
    assert provider_of(Settings()) is None


@pytest.mark.parametrize("said", [b"<html>", b"[]", b"{}", b"[" * 5000])
def test_an_answer_that_makes_no_sense_lets_nobody_in(asked_now, said):
    provider, _ = asked_now
    provider.answer = said
    known = provider_of(Settings(supabase_url=provider.address, supabase_key=KEY))
    with pytest.raises(SignInUnavailable):
        known.sign_in("sue@clinic.example", THEIRS)
