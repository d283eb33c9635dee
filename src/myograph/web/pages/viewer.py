"""The viewer of one session: what of its signal is drawn, and what is written about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from myograph.charts.numbers import decimal, digits_of
from myograph.charts.signal_view import (
    Lane,
    Mark,
    Overview,
    Span,
    Target,
    Trace,
    View,
    draw,
    hidden_marks,
    limit_of,
    resolution,
)
from myograph.charts.svg import Svg
from myograph.db.contractions import ContractionRow
from myograph.db.sessions import Session
from myograph.db.statistics import ChannelStatistics
from myograph.services.read_signal import ChannelOutline, Outline, Window
from myograph.web.pages.windows import Way, Wish, around, ways
from myograph.web.pages.words import contraction_name, muscle_of, reached

MOST_LANES: Final = 4
SHORTEST_S: Final = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the database knows of the channels that are drawn."""

    channels: Sequence[ChannelStatistics]
    contractions: Sequence[ContractionRow]


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """`hidden` contractions have a band but no room for a mark; `notes` are sentences."""

    drawing: Svg
    span: Span
    duration_s: float
    shortest_s: float
    columns: int
    version: str
    url: str
    shown: str
    hidden: int
    masked: bool
    targets: bool
    ways: dict[str, Way]
    wish: Wish
    notes: tuple[str, ...]


def version_of(session: Session) -> str:
    """Changes whenever the drawing could: with the method, the file and every new judgement."""
    return f"{session.processing_version}-{session.updated_at.timestamp():.6f}"


def viewer(
    session: Session, measured: Measured, outline: Outline, window: Window, wish: Wish
) -> Viewer:
    page = f"/sessions/{session.id}"
    lanes = tuple(_lanes(page, measured, outline, window, wish))
    view = View(
        span=window.span,
        columns=window.columns,
        lanes=lanes,
        overview=_overview(outline, lanes) if _is_part(window, outline) else None,
        raw="raw" in wish.layers,
        envelope="envelope" in wish.layers,
        contractions="contractions" in wish.layers,
    )
    return Viewer(
        drawing=draw(view),
        span=window.span,
        duration_s=outline.whole.stop_s,
        shortest_s=outline.shortest_s,
        columns=window.columns,
        version=version_of(session),
        url=f"{page}/signal",
        shown=f"{_times(window.span)}, {resolution(view)}",
        hidden=hidden_marks(view),
        masked=any(
            window.span.clipped(m.start_s, m.stop_s) for t in window.traces for m in t.masked
        ),
        targets=any(lane.target for lane in lanes),
        ways=ways(page, window.span, outline.whole, measured.contractions, wish),
        wish=wish,
        notes=tuple(_notes(measured, outline, lanes)),
    )


def target_of(channel: ChannelStatistics) -> Target | None:
    """The line to reach. The game's own MVC lies in another domain and has no line here."""
    share = channel.mvc_threshold_percentage
    in_game = channel.mvc_calculation_method == "c3d_metadata"
    if channel.mvc_peak_value is None or share is None or in_game:
        return None
    estimated = channel.mvc_calculation_method == "backend_95percentile"
    words = f"{decimal(100 * share, 0)} % of {'estimated ' if estimated else ''}MVC"
    return Target(share * channel.mvc_peak_value, words)


def _lanes(
    page: str, measured: Measured, outline: Outline, window: Window, wish: Wish
) -> Iterator[Lane]:
    """Left above right above what is on no leg; one scale for all unless each wants its own."""
    known = {c.channel_name: c for c in measured.channels}
    limits = [_limit(c) for c in outline.channels]
    common = max(limits, default=0.0)
    drawn = sorted(
        zip(outline.channels, window.traces, limits, strict=True),
        key=lambda each: _place(known.get(each[0].label)),
    )
    for outlined, trace, limit_v in drawn[:MOST_LANES]:
        channel = known.get(outlined.label)
        height_v = limit_v if wish.own_scale else common
        if channel is None:
            yield Lane(outlined.label, outlined.label, None, trace, height_v)
            continue
        rows = [row for row in measured.contractions if row.channel == outlined.label]
        marks = tuple(_mark(page, channel, row, outline.whole, wish) for row in rows)
        yield _lane(channel, trace, height_v, marks)


def _lane(
    channel: ChannelStatistics, trace: Trace, limit_v: float, marks: tuple[Mark, ...]
) -> Lane:
    return Lane(
        label=channel.channel_name,
        title=muscle_of(channel.channel_name, channel.muscle, channel.side),
        side=channel.side,
        trace=trace,
        limit_v=limit_v,
        marks=marks,
        target=target_of(channel),
    )


def _mark(
    page: str, channel: ChannelStatistics, row: ContractionRow, whole: Span, wish: Wish
) -> Mark:
    window = around(row, whole)
    return Mark(
        key=f"{row.channel}-{row.number}",
        span=Span(row.start_s, row.end_s),
        reached=reached(row),
        name=contraction_name(channel, row),
        address=wish.address(page, window),
        window=window,
    )


def _place(channel: ChannelStatistics | None) -> int:
    return {"left": 0, "right": 1}.get(channel.side or "", 2) if channel else 3


def _limit(channel: ChannelOutline) -> float:
    largest = np.array([channel.largest_v])
    return limit_of(-largest, largest)


def _is_part(window: Window, outline: Outline) -> bool:
    return window.span.length_s < outline.whole.length_s - SHORTEST_S


def _overview(outline: Outline, lanes: Sequence[Lane]) -> Overview:
    strips = {c.label: c.strip for c in outline.channels}
    return Overview(outline.whole, tuple((ln.side, *strips[ln.label], ln.limit_v) for ln in lanes))


def _times(span: Span) -> str:
    digits = min(3, 1 + digits_of(span.length_s))
    return f"{decimal(span.start_s, digits)} to {decimal(span.stop_s, digits)} s"


def _notes(measured: Measured, outline: Outline, lanes: Sequence[Lane]) -> Iterator[str]:
    more = len(outline.channels) - len(lanes)
    if more > 0:
        yield f"{more} more channels are in the table below and not drawn here."
    if any(c.mvc_calculation_method == "c3d_metadata" for c in measured.channels):
        yield "Strength is judged on the game's own channel, so its target has no line here."
    if any(c.mvc_calculation_method == "backend_95percentile" for c in measured.channels):
        yield "The MVC is estimated from this session, so its line judges the session by itself."
