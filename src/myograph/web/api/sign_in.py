"""Coming in and going out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from myograph.db.accounts import Account, find
from myograph.errors import (
    MyographError,
    NotSignedIn,
    SignInUnavailable,
    TooManyAttempts,
    WrongPassword,
)
from myograph.web import problems
from myograph.web.auth import WRONG, safe_next
from myograph.web.deps import TheSite
from myograph.web.entrance import address_of, let_in, let_out, turn_away
from myograph.web.provider.subjects import Provider
from myograph.web.recognise import person_of
from myograph.web.site import Site, site_of
from myograph.web.templating import render

router = APIRouter(tags=["sign-in"], include_in_schema=False)


@router.get("/sign-in")
def sign_in_form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the address says so
    return _form(request, target=safe_next(next))


@router.post("/sign-in")
def sign_in(
    request: Request,
    site: TheSite,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - as above
) -> Response:
    """The cookie and the page that was asked for; an unknown name looks like a wrong password."""
    target = safe_next(next)
    try:
        person_id = _recognised(request, site, login.strip(), password)
        return let_in(request, site, person_id, target)
    except (WrongPassword, TooManyAttempts, SignInUnavailable) as refused:
        return _again(request, refused, login=login, target=target)


@router.post("/sign-out")
def sign_out(request: Request, site: TheSite) -> Response:
    return let_out(request, site)


def _recognised(request: Request, site: Site, login: str, password: str) -> UUID:
    attempts, address = site.doorkeeper.attempts, address_of(request)
    attempts.begin(login.casefold(), address, site.clock())
    if site.provider is not None and site.provider.site is not None and "@" in login:
        person_id = _by_provider(site, site.provider, login, password)
    else:
        person_id = _by_password(request, site, login, password)
    attempts.succeeded(login.casefold(), address)
    return person_id


def _by_provider(site: Site, provider: Provider, login: str, password: str) -> UUID:
    """Whoever has no role here is told no more than whoever has no password there."""
    subject = provider.sign_in(login, password)
    try:
        return person_of(site, subject).id
    except NotSignedIn as unknown:
        raise WrongPassword(WRONG) from unknown


def _by_password(request: Request, site: Site, login: str, password: str) -> UUID:
    """Whether nobody has this login or it is switched off: it takes as long, and says the same."""
    account = _account(site, login)
    known = account if account and account.active else None
    if not site.doorkeeper.password_fits(known.password_hash if known else None, password):
        turn_away(request, site, account.id if account else None)
        raise WrongPassword(WRONG)
    assert known is not None  # noqa: S101 - nobody's password never fits
    return known.id


def _account(site: Site, login: str) -> Account | None:
    """A NUL, which no text in PostgreSQL can hold, is in nobody's name."""
    if not login.isprintable():
        return None
    with site.pool.connection() as conn:
        return find(conn, login)


def _again(request: Request, refused: MyographError, *, login: str, target: str) -> Response:
    answer = problems.answer(request, refused)
    if not problems.wants_page(request):
        return answer
    kept = {k: v for k, v in answer.headers.items() if k == "retry-after"}
    return _form(
        request,
        status=answer.status_code,
        headers=kept,
        target=target,
        login=login,
        sentence=refused.sentence,
    )


def _form(
    request: Request,
    *,
    target: str,
    login: str = "",
    sentence: str | None = None,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return render(
        request,
        "sign_in.html",
        status=status,
        headers=headers,
        next=target,
        login=login,
        sentence=sentence,
        idle=_words(site_of(request).settings.idle_minutes),
    )


def _words(minutes: float) -> str:
    hours, rest = divmod(round(minutes), 60)
    if hours and not rest:
        return "an hour" if hours == 1 else f"{hours} hours"
    return f"{round(minutes)} minutes"
