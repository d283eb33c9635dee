import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from myograph.signal.runs import (
    at_least,
    covered_before,
    filled,
    holding,
    merged,
    runs_of,
    united,
    widened,
)

masks = npst.arrays(np.bool_, st.integers(0, 60))


def rows(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


@given(masks)
def test_filling_the_runs_gives_the_mask_back(mask):
    np.testing.assert_array_equal(filled(runs_of(mask), mask.size), mask)


@given(masks, st.integers(0, 8))
def test_merging_closes_every_gap_up_to_the_limit_and_no_other(mask, gap):
    before, after = runs_of(mask), merged(runs_of(mask), gap)
    assert np.all(after[1:, 0] - after[:-1, 1] > gap)
    assert not np.any(mask & ~filled(after, mask.size))
    kept = before[1:, 0] - before[:-1, 1] > gap
    assert len(after) == kept.sum() + (1 if len(before) else 0)


def test_a_run_of_just_the_length_is_long_enough():
    np.testing.assert_array_equal(at_least(rows((0, 4), (9, 12)), 4), rows((0, 4)))


def test_a_gap_of_just_the_limit_is_closed():
    np.testing.assert_array_equal(merged(rows((0, 4), (6, 9)), 2), rows((0, 9)))
    np.testing.assert_array_equal(merged(rows((0, 4), (6, 9)), 1), rows((0, 4), (6, 9)))


def test_widening_stops_at_the_ends():
    np.testing.assert_array_equal(widened(rows((1, 4), (7, 9)), 2, 10), rows((0, 6), (5, 10)))


def test_only_runs_that_hold_a_true_value_stay():
    on = np.array([False, True, False, False, False])
    np.testing.assert_array_equal(holding(rows((0, 2), (3, 5)), on), rows((0, 2)))


@given(masks, st.data())
def test_runs_that_hold_a_true_value_are_those_that_do(mask, data):
    on = data.draw(npst.arrays(np.bool_, mask.size))
    runs = runs_of(mask)
    wanted = [run for run in runs if on[run[0] : run[1]].any()]
    np.testing.assert_array_equal(holding(runs, on), rows(*wanted))


@given(masks, st.integers(0, 3), st.data())
def test_united_runs_are_those_of_both_masks(one, by, data):
    other = data.draw(npst.arrays(np.bool_, one.size))
    wide = widened(runs_of(one), by, one.size)
    both = filled(wide, one.size) | other
    np.testing.assert_array_equal(united(runs_of(other), wide), runs_of(both))


@given(masks)
def test_what_is_covered_before_a_place_is_what_a_mask_counts(mask):
    places = np.arange(mask.size + 1)
    counted = np.concatenate(([0], np.cumsum(mask)))
    np.testing.assert_array_equal(covered_before(runs_of(mask), places), counted)
