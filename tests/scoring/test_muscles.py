"""A muscle is one of a list, by whatever case it is written."""

import pytest

from myograph.errors import BadInput
from myograph.scoring.muscles import MUSCLES, muscle_named


@pytest.mark.parametrize("muscle", MUSCLES)
def test_a_muscle_is_known_by_its_name(muscle):
    assert muscle_named(muscle) == muscle
    assert muscle_named(f" {muscle.title()} ".replace(" ", "  ")) == muscle


def test_one_that_is_nearly_right_is_answered_with_the_nearest():
    with pytest.raises(BadInput, match=r"the nearest: vastus medialis,.*\.$"):
        muscle_named("vastus medalis")


@pytest.mark.parametrize("name", ["", "Zaphod", "quadriceps of P001"])
def test_another_is_answered_with_muscles_and_never_with_what_was_written(name):
    with pytest.raises(BadInput) as refused:
        muscle_named(name)
    assert "quadriceps" in refused.value.sentence
    assert "P001" not in refused.value.sentence


def test_the_list_names_each_once_in_small_letters():
    assert len(set(MUSCLES)) == len(MUSCLES)
    assert all(muscle == muscle.lower() for muscle in MUSCLES)
