"""What is going on: deliveries, dead letters, the queue. For administrators."""

from http import HTTPStatus
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from myograph.db import monitoring, outbox, outgoing, sweeps, upload_events
from myograph.db.identity import Person
from myograph.db.upload_events import Outcome
from myograph.web.api.upload_events import LARGEST_ID, EventId
from myograph.web.deps import Administrator, Transaction, short_transaction
from myograph.web.pages import deliveries, told, words
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)
PAGE: Final = 50
DEAD: Final = 20
LAST_TOLD: Final = 10


class Filter(BaseModel, frozen=True):
    """What the form asks for; an empty field asks for nothing."""

    source: str = Field("", max_length=64)
    outcome: str = ""
    before: str = Field("", max_length=20)


@router.get("/monitoring")
def monitoring_page(
    request: Request, visitor: Administrator, asked: Annotated[Filter, Query()]
) -> Response:
    return render(request, "monitoring.html", **_context(request, visitor, asked))


@router.post("/monitoring/{event_id}/replay")
def replay(event_id: EventId, conn: Transaction, _: Administrator) -> Response:
    replayed = upload_events.replay(conn, event_id)
    return RedirectResponse(f"/monitoring#event-{replayed.event_id}", HTTPStatus.SEE_OTHER)


@router.post("/monitoring/outgoing/{event_id}/replay")
def send_again(event_id: UUID, conn: Transaction, _: Administrator) -> Response:
    outgoing.resend(conn, event_id)
    return RedirectResponse("/monitoring#told-title", HTTPStatus.SEE_OTHER)


def _context(request: Request, visitor: Person, asked: Filter) -> dict[str, Any]:
    with short_transaction(request, visitor) as conn:
        found = upload_events.newest(
            conn,
            limit=PAGE + 1,
            before=_number(asked.before),
            source=asked.source.replace("\0", "") or None,
            outcome=_outcome(asked.outcome),
        )
        dead = upload_events.dead_letters(conn, limit=DEAD + 1)
        work = monitoring.queued_work(conn)
        counted = monitoring.sessions_by_state(conn)
        reused = monitoring.reused(conn)
        ingest = monitoring.last_ingest(conn)
        swept = sweeps.last(conn)
        silence = monitoring.store_silence(conn)
        stuck = outbox.stuck(conn, limit=DEAD + 1)
        targets = outgoing.active_targets(conn)
        unheard = outgoing.newest(conn, state="dead", limit=DEAD + 1)
        unsent = outgoing.newest(conn, state="waiting", limit=LAST_TOLD)
        taken = outgoing.newest(conn, state="sent", limit=LAST_TOLD)
    shown = found[:PAGE]
    return {
        "rows": [deliveries.line(event) for event in shown],
        "dead": [deliveries.line(event) for event in dead[:DEAD]],
        "more_dead": len(dead) > DEAD,
        "work": [(deliveries.TASKS.get(one.task, one.task), one) for one in work],
        "waiting": sum(one.waiting for one in work),
        "counted": [(words.STATES[one.state], one) for one in counted],
        "reused": reused,
        "ingest": ingest,
        "swept": swept,
        "silence": silence,
        "stuck": [deliveries.change(one) for one in stuck[:DEAD]],
        "more_stuck": len(stuck) > DEAD,
        "targets": targets,
        "told": told.lines([*unheard[:DEAD], *unsent, *taken], targets),
        "more_unheard": len(unheard) > DEAD,
        "outcomes": deliveries.OUTCOMES,
        "asked": asked,
        "more": _following(asked, shown[-1].id) if len(found) > PAGE else "",
    }


def _following(asked: Filter, last: int) -> str:
    said = {"source": asked.source, "outcome": asked.outcome, "before": str(last)}
    return f"/monitoring?{urlencode({k: v for k, v in said.items() if v})}"


def _outcome(text: str) -> Outcome | None:
    return next((outcome for outcome in get_args(Outcome) if outcome == text), None)


def _number(text: str) -> int | None:
    """The place that an address names; one that names none is the beginning of the list."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if 0 < number <= LARGEST_ID else None
