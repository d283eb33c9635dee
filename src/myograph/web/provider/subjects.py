"""People whom an identity provider knows: Supabase, or whoever signs JSON Web Tokens like it.

A token is believed where a key of the provider has signed it, for us, and not too long ago. The
kind of the key says which algorithm that is; what the token says of it is only compared (RFC 8725).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import jwt
from jwt import PyJWK

from myograph.db.identity import Role
from myograph.errors import (
    BadInput,
    NotSignedIn,
    SignInUnavailable,
    TooManyAttempts,
    WrongPassword,
)
from myograph.settings import Settings
from myograph.web.auth import WRONG
from myograph.web.provider.answers import TIMEOUT_S, UNREACHABLE, posted
from myograph.web.provider.keys import KeySet

LONGEST_TOKEN: Final = 8192
LEEWAY_S: Final = 10.0
MIN_SECRET_BYTES: Final = 32
WAIT_S: Final = 60.0  # where the provider has had enough of our questions and does not say how long
ROLES: Final[Mapping[str, Role]] = {
    "therapist": "therapist",
    "researcher": "researcher",
    "admin": "admin",
}
WELL_KNOWN: Final = "/.well-known/jwks.json"
NOT_VALID: Final = "This sign-in is not valid, or no longer. Please sign in again."
LONGEST_NAME: Final = 200
REFUSED: Final = range(400, 500)  # by HTTP


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token names.

    role    what the provider's own administration says; None: nothing that is a role here
    name    as shown where nobody gives a better one
    """

    id: UUID
    role: Role | None
    name: str


@dataclass(frozen=True, slots=True)
class Provider:
    """Where people may sign in besides here.

    keys       None: it has no public keys
    secret     the older way of signing, HS256; None: not taken
    issuer     None: not said, so not compared
    site       where passwords are checked, and the key that may ask; None: tokens alone are taken
    """

    client: httpx2.Client = field(repr=False)
    keys: KeySet | None
    secret: str | None = field(repr=False)
    issuer: str | None
    audience: str
    site: str | None
    publishable_key: str

    def subject(self, token: str) -> Subject:
        """Whom the token names, or NotSignedIn, which does not say what is wrong with it."""
        if len(token) > LONGEST_TOKEN:
            raise NotSignedIn(NOT_VALID)
        try:
            claims = self._claims(token)
            return _subject(claims)
        except (jwt.PyJWTError, ValueError, RecursionError) as exc:
            raise NotSignedIn(NOT_VALID) from exc

    def sign_in(self, email: str, password: str) -> Subject:
        """Ask the provider whether the password is right; its own token is checked and let go."""
        answer = posted(
            self.client,
            f"{self.site}/auth/v1/token?grant_type=password",
            {"email": email, "password": password},
            headers={"apikey": self.publishable_key},
        )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise TooManyAttempts(WAIT_S)
        if answer.status in REFUSED:  # unknown, wrong, banned, not confirmed
            raise WrongPassword(WRONG)
        if answer.status != HTTPStatus.OK:
            raise SignInUnavailable(UNREACHABLE)
        try:
            token = json.loads(answer.content)["access_token"]
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise SignInUnavailable(UNREACHABLE) from exc
        return self.subject(str(token))

    def _claims(self, token: str) -> Mapping[str, Any]:
        said = jwt.get_unverified_header(token)
        key, algorithm = self._key_for(said)
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self.audience,
            issuer=self.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "sub", "aud", *(["iss"] if self.issuer else [])]},
        )
        return claims

    def _key_for(self, said: Mapping[str, Any]) -> tuple[PyJWK | str, str]:
        """What must have signed it, and how."""
        if said.get("alg") == "HS256":
            if self.secret is None:
                raise jwt.InvalidAlgorithmError("no secret is configured")
            return self.secret, "HS256"
        number = said.get("kid")
        key = self.keys.key(number) if self.keys and isinstance(number, str) else None
        if key is None:
            raise jwt.InvalidKeyError("no such key")
        return key, key.algorithm_name


def _subject(claims: Mapping[str, Any]) -> Subject:
    """`user_metadata` is what people write about themselves: it is not looked at."""
    if claims.get("is_anonymous") not in {None, False}:
        raise ValueError("anonymous")
    if claims.get("role") in {"anon", "service_role"}:
        raise ValueError("a key of a program, not a person")
    subject = UUID(claims["sub"])
    if str(subject) != claims["sub"].lower():
        raise ValueError("another way of writing a number")
    administered = claims.get("app_metadata")
    role = cast("Mapping[str, Any]", administered).get("role") if _is_object(administered) else None
    return Subject(
        subject, ROLES.get(role) if isinstance(role, str) else None, _shown(claims, subject)
    )


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _shown(claims: Mapping[str, Any], subject: UUID) -> str:
    email = claims.get("email")
    if isinstance(email, str) and email.isprintable() and 0 < len(email) <= LONGEST_NAME:
        return email
    return f"Person {str(subject)[:8]}"


def provider_of(settings: Settings) -> Provider | None:
    """The one that the settings name; BadInput where they cannot be right."""
    site = settings.supabase_url.rstrip("/") if settings.supabase_url else None
    keys_url = settings.jwks_url or (f"{site}/auth/v1{WELL_KNOWN}" if site else None)
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    if keys_url is None and secret is None:
        return None
    if secret is not None and len(secret.encode()) < MIN_SECRET_BYTES:
        raise BadInput(
            f"MYOGRAPH_JWT_SECRET has fewer than {MIN_SECRET_BYTES} bytes: it could be guessed."
        )
    if site and not settings.supabase_key:
        raise BadInput(
            "MYOGRAPH_SUPABASE_URL is set, so MYOGRAPH_SUPABASE_KEY, the publishable key, must be"
            " too: Supabase checks no password without it."
        )
    for name, url in (("MYOGRAPH_JWKS_URL", keys_url), ("MYOGRAPH_SUPABASE_URL", site)):
        _refuse_open(name, url)
    client = httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
    return Provider(
        client=client,
        keys=KeySet(keys_url, client) if keys_url else None,
        secret=secret,
        issuer=settings.jwt_issuer or _issuer(keys_url, site),
        audience=settings.jwt_audience,
        site=site,
        publishable_key=settings.supabase_key or "",
    )


def _issuer(keys_url: str | None, site: str | None) -> str | None:
    """Who publishes its keys at its own well-known address is who issues with them."""
    if keys_url and keys_url.endswith(WELL_KNOWN):
        return keys_url.removesuffix(WELL_KNOWN)
    return f"{site}/auth/v1" if site else None


def _refuse_open(name: str, url: str | None) -> None:
    """Keys and passwords go over TLS, or do not leave this machine."""
    if url is None:
        return
    parts = urlsplit(url)
    inside = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not (parts.hostname and (parts.scheme == "https" or inside)):
        raise BadInput(f"{name} must be an address that begins with https://.")
