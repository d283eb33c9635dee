"""What the database signs, others verify: `hmac` of the standard library and `standardwebhooks`."""

import base64
import hashlib
import hmac
import os
import random
import time

import psycopg
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.supabase.project import ADDRESS

NAMES = (
    "P001/a.c3d",
    "P001/Übung für Zoë.c3d",
    "P001/筋電図 12.c3d",
    "P001/😀\U0001f3be.c3d",
    'P001/"quoted" \\ back.c3d',
    "P001/\u0001\u001f\u007f\n.c3d",
    "P001/e\u0301 \u200f\u202e.c3d",
    f"P001/{'long ' * 200}.c3d",
)


def add_secret(project, name, secret=None):
    [(added,)] = project.ask("SELECT app.add_storage_secret(%s, %s)", [name, secret], "postgres")
    return added


def whsec(key):
    return f"whsec_{base64.b64encode(key).decode()}"


@pytest.fixture
def secret(project):
    """The one that signs; the fixture's own is retired."""
    added = add_secret(project, "second")
    project.ask("SELECT app.retire_storage_secret('first')", role="postgres")
    return added


def test_hmac_is_that_of_the_standard_library_for_every_length_of_key(project):
    rng = random.Random(1)  # noqa: S311 - the same keys each time
    pairs = [(rng.randbytes(n), rng.randbytes(rng.randrange(300))) for n in range(200)]
    with project.connect() as conn:
        made = [
            conn.execute("SELECT app.hmac_sha256(%s, %s)", [key, text]).fetchone()[0]
            for key, text in pairs
        ]
    assert made == [hmac.digest(key, text, hashlib.sha256) for key, text in pairs]


def test_every_hint_verifies(storage, project, secret):
    for number in range(200):
        storage.upload(f"{number}/{NAMES[number % len(NAMES)]}")
    hints = project.hints()
    assert len(hints) == 200
    for number, hint in enumerate(hints):
        told = Webhook(secret).verify(hint.body, hint.headers)
        assert told["record"]["name"] == f"{number}/{NAMES[number % len(NAMES)]}"


def test_it_says_where_it_goes_when_it_was_sent_and_how_long_it_may_take(storage, project, secret):
    with project.connect() as conn:
        conn.execute("UPDATE app.storage_hook SET timeout_ms = 1234")
    storage.upload()
    [hint] = project.hints()
    assert (hint.url, hint.timeout_ms) == (ADDRESS, 1234)
    assert set(hint.headers) == {
        "Content-Type",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    assert abs(int(hint.headers["webhook-timestamp"]) - time.time()) < 60


def test_its_id_is_that_of_the_row_and_of_no_other(storage, project, secret):
    for _ in range(3):
        storage.upload()
    rows = project.outbox("'outbox_' || id || '_' || (extract(epoch FROM at) * 1000000)::bigint")
    assert [h.headers["webhook-id"] for h in project.hints()] == [identity for (identity,) in rows]
    assert len(set(rows)) == 3
    assert "." not in rows[0][0]  # it parts id, time and body in what is signed


def test_no_single_bit_may_be_another_one(storage, project, secret):
    storage.upload("P001/Zoë.c3d")
    [hint] = project.hints()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{hint.headers['webhook-id']}.{hint.headers['webhook-timestamp']}.".encode()
    sent = hint.headers["webhook-signature"].removeprefix("v1,")

    def verifies(body):
        made = hmac.digest(key, signed + body, hashlib.sha256)
        return hmac.compare_digest(base64.b64encode(made).decode(), sent)

    assert verifies(hint.body)
    bits = range(8 * len(hint.body))
    flipped = [
        bytes(b ^ (1 << bit % 8) if at == bit // 8 else b for at, b in enumerate(hint.body))
        for bit in bits
    ]
    assert len(flipped) > 2000
    assert [body for body in flipped if verifies(body)] == []


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_neither_id_nor_time_may_be_another_one(storage, project, secret, header):
    storage.upload()
    [hint] = project.hints()
    changed = {
        **hint.headers,
        header: hint.headers[header][:-1] + "x0"[hint.headers[header][-1] != "0"],
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(hint.body, changed)


@pytest.mark.parametrize("length", [24, 32, 63, 64, 65, 200, 1024])
def test_a_secret_of_ones_own_signs_whatever_its_length(storage, project, secret, length):
    own = whsec(os.urandom(length))
    assert add_secret(project, "own", own) == own
    storage.upload()
    [hint] = project.hints()
    for each in (secret, own):
        assert Webhook(each).verify(hint.body, hint.headers)


def test_while_secrets_are_changed_either_verifies_and_afterwards_the_new_one_alone(
    storage, project, secret
):
    storage.upload()
    new = add_secret(project, "new")
    storage.upload()
    project.ask("SELECT app.retire_storage_secret('second')", role="postgres")
    storage.upload()

    def verifying(hint):
        good = set()
        for name, each in (("old", secret), ("new", new)):
            try:
                Webhook(each).verify(hint.body, hint.headers)
            except WebhookVerificationError:
                continue
            good.add(name)
        return good

    assert [verifying(hint) for hint in project.hints()] == [{"old"}, {"old", "new"}, {"new"}]
    signatures = [len(h.headers["webhook-signature"].split(" ")) for h in project.hints()]
    assert signatures == [1, 2, 1]


def test_a_generated_secret_is_long_and_never_the_same(project):
    made = {add_secret(project, f"s{number}") for number in range(20)}
    assert len(made) == 20
    assert {len(base64.b64decode(each.removeprefix("whsec_"))) for each in made} == {32}


def test_a_retired_secret_is_forgotten(project, secret):
    rows = project.ask("SELECT name, key IS NULL, retired_at IS NULL FROM app.storage_secrets")
    assert set(rows) == {("first", True, False), ("second", False, True)}
    with pytest.raises(psycopg.errors.RaiseException, match="No secret first signs"):
        project.ask("SELECT app.retire_storage_secret('first')", role="postgres")


@pytest.mark.parametrize(
    "wrong",
    ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_ä", whsec(b"x" * 23), whsec(b"x" * 1025)],
)
def test_what_is_no_secret_is_refused(project, wrong):
    with pytest.raises(psycopg.Error):
        add_secret(project, "wrong", wrong)


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://myograph.example/api/webhooks/storage/c3d-upload", True),
        ("https://myograph.example:8443/hook", True),
        ("http://localhost:8000/hook", True),
        ("http://127.0.0.1:8000/hook", True),
        ("http://host.docker.internal:8000/hook", True),
        ("http://myograph:8000/hook", True),
        ("http://myograph.example/hook", False),
        ("http://localhost.example/hook", False),
        ("http://localhost:8000@evil.example/hook", False),
        ("https:///hook", False),
        ("https://myograph.example/a b", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_names_of_recordings_never_cross_a_network_in_the_clear(project, url, taken):
    query = "UPDATE app.storage_hook SET url = %s RETURNING url"
    if taken:
        assert project.ask(query, [url], "postgres") == [(url,)]
    else:
        with pytest.raises(psycopg.errors.CheckViolation):
            project.ask(query, [url], "postgres")
