"""Who may announce uploads is decided by secrets, over the bytes as they came, by our clock."""

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from myograph.errors import BadSignature, StaleDelivery
from myograph.services.standard_webhooks import signed
from myograph.web.webhooks.signatures import (
    MOST_SIGNATURES,
    Delivery,
    sign_sha256,
    verify,
)
from myograph.web.webhooks.sources import Source

NOW = 1_800_000_000
KEY, OLD_KEY, OTHER_KEY = b"k" * 24, b"o" * 24, b"x" * 100
BODY = '{"name": "P001/ü.c3d"}'.encode()
STANDARD = Source("supabase", "standard", (KEY, OLD_KEY), ("emg_data",))
SECOND = Source("second", "standard", (OTHER_KEY,), ("emg_data",))
SHA = Source("gateway", "sha256", (KEY, OLD_KEY), ("emg_data",))
MINIO = Source("minio", "bearer", (b"token-token-token",), ("emg_data",))
SOURCES = (STANDARD, SHA, MINIO, SECOND)


def checked(headers, body=BODY, *, now=NOW, private=True, sources=SOURCES):
    return verify(sources, Headers(headers), body, now=now, private=private)


def headers_of(key=KEY, at=NOW, body=BODY, delivery_id="msg_1"):
    return signed(key, number=delivery_id, at=at, body=body)


def oracle(key):
    return standardwebhooks.Webhook("whsec_" + base64.b64encode(key).decode())


@given(st.text(max_size=300), st.binary(min_size=16, max_size=100), st.uuids())
def test_what_we_sign_the_package_of_the_standard_verifies(text, key, number):
    body, now = text.encode("utf-8", "replace"), int(time.time())
    headers = signed(key, number=f"msg_{number}", at=now, body=body)
    oracle(key).verify(body, headers, json_parse=False)


@given(st.text(max_size=300), st.binary(min_size=16, max_size=100), st.uuids())
def test_what_the_package_of_the_standard_signs_we_verify(text, key, number):
    body = text.encode("utf-8", "replace")
    at = datetime.fromtimestamp(NOW, UTC)
    signature = oracle(key).sign(f"{number}", at, body.decode())
    headers = {
        "Webhook-Id": f"{number}",
        "Webhook-Timestamp": f"{NOW}",
        "Webhook-Signature": signature,
    }
    source = Source("one", "standard", (key,), ())
    assert checked(headers, body, sources=[source]) == Delivery(source, f"{number}", signed=True)


@pytest.mark.parametrize(
    ("key", "source"), [(KEY, STANDARD), (OLD_KEY, STANDARD), (OTHER_KEY, SECOND)]
)
def test_every_active_secret_of_every_source_is_good(key, source):
    assert checked(headers_of(key)) == Delivery(source, "msg_1", signed=True)


def test_a_retired_secret_is_not():
    with pytest.raises(BadSignature, match="No secret of ours fits"):
        checked(headers_of(b"retired" * 4))


def test_one_good_signature_among_several_is_enough():
    headers = headers_of()
    others = "v1,AAAA v1a,BBBB  nonsense"
    assert checked(headers | {"webhook-signature": f"{others} {headers['webhook-signature']}"})


def test_no_more_signatures_are_tried_than_a_sender_has_secrets():
    good = headers_of()["webhook-signature"]
    padded = ["v1,AAAA"] * (MOST_SIGNATURES - 1)
    assert checked(headers_of() | {"webhook-signature": " ".join([*padded, good])})
    with pytest.raises(BadSignature):
        checked(headers_of() | {"webhook-signature": " ".join([*padded, "v1,BBBB", good])})


@pytest.mark.parametrize("late_s", [-300, 300])
def test_300_seconds_either_way_are_allowed(late_s):
    assert checked(headers_of(at=NOW - late_s)).id == "msg_1"
    assert checked(sign_sha256(KEY, NOW - late_s, BODY)).source == SHA


@pytest.mark.parametrize(("late_s", "said"), [(-301, "in the future"), (301, "301 seconds old")])
def test_one_more_is_stale(late_s, said):
    for headers in (headers_of(at=NOW - late_s), sign_sha256(KEY, NOW - late_s, BODY)):
        with pytest.raises(StaleDelivery, match=said):
            checked(headers)


def test_what_is_stale_and_not_signed_is_not_headers_of():
    with pytest.raises(BadSignature) as refused:
        checked(headers_of(key=b"z" * 24, at=NOW - 301))
    assert type(refused.value) is BadSignature


def test_the_sha256_header_is_the_hmac_of_timestamp_and_body():
    text = f"{NOW}.".encode() + BODY
    expected = hmac.new(OLD_KEY, text, hashlib.sha256).hexdigest()
    headers = {"X-Webhook-Timestamp": f"{NOW}", "X-Webhook-Signature": f"sha256={expected}"}
    assert sign_sha256(OLD_KEY, NOW, BODY) == headers
    delivery_id = hashlib.sha256(text).hexdigest()
    assert checked(headers) == Delivery(SHA, delivery_id, signed=True)


def flips(text):
    for i in range(len(text)):
        for bit in range(7):
            changed = chr(ord(text[i]) ^ 1 << bit)
            yield text[:i] + changed + text[i + 1 :]


@pytest.mark.parametrize(
    "headers", [headers_of(), sign_sha256(KEY, NOW, BODY)], ids=["v1", "sha256"]
)
def test_no_bit_of_headers_or_body_may_change(headers):
    forged = [({**headers, n: f}, BODY) for n in headers for f in flips(headers[n])]
    forged += [(headers, f.encode("latin-1")) for f in flips(BODY.decode("latin-1"))]
    assert len(forged) > 500
    for changed, body in forged:
        with pytest.raises(BadSignature):
            checked(changed, body)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_no_header_may_be_missing(missing):
    with pytest.raises(BadSignature):
        checked({n: v for n, v in headers_of().items() if n != missing})


def test_the_timestamp_of_the_sha256_header_may_not_be_missing():
    with pytest.raises(BadSignature, match="x-webhook-timestamp"):
        checked({"X-Webhook-Signature": sign_sha256(KEY, NOW, BODY)["X-Webhook-Signature"]})


@pytest.mark.parametrize("when", ["", "now", "1.8e9", "-1", " 1800000000", "１８", "9" * 13])
def test_a_timestamp_is_whole_seconds(when):
    with pytest.raises(BadSignature, match="whole seconds"):
        verify([STANDARD], headers_of() | {"webhook-timestamp": when}, BODY, now=NOW, private=True)


@pytest.mark.parametrize("number", ["", "a b", "a\n", "ü", "x" * 256])
def test_a_number_is_visible_signs(number):
    headers = headers_of(delivery_id=number)
    with pytest.raises(BadSignature, match="1 to 255 visible signs"):
        verify([STANDARD], headers, BODY, now=NOW, private=True)


def test_a_number_may_have_255_signs():
    assert checked(headers_of(delivery_id="x" * 255)).id == "x" * 255


@pytest.mark.parametrize("written", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_says_who_and_nothing_more(written):
    headers = {"Authorization": f"{written} token-token-token"}
    assert checked(headers) == Delivery(MINIO, None, signed=False)


def test_a_bearer_token_needs_a_connection_that_nobody_reads():
    with pytest.raises(BadSignature, match="only taken over TLS"):
        checked({"Authorization": "Bearer token-token-token"}, private=False)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic token-token-token"},
        {"Authorization": "token-token-token"},
        {"Authorization": "Bearer token-token-tokem"},
        {"Authorization": "Bearer " + KEY.decode()},
    ],
)
def test_any_other_proof_is_none(headers):
    with pytest.raises(BadSignature):
        checked(headers)


def test_a_secret_of_one_kind_is_none_of_another():
    forged = headers_of(key=b"token-token-token")
    with pytest.raises(BadSignature):
        checked(forged)
    with pytest.raises(BadSignature):
        checked(sign_sha256(OTHER_KEY, NOW, BODY))


def test_a_broken_signature_is_not_made_good_by_a_token():
    token = {"Authorization": "Bearer token-token-token"}
    with pytest.raises(BadSignature):
        checked(headers_of(key=b"z" * 24) | token)


def test_without_a_source_nothing_fits():
    with pytest.raises(BadSignature):
        checked(headers_of(), sources=[])


def test_a_source_never_shows_its_keys():
    assert "kkkk" not in repr(STANDARD)
