from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from myograph.errors import BadInput
from myograph.signal.reduce import extremes

signals = npst.arrays(
    np.float64,
    st.integers(1, 500),
    elements=st.floats(-1e-2, 1e-2, allow_nan=False),
)
columns_of_any_width = st.integers(1, 600)


@given(x=signals, columns=columns_of_any_width)
def test_no_extreme_is_lost_at_any_number_of_columns(x, columns):
    low, high = extremes(x, columns)
    assert low.min() == x.min()
    assert high.max() == x.max()


@given(x=signals, columns=columns_of_any_width, data=st.data())
def test_no_extreme_is_lost_in_any_window(x, columns, data):
    start = data.draw(st.integers(0, x.size - 1))
    stop = data.draw(st.integers(start + 1, x.size))
    low, high = extremes(x[start:stop], columns)
    assert (low.min(), high.max()) == (x[start:stop].min(), x[start:stop].max())


@given(x=signals, columns=columns_of_any_width)
def test_each_column_is_the_extreme_of_its_own_samples(x, columns):
    low, high = extremes(x, columns)
    if x.size > columns:
        edges = [c * x.size // columns for c in range(columns + 1)]
        parts = [x[a:b] for a, b in pairwise(edges)]
        np.testing.assert_array_equal(low, [p.min() for p in parts])
        np.testing.assert_array_equal(high, [p.max() for p in parts])


def test_as_many_samples_as_columns_are_every_sample():
    x = np.array([3.0, -1.0, 2.0])
    low, high = extremes(x, 3)
    np.testing.assert_array_equal(low, x)
    np.testing.assert_array_equal(high, x)


def test_one_sample_more_than_columns_is_reduced():
    low, high = extremes(np.array([3.0, -1.0, 2.0, 5.0]), 3)
    np.testing.assert_array_equal(low, [3.0, -1.0, 2.0])
    np.testing.assert_array_equal(high, [3.0, -1.0, 5.0])


def test_a_missing_sample_hides_no_extreme_beside_it():
    low, high = extremes(np.array([np.nan, -1.0, 4.0, np.nan, np.nan, np.nan]), 2)
    np.testing.assert_array_equal(low, [-1.0, np.nan])
    np.testing.assert_array_equal(high, [4.0, np.nan])


def test_less_than_one_column_is_refused():
    with pytest.raises(BadInput, match="0 columns"):
        extremes(np.ones(3), 0)
