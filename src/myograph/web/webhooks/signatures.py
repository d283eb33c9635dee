"""Is it really from whom it says? Decided over the raw body, before anything is parsed.

Three kinds of proof, told apart by their headers:

standard   webhook-id, webhook-timestamp, webhook-signature: "v1,<base64> v1,<base64> ..."
           HMAC-SHA256 of "id.timestamp.body" (https://www.standardwebhooks.com)
sha256     X-Webhook-Timestamp, X-Webhook-Signature: "sha256=<hex>"
           HMAC-SHA256 of "timestamp.body"
bearer     Authorization: "Bearer <token>"

Pure: the clock is an argument. What is compared takes as long whether it fits or not, and every
active key of every source of the kind is tried, so that time tells nothing of them.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from myograph.errors import BadSignature, StaleDelivery
from myograph.services.standard_webhooks import signature
from myograph.web.webhooks.sources import Kind, Source

TOLERANCE_S: Final = 300
MAX_ID: Final = 255
MOST_SIGNATURES: Final = 16  # one per active secret of the sender
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_ID: Final = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is proven.

    id       its number at the source, for standard the sender's own; None: it proves none
    signed   False: it is known who sends, and not that the body is as it was sent
    """

    source: Source
    id: str | None
    signed: bool


def verify(
    sources: Sequence[Source],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    private: bool,
) -> Delivery:
    """Who sent this body. Raises BadSignature or StaleDelivery.

    headers   with small letters, or in whatever case where the mapping minds none
    now       seconds since 1970
    private   nobody on the way can read a token: TLS, or the loopback
    """
    if "webhook-signature" in headers:
        return _standard(sources, headers, body, now)
    if "x-webhook-signature" in headers:
        return _sha256(sources, headers, body, now)
    return _bearer(sources, headers, private=private)


def sign_sha256(key: bytes, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a delivery of kind sha256."""
    return {
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-Signature": _hex(_hmac(key, _sha256_text(str(timestamp), body))),
    }


def _standard(
    sources: Sequence[Source], headers: Mapping[str, str], body: bytes, now: float
) -> Delivery:
    delivery_id = headers.get("webhook-id", "")
    if not _ID.fullmatch(delivery_id):
        raise BadSignature(f"A signed delivery has a webhook-id of 1 to {MAX_ID} visible signs.")
    timestamp = _written_seconds(headers, "webhook-timestamp")
    given = headers["webhook-signature"].split(" ")[:MOST_SIGNATURES]

    def expected(key: bytes) -> str:
        return signature(key, number=delivery_id, at=timestamp, body=body)

    source = _signer(sources, "standard", given, expected)
    _refuse_stale(timestamp, now)
    return Delivery(source, delivery_id, signed=True)


def _sha256(
    sources: Sequence[Source], headers: Mapping[str, str], body: bytes, now: float
) -> Delivery:
    timestamp = _written_seconds(headers, "x-webhook-timestamp")
    text = _sha256_text(timestamp, body)
    given = [headers["x-webhook-signature"]]
    source = _signer(sources, "sha256", given, lambda key: _hex(_hmac(key, text)))
    _refuse_stale(timestamp, now)
    return Delivery(source, hashlib.sha256(text).hexdigest(), signed=True)


def _bearer(sources: Sequence[Source], headers: Mapping[str, str], *, private: bool) -> Delivery:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token:
        raise BadSignature("This delivery carries no signature.")
    if not private:
        raise BadSignature("A bearer token is only taken over TLS, since whoever reads it has it.")
    return Delivery(_signer(sources, "bearer", [token.strip()], _as_text), None, signed=False)


def _signer(
    sources: Iterable[Source], kind: Kind, given: Sequence[str], expected: Callable[[bytes], str]
) -> Source:
    """The source whose key makes one of the texts given."""
    found: Source | None = None
    for source in sources:
        for key in source.keys if source.kind == kind else ():
            wanted = expected(key).encode()
            for text in given:
                if hmac.compare_digest(wanted, text.encode("utf-8", "replace")):
                    found = source
    if found is None:
        raise BadSignature("No secret of ours fits the signature of this delivery.")
    return found


def _written_seconds(headers: Mapping[str, str], name: str) -> str:
    """As written, since that is what was signed."""
    text = headers.get(name, "")
    if not _SECONDS.fullmatch(text):
        raise BadSignature(f"A signed delivery has its {name} in whole seconds since 1970.")
    return text


def _refuse_stale(timestamp: str, now: float) -> None:
    """After the signature: strangers learn nothing of our clock."""
    late_s = now - int(timestamp)
    if abs(late_s) > TOLERANCE_S:
        when = "old" if late_s > 0 else "in the future"
        raise StaleDelivery(
            f"This delivery is {abs(late_s):.0f} seconds {when};"
            f" no more than {TOLERANCE_S} are allowed. A clock may be wrong."
        )


def _sha256_text(timestamp: str, body: bytes) -> bytes:
    return f"{timestamp}.".encode() + body


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, hashlib.sha256)


def _hex(digest: bytes) -> str:
    return f"sha256={digest.hex()}"


def _as_text(key: bytes) -> str:
    return key.decode()
