import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import welch

from myograph.signal.runs import NONE
from myograph.signal.spectrum import (
    Axis,
    axis_of,
    evenly_spread,
    in_band,
    periodograms,
    shape_of,
    unmasked,
)

RATE_HZ = 1000.0
BAND_HZ = (20.0, 450.0)


def noise(size, seed=0):
    return np.random.default_rng(seed).standard_normal(size)


def test_scipys_welch_is_the_mean_of_our_windows():
    x = noise(20_000) + 5.0
    axis = axis_of(RATE_HZ, 1.0, 451)
    starts = np.arange(0, x.size - 1000 + 1, 500)
    hz, power = welch(x, RATE_HZ, nperseg=1000)
    ours = periodograms(x, starts, 1000, axis).mean(axis=0)
    np.testing.assert_allclose(axis.hz, hz[: axis.bins])
    np.testing.assert_allclose(ours[1:], power[1 : axis.bins], rtol=1e-10)


def test_a_padded_window_keeps_its_power_density():
    x = noise(100_000)
    axis = axis_of(RATE_HZ, 1.0, 451)
    short = periodograms(x, np.arange(0, 99_000, 250), 500, axis).mean(axis=0)
    full = periodograms(x, np.arange(0, 99_000, 500), 1000, axis).mean(axis=0)
    band = in_band(axis, BAND_HZ)
    assert short[band].mean() == pytest.approx(full[band].mean(), rel=0.01)


def test_the_axis_stays_below_what_the_rate_carries():
    assert axis_of(200.0, 1.0, 451).hz[-1] < 100
    assert axis_of(1000.0, 1.0, 451).hz[-1] == 451


@pytest.mark.parametrize("hz", [25.0, 80.0, 440.0])
def test_a_tone_has_its_mean_and_median_at_its_frequency(hz):
    x = np.sin(2 * np.pi * hz * np.arange(10_000) / RATE_HZ)
    axis = axis_of(RATE_HZ, 1.0, 451)
    shape = shape_of(periodograms(x, np.array([0, 4000]), 1000, axis), axis, BAND_HZ)
    np.testing.assert_allclose(shape.mpf_hz, hz, atol=0.05)
    np.testing.assert_allclose(shape.mdf_hz, hz, atol=0.05)
    np.testing.assert_allclose(shape.fi_nsm5, hz**-6.0, rtol=0.05)


def test_flat_power_has_its_median_in_the_middle_of_the_band():
    axis = Axis(RATE_HZ, 1000, 452)
    shape = shape_of(np.ones((1, 452)), axis, BAND_HZ)
    assert shape.mdf_hz[0] == pytest.approx(235.0)
    assert shape.mpf_hz[0] == pytest.approx(235.0)


def test_the_median_is_interpolated_between_bins():
    power = np.zeros((1, 452))
    power[0, [100, 101, 102]] = [1.0, 2.0, 2.0]
    shape = shape_of(power, Axis(RATE_HZ, 1000, 452), BAND_HZ)
    assert shape.mdf_hz[0] == pytest.approx(100.5 + 1.5 / 2.0)


def test_no_power_has_no_shape():
    shape = shape_of(np.zeros((1, 452)), Axis(RATE_HZ, 1000, 452), BAND_HZ)
    assert np.isnan([shape.mpf_hz[0], shape.mdf_hz[0], shape.fi_nsm5[0]]).all()


def test_the_fatigue_index_is_the_ratio_of_two_moments():
    power = np.abs(noise(452))[None]
    axis = Axis(RATE_HZ, 1000, 452)
    hz, rows = axis.hz[20:451], power[0, 20:451]
    expected = np.sum(rows / hz) / np.sum(rows * hz**5)
    assert shape_of(power, axis, BAND_HZ).fi_nsm5[0] == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 50), st.integers(1, 400), st.integers(1, 100))
def test_segments_cover_the_span_with_at_least_half_overlap(start, length, size):
    starts = evenly_spread(start, start + length, size)
    if length < size:
        assert starts.size == 0
        return
    assert starts[0] == start
    assert starts[-1] == start + length - size
    assert np.all(np.diff(starts) <= max(1, size // 2) + 1)
    assert np.all(np.diff(starts) > 0)


def test_a_window_that_touches_the_mask_is_left_out():
    starts = np.array([0, 1, 3, 4])
    unusable = np.array([[3, 4]])
    np.testing.assert_array_equal(unmasked(starts, 2, unusable), [True, True, False, True])
    np.testing.assert_array_equal(unmasked(starts, 2, NONE), [True] * 4)
