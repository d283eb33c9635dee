"""The page of one session."""

import time
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from myograph.db import patients, recovery, scores, session_settings, sessions
from myograph.db.identity import Person
from myograph.errors import BadInput, NotAllowed
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import TheSite, Uploader, Visitor, short_transaction
from myograph.web.pages import words
from myograph.web.pages.loaded import load, view_of
from myograph.web.pages.session_view import Said, context_of, form_of
from myograph.web.pages.windows import wish_of
from myograph.web.site import Site
from myograph.web.templating import render
from myograph.web.texts import NO_NUL

router = APIRouter(include_in_schema=False)
live = APIRouter(include_in_schema=False, route_class=EtagRoute)

Text = Annotated[str, Form(pattern=NO_NUL)]
SCORED_WITHIN_S: Final = 1.5
LOOK_EVERY_S: Final = 0.05


@router.get("/sessions/{session_id}")
def session_page(session_id: UUID, request: Request, visitor: Visitor, site: TheSite) -> Response:
    return render(request, "session.html", **context_for(request, visitor, site, session_id))


@live.get("/sessions/{session_id}/live")
def session_live(session_id: UUID, request: Request, visitor: Visitor, site: TheSite) -> Response:
    """The same as it is now, for `live.js`."""
    return render(request, "_session.html", **context_for(request, visitor, site, session_id))


@router.get("/sessions/{session_id}/print.css")
def print_css(session_id: UUID, request: Request, visitor: Visitor) -> Response:
    """The patient in the margin of every printed page: no style sheet can read it off the page."""
    with short_transaction(request, visitor) as conn:
        session = sessions.get(conn, visitor, session_id)
    said = f"{words.patient_of(session) or 'no patient'} · {words.title_of(session)} · research use"
    quoted = said.replace("\\", "").replace('"', "").replace("\n", " ")
    rule = f'@page {{ @bottom-left {{ content: "{quoted}"; }} }}'
    return Response(rule, media_type="text/css", headers={"Cache-Control": "private, max-age=60"})


@router.post("/sessions/{session_id}/settings")
def session_settings_form(
    session_id: UUID,
    request: Request,
    visitor: Uploader,
    site: TheSite,
    patient: Text = "",
    left: Text = "",
    right: Text = "",
    rpe: Text = "",
) -> Response:
    """What a person says of a session. The page that follows shows the scores that come of it."""
    said = Said(patient.strip(), left, right, rpe.strip())
    before = _scored_at(request, visitor, session_id)
    try:
        _assign(request, visitor, session_id, said)
    except (BadInput, NotAllowed) as refused:
        context = context_for(
            request, visitor, site, session_id, said=said, problem=refused.sentence
        )
        return render(request, "session.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, **context)
    if before is not None:
        _wait_for_scores(request, visitor, session_id, before)
    return RedirectResponse(f"/sessions/{session_id}#scores", HTTPStatus.SEE_OTHER)


@router.post("/sessions/{session_id}/recover")
def recover_form(session_id: UUID, request: Request, visitor: Uploader) -> Response:
    """What there is of a broken recording is analysed; the page that follows shows how far."""
    with short_transaction(request, visitor) as conn:
        recovery.recover(conn, session_id)
    return RedirectResponse(f"/sessions/{session_id}", HTTPStatus.SEE_OTHER)


@router.post("/sessions/{session_id}/own")
def own_form(session_id: UUID, request: Request, visitor: Uploader) -> Response:
    """It counts, though another has the very same bytes: somebody says so who knows."""
    with short_transaction(request, visitor) as conn:
        session_settings.count_as_own(conn, session_id, True)  # noqa: FBT003 - as the column says
    return RedirectResponse(f"/sessions/{session_id}", HTTPStatus.SEE_OTHER)


def _assign(request: Request, visitor: Person, session_id: UUID, said: Said) -> None:
    if said.left and said.left == said.right:
        raise BadInput(
            f"{said.left} cannot be on both legs. Please choose another channel for one."
        )
    with short_transaction(request, visitor) as conn:
        session_settings.assign(
            conn,
            session_id,
            patient_code=said.patient or None,
            left=said.left or None,
            right=said.right or None,
            rpe=_rpe(said.rpe),
        )


def _rpe(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > 10:  # noqa: PLR2004 - the scale ends
        raise BadInput("RPE is a whole number from 0 to 10.")
    return int(text)


def _scored_at(request: Request, visitor: Person, session_id: UUID) -> datetime | None:
    with short_transaction(request, visitor) as conn:
        found = scores.of_session(conn, session_id)
    return found.calculated_at if found else None


def _wait_for_scores(request: Request, visitor: Person, session_id: UUID, before: datetime) -> None:
    """Scoring takes some hundredths of a second: the next page should have it, script or not."""
    until = time.monotonic() + SCORED_WITHIN_S
    while time.monotonic() < until:
        if _scored_at(request, visitor, session_id) != before:
            return
        time.sleep(LOOK_EVERY_S)


def context_for(
    request: Request,
    visitor: Person,
    site: Site,
    session_id: UUID,
    *,
    said: Said | None = None,
    problem: str = "",
) -> dict[str, Any]:
    """What the template of the page needs, as this person sees the session now."""
    with short_transaction(request, visitor) as conn:
        _, since = sessions.changed_since(conn, visitor, None)
        loaded = load(conn, visitor, session_id)
        mine = [] if visitor.role == "researcher" else patients.mine(conn, visitor)
    wish = wish_of(request.url.query)
    drawn, no_drawing = view_of(site, loaded, wish)
    codes = [p.patient_code for p in mine if p.patient_code]
    return context_of(loaded, wish) | {
        "since": since,
        "viewer": drawn,
        "no_drawing": no_drawing,
        "form": None if visitor.role == "researcher" else form_of(loaded, codes, said),
        "problem": problem,
    }


router.include_router(live)
