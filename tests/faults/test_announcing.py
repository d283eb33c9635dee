"""Hints are lost, doubled and late: the sweep finds what lies in the store, once."""

import pytest

from tests.faults import announcing


def test_every_hint_is_lost(place):
    announcing.every_hint_is_lost(place)


@pytest.mark.parametrize("seed", range(2))
def test_some_hints_are_lost_and_some_come_twice(place, seed):
    announcing.some_are_lost_and_some_come_twice(place, seed)
