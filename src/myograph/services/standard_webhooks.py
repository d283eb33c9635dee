"""Signatures as https://www.standardwebhooks.com says, of what we send and of what comes."""

import base64
import hashlib
import hmac
from typing import Final

from myograph.errors import BadInput

PREFIX: Final = "whsec_"
LEAST_KEY_BYTES: Final = 16


def key_of(secret: str) -> bytes:
    """The bytes of a secret, `whsec_` and base64. Raises BadInput, which never repeats it."""
    text = secret.removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise BadInput("A secret is whsec_ and base64, and one is not.") from None
    return long_enough(key)


def long_enough(key: bytes) -> bytes:
    if len(key) < LEAST_KEY_BYTES:
        raise BadInput(f"A secret holds at least {LEAST_KEY_BYTES} bytes, and one is shorter.")
    return key


def signature(key: bytes, *, number: str, at: str, body: bytes) -> str:
    """number, at: as the headers have them, since that is what is signed."""
    digest = hmac.digest(key, f"{number}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def signed(key: bytes, *, number: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery.

    number    the same for every repeat
    at        seconds since 1970
    """
    return {
        "webhook-id": number,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(key, number=number, at=str(at), body=body),
    }
