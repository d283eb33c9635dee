"""Killed at each named point of the pipeline: nothing is lost, doubled or stuck."""

from tests.faults.kills import KILLS
from tests.faults.rounds import told, wrong_with


def test_whatever_is_killed_wherever_it_is(new_place):
    wrong = wrong_with(new_place, KILLS)
    assert not wrong, told(wrong)
