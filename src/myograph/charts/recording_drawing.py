"""The viewer's drawing as a file of its own: all channels of a recording in one SVG."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from myograph.analysis.processed import processed
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import ChannelMeasurement
from myograph.charts.numbers import duration
from myograph.charts.signal_view import (
    AXIS_PX,
    GAP_PX,
    PLOT_PX,
    TITLE_PX,
    Lane,
    Mark,
    Reached,
    Span,
    Trace,
    View,
    draw,
    limit_of,
    resolution,
)
from myograph.charts.svg import Svg, element
from myograph.recording import Channel, Facts
from myograph.scoring.results import Judgement, MuscleScore
from myograph.signal.reduce import extremes
from myograph.signal.runs import runs_of

_NOTHING_V = 1e-3  # where there is nothing to draw
_WIDTH_PX, _LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 1152, 60, 20, 44, 12
# The page's light colours, so that the drawing looks the same where there is no page around it.
_STYLE = """
.signal-view { overflow: visible; }
text { font: 12px system-ui, "Segoe UI", Roboto, sans-serif; fill: #52616D; }
.heading { font-size: 14px; font-weight: 600; fill: #14212B; }
.paper { fill: #FFFFFF; }
.lane { color: #52616D; }
.lane.left { color: #0B62A4; }
.lane.right { color: #B4460B; }
.lane-title { font-weight: 600; fill: #14212B; }
.unit { font-weight: 400; fill: #52616D; }
.frame { fill: none; stroke: #D5DCE1; }
.grid { stroke: #D5DCE1; }
.edge { stroke: #7B8A95; }
path { vector-effect: non-scaling-stroke; }
.ribbon { fill: currentColor; fill-opacity: .42; stroke: currentColor; stroke-opacity: .42; }
.samples { fill: none; stroke: currentColor; stroke-opacity: .62; stroke-width: 1.2; }
.envelope { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.band { fill: currentColor; fill-opacity: .08; }
.band.both { fill-opacity: .18; }
.band.none { fill: none; stroke: currentColor; stroke-dasharray: 3 3; }
.mark .target { fill: none; }
.mark .disc { fill: #FFFFFF; stroke: currentColor; stroke-width: 1.5; }
.mark.both .disc { fill: currentColor; }
.mark text { fill: currentColor; font-size: 11px; }
.mark.both text { fill: #FFFFFF; }
.masked-foot { fill: #A3124F; }
.stripe { stroke: #A3124F; stroke-opacity: .5; }
"""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One channel in at most 1152 columns. limit_v: half the height for all that is not masked."""

    trace: Trace
    limit_v: float


def course_of(channel: Channel, facts: Facts, protocol: Protocol) -> Course:
    done = processed(channel, facts, protocol)
    x = channel.samples
    mask = np.zeros(x.size, bool) if done.mask is None else done.mask
    low, high = extremes(x, _WIDTH_PX)
    trace = Trace(
        low=low,
        high=high,
        envelope=extremes(done.envelope, _WIDTH_PX)[1],
        envelope_span=Span(0.0, done.envelope.size / done.envelope_rate_hz),
        masked=tuple(_span(run, facts.rate.used_hz) for run in runs_of(mask).tolist()),
    )
    return Course(trace, limit_of(x[~mask], x[~mask]))


def drawing(
    name: str,
    duration_s: float,
    channels: Iterable[ChannelMeasurement],
    muscles: Sequence[MuscleScore],
    courses: Mapping[str, Course],
) -> Svg:
    """An SVG document of fixed width with its own style; all channels on one scale.

    name       of the recording
    courses    by channel label; what has none is not drawn
    """
    limit_v = max((course.limit_v for course in courses.values()), default=_NOTHING_V)
    scored = {muscle.label: muscle for muscle in muscles}
    lanes = tuple(
        _lane(channel, scored[channel.label], courses[channel.label], limit_v)
        for channel in channels
        if channel.label in courses
    )
    return _document(name, View(Span(0.0, duration_s), _WIDTH_PX, lanes))


def _lane(channel: ChannelMeasurement, muscle: MuscleScore, course: Course, limit_v: float) -> Lane:
    label = channel.label
    return Lane(
        label=label,
        title=" ".join(filter(None, (label, muscle.side, muscle.muscle))),
        side=muscle.side,
        trace=course.trace,
        limit_v=limit_v,
        marks=_marks(channel, muscle),
    )


def _span(run: list[int], rate_hz: float) -> Span:
    return Span(run[0] / rate_hz, run[1] / rate_hz)


def _document(name: str, view: View) -> Svg:
    inside = draw(view)
    height = _TOP_PX + _height(view) + _BOTTOM_PX
    width = _LEFT_PX + _WIDTH_PX + _RIGHT_PX
    heading = f"{name}, {duration(view.span.length_s)}, {resolution(view)}"
    return element(
        "svg",
        element("style", Svg(_STYLE)),
        element("rect", width=width, height=height, class_="paper"),
        element("text", heading, x=_LEFT_PX, y=24, class_="heading"),
        element(
            "svg", inside, x=_LEFT_PX, y=_TOP_PX, width=_WIDTH_PX, height=height, overflow="visible"
        ),
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
    )


def _height(view: View) -> int:
    return (TITLE_PX + PLOT_PX + GAP_PX) * len(view.lanes) + AXIS_PX


def _marks(channel: ChannelMeasurement, muscle: MuscleScore) -> tuple[Mark, ...]:
    judged = {judgement.number: judgement for judgement in muscle.judgements}
    label = channel.label
    return tuple(
        Mark(
            key=f"{label}-{c.number}",
            span=Span(c.start_s, c.end_s),
            reached=_reached(judged[c.number]),
            name=f"{label} contraction {c.number}: {c.start_s:.1f} s, {duration(c.duration_s)}",
            address=f"#{label}-{c.number}",
        )
        for c in channel.contractions
    )


def _reached(judgement: Judgement) -> Reached:
    met = (judgement.meets_intensity, judgement.meets_duration)
    if None in met:
        return "unjudged"
    return ("none", "one", "both")[sum(map(bool, met))]
