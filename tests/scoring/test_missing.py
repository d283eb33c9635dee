"""Every branch of missing data in one table, against sums that are written out here."""

import dataclasses

import pytest

from myograph.errors import BadInput
from myograph.scoring.configuration import DEFAULT, Configuration
from myograph.scoring.session import SessionInputs, score_session
from tests.scoring.build import MVC_V, channel, efforts

LEFT = channel("left", *efforts(11, strong=9, long=10))
RIGHT = channel("right", *efforts(12, strong=8, long=11))
POOR_LEFT = dataclasses.replace(LEFT, verdict="poor")
IDLE_LEFT, IDLE_RIGHT = channel("left"), channel("right")
IDLE_AND_POOR = dataclasses.replace(IDLE_LEFT, verdict="poor")
BOTH = (LEFT, RIGHT)
INPUTS = SessionInputs(
    user_mvc_v={"left": MVC_V, "right": MVC_V},
    rpe=6,
    game_points=850,
    game_maximum=1000,
    bfr_enabled=True,
    pressures={"left": 52.0, "right": 52.0},
)

L, R = (11 / 12 + 9 / 11 + 10 / 11) / 3, (1 + 8 / 12 + 11 / 12) / 3
COMPLIANCE = 50 * (L + R)
SYMMETRY = 100 - 100 * abs(L - R) / (L + R)
WITHOUT_MVC = (11 / 12 + 10 / 11) / 2, (1 + 11 / 12) / 2
UNVERIFIED, OUTSIDE = {"bfr": "pressure not verified"}, {"bfr": "pressure outside the safe range"}
ONE_LEG = {"symmetry": "both legs are needed"}
NEITHER = {"symmetry": "neither leg reached anything"}
NO_OVERALL = {"overall": "there is no overall score without compliance"}


def both(left, right):
    return 50 * (left + right), 100 - 100 * abs(left - right) / (left + right)


# What is there, what is entered otherwise; compliance, symmetry, effort, game, gate; what is said.
TABLE = {
    "nothing": (BOTH, {}, (COMPLIANCE, SYMMETRY, 100, 85, 1), {}),
    "no RPE": (
        BOTH,
        {"rpe": None},
        (COMPLIANCE, SYMMETRY, None, 85, 1),
        {"effort": "no RPE was given"},
    ),
    "no pressure measured": (
        BOTH,
        {"pressures": {}},
        (COMPLIANCE, SYMMETRY, 100, 85, None),
        UNVERIFIED,
    ),
    "one cuff measured of two": (
        BOTH,
        {"pressures": {"left": 52.0, "right": None}},
        (COMPLIANCE, SYMMETRY, 100, 85, None),
        UNVERIFIED,
    ),
    "nobody said whether cuffs were worn": (
        BOTH,
        {"bfr_enabled": None, "pressures": {}},
        (COMPLIANCE, SYMMETRY, 100, 85, None),
        UNVERIFIED,
    ),
    "restriction off": (
        BOTH,
        {"bfr_enabled": False, "pressures": {}},
        (COMPLIANCE, SYMMETRY, 100, 85, 1),
        {},
    ),
    "pressure just in range": (
        BOTH,
        {"pressures": {"left": 45.0, "right": 55.0}},
        (COMPLIANCE, SYMMETRY, 100, 85, 1),
        {},
    ),
    "pressure too low": (
        BOTH,
        {"pressures": {"left": 44.9, "right": 52.0}},
        (0, SYMMETRY, 100, 85, 0),
        OUTSIDE,
    ),
    "pressure too high on the only leg measured": (
        BOTH,
        {"pressures": {"left": 55.1}},
        (0, SYMMETRY, 100, 85, 0),
        OUTSIDE,
    ),
    "left leg alone": ((LEFT,), {}, (100 * L, None, 100, 85, 1), ONE_LEG),
    "right leg alone": ((RIGHT,), {}, (100 * R, None, 100, 85, 1), ONE_LEG),
    "no contraction on one leg": ((IDLE_LEFT, RIGHT), {}, (50 * R, 0, 100, 85, 1), {}),
    "no contraction on either": ((IDLE_LEFT, IDLE_RIGHT), {}, (0, None, 100, 85, 1), NEITHER),
    "no contraction on a poor channel": (
        (IDLE_AND_POOR, RIGHT),
        {},
        (100 * R, None, 100, 85, 1),
        ONE_LEG,
    ),
    "no MVC": (BOTH, {"user_mvc_v": {}}, (*both(*WITHOUT_MVC), 100, 85, 1), {}),
    "no MVC on one leg": (
        BOTH,
        {"user_mvc_v": {"left": MVC_V}},
        (50 * (L + WITHOUT_MVC[1]), both(*WITHOUT_MVC)[1], 100, 85, 1),
        {},
    ),
    "a poor channel": ((POOR_LEFT, RIGHT), {}, (100 * R, None, 100, 85, 1), ONE_LEG),
    "a poor channel that is accepted": (
        (POOR_LEFT, RIGHT),
        {"accepted": frozenset({"CH1"})},
        (COMPLIANCE, SYMMETRY, 100, 85, 1),
        {},
    ),
    "no usable channel": (
        (POOR_LEFT,),
        {},
        (None, None, 100, 85, 1),
        {"compliance": "the signal of CH1 is poor"} | ONE_LEG | NO_OVERALL,
    ),
    "no leg said": (
        (channel(None, *efforts(12)),),
        {},
        (None, None, 100, 85, 1),
        {"compliance": "no channel is assigned to a leg"} | ONE_LEG | NO_OVERALL,
    ),
    "maximum unknown": (
        BOTH,
        {"game_maximum": None},
        (COMPLIANCE, SYMMETRY, 100, None, 1),
        {"game": "850 points, of a maximum that is not known"},
    ),
    "points unknown": (
        BOTH,
        {"game_points": None},
        (COMPLIANCE, SYMMETRY, 100, None, 1),
        {"game": "the points are not known"},
    ),
    "all but the legs": (
        (LEFT,),
        {"rpe": None, "game_points": None, "pressures": {}},
        (100 * L, None, None, None, None),
        ONE_LEG | UNVERIFIED | {"effort": "no RPE was given", "game": "the points are not known"},
    ),
}


@pytest.mark.parametrize("missing", TABLE)
def test_what_is_missing_is_left_out_named_and_never_zero(missing):
    channels, changes, expected, said = TABLE[missing]
    score = score_session(channels, dataclasses.replace(INPUTS, **changes), DEFAULT)
    found = (score.compliance, score.symmetry, score.effort, score.game, score.bfr_gate)
    assert found == pytest.approx(expected)
    assert {m.component: m.reason for m in score.missing} == said
    known = [
        (w, v) for w, v in zip((0.4, 0.25, 0.2, 0.15), expected[:4], strict=True) if v is not None
    ]
    if expected[0] is None:
        assert (score.overall, score.category) == (None, None)
    else:
        total = sum(w * v for w, v in known) / sum(w for w, _ in known)
        assert score.overall == pytest.approx(total)
        assert (score.category is None) is (score.bfr_gate == 0)


def test_weights_that_do_not_sum_to_one_are_refused():
    weights = {"compliance": 0.4, "symmetry": 0.25, "effort": 0.2, "game": 0.2}
    with pytest.raises(BadInput, match="must sum to 1"):
        Configuration(weights=weights)
