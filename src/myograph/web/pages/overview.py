"""The first page: how much there is, what asks for attention, what came last."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from myograph.db import sessions
from myograph.db.identity import Person
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Visitor, short_transaction
from myograph.web.pages import words
from myograph.web.pages.session_row import concerns_of, rows_of
from myograph.web.reading import listed
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)
live = APIRouter(include_in_schema=False, route_class=EtagRoute)
LOOKED_AT: Final = 50
LISTED: Final = 8


@router.get("/")
def overview(request: Request, visitor: Visitor) -> Response:
    return render(request, "overview.html", **_context(request, visitor))


@live.get("/overview/counts")
def counts(request: Request, visitor: Visitor) -> Response:
    return render(request, "_counts.html", **_context(request, visitor))


@live.get("/overview/lists")
def lists(request: Request, visitor: Visitor) -> Response:
    return render(request, "_lists.html", **_context(request, visitor))


def _context(request: Request, visitor: Person) -> dict[str, Any]:
    with short_transaction(request, visitor) as conn:
        _, since = sessions.changed_since(conn, visitor, None)
        counted = sessions.counts(conn, visitor)
        newest = sessions.newest(conn, visitor, limit=LOOKED_AT)
        listed(request, len(newest))
    concerns = concerns_of(newest)
    return {
        "since": since,
        "counts": counted,
        "concerns": concerns[:LISTED],
        "more_concerns": max(len(concerns) - LISTED, 0),
        "looked_at": min(len(newest), LOOKED_AT),
        "attention": len({c.row.id for c in concerns}),
        "rows": rows_of(newest[:LISTED]),
        "words": words,
    }


router.include_router(live)
