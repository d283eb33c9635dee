import dataclasses

import numpy as np
import pytest

from myograph.analysis.levels import levels_of, two_class_cut, volts
from myograph.analysis.protocol import DEFAULT


def rng(seed=0):
    return np.random.default_rng(seed)


def level(rest_db=-110.0, spread_db=0.5, active_db=-80.0, active_share=0.3, size=4000):
    active = round(size * active_share)
    rest = rng().normal(rest_db, spread_db, size - active)
    return np.concatenate((rest, rng(1).normal(active_db, 1.0, active)))


def test_the_cut_lies_between_two_classes():
    assert -100 < two_class_cut(level()) < -85


def test_where_several_cuts_are_equal_it_is_the_middle_one():
    assert two_class_cut(np.repeat([0.0, 10.0], 50)) == pytest.approx(5.0, abs=0.1)


def test_a_single_level_can_be_cut_nowhere_but_there():
    assert two_class_cut(np.full(50, 3.0)) == pytest.approx(3.0, abs=0.6)


@pytest.mark.parametrize("active_share", [0.05, 0.5, 0.9])
def test_rest_is_found_at_any_share_of_activity(active_share):
    found = levels_of(level(active_share=active_share), DEFAULT)
    assert found.rest_db == pytest.approx(-110, abs=0.2)


@pytest.mark.parametrize(("spread_db", "above_db"), [(0.5, 3.0), (2.0, 6.0), (5.0, 10.0)])
def test_the_threshold_is_three_spreads_above_rest_within_its_bounds(spread_db, above_db):
    found = levels_of(level(spread_db=spread_db, active_db=-92.0, active_share=0.1), DEFAULT)
    assert found.on_db - found.rest_db == pytest.approx(above_db, abs=0.3)


def test_the_threshold_is_no_lower_than_a_share_of_the_strong_activity():
    found = levels_of(level(active_db=-60.0), DEFAULT)
    assert found.threshold_v == pytest.approx(0.15 * volts(-60 + 1.64), rel=0.05)


def test_without_activity_the_threshold_stands_on_rest_alone():
    found = levels_of(np.linspace(-101, -100, 100), DEFAULT)
    assert found.on_db == pytest.approx(found.rest_db + 3.0)


def test_edges_lie_a_share_of_the_way_from_rest_to_the_threshold():
    half_way = dataclasses.replace(DEFAULT, off_share=0.5)
    found = levels_of(level(), half_way)
    expected = (found.rest_v + found.threshold_v) / 2
    assert volts(found.off_db) == pytest.approx(expected)
