import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from myograph.analysis.amplitude import amplitude_of, strongest
from myograph.signal.grid import grid_of_filtered
from myograph.signal.runs import NONE


def test_amplitudes_are_those_of_the_samples():
    y = np.random.default_rng(0).standard_normal(2000)
    grid = grid_of_filtered(y, 990.0, NONE, 0.005)
    result = amplitude_of(grid, slice(10, 50))
    part = y[grid.edges[10] : grid.edges[50]]
    assert result.rms_v == pytest.approx(np.sqrt(np.mean(part**2)))
    assert result.mav_v == pytest.approx(np.mean(np.abs(part)))
    assert result.iemg_vs == pytest.approx(np.sum(np.abs(part)) / 990.0)


def test_masked_cells_count_for_nothing():
    y = np.full(1000, 2.0)
    y[500:505] = 100.0
    grid = grid_of_filtered(y, 1000.0, np.array([[500, 505]]), 0.005)
    result = amplitude_of(grid, slice(None))
    assert (result.rms_v, result.mav_v) == pytest.approx((2.0, 2.0))
    assert result.iemg_vs == pytest.approx(2.0 * 0.995)


def test_where_nothing_is_left_nothing_was_measured():
    grid = grid_of_filtered(np.ones(1000), 1000.0, np.array([[0, 1000]]), 0.005)
    result = amplitude_of(grid, slice(None))
    assert (result.rms_v, result.mav_v, result.iemg_vs) == (None, None, None)


def test_strength_is_the_largest_mean_over_the_window():
    values = np.array([1.0, 5.0, 3.0, 1.0, 0.0])
    assert strongest(values, 1) == 5.0
    assert strongest(values, 2) == 4.0
    assert strongest(values, 5) == 2.0


def test_what_is_shorter_than_the_window_is_averaged_whole():
    assert strongest(np.array([1.0, 3.0]), 100) == 2.0


@given(npst.arrays(float, st.integers(1, 50), elements=st.floats(0, 1e3)), st.integers(1, 60))
def test_strength_is_the_best_of_all_windows(values, width):
    width_used = min(width, values.size)
    windows = np.lib.stride_tricks.sliding_window_view(values, width_used)
    assert strongest(values, width) == pytest.approx(windows.mean(axis=1).max(), abs=1e-9)
