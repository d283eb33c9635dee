import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from myograph.signal import blocks
from myograph.signal.blocks import bridged, equal_runs, runs_where
from myograph.signal.runs import NONE, at_least, filled, lengths, runs_of

masks = npst.arrays(np.bool_, st.integers(0, 60))
few_values = npst.arrays(float, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0, np.nan]))


@pytest.fixture(params=[1, 7, 1000], autouse=True)
def _length_of_a_block(request, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", request.param)


@given(masks, st.integers(1, 9))
def test_runs_found_block_by_block_are_those_of_the_whole(mask, shortest):
    found = runs_where(lambda start, stop: mask[start:stop], mask.size, shortest)
    np.testing.assert_array_equal(found, at_least(runs_of(mask), shortest))


@given(few_values, st.integers(2, 9))
def test_equal_samples_are_found_with_what_they_are_equal_to(x, shortest):
    runs, values = equal_runs(x, shortest)
    same = runs_of(x[1:] == x[:-1])
    same[:, 1] += 1
    np.testing.assert_array_equal(runs, at_least(same, shortest))
    np.testing.assert_array_equal(values, x[runs[:, 0]])


def test_bridging_draws_a_straight_line_and_is_level_at_the_ends():
    x = np.array([9.0, 9.0, 1.0, 9.0, 9.0, 4.0, 9.0])
    masked = np.array([[0, 2], [3, 5], [6, 7]])
    np.testing.assert_allclose(bridged(x, masked)[:], [1, 1, 1, 2, 3, 4, 4])
    np.testing.assert_array_equal(x[filled(masked, 7)], 9.0, err_msg="the samples themselves stay")


def test_without_a_mask_there_is_nothing_to_bridge():
    x = np.arange(9.0)
    assert bridged(x, NONE) is x


@given(masks, st.integers(0, 60), st.integers(0, 60))
def test_any_part_of_a_bridged_signal_is_that_of_the_whole(mask, start, stop):
    x = np.random.default_rng(0).standard_normal(mask.size)
    masked = runs_of(mask)
    if lengths(masked).sum() == mask.size:
        return
    good = np.flatnonzero(~mask)
    whole = np.interp(np.arange(mask.size), good, x[good])
    y = bridged(x, masked)
    assert y.size == mask.size
    np.testing.assert_allclose(y[start:stop], whole[start:stop], atol=1e-12)
