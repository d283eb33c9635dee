"""The forms of the session page that correct contractions; they work without a script."""

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from psycopg import Connection

from myograph.analysis.edits import Span
from myograph.db import sessions
from myograph.db.identity import Person
from myograph.errors import BadInput, Conflict
from myograph.services.correct_contractions import Correction, correct, keep, take_back
from myograph.web.deps import TheSite, Uploader, short_transaction
from myograph.web.pages.contraction_edits import NEW, SaidEdit
from myograph.web.pages.session import context_for
from myograph.web.problems import status_of, wants_page
from myograph.web.site import Site
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)

_LONGEST_REASON = 1000


@router.post("/sessions/{session_id}/contractions")
def correct_form(
    session_id: UUID,
    request: Request,
    visitor: Uploader,
    site: TheSite,
    contraction: Annotated[str, Form()] = "",
    start: Annotated[str, Form()] = "",
    end: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    action: Annotated[Literal["place", "remove"], Form()] = "place",
) -> Response:
    """Add or move a contraction, or remove it. An edge that is left empty stays where it is."""
    said = SaidEdit(contraction, start.strip(), end.strip(), reason.strip())

    def change(conn: Connection) -> None:
        correct(conn, visitor, session_id, _wanted(said, action))

    return _changed(request, visitor, site, session_id, change, said)


@router.post("/sessions/{session_id}/contractions/{edit_id}")
def settle_form(
    session_id: UUID,
    edit_id: UUID,
    request: Request,
    visitor: Uploader,
    site: TheSite,
    decision: Annotated[Literal["keep", "drop"], Form()] = "drop",
) -> Response:
    """Take a correction back, or keep one that no longer fits in another way."""

    def change(conn: Connection) -> None:
        if decision == "keep":
            keep(conn, visitor, session_id, edit_id)
        else:
            take_back(conn, visitor, session_id, edit_id)

    return _changed(request, visitor, site, session_id, change, SaidEdit())


def _changed(
    request: Request,
    visitor: Person,
    site: Site,
    session_id: UUID,
    change: Callable[[Connection], None],
    said: SaidEdit,
) -> Response:
    try:
        with short_transaction(request, visitor) as conn:
            sessions.get(conn, visitor, session_id)
            change(conn)
    except (BadInput, Conflict) as refused:
        if not wants_page(request):
            raise
        context = context_for(request, visitor, site, session_id)
        context |= {"said_edit": said, "edit_problem": refused.sentence}
        return render(request, "session.html", status=status_of(type(refused)), **context)
    return RedirectResponse(f"/sessions/{session_id}#contractions", HTTPStatus.SEE_OTHER)


def _wanted(said: SaidEdit, action: Literal["place", "remove"]) -> Correction:
    channel, before = _meant(said.contraction)
    if len(said.reason) > _LONGEST_REASON or "\x00" in said.reason:
        raise BadInput(f"A reason has at most {_LONGEST_REASON} characters.")
    reason = said.reason or None
    if action == "remove":
        if before is None:
            raise BadInput("A new contraction cannot be removed; please choose one that is there.")
        return Correction(channel, "remove", before=before, reason=reason)
    start_s = _seconds(said.start, before and before.start_s)
    end_s = _seconds(said.end, before and before.end_s)
    if end_s <= start_s:
        raise BadInput("A contraction ends after it starts.")
    after = Span(start_s, end_s)
    if before is None:
        return Correction(channel, "add", after=after, reason=reason)
    if after == before:
        raise BadInput("Please say where the contraction starts or ends.")
    return Correction(channel, "move", before, after, reason)


def _meant(choice: str) -> tuple[str, Span | None]:
    """As `choices` wrote it: a channel, and the contraction on it that is to be corrected."""
    first, _, rest = choice.partition("/")
    if first == NEW and rest:
        return rest, None
    end, _, channel = rest.partition("/")
    if not channel:
        raise BadInput("Please choose a contraction.")
    return channel, Span(_seconds(first, None), _seconds(end, None))


def _seconds(text: str, unless_said: float | None) -> float:
    """A decimal comma is as good as a point."""
    if not text and unless_said is not None:
        return unless_said
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput("Start and end are numbers of seconds, as 12.5.")
    return value
