"""Who may come in: passwords, the signed cookie, and how often one may try. Knows no database.

A cookie says which sign-in it is. Whose that is, what they may do and whether it still counts is
read from the database with every request.
"""

import base64
import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from myograph.errors import TooManyAttempts
from myograph.services.passwords import normalised

COOKIE: Final = "myograph"
# A browser takes this name over TLS alone and for this very host: no neighbour can plant one.
COOKIE_OVER_TLS: Final = f"__Host-{COOKIE}"
LASTS_S: Final = 12 * 3600  # a working day: nobody is signed out in the middle of one
MIN_SECRET_BYTES: Final = 32
WRONG: Final = "This name and this password do not belong together."


class Attempts:
    """How often a sign-in failed lately: of a login from an address, of each alone. Per process.

    After `allowed` failures of one login from one address within `window_s` the next must wait
    until the oldest has passed; so must an address after `of_address` failures, whatever the
    logins, and a login after `of_login`, whatever the addresses. The least recently used are
    forgotten beyond `remembered`, so that memory stays bounded.
    """

    def __init__(
        self,
        *,
        allowed: int = 5,
        of_address: int = 30,
        of_login: int = 50,
        window_s: float = 300.0,
        remembered: int = 10_000,
    ) -> None:
        self._allowed = allowed
        self._of_address = of_address
        self._of_login = of_login
        self._window_s = window_s
        self._remembered = remembered
        self._failures: OrderedDict[tuple[str, str], tuple[float, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, login: str, address: str, now: float) -> None:
        """Count an attempt before it is judged, so that many at once cannot all slip through."""
        with self._lock:
            counted = self._counted(login, address)
            waits = [self._wait(key, allowed, now) for key, allowed in counted]
            if any(waits):
                raise TooManyAttempts(max(waits))
            for key, _ in counted:
                self._failures[key] = (*self._recent(key, now), now)
                self._failures.move_to_end(key)
            while len(self._failures) > self._remembered:
                self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Failures of this login from here are forgotten; of the others this attempt alone."""
        with self._lock:
            (own, _), *others = self._counted(login, address)
            self._failures.pop(own, None)
            for key, _ in others:
                self._failures[key] = self._failures.get(key, ())[:-1]

    def _counted(self, login: str, address: str) -> Sequence[tuple[tuple[str, str], int]]:
        return (
            ((login, address), self._allowed),
            (("", address), self._of_address),
            ((login, ""), self._of_login),
        )

    def _wait(self, key: tuple[str, str], allowed: int, now: float) -> float:
        recent = self._recent(key, now)
        return recent[-allowed] + self._window_s - now if len(recent) >= allowed else 0.0

    def _recent(self, key: tuple[str, str], now: float) -> tuple[float, ...]:
        return tuple(at for at in self._failures.get(key, ()) if now - at < self._window_s)


class Doorkeeper:
    """Checks passwords, and signs and reads the cookie with one secret."""

    def __init__(
        self,
        secret: bytes,
        *,
        hasher: PasswordHasher | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the cookie secret must have at least {MIN_SECRET_BYTES} bytes")
        self._secret = secret
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._at_once = threading.BoundedSemaphore(2)  # each takes 64 MB and a core for a while
        self.attempts = attempts or Attempts()

    def password_fits(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password. An unknown login, None, takes as long as a wrong one."""
        with self._at_once:
            try:
                self._hasher.verify(password_hash or self._nobody, normalised(password))
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def hashed(self, password: str) -> str:
        """Of a password that was accepted."""
        with self._at_once:
            return self._hasher.hash(password)

    def write(self, sign_in: UUID) -> str:
        body = _encode(sign_in.bytes)
        return f"{body}.{_encode(self._signature(body))}"

    def read(self, cookie: str) -> UUID | None:
        """The sign-in, or None where the cookie is not ours."""
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(_encode(self._signature(body)).encode(), signature.encode()):
            return None
        return UUID(bytes=base64.urlsafe_b64decode(body))

    def _signature(self, body: str) -> bytes:
        return hmac.digest(self._secret, f"{COOKIE}.sign-in.{body}".encode(), hashlib.sha256)


def cookie_for(scheme: str) -> str:
    """The name of the cookie where requests come by `scheme`; the other one counts for nothing."""
    return COOKIE_OVER_TLS if scheme == "https" else COOKIE


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a page of ours, whatever the address says."""
    inside = target and target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if target and inside and target.isprintable() else "/"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
