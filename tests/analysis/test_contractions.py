import dataclasses

import numpy as np
import pytest

from myograph.analysis.contractions import find_contractions, tidied
from myograph.analysis.protocol import DEFAULT
from myograph.signal.grid import Grid
from myograph.signal.runs import filled

CELL_S = 0.005
HALF_A_WINDOW = 6  # cells: a step of 20 dB leaks into all of the 50 ms that place the edges


def rows(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


def grid(square, ok=None):
    size = len(square)
    return Grid(
        rate_hz=1000.0,
        cell_s=CELL_S,
        square=np.asarray(square, float),
        absolute=np.sqrt(square),
        ok=np.ones(size, bool) if ok is None else ok,
    )


def level(*bursts, size=4000, rest=1.0, active=100.0, seed=0):
    """Cells of noisy power, `active` inside the bursts."""
    wobble = np.random.default_rng(seed).gamma(20, 1 / 20, size)
    return wobble * np.where(filled(rows(*bursts), size), active, rest)


def found(square, protocol=DEFAULT, ok=None, envelope=None):
    g = grid(square, ok)
    return find_contractions(g, g.absolute if envelope is None else envelope, protocol)


def test_bursts_are_found_where_they_are():
    bursts = rows((500, 900), (2000, 2100), (3000, 3900))
    runs = found(level(*bursts)).runs
    np.testing.assert_allclose(runs, bursts, atol=HALF_A_WINDOW)


@pytest.mark.parametrize(("gap_cells", "count"), [(40, 1), (41, 2)])
def test_gaps_of_200_ms_are_joined(gap_cells, count):
    assert len(tidied(rows((100, 200), (200 + gap_cells, 400)), CELL_S, DEFAULT)) == count


@pytest.mark.parametrize(("cells", "count"), [(20, 1), (19, 0)])
def test_what_is_shorter_than_100_ms_is_dropped(cells, count):
    assert len(tidied(rows((100, 100 + cells)), CELL_S, DEFAULT)) == count


def test_short_parts_are_joined_before_the_short_are_dropped():
    parts = rows((100, 112), (120, 132))
    np.testing.assert_array_equal(tidied(parts, CELL_S, DEFAULT), rows((100, 132)))


@pytest.mark.parametrize(("pause_cells", "count"), [(200, 2), (199, 1)])
def test_a_refractory_time_drops_what_follows_too_soon(pause_cells, count):
    protocol = dataclasses.replace(DEFAULT, refractory_ms=1000.0)
    runs = rows((100, 200), (200 + pause_cells, 600))
    assert len(tidied(runs, CELL_S, protocol)) == count


def test_a_long_contraction_is_never_split():
    np.testing.assert_allclose(
        found(level((500, 3500))).runs, rows((500, 3500)), atol=HALF_A_WINDOW
    )


def test_a_contraction_goes_on_across_the_mask():
    ok = np.ones(4000, bool)
    ok[1000:1100] = False
    assert len(found(level((800, 1300)), ok=ok).runs) == 1


@pytest.mark.parametrize(("least", "count"), [(0.5, 1), (0.501, 0)])
def test_a_contraction_must_reach_the_least_peak(least, count):
    envelope = np.full(4000, 0.1)
    envelope[900] = 0.5
    protocol = dataclasses.replace(DEFAULT, least_peak_v=least)
    assert len(found(level((800, 1300)), protocol, envelope=envelope).runs) == count


def test_a_channel_of_one_level_shows_no_activity():
    result = found(np.ones(4000))
    assert result.nothing == "no_activity"
    assert len(result.runs) == 0


@pytest.mark.parametrize(("peak_db", "nothing"), [(4.0, "not_separable"), (7.0, None)])
def test_peaks_must_stand_5_db_above_rest(peak_db, nothing):
    steady = np.where(filled(rows((500, 900), (2000, 2400)), 4000), 10 ** (peak_db / 10), 1.0)
    assert found(steady).nothing == nothing


def test_a_level_that_merely_varies_is_not_told_apart():
    varying_db = np.repeat(np.random.default_rng(3).normal(0, 3, 200), 100)
    result = found(10 ** (varying_db / 10))
    assert result.nothing == "not_separable"
    assert len(result.runs) == 0


def test_far_apart_is_enough_however_wide_both_are():
    uneven = level((500, 900), (2000, 2400), active=30.0)
    uneven[500:900] *= 300
    assert found(uneven).nothing is None


def test_where_every_pause_is_joined_no_rest_is_left_to_compare_with():
    pauses = rows(*((at, at + 35) for at in range(150, 3900, 200)))
    square = np.where(filled(pauses, 4000), 1.0, 100.0)
    result = found(square)
    assert result.nothing == "not_separable"
    assert (result.rest_v, result.threshold_v) == (None, None)
