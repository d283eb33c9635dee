"""Coming in and going out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from myograph.db.accounts import Account, find
from myograph.errors import MyographError, TooManyAttempts, WrongPassword
from myograph.web import problems
from myograph.web.auth import COOKIE, LASTS_S, Ticket, safe_next
from myograph.web.deps import TheSite
from myograph.web.site import Site
from myograph.web.templating import render

router = APIRouter(tags=["sign-in"], include_in_schema=False)
WRONG = "This name and this password do not belong together."


@router.get("/sign-in")
def sign_in_form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the address says so
    return render(request, "sign_in.html", next=safe_next(next), login="", sentence=None)


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
        account = _checked(site, login.strip(), password, _address(request))
    except (WrongPassword, TooManyAttempts) as refused:
        return _again(request, refused, login=login, target=target)
    ticket = Ticket(account.id, site.clock() + LASTS_S)
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        site.doorkeeper.write(ticket),
        max_age=LASTS_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    response.delete_cookie(
        COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return response


def _checked(site: Site, login: str, password: str, address: str) -> Account:
    account = _account(site, login)
    site.doorkeeper.attempts.begin(login, address, site.clock())
    known = account if account and account.active else None
    if not site.doorkeeper.password_fits(known.password_hash if known else None, password):
        raise WrongPassword(WRONG)
    assert known is not None  # noqa: S101 - nobody's password never fits
    site.doorkeeper.attempts.succeeded(login, address)
    return known


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
    return render(
        request,
        "sign_in.html",
        status=answer.status_code,
        headers=kept,
        next=target,
        login=login,
        sentence=refused.sentence,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
