"""Killed at each named point of the pipeline: nothing is lost, doubled or stuck."""

from tests.faults.kills import KILLS, broken


def test_whatever_is_killed_wherever_it_is(new_place):
    found = broken(new_place, KILLS)
    assert not found, "\n".join(f"{name}: {wrong}" for name, wrong in found.items())
