"""The log of deliveries, with its dead letters, and replaying one."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request

from myograph.db import upload_events
from myograph.db.sessions import State
from myograph.db.upload_events import Outcome, Replayed, UploadEvent
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Administrator, Transaction
from myograph.web.reading import listed
from myograph.web.texts import NO_NUL

router = APIRouter(prefix="/api/uploads/events", tags=["uploads"], route_class=EtagRoute)
MAX_PAGE: Final = 200
LARGEST_ID: Final = 2**63 - 1

EventId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Newest first. `next` asks for the page after this one; None: there is none."""

    events: list[UploadEvent]
    next: int | None


@router.get("")
def newest(
    request: Request,
    conn: Transaction,
    _: Administrator,
    source: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    outcome: Outcome | None = None,
    state: State | None = None,
    cursor: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> EventPage:
    """What was announced, and what became of it. `state` is that of the session by now."""
    found = upload_events.newest(
        conn, limit=limit + 1, before=cursor, source=source, outcome=outcome, state=state
    )
    shown = found[:limit]
    listed(request, len(shown))
    return EventPage(shown, shown[-1].id if len(found) > limit else None)


@router.post("/{event_id}/replay", status_code=HTTPStatus.ACCEPTED)
def replay(event_id: EventId, conn: Transaction, _: Administrator) -> Replayed:
    """Make an announcement once more; a session that was given up is queued again."""
    return upload_events.replay(conn, event_id)
