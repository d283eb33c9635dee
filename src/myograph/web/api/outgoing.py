"""What others were told of sessions, and sending it once more."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from myograph.db import outgoing
from myograph.db.outgoing import Outgoing, State
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Administrator, Transaction

router = APIRouter(prefix="/api/outgoing-events", tags=["events"], route_class=EtagRoute)


@router.get("")
def newest(
    conn: Transaction,
    _: Administrator,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[Outgoing]:
    """The newest first. `dead`: given up, and may be sent again."""
    return outgoing.newest(conn, state=state, limit=limit)


@router.post("/{event_id}/replay", status_code=HTTPStatus.ACCEPTED)
def replay(event_id: UUID, conn: Transaction, _: Administrator) -> None:
    """Send an event once more, under its own number."""
    outgoing.resend(conn, event_id)
