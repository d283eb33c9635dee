import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.scoring.compliance import Asked, score_muscle
from myograph.scoring.configuration import DEFAULT, Configuration
from myograph.scoring.symmetry import side_compliance, symmetry_score
from tests.scoring.build import MVC_V, channel, efforts

ASKED = Asked(target=10, hold_s=2.0, mvc_share=0.75)


def muscle(side, done, *, strong=0, long=0, mvc_v=MVC_V, configuration=DEFAULT, **known):
    return score_muscle(
        channel(side, *efforts(done, strong=strong, long=long), **known),
        ASKED,
        user_mvc_v=mvc_v,
        accepted=False,
        configuration=configuration,
    )


def symmetry(*muscles, configuration=DEFAULT):
    return symmetry_score(muscles, configuration.compliance_weights)


def test_the_same_on_both_sides_is_100_and_one_side_alone_is_0():
    both = {"strong": 5, "long": 5}
    assert symmetry(muscle("left", 10, **both), muscle("right", 10, **both)) == 100
    assert symmetry(muscle("left", 10, **both), muscle("right", 0)) == 0


def test_nothing_on_either_side_is_no_symmetry():
    assert symmetry(muscle("left", 0), muscle("right", 0)) is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_single_side_has_no_symmetry(side):
    assert symmetry(muscle(side, 10, strong=5, long=5)) is None


def test_a_poor_side_is_a_missing_side():
    assert symmetry(muscle("left", 10), muscle("right", 10, verdict="poor")) is None


def test_an_unassigned_channel_takes_no_part():
    both = [muscle("left", 10, long=10), muscle("right", 5, long=5)]
    assert symmetry(*both, muscle(None, 1)) == symmetry(*both)


def test_only_components_that_both_sides_have_are_compared():
    left = muscle("left", 10, strong=0, long=10)
    right = muscle("right", 10, long=10, mvc_v=None)
    assert left.compliance != right.compliance
    assert symmetry(left, right) == 100


def test_where_the_common_components_have_no_weight_there_is_no_symmetry():
    own = Configuration(compliance_weights={"completion": 0.0, "intensity": 1.0, "duration": 0.0})
    left = muscle("left", 10, strong=5, configuration=own)
    right = muscle("right", 0, configuration=own)
    assert symmetry(left, right, configuration=own) is None


def test_several_muscles_of_a_side_are_averaged():
    muscles = [
        muscle("left", 10, strong=10, long=10),
        muscle("left", 5, strong=5, long=5, label="CH4"),
        muscle("right", 10, strong=10, long=10),
    ]
    left = (1 + (0.5 + 1 + 1) / 3) / 2
    assert side_compliance(muscles) == {"left": pytest.approx(left), "right": 1.0}
    assert symmetry(*muscles) == pytest.approx((1 - (1 - left) / (1 + left)) * 100)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_symmetry_lies_between_0_and_100_and_knows_no_side(a, b, strong, long):
    def pair(left, right):
        return symmetry(
            muscle("left", left, strong=min(strong, left), long=min(long, left)),
            muscle("right", right, strong=min(strong, right), long=min(long, right)),
        )

    assert 0 <= pair(a, b) <= 100
    assert pair(a, b) == pytest.approx(pair(b, a))
