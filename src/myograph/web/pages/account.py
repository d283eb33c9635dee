"""One's own account: another password, signing out everywhere, tokens for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from myograph.db import accounts, sign_ins, tokens
from myograph.db.identity import Person
from myograph.db.tokens import SCOPES, Scope, Token
from myograph.errors import BadInput, Conflict, MyographError, TooManyAttempts
from myograph.services.come_in import TOKEN_DAYS, token_of_visitor
from myograph.services.passwords import SHORTEST, accepted
from myograph.web import problems
from myograph.web.deps import TheSite, Transaction, Visitor, short_transaction
from myograph.web.entrance import address_of, without_cookie
from myograph.web.recognise import needs, sign_in_of
from myograph.web.site import Site
from myograph.web.templating import render

router = APIRouter(tags=["account"], include_in_schema=False)
MEANING: dict[Scope, str] = {
    "read": "look at what I may see",
    "upload": "upload recordings",
    "write": "enter and correct",
    "export": "export",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says besides what is always there.

    secret     of a token that was made just now
    wrong      why what was asked for was not done, and which form asked
    """

    secret: str | None = field(default=None, repr=False)
    wrong: str | None = None
    form: str = ""
    changed: bool = False


@router.get("/account")
def account(request: Request, visitor: Visitor, changed: bool = False) -> Response:  # noqa: FBT001, FBT002 - the address says so
    return _page(request, visitor, Shown(changed=changed))


@router.post("/account/password")
@needs("sign-in")
def change_password(
    request: Request,
    visitor: Visitor,
    site: TheSite,
    current: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Every other sign-in ends; this one goes on."""
    try:
        kept = _accepted(request, site, visitor, current, password, again)
    except (BadInput, TooManyAttempts) as refused:
        return _refused(request, visitor, refused, "password")
    hashed = site.doorkeeper.hashed(kept)
    with short_transaction(request, visitor) as conn:
        accounts.change_password(conn, hashed, but=sign_in_of(request, site))
    return RedirectResponse("/account?changed=1", HTTPStatus.SEE_OTHER)


@router.post("/account/sign-out-everywhere")
@needs("sign-in")
def sign_out_everywhere(request: Request, visitor: Visitor) -> Response:
    with short_transaction(request, visitor) as conn:
        sign_ins.end_all(conn)
    return without_cookie(request)


@router.post("/account/tokens")
@needs("sign-in")
def make_token(
    request: Request,
    visitor: Visitor,
    name: Annotated[str, Form()] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    days: Annotated[int, Form()] = TOKEN_DAYS,
) -> Response:
    """The page once more, with the token on it this once."""
    wanted = cast("Sequence[Scope]", scopes or [])  # judged where it is made
    try:
        with short_transaction(request, visitor) as conn:
            made = token_of_visitor(conn, name, scopes=wanted, days=days)
    except (BadInput, Conflict) as refused:
        return _refused(request, visitor, refused, "tokens")
    return _page(request, visitor, Shown(secret=made.secret))


@router.post("/account/tokens/{token_id}/revoke")
@needs("sign-in")
def revoke_token(token_id: UUID, conn: Transaction, _: Visitor) -> Response:
    tokens.revoke(conn, token_id)
    return RedirectResponse("/account", HTTPStatus.SEE_OTHER)


def _accepted(
    request: Request, site: Site, visitor: Person, current: str, password: str, again: str
) -> str:
    """The new password, where the old one is right; that is guessed here no faster than outside."""
    with site.pool.connection() as conn:
        known = accounts.of_person(conn, visitor.id)
        login = accounts.login_of(conn, visitor.id)
    if known is None or login is None:
        raise BadInput("You have no password here: it is your identity provider's.")
    site.doorkeeper.attempts.begin(login.casefold(), address_of(request), site.clock())
    if not site.doorkeeper.password_fits(known.password_hash, current):
        raise BadInput("This is not your present password.")
    site.doorkeeper.attempts.succeeded(login.casefold(), address_of(request))
    kept = accepted(password, names=(visitor.name, login))
    if password != again:
        raise BadInput("The two new passwords are not the same.")
    return kept


def _refused(request: Request, visitor: Person, refused: MyographError, form: str) -> Response:
    if not problems.wants_page(request):
        return problems.answer(request, refused)
    return _page(request, visitor, Shown(wrong=refused.sentence, form=form))


def _page(request: Request, visitor: Person, shown: Shown) -> Response:
    with short_transaction(request, visitor) as conn:
        listed = tokens.of_person(conn, visitor.id)
    with request.state.site.pool.connection() as conn:
        login = accounts.login_of(conn, visitor.id)
    return render(
        request,
        "account.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if shown.wrong else HTTPStatus.OK,
        headers={"Cache-Control": "no-store"},
        login=login,
        tokens=[(one, _state(one)) for one in listed],
        scopes=[(one, MEANING[one]) for one in SCOPES],
        shown=shown,
        shortest=SHORTEST,
    )


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at <= datetime.now(UTC) else "good"
