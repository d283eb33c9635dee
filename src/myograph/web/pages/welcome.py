"""The page of a link that is used once: who it is for sets login and password and is let in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from myograph.db import links
from myograph.db.identity import tell
from myograph.db.links import Welcome
from myograph.errors import BadInput, Conflict, NotFound
from myograph.services.come_in import accepted_login, accepted_name, fingerprint
from myograph.services.passwords import SHORTEST, accepted
from myograph.web import problems
from myograph.web.deps import TheSite, context_of
from myograph.web.entrance import let_in
from myograph.web.site import Site
from myograph.web.templating import render

router = APIRouter(tags=["sign-in"], include_in_schema=False)
USELESS = (
    "This link is good for nothing any more: each is used once, within a day."
    " Please ask for a new one."
)


@router.get("/welcome/{secret}")
def welcome_form(secret: str, request: Request, site: TheSite) -> Response:
    return _form(request, _welcome(site, secret))


@router.post("/welcome/{secret}")
def welcome(
    secret: str,
    request: Request,
    site: TheSite,
    name: Annotated[str, Form()] = "",
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """The first page, signed in; the form once more with what is wrong, and the link stays good."""
    known = _welcome(site, secret)
    try:
        chosen_name = known.name or accepted_name(name)
        chosen_login = known.login or accepted_login(login)
        kept = accepted(password, names=(chosen_name, chosen_login))
        if password != again:
            raise BadInput("The two passwords are not the same.")  # noqa: TRY301 - said like the others
        password_hash = site.doorkeeper.hashed(kept)
        with site.pool.connection() as conn:
            tell(conn, context_of(request))
            person_id = links.accept(
                conn,
                fingerprint(secret),
                login=chosen_login,
                name=chosen_name,
                password_hash=password_hash,
            )
    except (BadInput, Conflict) as refused:
        if not problems.wants_page(request):
            raise
        return _form(request, known, name=name, login=login, sentence=refused.sentence)
    return let_in(request, site, person_id, "/")


def _welcome(site: Site, secret: str) -> Welcome:
    with site.pool.connection() as conn:
        found = links.welcomed(conn, fingerprint(secret))
    if found is None:
        raise NotFound(USELESS)
    return found


def _form(
    request: Request,
    known: Welcome,
    *,
    name: str = "",
    login: str = "",
    sentence: str | None = None,
) -> Response:
    return render(
        request,
        "welcome.html",
        status=HTTPStatus.OK if sentence is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        headers={"Cache-Control": "no-store"},
        known=known,
        own_name=name,
        login=login,
        sentence=sentence,
        shortest=SHORTEST,
    )
