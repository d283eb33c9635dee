from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.charts.signal_view import (
    PLOT_PX,
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
from myograph.signal.reduce import extremes
from tests.charts.path_points import points

WHOLE = Span(0.0, 120.0)
LIMIT_V = 600e-6


def trace(samples, columns=200, *, masked=()):
    low, high = extremes(samples, columns)
    return Trace(low, high, np.abs(low), WHOLE, masked)


def mark(number, start_s, end_s, reached="both"):
    return Mark(
        key=f"CH1-{number}",
        span=Span(start_s, end_s),
        reached=reached,
        name=f"Left contraction {number}",
        address=f"?start={start_s}",
    )


def lane(**changes):
    rng = np.random.default_rng(1)
    made = Lane(
        label="CH1",
        title="Left quadriceps",
        side="left",
        trace=trace(rng.normal(0, 50e-6, 12_000)),
        limit_v=LIMIT_V,
        marks=(mark(1, 10, 13), mark(2, 40, 42, "one"), mark(3, 80, 81, "none")),
        target=Target(142e-6, "75 % of MVC"),
    )
    return replace(made, **changes)


def view(*lanes, **changes):
    made = View(span=WHOLE, columns=200, lanes=lanes or (lane(),))
    return replace(made, **changes)


def find(drawing, of_class):
    """Every element of the drawing that has this class."""
    root = ET.fromstring(drawing)  # noqa: S314 - our own drawing
    return [e for e in root.iter() if of_class in e.attrib.get("class", "").split()]


def test_a_single_spike_reaches_its_height_in_the_drawing():
    samples = np.zeros(120_000)
    samples[77_777] = 500e-6
    [ribbon] = find(draw(view(lane(trace=trace(samples, 200)))), "ribbon")
    highest = min(y for _, y in points(ribbon.attrib["d"])[0])
    assert highest == round((1 - 500 / 600) / 2 * PLOT_PX * 2)


def test_few_samples_are_drawn_one_by_one():
    samples = np.array([0.0, 100e-6, -100e-6, 0.0])
    few = Trace(samples, samples, np.array([]), WHOLE)
    drawing = draw(view(lane(trace=few)))
    [line] = find(drawing, "samples")
    assert len(points(line.attrib["d"])[0]) == samples.size
    assert not find(drawing, "ribbon")
    assert not find(drawing, "envelope")


@pytest.mark.parametrize(
    ("stop_s", "words"), [(120, "1 column = 600 ms"), (0.4, "1 column = 2.0 ms")]
)
def test_the_resolution_is_written_in_milliseconds(stop_s, words):
    assert resolution(view(span=Span(0, stop_s))) == words


def test_the_resolution_says_where_nothing_is_left_out():
    samples = np.zeros(400)
    assert resolution(view(lane(trace=Trace(samples, samples, samples, WHOLE)))) == "every sample"


def test_a_contraction_is_a_band_and_a_link_that_has_a_name():
    drawing = draw(view())
    bands = find(drawing, "band")
    assert [b.attrib["class"] for b in bands] == ["band both", "band one", "band none"]
    assert (bands[0].attrib["x"], bands[0].attrib["width"]) == ("8.33%", "2.5%")
    marks = find(drawing, "mark")
    assert marks[0].attrib["aria-label"] == "Left contraction 1"
    assert marks[0].attrib["href"] == "?start=10"
    assert ["".join(m.itertext()) for m in marks] == ["✓", "◐", "✕"]


def test_a_contraction_outside_the_window_is_not_drawn_and_one_across_its_edge_is_cut():
    drawing = draw(view(span=Span(11, 41)))
    bands = find(drawing, "band")
    assert [b.attrib["data-key"] for b in bands] == ["CH1-1", "CH1-2"]
    assert bands[0].attrib["x"] == "0%"
    assert float(bands[1].attrib["x"][:-1]) + float(bands[1].attrib["width"][:-1]) == pytest.approx(
        100
    )


def test_marks_that_would_overlap_go_to_a_second_row_and_no_further():
    crowd = tuple(mark(n, 10 + n, 10.5 + n) for n in range(5))
    crowded = view(lane(marks=crowd), columns=200)
    marks = find(draw(crowded), "mark")
    assert len(marks) == 2
    assert len({m[0].attrib["cy"] for m in marks}) == 2
    assert hidden_marks(crowded) == 3
    assert len(find(draw(crowded), "band")) == 5


def test_no_mark_leaves_the_drawing():
    [only] = find(draw(view(lane(marks=(mark(1, 0, 0.1),)), columns=240)), "mark")
    assert only[0].attrib["cx"] == "5%"


def test_without_contractions_there_are_neither_bands_nor_hidden_marks():
    crowd = tuple(mark(n, 10 + n, 10.5 + n) for n in range(9))
    bare = view(lane(marks=crowd), contractions=False)
    assert not find(draw(bare), "band")
    assert not find(draw(bare), "mark")
    assert hidden_marks(bare) == 0


def test_raw_and_envelope_can_be_left_out():
    assert not find(draw(view(raw=False)), "ribbon")
    assert not find(draw(view(envelope=False)), "envelope")


def test_the_target_is_drawn_at_its_height_with_its_value():
    drawing = draw(view())
    [line] = find(drawing, "threshold")
    top = float(find(drawing, "frame")[0].attrib["y"])
    assert float(line.attrib["y1"]) == pytest.approx(top + (1 - 142 / 600) / 2 * PLOT_PX, abs=0.1)
    assert find(drawing, "halo")[0].text == "75 % of MVC, 142 µV"


@pytest.mark.parametrize("target", [None, Target(700e-6, "75 % of MVC")])
def test_a_target_that_is_unknown_or_above_the_lane_has_no_line(target):
    assert not find(draw(view(lane(target=target))), "threshold")


def test_what_no_statistic_uses_is_marked_however_short():
    masked = (Span(78.2, 78.2001), Span(80, 83), Span(83.1, 84), Span(200, 210))
    shown = find(draw(view(lane(trace=trace(np.zeros(12_000), masked=masked)))), "masked")
    assert [m.attrib["x"] for m in shown] == ["65.17%", "66.67%"]
    assert shown[0].attrib["width"] == "1.5%"  # three columns of 200
    assert shown[1].attrib["width"] == "3.33%"  # two stretches less than two columns apart


def test_a_drop_out_far_outside_the_lane_is_cut_at_its_edge():
    samples = np.zeros(12_000)
    samples[5000:5270] = -5.5e-3
    [ribbon] = find(draw(view(lane(trace=trace(samples)))), "ribbon")
    assert max(y for _, y in points(ribbon.attrib["d"])[0]) == PLOT_PX * 2


def test_the_overview_frames_what_the_lanes_show():
    low, high = extremes(np.sin(np.arange(1000.0)), 100)
    strip = Overview(WHOLE, ((None, low, high, 1.0), ("right", low, high, 1.0)))
    drawing = draw(view(span=Span(30, 60), overview=strip))
    [frame] = find(drawing, "window")
    assert (frame.attrib["x"], frame.attrib["width"]) == ("25%", "25%")
    assert [p.attrib["class"] for p in find(drawing, "ribbon")][:2] == [
        "ribbon neither",
        "ribbon right",
    ]


def test_the_time_axis_has_fewer_labels_where_there_is_less_room():
    def labels(columns):
        drawing = draw(view(columns=columns))
        return [e.text for e in find(drawing, "tick") if e.text.endswith(" s")]

    assert labels(1152) == [f"{t} s" for t in range(0, 121, 20)]
    assert labels(340) == ["0 s", "50 s", "100 s"]


@given(limit_v=st.floats(1e-6, 6e-3))
def test_the_height_axis_always_names_zero_and_a_value_on_either_side(limit_v):
    drawing = draw(view(lane(limit_v=limit_v, target=None)))
    heights = [e.text for e in find(drawing, "tick") if not e.text.endswith(" s")]
    assert 3 <= len(heights) <= 7
    assert len(set(heights)) == len(heights)


def test_labels_at_the_ends_stay_inside():
    ends = [e for e in find(draw(view(columns=1152)), "tick") if e.text.endswith(" s")]
    assert (ends[0].attrib["text-anchor"], ends[-1].attrib["text-anchor"]) == ("start", "end")
    assert ends[1].attrib["text-anchor"] == "middle"


def test_names_from_a_file_cannot_break_out_of_the_drawing():
    evil = '"><script>alert(1)</script>'
    drawing = draw(view(lane(label=evil, title=evil)))
    assert "<script" not in drawing
    assert find(drawing, "lane")[0].attrib["data-label"] == evil


def test_no_inline_style_is_ever_written():
    assert "style=" not in draw(view())


def test_the_limit_leaves_room_for_the_marks_and_is_never_nothing():
    assert limit_of(np.array([-100e-6, 0]), np.array([0, 50e-6])) == pytest.approx(120e-6)
    assert limit_of(np.zeros(3), np.zeros(3)) == 1e-6
    assert limit_of(np.array([np.nan]), np.array([np.nan])) == 1e-6
    assert limit_of(np.array([]), np.array([])) == 1e-6
