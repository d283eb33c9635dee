import numpy as np
import pytest

from myograph.signal import grid as grid_module
from myograph.signal.filters import bandpass, filtered
from myograph.signal.grid import (
    cell_means,
    cells_in,
    decibel,
    grid_of,
    grid_of_filtered,
    moving_mean,
)

BAND_HZ = (20.0, 450.0)


def noise(size, seed=0):
    return np.random.default_rng(seed).standard_normal(size)


@pytest.mark.parametrize("rate_hz", [990.0, 1000.0, 1926.0, 2048.0])
def test_cells_hold_the_exact_means_of_their_samples(rate_hz):
    y = noise(5003)
    grid = grid_of_filtered(y, rate_hz, None, 0.005)
    for i in (0, 17, grid.size - 1):
        part = y[grid.edges[i] : grid.edges[i + 1]]
        assert grid.square[i] == pytest.approx(np.mean(part**2), rel=1e-12)
        assert grid.absolute[i] == pytest.approx(np.mean(np.abs(part)), rel=1e-12)
        assert grid.seconds[i] == pytest.approx(part.size / rate_hz)


def test_a_whole_number_of_cells_is_kept_and_a_rest_is_left():
    assert grid_of_filtered(noise(1000), 1000.0, None, 0.005).size == 200
    assert grid_of_filtered(noise(1004), 1000.0, None, 0.005).size == 200
    assert grid_of_filtered(noise(1926), 1926.0, None, 0.005).size == 200


@pytest.mark.parametrize("rate_hz", [1000.0, 990.0])
def test_filtering_block_by_block_gives_the_same_cells(monkeypatch, rate_hz):
    x = noise(30_000)
    by = bandpass(rate_hz, BAND_HZ, 4)
    whole = grid_of_filtered(filtered(x, by), rate_hz, None, 0.005)
    monkeypatch.setattr(grid_module, "BLOCK", 7000)
    parts = grid_of(x, by, None, 0.005)
    np.testing.assert_array_equal(parts.edges, whole.edges)
    np.testing.assert_allclose(parts.square, whole.square, rtol=1e-9)
    np.testing.assert_allclose(parts.absolute, whole.absolute, rtol=1e-9)


def test_a_cell_that_touches_the_mask_is_not_used_and_its_level_goes_on():
    y = np.full(1000, 2.0)
    unusable = np.zeros(1000, bool)
    unusable[502:511] = True
    y[500:515] = 1e3
    grid = grid_of_filtered(y, 1000.0, unusable, 0.005)
    np.testing.assert_array_equal(np.flatnonzero(~grid.ok), [100, 101, 102])
    np.testing.assert_allclose(grid.square, 4.0)
    np.testing.assert_allclose(grid.absolute, 2.0)


def test_without_a_usable_cell_there_is_no_level_to_go_on():
    grid = grid_of_filtered(np.full(100, 2.0), 1000.0, np.ones(100, bool), 0.005)
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
    grid = grid_of_filtered(values, 1000.0, None, 0.005)
    np.testing.assert_allclose(cell_means(values, grid.edges), values.reshape(200, 5).mean(axis=1))
