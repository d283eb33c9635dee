"""Who is asking: a browser by its cookie, a program by its token.

Read anew for every request, so that whoever was switched off or signed out is out at once, and a
changed role holds at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar
from uuid import UUID

from fastapi import Request

from myograph.db import accounts, sign_ins, tokens
from myograph.db.identity import Person, Via
from myograph.db.tokens import Scope
from myograph.errors import NotAllowed, NotSignedIn
from myograph.services.come_in import PREFIX, fingerprint
from myograph.web.auth import cookie_for
from myograph.web.headers import SAFE_METHODS, bearer_of
from myograph.web.provider.subjects import NOT_VALID, Subject
from myograph.web.site import Site

F = TypeVar("F", bound=Callable[..., object])
UNATTENDED: Final = "x-unattended"  # what a page asks for by itself
NO_LONGER: Final = "This account may not sign in here. Please ask an administrator."
SIGN_IN: Final = "Please sign in first."


@dataclass(frozen=True, slots=True)
class Recognised:
    """`scopes` limit what a token is used for; None: whatever the person may."""

    person: Person
    via: Via
    scopes: frozenset[Scope] | None = None


def recognised(request: Request, site: Site, *, attended: bool = True) -> Recognised:
    """Whoever asks, or NotSignedIn. A token counts before a cookie, and where it is no good, no
    cookie makes up for it.

    attended   somebody is there: their sign-in does not end for lack of use
    """
    token = bearer_of(request.headers)
    if token is None:
        return _by_cookie(request, site, attended=attended)
    if token.startswith(PREFIX):
        return _by_token(site, token)
    return _by_provider(site, token)


def _by_cookie(request: Request, site: Site, *, attended: bool) -> Recognised:
    sign_in = sign_in_of(request, site)
    if sign_in is None:
        raise NotSignedIn(SIGN_IN)
    seen = attended and UNATTENDED not in request.headers
    with site.pool.connection() as conn:
        person = sign_ins.person_of(conn, sign_in, idle_s=site.idle_s, attended=seen)
    if person is None:
        raise NotSignedIn("You are signed out. Please sign in again.")
    return Recognised(person, "cookie")


def sign_in_of(request: Request, site: Site) -> UUID | None:
    """What the cookie says, whether it still counts or not."""
    return site.doorkeeper.read(request.cookies.get(cookie_for(request.url.scheme), ""))


def _by_token(site: Site, token: str) -> Recognised:
    with site.pool.connection() as conn:
        found = tokens.bearer(conn, fingerprint(token))
    if found is None:
        raise NotSignedIn("This token is not valid, or no longer. Please make a new one.")
    return Recognised(Person(found.id, found.name, found.role), "token", frozenset(found.scopes))


def _by_provider(site: Site, token: str) -> Recognised:
    if site.provider is None:
        raise NotSignedIn(NOT_VALID)
    return Recognised(person_of(site, site.provider.subject(token)), "jwt")


def person_of(site: Site, subject: Subject) -> Person:
    """Who it is here: as the table of people says, else as the provider's administration says."""
    with site.pool.connection() as conn:
        person = accounts.known_by_provider(conn, subject.id, role=subject.role, name=subject.name)
    if person is None:
        raise NotSignedIn(NO_LONGER)
    return person


def needs(scope: Scope | Literal["sign-in"]) -> Callable[[F], F]:
    """Says of an endpoint which scope a token must have, where its method does not say it.

    "sign-in"   no token does: somebody must have signed in on our own page
    """

    def marked(endpoint: F) -> F:
        endpoint.__dict__["needs"] = scope
        return endpoint

    return marked


def needed(method: str, endpoint: object) -> str:
    """Reading needs `read` and changing `write`, unless the endpoint says otherwise."""
    told: str | None = getattr(endpoint, "needs", None)
    return told or ("read" if method in SAFE_METHODS else "write")


def refuse_beyond_scope(request: Request, found: Recognised) -> None:
    need = needed(request.method, getattr(request.scope.get("route"), "endpoint", None))
    if need == "sign-in":
        if found.via != "cookie":
            raise NotAllowed("No token may do this: please sign in on the page.")
    elif found.scopes is not None and need not in found.scopes:
        raise NotAllowed(f"This token may not do this: it lacks the scope {need}.")
