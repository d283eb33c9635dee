import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from myograph.charts import paths
from tests.charts.path_points import points

heights = npst.arrays(np.float64, st.integers(2, 80), elements=st.floats(0, 400) | st.just(200.0))


@given(y=heights)
def test_a_line_goes_through_every_point_to_half_a_unit(y):
    [drawn] = points(paths.line(y))
    assert [x for x, _ in drawn] == list(range(y.size))
    assert np.abs(np.array([h for _, h in drawn]) - y).max() <= 0.5


@given(low=heights, data=st.data())
def test_a_ribbon_holds_both_extremes_of_every_column(low, data):
    more = data.draw(npst.arrays(np.float64, low.size, elements=st.floats(0, 100)))
    high = low - more  # heights are counted from the top
    [drawn] = points(paths.ribbon(low, high))
    upper, lower = drawn[: low.size], drawn[low.size :][::-1]
    assert [x for x, _ in upper] == [x for x, _ in lower] == list(range(low.size))
    assert np.abs(np.array([h for _, h in upper]) - high).max() <= 0.5
    assert np.abs(np.array([h for _, h in lower]) - low).max() <= 0.5


def test_what_is_missing_breaks_the_line_rather_than_bridging_it():
    y = np.array([np.nan, 1.0, 2.0, np.nan, np.nan, 5.0, np.nan])
    assert points(paths.line(y)) == [[(1, 1), (2, 2)], [(5, 5)]]


def test_what_is_missing_breaks_the_ribbon_too():
    low = np.array([4.0, 4.0, np.nan, 6.0])
    drawn = points(paths.ribbon(low, low - 2))
    assert [part[0] for part in drawn] == [(0, 2), (3, 4)]


def test_rest_costs_a_few_characters_however_long_it_is():
    assert paths.line(np.full(1000, 84.0)) == "M0 84h999"


def test_nothing_is_drawn_of_nothing():
    assert paths.line(np.array([])) == ""
