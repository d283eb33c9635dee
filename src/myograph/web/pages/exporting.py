"""The page on which the numbers of one session are exported, and what was exported of it before."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from psycopg import Connection

from myograph.db import export_history, people, sessions
from myograph.db.export_history import Export
from myograph.db.identity import Person
from myograph.errors import BadInput, Conflict, NotAllowed
from myograph.export.delimited import Delimiter
from myograph.export.stored import Type
from myograph.services.export_sessions import Format, Wanted
from myograph.web.deps import Visitor, short_transaction
from myograph.web.exporting import Asked, export
from myograph.web.pages import words
from myograph.web.recognise import needs
from myograph.web.templating import render
from myograph.web.texts import NO_NUL

router = APIRouter(include_in_schema=False)
LISTED: Final = 20
TYPES: Final[dict[Type, tuple[str, str]]] = {
    "statistics_only": ("Statistics", "what was measured of each channel and each contraction"),
    "performance_report": ("Performance", "scores, how each muscle was judged, what is missing"),
    "bfr_safety_report": ("Cuff pressure", "what was measured of each cuff, and what it led to"),
}
FORMS: Final[dict[str, tuple[Format, Delimiter, str]]] = {
    "csv": ("csv", ",", "CSV, a zip with a file for each table"),
    "csv-semicolon": ("csv", ";", "CSV with semicolons, for spreadsheets that ask for them"),
    "excel": ("excel", ",", "Excel, a sheet for each table"),
    "json": ("json", ",", "JSON, for programs"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What was chosen, and why it was not done."""

    kind: Type = "statistics_only"
    form: str = "csv"
    identifiers: bool = False
    reason: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One export of the history. by: whose; again: its file may be had once more."""

    export: Export
    kind: str
    by: str
    again: bool


@router.get("/sessions/{session_id}/export")
def export_page(session_id: UUID, request: Request, visitor: Visitor) -> Response:
    return _page(request, visitor, session_id, Shown())


@router.post("/sessions/{session_id}/export")
@needs("export")
def export_form(
    session_id: UUID,
    request: Request,
    visitor: Visitor,
    kind: Annotated[Type, Form()] = "statistics_only",
    form: Annotated[str, Form(max_length=20, pattern=NO_NUL)] = "csv",
    identifiers: Annotated[bool, Form()] = False,  # noqa: FBT002 - a box that is ticked
    reason: Annotated[str, Form(max_length=1000, pattern=NO_NUL)] = "",
) -> Response:
    """The file itself; where it cannot be had, the page once more with the reason."""
    chosen = FORMS.get(form)
    if chosen is None:
        raise BadInput("There is no such format.")
    wanted = Wanted(
        type=kind,
        format=chosen[0],
        chosen=session_id,
        delimiter=chosen[1],
        identifiers=identifiers,
        reason=reason.strip() or None,
    )
    try:
        return export(request, visitor, Asked(wanted))
    except (BadInput, Conflict, NotAllowed) as refused:
        shown = Shown(kind, form, identifiers, reason, refused.sentence)
        return _page(request, visitor, session_id, shown)


def _page(request: Request, visitor: Person, session_id: UUID, shown: Shown) -> Response:
    with short_transaction(request, visitor) as conn:
        session = sessions.get(conn, visitor, session_id)
        lines = _history(conn, visitor, session_id)
    return render(
        request,
        "export.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if shown.problem else HTTPStatus.OK,
        session=session,
        title=words.title_of(session),
        patient=words.patient_of(session),
        types=TYPES,
        forms=FORMS,
        shown=shown,
        lines=lines,
        listed=LISTED,
    )


def _history(conn: Connection, visitor: Person, session_id: UUID) -> list[Line]:
    names = {m.id: m.name for m in people.everybody(conn)} if visitor.role == "admin" else {}
    found = export_history.newest(conn, limit=LISTED, session_id=session_id)
    return [_line(one, visitor, names) for one in found]


def _line(one: Export, visitor: Person, names: dict[UUID, str]) -> Line:
    own = one.exported_by == visitor.id
    known: dict[str, tuple[str, str]] = {**TYPES}
    return Line(
        one,
        kind=known.get(one.export_type, (one.export_type, ""))[0],
        by="you" if own else names[one.exported_by],
        again=own and one.export_status == "success",
    )
