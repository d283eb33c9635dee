"""Clocks that are off by ten minutes: nothing is lost, and nothing waits for them."""

import pytest

from tests.faults import clocks


@pytest.mark.parametrize("by_s", [-clocks.OFF_S, clocks.OFF_S])
def test_what_a_sender_signs_with_a_wrong_time_is_refused_and_found_by_the_sweep(place, by_s):
    clocks.sender_is_off(place, by_s)


@pytest.mark.parametrize("by_s", [-clocks.OFF_S, clocks.OFF_S])
def test_a_worker_with_a_wrong_time_tries_again_as_soon_as_any_other(place, by_s):
    clocks.worker_is_off(place, by_s)
