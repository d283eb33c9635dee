"""A window of the signal, just in time from the recording itself.

JSON, or for programs that ask for application/octet-stream: one line of JSON, padded with blanks
so that it ends on a multiple of four bytes, then every array as little-endian float32; the line
lists them in order with their lengths. NaN, in JSON null: the file holds no number there.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from myograph.analysis.protocol import DEFAULT
from myograph.charts.signal_view import Trace
from myograph.db import sessions
from myograph.db.identity import Person
from myograph.db.sessions import Session
from myograph.errors import BadInput, NotFound, ObjectGone
from myograph.recording import Signal
from myograph.services.read_signal import (
    Outline,
    Window,
    outline_key,
    read_outline,
    read_window,
)
from myograph.web.deps import TheSite, Visitor, short_transaction
from myograph.web.site import Site
from myograph.web.texts import NAMES

router = APIRouter(prefix="/api/signals", tags=["signals"])
BINARY: Final = "application/octet-stream"
Kind = Literal["raw", "envelope"]
ALIGNMENT: Final = 4  # of a float32
KINDS: Final[tuple[Kind, ...]] = ("raw", "envelope")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Times in seconds; None: from the beginning, to the end."""

    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    start: float | None
    end: float | None
    columns: int


Start = Annotated[float | None, Query(description="seconds from the beginning")]
End = Annotated[float | None, Query(description="seconds from the beginning")]
Columns = Annotated[int, Query(ge=1, le=4000)]
Names = Annotated[str, Query(pattern=NAMES)]


@router.get("/jit/{session_id}", response_class=JSONResponse)
def window(
    session_id: UUID,
    request: Request,
    visitor: Visitor,
    site: TheSite,
    channels: Names = "",
    kind: Names = "raw,envelope",
    start: Start = None,
    end: End = None,
    columns: Columns = 1152,
) -> Response:
    """Several channels; all of them where none is named."""
    wanted = Wanted(_listed(channels), _kinds(kind), start, end, columns)
    return _answer(request, site, visitor, session_id, wanted)


@router.get("/{session_id}/{channel}", response_class=JSONResponse)
def one_channel(
    session_id: UUID,
    channel: str,
    request: Request,
    visitor: Visitor,
    site: TheSite,
    kind: Names = "raw,envelope",
    start: Start = None,
    end: End = None,
    columns: Columns = 1152,
) -> Response:
    wanted = Wanted((channel,), _kinds(kind), start, end, columns)
    return _answer(request, site, visitor, session_id, wanted)


def _answer(
    request: Request, site: Site, visitor: Person, session_id: UUID, wanted: Wanted
) -> Response:
    session = _session(request, visitor, session_id)
    source = site.store.source(session.object_key)
    outline = site.outlines.get(
        _key(session), lambda: read_outline(source, DEFAULT, recover=session.recovered)
    )
    labels = [channel.label for channel in outline.channels]
    if unknown := set(wanted.channels) - set(labels):
        raise NotFound(f"There is no channel {min(unknown)!r}; there are {', '.join(labels)}.")
    shown = read_window(
        source, outline, start_s=wanted.start, stop_s=wanted.end, columns=wanted.columns
    )
    header = _header(session_id, outline, shown)
    arrays = tuple(_arrays(outline, shown, wanted))
    if BINARY in request.headers.get("accept", ""):
        return Response(_packed(header, arrays), media_type=BINARY)
    drawn = [_about(array) | {"data": _in_json(array)} for array in arrays]
    return JSONResponse(header | {"arrays": drawn})


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """`step_s` seconds from one value to the next, the first at `start_s`; volts."""

    channel: str
    kind: Kind
    name: Literal["samples", "minimum", "maximum"]
    start_s: float
    step_s: float
    values: Signal


def _session(request: Request, visitor: Person, session_id: UUID) -> Session:
    with short_transaction(request, visitor) as conn:
        session = sessions.get(conn, visitor, session_id)
    if session.file_path is None:
        raise NotFound("The recording itself is not open to you, only what was measured in it.")
    if session.object_gone_at is not None:
        raise ObjectGone("The recording is no longer in storage; what was measured in it stays.")
    return session


def _key(session: Session) -> str:
    return outline_key(
        session.object_key, session.storage_etag, recovered=session.recovered, protocol=DEFAULT
    )


def _header(session_id: UUID, outline: Outline, shown: Window) -> dict[str, Any]:
    rate = outline.facts.rate
    return {
        "session_id": str(session_id),
        "unit": "V",
        "sampling_rate": rate.used_hz,
        "original_sampling_rate": rate.original_hz,
        "start_s": shown.span.start_s,
        "end_s": shown.span.stop_s,
        "duration_seconds": outline.facts.duration_s,
        "columns": shown.columns,
    }


def _arrays(outline: Outline, shown: Window, wanted: Wanted) -> Iterator[Array]:
    for channel, trace in zip(outline.channels, shown.traces, strict=True):
        if wanted.channels and channel.label not in wanted.channels:
            continue
        if "raw" in wanted.kinds:
            yield from _raw(channel.label, trace, shown)
        if "envelope" in wanted.kinds and trace.envelope.size:
            span = trace.envelope_span
            step_s = (span.stop_s - span.start_s) / trace.envelope.size
            yield Array(channel.label, "envelope", "maximum", span.start_s, step_s, trace.envelope)


def _raw(label: str, trace: Trace, shown: Window) -> Iterator[Array]:
    start_s, step_s = shown.span.start_s, shown.span.length_s / trace.low.size
    if trace.every_sample:
        yield Array(label, "raw", "samples", start_s, step_s, trace.low)
        return
    yield Array(label, "raw", "minimum", start_s, step_s, trace.low)
    yield Array(label, "raw", "maximum", start_s, step_s, trace.high)


def _about(array: Array) -> dict[str, Any]:
    return {
        "channel": array.channel,
        "kind": array.kind,
        "values": array.name,
        "start_s": array.start_s,
        "step_s": array.step_s,
        "length": array.values.size,
    }


def _in_json(array: Array) -> list[float | None]:
    values: list[float] = array.values.tolist()
    return [value if isfinite(value) else None for value in values]


def _packed(header: dict[str, Any], arrays: Sequence[Array]) -> bytes:
    line = json.dumps(header | {"arrays": [_about(array) for array in arrays]}).encode()
    line += b" " * (-(len(line) + 1) % ALIGNMENT) + b"\n"
    return line + b"".join(array.values.astype("<f4").tobytes() for array in arrays)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _kinds(text: str) -> tuple[str, ...]:
    kinds = _listed(text)
    if unknown := set(kinds) - set(KINDS):
        raise BadInput(f"There is no kind {min(unknown)!r}; there are {', '.join(KINDS)}.")
    return kinds
