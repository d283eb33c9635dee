"""The list of sessions: filters in the address, pages by key, changes as they happen."""

from datetime import datetime
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from myograph.db import patients, sessions
from myograph.db.identity import Person
from myograph.db.sessions import SessionRow, State
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Visitor, short_transaction
from myograph.web.pages import words
from myograph.web.pages.session_row import rows_of
from myograph.web.reading import listed
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)
live = APIRouter(include_in_schema=False, route_class=EtagRoute)
PAGE: Final = 50


class Filter(BaseModel, frozen=True):
    """What the form asks for; an empty field asks for nothing. `before` is a place in the list."""

    patient: str = Field("", max_length=80)
    state: str = ""
    before: str = ""

    def following(self, last: SessionRow) -> str:
        """The address of the page after `last`."""
        asked = {"patient": self.patient, "state": self.state, "before": _place(last)}
        return f"/sessions?{urlencode({k: v for k, v in asked.items() if v})}"


Asked = Annotated[Filter, Query()]


@router.get("/sessions")
def sessions_page(request: Request, visitor: Visitor, asked: Asked) -> Response:
    return render(request, "sessions.html", **_context(request, visitor, asked))


@live.get("/sessions/live")
def sessions_live(request: Request, visitor: Visitor, asked: Asked) -> Response:
    return render(request, "_sessions.html", **_context(request, visitor, asked))


def _context(request: Request, visitor: Person, asked: Filter) -> dict[str, Any]:
    patient = asked.patient.strip().replace("\0", "")
    with short_transaction(request, visitor) as conn:
        _, since = sessions.changed_since(conn, visitor, None)
        found = sessions.newest(
            conn,
            visitor,
            limit=PAGE + 1,
            before=_read(asked.before),
            patient=patient or None,
            state=_state(asked.state),
        )
        mine = patients.mine(conn, visitor)
        shown = found[:PAGE]
        listed(request, len(shown))
    return {
        "since": since,
        "rows": rows_of(shown),
        "more": asked.following(shown[-1]) if len(found) > PAGE else "",
        "asked": asked,
        "people": [p.patient_code or p.pseudonym for p in mine],
        "states": words.STATES,
        "words": words,
    }


def _state(text: str) -> State | None:
    return next((state for state in get_args(State) if state == text), None)


def _place(row: SessionRow) -> str:
    return f"{row.sorted_at.isoformat()}~{row.id}"


def _read(text: str) -> tuple[datetime, UUID] | None:
    """The place that an address names; one that names none is the beginning of the list."""
    at, _, key = text.partition("~")
    try:
        moment, known = datetime.fromisoformat(at), UUID(key)
    except ValueError:
        return None
    return (moment, known) if moment.tzinfo else None


router.include_router(live)
