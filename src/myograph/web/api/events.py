"""What happens to the sessions a person may see, as it happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Final

import anyio.to_thread
import psycopg
from annotated_types import Ge, Lt
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import TypeAdapter

from myograph.db.sessions import SessionState, changed_since
from myograph.errors import MyographError
from myograph.web.deps import TheSite, Visitor, short_transaction, visitor_of
from myograph.web.site import Site

router = APIRouter(tags=["events"])
GATHER_S: Final = 0.1  # changes come in bursts: one look answers them all
RETRY_MS: Final = 1000
_STATE: Final = TypeAdapter(SessionState)  # written as any other answer has it
Cursor = Annotated[int, Ge(0), Lt(2**63)]  # what a transaction number may be


@router.get("/api/events", response_class=StreamingResponse)
async def events(
    request: Request,
    visitor: Visitor,  # noqa: ARG001 - strangers get an answer rather than a stream
    site: TheSite,
    since: Cursor | None = None,
    last_event_id: Annotated[Cursor | None, Header()] = None,
) -> StreamingResponse:
    """State changes as Server-Sent Events named `session`, each a `SessionState` in JSON.

    An event's id is the cursor to go on from: a browser that comes back sends it as Last-Event-ID.
    Without any the stream begins now. Where nothing has changed yet, an event `begin` with the
    cursor says that the line is open. A change may come twice and none is left out.
    """
    cursor = last_event_id if last_event_id is not None else since
    return StreamingResponse(
        _stream(request, site, cursor),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(request: Request, site: Site, cursor: int | None) -> AsyncIterator[bytes]:
    live = site.live
    begun = False
    yield format_sse_event(retry=RETRY_MS)
    while not live.ended:
        seen = live.version
        try:
            states, following = await anyio.to_thread.run_sync(
                _look, request, cursor, limiter=live.lookups
            )
        except (MyographError, psycopg.OperationalError):
            return  # signed out, or no database: the browser comes back and is told properly
        if states or not begun:
            yield _batch(states, following)
        cursor, begun = following, True
        if await live.changed_after(seen, site.limits.keep_alive_s):
            await asyncio.sleep(GATHER_S)
        else:
            yield KEEPALIVE_COMMENT


def _look(request: Request, cursor: int | None) -> tuple[list[SessionState], int]:
    """Under the identity the person has now: who was deactivated sees nothing more."""
    visitor = visitor_of(request, attended=False)
    with short_transaction(request, visitor) as conn:
        return changed_since(conn, visitor, cursor)


def _batch(states: list[SessionState], cursor: int) -> bytes:
    """The id stands on the last event alone: who is cut off in between gets all of them again."""
    if not states:
        return format_sse_event(
            event="begin", data_str=json.dumps({"cursor": cursor}), id=str(cursor)
        )
    last = len(states) - 1
    return b"".join(
        format_sse_event(
            event="session",
            data_str=_STATE.dump_json(state).decode(),
            id=str(cursor) if i == last else None,
        )
        for i, state in enumerate(states)
    )
