"""The public keys that an identity provider signs with, asked for now and then."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2
import jwt
from jwt import PyJWK

from myograph.errors import SignInUnavailable
from myograph.web.provider.answers import UNREACHABLE, got

KEYS: Final = 20
WEAKEST_RSA_BITS: Final = 2048


class KeySet:
    """The provider's public keys, by their number.

    Kept for `lasts_s`. A number that is not among them makes us ask again, since keys are changed,
    but never more often than every `again_s`: whoever sends us made-up numbers troubles nobody.
    """

    def __init__(
        self,
        url: str,
        client: httpx2.Client,
        *,
        lasts_s: float = 600.0,
        again_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._client = client
        self._lasts_s = lasts_s
        self._again_s = again_s
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at = self._asked_at = -float("inf")
        self._lock = threading.Lock()

    def key(self, number: str) -> PyJWK | None:
        """None where the provider has no such key; SignInUnavailable where it cannot be asked."""
        found = self._fresh().get(number)
        if found is not None:
            return found
        with self._lock:  # one asks for all who wait
            if number not in self._fresh() and self._clock() - self._asked_at >= self._again_s:
                self._asked_at = self._clock()
                self._keys = keys_in(got(self._client, self.url).content)
                self._fetched_at = self._clock()
        if self._clock() - self._fetched_at >= self._lasts_s:
            raise SignInUnavailable(UNREACHABLE)
        return self._fresh().get(number)

    def _fresh(self) -> Mapping[str, PyJWK]:
        return self._keys if self._clock() - self._fetched_at < self._lasts_s else {}


def keys_in(document: bytes) -> dict[str, PyJWK]:
    """The public keys of a key set that sign as we know it: ES256, and RS256 of 2048 bits or more.

    Each is bound to its algorithm here, so that no token can choose another one for it.
    """
    try:
        listed = json.loads(document)["keys"]
        named = [(k["kid"], _key(k)) for k in listed[:KEYS] if isinstance(k.get("kid"), str)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise SignInUnavailable("The keys that sign-ins are checked with cannot be read.") from exc
    return {number: key for number, key in named if key is not None}


def _key(said: Mapping[str, Any]) -> PyJWK | None:
    if said.get("use", "sig") != "sig":
        return None
    kind, algorithm = said.get("kty"), said.get("alg")
    try:
        if kind == "EC" and said.get("crv") == "P-256" and algorithm in {None, "ES256"}:
            return PyJWK({k: said[k] for k in ("kty", "crv", "x", "y")}, "ES256")
        if kind == "RSA" and algorithm in {None, "RS256"}:
            key = PyJWK({k: said[k] for k in ("kty", "n", "e")}, "RS256")
            return key if key.key.key_size >= WEAKEST_RSA_BITS else None
    except (jwt.PyJWTError, ValueError):
        return None
    return None
