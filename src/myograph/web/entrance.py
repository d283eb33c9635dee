"""Letting somebody in, and out again: the cookie and the row behind it."""

from http import HTTPStatus
from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from myograph.db import sign_ins
from myograph.db.audit import note_sign_in
from myograph.db.identity import tell
from myograph.errors import WrongPassword
from myograph.web.auth import LASTS_S, WRONG, cookie_for
from myograph.web.deps import context_of
from myograph.web.recognise import sign_in_of
from myograph.web.site import Site


def let_in(request: Request, site: Site, person_id: UUID, target: str) -> Response:
    """The page that was asked for, with a cookie."""
    with site.pool.connection() as conn:
        tell(conn, context_of(request))
        sign_in = sign_ins.begin(conn, person_id, lasts_s=LASTS_S)
    if sign_in is None:  # switched off at this very moment
        raise WrongPassword(WRONG)
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        cookie_for(request.url.scheme),
        site.doorkeeper.write(sign_in),
        max_age=LASTS_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def let_out(request: Request, site: Site) -> Response:
    """The sign-in ends in the database too, so that a copy of the cookie is good for nothing."""
    sign_in = sign_in_of(request, site)
    if sign_in is not None:
        with site.pool.connection() as conn:
            tell(conn, context_of(request))
            sign_ins.end(conn, sign_in)
    return without_cookie(request)


def turn_away(request: Request, site: Site, person_id: UUID | None) -> None:
    """Write down that somebody did not get in; None: under a name that nobody has."""
    with site.pool.connection() as conn:
        tell(conn, context_of(request))
        note_sign_in(conn, person_id, "sign_in_failed")


def without_cookie(request: Request) -> Response:
    """The page for signing in, and the cookie gone."""
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    response.delete_cookie(
        cookie_for(request.url.scheme),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""
