"""Who may come in: passwords, the signed cookie, and how often one may try. Knows no database.

A cookie says who somebody was when they signed in and until when that counts. What they may do is
read from the database with every request.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from myograph.errors import TooManyAttempts

COOKIE: Final = "myograph"
LASTS_S: Final = 12 * 3600  # a working day: nobody is signed out in the middle of one
MIN_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a cookie says. `until` is in seconds since 1970."""

    person_id: UUID
    until: float


class Attempts:
    """How often a sign-in failed lately, per login and address. In memory, so per process.

    After `allowed` failures within `window_s` the next must wait until the oldest has passed. The
    least recently used are forgotten beyond `remembered`, so that memory stays bounded.
    """

    def __init__(
        self, *, allowed: int = 5, window_s: float = 300.0, remembered: int = 10_000
    ) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._remembered = remembered
        self._failures: OrderedDict[tuple[str, str], tuple[float, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, login: str, address: str, now: float) -> None:
        """Count an attempt before it is judged, so that many at once cannot all slip through."""
        key = (login, address)
        with self._lock:
            recent = self._recent(key, now)
            if len(recent) >= self._allowed:
                wait_s = recent[0] + self._window_s - now
                raise TooManyAttempts(wait_s)
            self._failures[key] = (*recent, now)
            self._failures.move_to_end(key)
            while len(self._failures) > self._remembered:
                self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        with self._lock:
            self._failures.pop((login, address), None)

    def _recent(self, key: tuple[str, str], now: float) -> tuple[float, ...]:
        return tuple(at for at in self._failures.get(key, ()) if now - at < self._window_s)


class Doorkeeper:
    """Checks passwords, and signs and reads the cookie with one secret."""

    def __init__(self, secret: bytes, *, hasher: PasswordHasher | None = None) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the cookie secret must have at least {MIN_SECRET_BYTES} bytes")
        self._secret = secret
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._at_once = threading.BoundedSemaphore(2)  # each takes 64 MB and a core for a while
        self.attempts = Attempts()

    def password_fits(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password. An unknown login, None, takes as long as a wrong one."""
        with self._at_once:
            try:
                self._hasher.verify(password_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def write(self, ticket: Ticket) -> str:
        fields = [str(ticket.person_id), ticket.until]
        body = _encode(json.dumps(fields).encode())
        return f"{body}.{_encode(self._signature(body))}"

    def read(self, cookie: str, now: float) -> Ticket | None:
        """The ticket, or None where the cookie is not ours or its time is over."""
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(_encode(self._signature(body)).encode(), signature.encode()):
            return None
        person_id, until = json.loads(base64.urlsafe_b64decode(body))
        return Ticket(UUID(person_id), until) if now < until else None

    def _signature(self, body: str) -> bytes:
        return hmac.digest(self._secret, f"{COOKIE}.{body}".encode(), hashlib.sha256)


def hash_password(password: str) -> str:
    """Argon2id with the library's defaults (RFC 9106, low memory)."""
    return PasswordHasher().hash(password)


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a page of ours, whatever the address says."""
    inside = target and target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if target and inside and target.isprintable() else "/"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
