import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.charts.signal_view import Span
from myograph.db.contractions import ContractionRow
from myograph.web.pages.windows import LAYERS, around, ways, wish_of
from tests.web.pages.stored import blank

WHOLE = Span(0.0, 60.0)
PAGE = "/sessions/x"


def contraction(start_s, end_s):
    return blank(ContractionRow, channel="CH1", number=1, start_s=start_s, end_s=end_s)


ROWS = [contraction(0.2, 2.2), contraction(20, 24), contraction(58, 59.9)]


def to(action, span, rows=ROWS, query=""):
    way = ways(PAGE, span, WHOLE, rows, wish_of(query))[action]
    return None if way.here else (float(way.start), float(way.stop))


@given(start=st.floats(0, 59), length=st.floats(0.02, 60))
def test_every_way_leads_inside_the_recording(start, length):
    span = Span(start, min(start + length, 60.0))
    for way in ways(PAGE, span, WHOLE, ROWS, wish_of("")).values():
        assert 0 <= float(way.start) <= float(way.stop) <= 60.001


@pytest.mark.parametrize(
    ("action", "window"),
    [
        ("left", (15, 25)),
        ("right", (25, 35)),
        ("in", (22.5, 27.5)),
        ("out", (15, 35)),
        ("all", (0, 60)),
        ("previous", (18, 26)),
        ("next", (57, 60)),
    ],
)
def test_each_way_from_the_middle(action, window):
    assert to(action, Span(20, 30)) == window


def test_the_whole_session_leads_in_and_to_the_first_contraction_alone():
    assert to("next", WHOLE) == (0, 3.2)
    assert to("in", WHOLE) == (15, 45)
    assert [to(a, WHOLE) for a in ("left", "right", "out", "all", "previous")] == [None] * 5


def test_from_one_contraction_the_way_leads_to_its_neighbours_even_at_the_edges():
    first, second, last = (around(row, WHOLE) for row in ROWS)
    assert to("next", first) == (second.start_s, second.stop_s)
    assert to("previous", first) is None
    assert to("previous", last) == (second.start_s, second.stop_s)
    assert to("next", last) is None


def test_without_contractions_there_is_none_to_go_to():
    assert to("next", WHOLE, rows=[]) is None


def test_at_an_edge_a_half_window_is_as_much_as_there_is():
    assert to("left", Span(2, 12)) == (0, 10)
    assert to("left", Span(0, 10)) is None


@pytest.mark.parametrize(
    "query", ["", "start=x&end=nan", "columns=many", "start=&end=", "start=inf"]
)
def test_an_address_that_makes_no_sense_asks_for_everything(query):
    wish = wish_of(query)
    assert (wish.start_s, wish.stop_s, wish.columns) == (None, None, 1152)
    assert wish.layers == frozenset(LAYERS)


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("", f"{PAGE}#signal"),
        ("show=raw&show=envelope&show=contractions", f"{PAGE}#signal"),
        ("show=raw", f"{PAGE}?show=raw#signal"),
        ("show=none", f"{PAGE}?show=none#signal"),
        ("scale=own&columns=300", f"{PAGE}?scale=own#signal"),
    ],
)
def test_links_carry_on_what_is_shown(query, address):
    assert wish_of(query).address(PAGE, None) == address


def test_a_window_stands_in_its_address_to_the_millisecond():
    assert wish_of("").address(PAGE, Span(1.23456, 2)) == f"{PAGE}?start=1.235&end=2.000#signal"
