import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.signal import blocks
from myograph.signal.filters import bandpass, filtered
from myograph.signal.grid import (
    Grid,
    cells_in,
    decibel,
    grid_of,
    grid_of_filtered,
    moving_mean,
)
from myograph.signal.runs import NONE, runs_of

BAND_HZ = (20.0, 450.0)


def noise(size, seed=0):
    return np.random.default_rng(seed).standard_normal(size)


@pytest.mark.parametrize("rate_hz", [990.0, 1000.0, 1926.0, 2048.0])
def test_cells_hold_the_exact_means_of_their_samples(rate_hz):
    y = noise(5003)
    grid = grid_of_filtered(y, rate_hz, NONE, 0.005)
    for i in (0, 17, grid.size - 1):
        part = y[grid.edges[i] : grid.edges[i + 1]]
        assert grid.square[i] == pytest.approx(np.mean(part**2), rel=1e-12)
        assert grid.absolute[i] == pytest.approx(np.mean(np.abs(part)), rel=1e-12)
        assert grid.seconds(slice(i, i + 1)) == pytest.approx(part.size / rate_hz)


def test_a_whole_number_of_cells_is_kept_and_a_rest_is_left():
    assert grid_of_filtered(noise(1000), 1000.0, NONE, 0.005).size == 200
    assert grid_of_filtered(noise(1004), 1000.0, NONE, 0.005).size == 200
    assert grid_of_filtered(noise(1926), 1926.0, NONE, 0.005).size == 200


@pytest.mark.parametrize("rate_hz", [1000.0, 990.0])
def test_filtering_block_by_block_gives_the_same_cells(monkeypatch, rate_hz):
    x = noise(30_000)
    by = bandpass(rate_hz, BAND_HZ, 4)
    whole = grid_of_filtered(filtered(x, by), rate_hz, NONE, 0.005)
    monkeypatch.setattr(blocks, "BLOCK", 7000)
    parts = grid_of(x, by, NONE, 0.005)
    np.testing.assert_array_equal(parts.edges, whole.edges)
    np.testing.assert_allclose(parts.square, whole.square, rtol=1e-9)
    np.testing.assert_allclose(parts.absolute, whole.absolute, rtol=1e-9)


def test_a_cell_that_touches_the_mask_is_not_used_and_its_level_goes_on():
    y = np.full(1000, 2.0)
    y[500:515] = 1e3
    grid = grid_of_filtered(y, 1000.0, np.array([[502, 511]]), 0.005)
    np.testing.assert_array_equal(np.flatnonzero(~grid.ok), [100, 101, 102])
    np.testing.assert_allclose(grid.square, 4.0)
    np.testing.assert_allclose(grid.absolute, 2.0)


def test_without_a_usable_cell_there_is_no_level_to_go_on():
    grid = grid_of_filtered(np.full(100, 2.0), 1000.0, np.array([[0, 100]]), 0.005)
    assert not grid.ok.any()
    np.testing.assert_allclose(grid.square, 4.0)


@pytest.mark.parametrize(("window_s", "cells"), [(0.05, 11), (0.15, 31), (0.045, 9)])
def test_windows_hold_an_odd_number_of_cells(window_s, cells):
    assert cells_in(window_s, 0.005) == cells


def test_a_moving_mean_of_odd_length_moves_no_edge():
    step = np.repeat([0.0, 1.0], 50)
    smooth = moving_mean(step, 11)
    np.testing.assert_allclose(smooth + smooth[::-1], 1.0)


def test_no_power_is_a_very_low_level_and_no_error():
    assert decibel(np.array([0.0]))[0] == pytest.approx(-3000)
    assert decibel(np.array([1.0]))[0] == 0


def test_means_of_another_signal_lie_on_the_same_cells():
    values = noise(1000)
    grid = grid_of_filtered(values, 1000.0, NONE, 0.005)
    np.testing.assert_allclose(grid.means_of(values), values.reshape(200, 5).mean(axis=1))


@given(st.floats(1, 40), st.integers(1, 300), st.data())
def test_each_sample_lies_in_the_cell_that_begins_last_before_it(step, cells, data):
    grid = Grid(1000.0, step / 1000.0, *(np.ones(cells),) * 2, np.ones(cells, bool))
    samples = np.array(data.draw(st.lists(st.integers(0, int(grid.edges[-1])), max_size=20)), int)
    np.testing.assert_array_equal(
        grid.first_cell_from(samples), np.searchsorted(grid.edges, samples)
    )


@given(st.lists(st.integers(0, 999), max_size=12))
@pytest.mark.parametrize("rate_hz", [1000.0, 990.0])
def test_a_cell_is_used_where_none_of_its_samples_is_masked(rate_hz, places):
    mask = np.zeros(1000, bool)
    mask[places] = True
    grid = grid_of_filtered(np.ones(1000), rate_hz, runs_of(mask), 0.005)
    touched = np.logical_or.reduceat(mask[: grid.edges[-1]], grid.edges[:-1])
    np.testing.assert_array_equal(grid.ok, ~touched)


def test_cells_that_are_asked_for_by_a_mask_last_as_long():
    grid = grid_of_filtered(noise(1000), 990.0, NONE, 0.005)
    use = np.arange(grid.size) % 3 == 0
    np.testing.assert_array_equal(grid.seconds(use), grid.seconds(slice(None))[use])
