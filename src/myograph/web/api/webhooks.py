"""Events in: whoever stores recordings tells us that one has arrived. Signed, and no more a hint.

The answer comes after the commit. Each address answers alike; the older ones say that they are.
"""

import asyncio
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from myograph.db.sessions import State
from myograph.errors import MyographError, SlowDelivery
from myograph.services.receive_upload import Received, Upload
from myograph.web import problems
from myograph.web.api.bodies import takes
from myograph.web.site import site_of
from myograph.web.webhooks.examples import SHAPES, Example

ADDRESS: Final = "/api/webhooks/storage/c3d-upload"
OLDER: Final = (
    "/api/webhooks/storage/c3d-upload-optimized",
    "/webhooks/storage/c3d-upload",
    "/webhooks/storage/c3d-upload-optimized",
    "/storage/c3d-upload",
    "/storage/c3d-upload-optimized",
)
ADDRESSES: Final = (ADDRESS, *OLDER)
SINCE: Final = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL: Final = datetime(2028, 1, 1, tzinfo=UTC)
DEPRECATED: Final = {
    "Deprecation": f"@{SINCE.timestamp():.0f}",  # RFC 9745
    "Sunset": format_datetime(UNTIL, usegmt=True),  # RFC 8594
    "Link": f'<{ADDRESS}>; rel="successor-version"',
}
_NEW_WORK: Final = frozenset({"created", "renamed", "restored"})


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the file says of itself, where its first bytes are read already. Rates in Hz."""

    sampling_rate: float | None
    original_sampling_rate: float | None
    duration_seconds: float | None
    sample_count: int | None
    channel_names: list[str] | None
    emg_labels: list[str] | None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one object that was announced.

    session_id    None where it has none: ignored, or removed before we knew of it
    outcome       created, duplicate, renamed, restored, late, gone or ignored
    ignored       why it is of no interest
    metadata      None while nobody has read the file
    success, analytics_status   for older senders: it is written down, and how far it is
    """

    session_id: UUID | None
    outcome: str
    status: State | None
    ignored: str | None
    metadata: HeaderFacts | None
    success: Literal[True] = True
    analytics_status: Literal["processing", "completed", "failed"] | None = None


@dataclass(frozen=True, slots=True)
class Answer(Told):
    """The first object of interest, and all of them where the delivery spoke of several."""

    objects: list[Told] | None = None


router = APIRouter(tags=["webhooks"])
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Answer, "description": "Known already, or of no interest"},
    **{
        status: {"description": HTTPStatus(status).phrase}
        for status in (400, 401, 408, 413, 429, 503)
    },
}


_ONE: Final = Example(
    "emg_data", "P001/Ghostly.c3d", "v1", 1048576, "5d41402a", "2026-11-20T09:15:00Z"
)
_EVENT: Final = takes(
    "application/json",
    {"type": "object"},
    **{shape: write(_ONE) for shape, write in SHAPES.items()},
)


@router.post(
    ADDRESS,
    status_code=HTTPStatus.ACCEPTED,
    response_model=Answer,
    responses=_ANSWERS,
    openapi_extra=_EVENT,
)
async def receive(request: Request) -> Response:
    """A signed event of a store. 202: written down, and its session is on its way."""
    site = site_of(request)
    received = await site.reception.receive(
        request.headers, await _body_of(request), now=site.clock(), private=_private(request.scope)
    )
    told = [_told(upload, outcome) for upload, outcome in received]
    new = any(one.outcome in _NEW_WORK for one in told)
    return Response(
        json.dumps(_shown(told)),
        HTTPStatus.ACCEPTED if new else HTTPStatus.OK,
        media_type="application/json",
    )


for _address in OLDER:
    router.post(_address, deprecated=True, include_in_schema=False)(receive)
_ROUTES: Final = {route.path: route for route in router.routes if isinstance(route, APIRoute)}


async def deliver(scope: Scope, receives: Receive, send: Send) -> None:
    """The same as an application by itself: finding its route costs more than verifying does.

    The older addresses say with every answer, errors too, that they are deprecated.
    """
    scope["route"] = _ROUTES[scope["path"]]
    request = Request(scope, receives)
    try:
        response = await receive(request)
    except (MyographError, HTTPException, psycopg.Error) as exc:
        response = problems.told(request, exc)
    if scope["path"] in OLDER:
        response.headers.update(DEPRECATED)
    await response(scope, receives, send)


async def _body_of(request: Request) -> bytes:
    """All of it, and soon: senders are machines, and one that dribbles would hold a connection."""
    limit_s = site_of(request).limits.delivery_s
    try:
        async with asyncio.timeout(limit_s):
            return await request.body()
    except TimeoutError as exc:
        raise SlowDelivery(
            f"The body did not arrive within {limit_s:g} seconds. Please send this again."
        ) from exc


def _private(scope: Scope) -> bool:
    """Whether nobody on the way can read what was sent. A proxy's word counts as uvicorn says."""
    host, _ = scope["client"] or ("", 0)
    return scope["scheme"] == "https" or _is_loopback(host)


@lru_cache(64)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _told(upload: Upload, received: Received) -> Told:
    return Told(
        session_id=received.session_id,
        outcome=received.outcome,
        status=received.status,
        ignored=upload.ignored,
        metadata=_metadata(received.metadata),
        analytics_status=_progress(received.status),
    )


def _metadata(row: dict[str, Any] | None) -> HeaderFacts | None:
    if row is None:
        return None
    return HeaderFacts(
        sampling_rate=row["sampling_rate"],
        original_sampling_rate=row["original_sampling_rate"],
        duration_seconds=row["duration_seconds"],
        sample_count=row["original_sample_count"],
        channel_names=row["channel_names"],
        emg_labels=row["emg_labels"],
    )


def _progress(status: State | None) -> Literal["processing", "completed", "failed"] | None:
    match status:
        case None | "completed" | "failed":
            return status
        case "pending" | "processing" | "reprocessing":
            return "processing"


def _shown(told: Sequence[Told]) -> dict[str, Any]:
    """Only what is said: `{ignored: reason}`, or the session."""
    first = next((one for one in told if one.ignored is None), told[0])
    shown = _said(first)
    return shown if len(told) == 1 else shown | {"objects": [_said(one) for one in told]}


def _said(told: Told) -> dict[str, Any]:
    if told.ignored is not None:
        return {"ignored": told.ignored}
    return {
        "session_id": told.session_id and str(told.session_id),
        "outcome": told.outcome,
        "status": told.status,
        "metadata": told.metadata and _plain_fields(told.metadata),
        "success": told.success,
        "analytics_status": told.analytics_status,
    }


def _plain_fields(metadata: HeaderFacts) -> dict[str, Any]:
    """As `asdict`, which copies every list and takes ten times as long."""
    return {name: getattr(metadata, name) for name in HeaderFacts.__slots__}
