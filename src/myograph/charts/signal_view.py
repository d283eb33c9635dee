"""The viewer: one lane per channel, all on one time axis.

Along the width everything is placed in per cent, so one drawing fits every screen; heights are
pixels. The signal itself lies in an inner drawing of its own units, one column wide each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from myograph.charts import paths
from myograph.charts.numbers import clock, decimal, digits_of, microvolts, step, ticks
from myograph.charts.svg import Svg, element, group, percent
from myograph.recording import Signal
from myograph.scoring.results import Side

Reached = Literal["both", "one", "none", "unjudged"]
GLYPH: dict[Reached, str] = {"both": "✓", "one": "◐", "none": "✕", "unjudged": "–"}

TITLE_PX = 26
PLOT_PX = 168
GAP_PX = 10
AXIS_PX = 24
OVERVIEW_PX = 24
MARK_PX = 24  # the smallest target a finger or a pointer hits (WCAG 2.2, 2.5.8)
MARK_ROWS = 2
TEN_MS = 9.95
RAW_UNITS = 2  # per pixel of height
ENVELOPE_UNITS = 8  # finer: the sentence under the pointer reads it back
TICK_PX = 110
EDGE_SHARE = 0.02  # labels this near to an end stay inside


@dataclass(frozen=True, slots=True)
class Span:
    start_s: float
    stop_s: float

    @property
    def length_s(self) -> float:
        return self.stop_s - self.start_s

    def share(self, moment_s: float) -> float:
        return (moment_s - self.start_s) / self.length_s

    def clipped(self, start_s: float, stop_s: float) -> tuple[float, float] | None:
        """As shares of this span, None where they lie outside it."""
        first, last = max(self.share(start_s), 0.0), min(self.share(stop_s), 1.0)
        return (first, last) if first < last else None


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What is drawn of one channel between two moments, in volts.

    low, high      (m,) extremes of the raw signal per column; one array where it is every sample
    envelope       (k,) highest value of the envelope per column
    envelope_span  the time those k columns cover: the envelope has a grid of its own
    masked         stretches that no statistic uses
    """

    low: Signal
    high: Signal
    envelope: Signal
    envelope_span: Span
    masked: tuple[Span, ...] = ()

    @property
    def every_sample(self) -> bool:
        return self.low is self.high


@dataclass(frozen=True, slots=True)
class Mark:
    """One contraction, and the link that its mark is.

    name      the sentence that a reader who does not see it hears
    address   where the link leads; `window` the same for a script, which need not load a page
    """

    key: str
    span: Span
    reached: Reached
    name: str
    address: str
    window: Span | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A height to reach, with the words beside its line."""

    volts: float
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """limit_v is the height of half a lane; `target` None: judged elsewhere or by nothing."""

    label: str
    title: str
    side: Side | None
    trace: Trace
    limit_v: float
    marks: tuple[Mark, ...] = ()
    target: Target | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """The whole recording in small, with what is shown of it marked."""

    whole: Span
    lanes: tuple[tuple[Side | None, Signal, Signal, float], ...]  # side, low, high, limit


@dataclass(frozen=True, slots=True, eq=False)
class View:
    span: Span
    columns: int
    lanes: tuple[Lane, ...]
    overview: Overview | None = None
    raw: bool = True
    envelope: bool = True
    contractions: bool = True


def limit_of(low: Signal, high: Signal) -> float:
    """Half the height of a lane that shows all of this with room for the marks; 1 µV at least."""
    largest = max(-np.nanmin(low, initial=0.0), np.nanmax(high, initial=0.0))
    return max(float(largest) * 1.2, 1e-6)


def draw(view: View) -> Svg:
    """The whole drawing, as wide as its place."""
    top = _overview_height(view)
    each = TITLE_PX + PLOT_PX + GAP_PX
    height = top + each * len(view.lanes) - GAP_PX + AXIS_PX
    return element(
        "svg",
        _masked_pattern(),
        _overview(view),
        *(_lane(view, lane, top + each * i) for i, lane in enumerate(view.lanes)),
        _time_axis(view, top + each * len(view.lanes) - GAP_PX),
        class_="signal-view",
        width="100%",
        height=height,
    )


def resolution(view: View) -> str:
    """What one column stands for: "1 column = 105 ms", or that nothing was left out."""
    if all(lane.trace.every_sample for lane in view.lanes):
        return "every sample"
    each_ms = view.span.length_s / view.columns * 1e3
    return f"1 column = {decimal(each_ms, 0 if each_ms >= TEN_MS else 1)} ms"


def hidden_marks(view: View) -> int:
    """How many contractions have a band but no room for a mark at this width."""
    if not view.contractions:
        return 0
    return sum(sum(row is None for _, row in _placed(view, lane.marks)) for lane in view.lanes)


def _lane(view: View, lane: Lane, top: int) -> Svg:
    plot_top = top + TITLE_PX
    side = lane.side or "neither"
    return element(
        "g",
        element(
            "text",
            lane.title,
            element("tspan", " µV", class_="unit"),
            x=0,
            y=top + 17,
            class_="lane-title",
        ),
        element("rect", x=0, y=plot_top, width="100%", height=PLOT_PX, class_="frame"),
        _height_axis(lane, plot_top),
        _bands(view, lane, plot_top) if view.contractions else "",
        element(
            "svg",
            _raw(lane) if view.raw else "",
            _envelope(view, lane) if view.envelope else "",
            y=plot_top,
            width="100%",
            height=PLOT_PX,
            aria_hidden="true",
        ),
        _masked(view, lane, plot_top),
        _target(lane, plot_top),
        _marks(view, lane, plot_top) if view.contractions else "",
        class_=f"lane {side}",
        data_label=lane.label,
        data_title=lane.title,
        data_top=plot_top,
        data_target=None if lane.target is None else f"{lane.target.volts * 1e6:.2f}",
    )


def _height_axis(lane: Lane, top: int) -> Svg:
    limit_uv = lane.limit_v * 1e6
    marks = ticks(-limit_uv, limit_uv, 6)  # of the steps 1, 2, 5 one always fits at least thrice
    digits = digits_of(marks[1] - marks[0])
    parts: list[Svg] = []
    for value in marks:
        y = _y(value * 1e-6, lane.limit_v, top)
        parts.append(element("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
        parts.append(
            element("text", decimal(value, digits), x=-8, y=y + 4, text_anchor="end", class_="tick")
        )
    return element("g", *parts, aria_hidden="true")


def _time_axis(view: View, y: int) -> Svg:
    most = max(2, min(10, view.columns // TICK_PX))
    digits = digits_of(step(view.span.length_s, most))
    parts: list[Svg] = []
    for moment in ticks(view.span.start_s, view.span.stop_s, most):
        share = view.span.share(moment)
        anchor = _anchor(share)
        parts.append(
            element("line", x1=percent(share), x2=percent(share), y1=y, y2=y + 5, class_="edge")
        )
        parts.append(
            element(
                "text",
                clock(moment, digits),
                x=percent(share),
                y=y + 20,
                text_anchor=anchor,
                class_="tick",
            )
        )
    return element("g", *parts, aria_hidden="true")


def _anchor(share: float) -> str:
    if share < EDGE_SHARE:
        return "start"
    return "end" if share > 1 - EDGE_SHARE else "middle"


def _raw(lane: Lane) -> Svg:
    """The samples as a line where there are few, else the area between each column's extremes."""
    trace, height = lane.trace, PLOT_PX * RAW_UNITS
    low = _units(trace.low, lane.limit_v, height)
    if trace.every_sample:
        box = f"0 0 {trace.low.size} {height}"
        return _inner(element("path", d=paths.line(low), class_="samples"), box)
    high = _units(trace.high, lane.limit_v, height)
    box = f"-.5 0 {trace.low.size} {height}"
    return _inner(element("path", d=paths.ribbon(low, high), class_="ribbon"), box)


def _envelope(view: View, lane: Lane) -> Svg:
    trace, height = lane.trace, PLOT_PX * ENVELOPE_UNITS
    if not trace.envelope.size:
        return Svg()
    path = element(
        "path",
        d=paths.line(_units(trace.envelope, lane.limit_v, height)),
        class_="envelope",
        data_uv=f"{2e6 * lane.limit_v / height:.6g}",
    )
    first, last = (
        view.span.share(trace.envelope_span.start_s),
        view.span.share(trace.envelope_span.stop_s),
    )
    return _inner(
        path,
        f"-.5 0 {trace.envelope.size} {height}",
        x=percent(first),
        width=percent(last - first),
    )


def _inner(path: Svg, box: str, *, x: str = "0", width: str = "100%") -> Svg:
    """A drawing in its own units. The one around it cuts what reaches beyond the window."""
    return element(
        "svg",
        path,
        x=x,
        width=width,
        height=PLOT_PX,
        viewBox=box,
        preserveAspectRatio="none",
    )


def _bands(view: View, lane: Lane, top: int) -> Svg:
    placed = ((m, view.span.clipped(m.span.start_s, m.span.stop_s)) for m in lane.marks)
    bands = (_band(mark, shares, top) for mark, shares in placed if shares)
    return element("g", *bands, aria_hidden="true")


def _band(mark: Mark, shares: tuple[float, float], top: int) -> Svg:
    return element(
        "rect",
        x=percent(shares[0]),
        y=top,
        width=percent(shares[1] - shares[0]),
        height=PLOT_PX,
        class_=f"band {mark.reached}",
        data_key=mark.key,
    )


def _marks(view: View, lane: Lane, top: int) -> Svg:
    return group(
        *(
            _mark(mark, share, top + 14 + row * MARK_PX)
            for mark, (share, row) in _with_place(view, lane)
            if row is not None
        )
    )


def _with_place(view: View, lane: Lane) -> Iterator[tuple[Mark, tuple[float, int | None]]]:
    shown = [m for m in lane.marks if view.span.clipped(m.span.start_s, m.span.stop_s)]
    return zip(shown, _placed(view, lane.marks), strict=True)


def _placed(view: View, marks: Sequence[Mark]) -> list[tuple[float, int | None]]:
    """Of each visible mark its share of the width and its row, None where there is no room."""
    ends = [-1.0] * MARK_ROWS
    room = MARK_PX / view.columns
    found: list[tuple[float, int | None]] = []
    for mark in marks:
        shares = view.span.clipped(mark.span.start_s, mark.span.stop_s)
        if shares is None:
            continue
        share = min(max(sum(shares) / 2, room / 2), 1 - room / 2)
        row = next((r for r, end in enumerate(ends) if share - room / 2 >= end), None)
        if row is not None:
            ends[row] = share + room / 2
        found.append((share, row))
    return found


def _mark(mark: Mark, share: float, y: int) -> Svg:
    x = percent(share)
    return element(
        "a",
        element("circle", cx=x, cy=y, r=MARK_PX / 2, class_="target"),
        element("circle", cx=x, cy=y, r=8.5, class_="disc"),
        element(
            "text", GLYPH[mark.reached], x=x, y=y + 4, text_anchor="middle", aria_hidden="true"
        ),
        href=mark.address,
        aria_label=mark.name,
        class_=f"mark {mark.reached}",
        data_key=mark.key,
        data_start=None if mark.window is None else f"{mark.window.start_s:.3f}",
        data_stop=None if mark.window is None else f"{mark.window.stop_s:.3f}",
    )


def _masked(view: View, lane: Lane, top: int) -> Svg:
    parts: list[Svg] = []
    for first, last in _merged(view, lane.trace.masked):
        least = 3 / view.columns  # seen, however short
        place = {"x": percent(first), "width": percent(max(last - first, least))}
        parts.append(
            element("rect", **place, y=top, height=PLOT_PX, class_="masked", fill="url(#masked)")
        )
        parts.append(element("rect", **place, y=top + PLOT_PX - 4, height=4, class_="masked-foot"))
    return element("g", *parts, aria_hidden="true") if parts else Svg()


def _merged(view: View, spans: Sequence[Span]) -> list[tuple[float, float]]:
    """As shares of the width; what lies less than two columns apart is one."""
    found: list[tuple[float, float]] = []
    for span in spans:
        shares = view.span.clipped(span.start_s, span.stop_s)
        if shares is None:
            continue
        if found and shares[0] - found[-1][1] < 2 / view.columns:
            found[-1] = (found[-1][0], max(shares[1], found[-1][1]))
        else:
            found.append(shares)
    return found


def _target(lane: Lane, top: int) -> Svg:
    if lane.target is None or lane.target.volts > lane.limit_v:
        return Svg()
    y = _y(lane.target.volts, lane.limit_v, top)
    words = f"{lane.target.words}, {microvolts(lane.target.volts)} µV"
    return group(
        element("line", x1=0, x2="100%", y1=y, y2=y, class_="threshold"),
        element("text", words, x="99.5%", y=y - 5, text_anchor="end", class_="halo"),
    )


def _overview_height(view: View) -> int:
    return 0 if view.overview is None else OVERVIEW_PX * len(view.overview.lanes) + 16


def _overview(view: View) -> Svg:
    """The strip above: all of the recording, and a frame around what the lanes show."""
    if view.overview is None:
        return Svg()
    whole, height = view.overview.whole, OVERVIEW_PX * len(view.overview.lanes)
    first, last = whole.share(view.span.start_s), whole.share(view.span.stop_s)
    strips = (
        element(
            "svg",
            element(
                "path",
                d=paths.ribbon(
                    _units(low, limit, OVERVIEW_PX * RAW_UNITS),
                    _units(high, limit, OVERVIEW_PX * RAW_UNITS),
                ),
                class_=f"ribbon {side or 'neither'}",
            ),
            y=OVERVIEW_PX * i,
            width="100%",
            height=OVERVIEW_PX,
            viewBox=f"-.5 0 {low.size} {OVERVIEW_PX * RAW_UNITS}",
            preserveAspectRatio="none",
        )
        for i, (side, low, high, limit) in enumerate(view.overview.lanes)
    )
    return element(
        "g",
        element("rect", y=0, width="100%", height=height, class_="frame"),
        *strips,
        element(
            "rect",
            x=percent(first),
            y=0,
            width=percent(max(last - first, 0.002)),
            height=height,
            class_="window",
        ),
        class_="overview",
        aria_hidden="true",
        data_stop=f"{whole.stop_s:.3f}",
    )


def _masked_pattern() -> Svg:
    stripes = element("path", d="M0 6 6 0", class_="stripe")
    return element(
        "defs",
        element("pattern", stripes, id="masked", width=6, height=6, patternUnits="userSpaceOnUse"),
    )


def _units(volts: Signal, limit_v: float, height: int) -> Signal:
    """Heights from the top, cut where the lane ends: a drop-out would reach far outside."""
    return np.clip((1 - volts / limit_v) / 2 * height, 0, height)


def _y(volts: float, limit_v: float, top: int) -> float:
    return round(top + (1 - volts / limit_v) / 2 * PLOT_PX, 1)
