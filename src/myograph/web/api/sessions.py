"""The registry of sessions, and everything stored on one: what the database shows this person."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg import Connection

from myograph.db import (
    contractions,
    pressures,
    scores,
    session_settings,
    sessions,
    statistics,
    technical,
)
from myograph.db.contractions import ContractionRow
from myograph.db.identity import Person
from myograph.db.pressures import Cuff
from myograph.db.scores import Scores
from myograph.db.session_settings import SessionSettings
from myograph.db.sessions import Session, SessionRow, SessionState, State
from myograph.db.statistics import ChannelStatistics
from myograph.db.technical import Technical
from myograph.db.wording import wording_for
from myograph.errors import NotFound
from myograph.web.api.cursors import behind, place
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Transaction, Visitor
from myograph.web.reading import listed
from myograph.web.texts import NO_NUL

router = APIRouter(prefix="/api/sessions", tags=["sessions"], route_class=EtagRoute)
MAX_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `next` asks for the page after this one; None: there is none."""

    sessions: list[SessionRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class Entered:
    """What people said of the session so far. settings: None where nobody said anything.

    Of a cuff a researcher sees what was measured, and nothing that somebody wrote.
    """

    settings: SessionSettings | None
    cuffs: list[Cuff]


@router.get("")
def newest(
    request: Request,
    conn: Transaction,
    visitor: Visitor,
    patient: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    state: State | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Page:
    """The sessions this person may see. `patient` is a code, for a researcher a pseudonym."""
    rows = sessions.newest(
        conn,
        visitor,
        limit=limit + 1,
        before=place(cursor, UUID) if cursor else None,
        patient=patient,
        state=state,
    )
    shown = rows[:limit]
    listed(request, len(shown))
    return Page(shown, behind(shown[-1].sorted_at, shown[-1].id) if len(rows) > limit else None)


@router.get("/{session_id}")
def session(session_id: UUID, conn: Transaction, visitor: Visitor) -> Session:
    return sessions.get(conn, visitor, session_id)


@router.get("/{session_id}/status")
def status(session_id: UUID, conn: Transaction, visitor: Visitor) -> SessionState:
    """How far it is, with the reason where it failed, its attempts and its times."""
    found = sessions.states(conn, visitor, [session_id])
    if not found:
        raise NotFound(NO_SESSION)
    return found[0]


@router.get("/{session_id}/technical")
def session_technical(session_id: UUID, conn: Transaction, visitor: Visitor) -> Technical:
    """What the file says of itself."""
    sessions.get(conn, visitor, session_id)
    found = technical.of_session(conn, session_id, wording_for(visitor.role))
    if found is None:
        raise NotFound("Nothing has been read from this session's file yet.")
    return found


@router.get("/{session_id}/statistics")
def session_statistics(
    session_id: UUID, conn: Transaction, visitor: Visitor
) -> list[ChannelStatistics]:
    """One entry per channel; none before the analysis."""
    sessions.get(conn, visitor, session_id)
    return statistics.of_session(conn, session_id, wording_for(visitor.role))


@router.get("/{session_id}/contractions")
def session_contractions(
    session_id: UUID, conn: Transaction, visitor: Visitor
) -> list[ContractionRow]:
    """By channel, in time order; none before the analysis."""
    sessions.get(conn, visitor, session_id)
    return contractions.of_session(conn, session_id, wording_for(visitor.role))


@router.get("/{session_id}/performance")
def session_performance(session_id: UUID, conn: Transaction, visitor: Visitor) -> Scores:
    sessions.get(conn, visitor, session_id)
    found = scores.of_session(conn, session_id, wording_for(visitor.role))
    if found is None:
        raise NotFound("This session has no scores yet.")
    return found


@router.get("/{session_id}/settings")
def session_entered(session_id: UUID, conn: Transaction, visitor: Visitor) -> Entered:
    sessions.get(conn, visitor, session_id)
    return entered_in(conn, visitor, session_id)


def entered_in(conn: Connection, visitor: Person, session_id: UUID) -> Entered:
    cuffs = pressures.of_sessions if visitor.role == "researcher" else pressures.described
    found = cuffs(conn, [session_id])[session_id]
    said = session_settings.of_session(conn, session_id, wording_for(visitor.role))
    return Entered(said, found)


NO_SESSION: Final = "There is no such session, or it is not one of yours."
