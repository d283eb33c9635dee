"""Corrections of contractions: each is stored with its author, and the session measured anew."""

from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from myograph.analysis.edits import Span
from myograph.db import contraction_edits, sessions
from myograph.db.contraction_edits import EditRow
from myograph.services.correct_contractions import Correction, correct, take_back
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Transaction, Uploader, Visitor
from myograph.web.texts import NO_NUL, SOMETHING

router = APIRouter(
    prefix="/api/sessions/{session_id}/contractions", tags=["sessions"], route_class=EtagRoute
)

Words = Annotated[str, Field(min_length=1, max_length=1000, pattern=SOMETHING)]
Label = Annotated[str, Path(max_length=200, pattern=NO_NUL)]
Moment = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class Interval(BaseModel, frozen=True, extra="forbid"):
    """Seconds from the start of the recording."""

    start_s: Moment
    end_s: Moment

    @property
    def span(self) -> Span:
        return Span(self.start_s, self.end_s)


class Said(BaseModel, frozen=True, extra="forbid"):
    """before: the contraction it is about, none for add; after: its new edges, none for remove."""

    action: Literal["add", "remove", "move"]
    before: Interval | None = None
    after: Interval | None = None
    reason: Words | None = None


@router.get("/edits")
def edits(session_id: UUID, conn: Transaction, visitor: Visitor) -> list[EditRow]:
    """All corrections of the session in the order of their entry, taken back ones too."""
    sessions.get(conn, visitor, session_id)
    return contraction_edits.of_session(conn, visitor, session_id)


@router.put("/{channel}", status_code=HTTPStatus.ACCEPTED)
def put_edit(
    session_id: UUID, channel: Label, conn: Transaction, visitor: Uploader, body: Said
) -> list[EditRow]:
    """Add, remove or move a contraction. The stored numbers stay until those with it are there."""
    wanted = Correction(
        channel,
        body.action,
        None if body.before is None else body.before.span,
        None if body.after is None else body.after.span,
        body.reason,
    )
    correct(conn, visitor, session_id, wanted)
    return contraction_edits.of_session(conn, visitor, session_id)


@router.delete("/edits/{edit_id}", status_code=HTTPStatus.ACCEPTED)
def delete_edit(
    session_id: UUID,
    edit_id: UUID,
    conn: Transaction,
    visitor: Uploader,
    reason: Annotated[Words | None, Query()] = None,
) -> list[EditRow]:
    """Take a correction back: it stays on record and is applied no more."""
    take_back(conn, visitor, session_id, edit_id, reason=reason)
    return contraction_edits.of_session(conn, visitor, session_id)
