import dataclasses

import pytest

from myograph.errors import BadInput
from myograph.recording import GameFacts
from myograph.scoring.configuration import DEFAULT, GHOSTLY_TRIAL, Configuration
from myograph.scoring.mvc import Baseline
from myograph.scoring.session import SessionInputs, inputs_of_file, score_session
from tests.scoring.build import MVC_V, channel, effort, efforts

LEFT = channel("left", *efforts(11, strong=9, long=10))
RIGHT = channel("right", *efforts(12, strong=8, long=11))
INPUTS = SessionInputs(
    user_mvc_v={"left": MVC_V, "right": MVC_V},
    rpe=6,
    rpe_source="therapist",
    game_points=850,
    game_maximum=1000,
    bfr_enabled=True,
    pressures={"left": 52.0, "right": 52.0},
)


def scored(*channels, configuration=DEFAULT, **changes):
    inputs = dataclasses.replace(INPUTS, **changes)
    return score_session(channels or (LEFT, RIGHT), inputs, configuration)


def missing(score):
    return {m.component: m.reason for m in score.missing}


def test_the_worked_example_to_full_precision():
    score = scored()
    left, right = score.muscles
    assert left.compliance == pytest.approx((11 / 12 + 9 / 11 + 10 / 11) / 3, rel=1e-15)
    assert right.compliance == pytest.approx((1 + 8 / 12 + 11 / 12) / 3, rel=1e-15)
    assert left.compliance == pytest.approx(0.8813131313131314, rel=1e-14)
    assert right.compliance == pytest.approx(0.8611111111111112, rel=1e-14)
    assert score.compliance == pytest.approx(87.12121212121212, rel=1e-14)
    assert score.symmetry == pytest.approx(98.84057971014493, rel=1e-14)
    assert (score.effort, score.game) == (100.0, 85.0)
    assert score.overall == pytest.approx(92.30862977602108, rel=1e-14)
    assert scored(configuration=GHOSTLY_TRIAL).overall == pytest.approx(93.2707509881423, rel=1e-14)


def test_the_worked_example_lacks_nothing_and_says_what_made_it():
    score = scored(configuration=GHOSTLY_TRIAL)
    assert score.missing == ()
    assert (score.bfr_gate, score.pressure_verified, score.one_side_only) == (1, True, None)
    assert (score.category, score.symmetry_category) == ("target achieved", "within normal limits")
    assert (score.configuration_id, score.configuration_version) == ("ghostly-trial", 1)
    assert score.weights == GHOSTLY_TRIAL.weights
    assert score.rpe_source == "therapist"


def test_a_baseline_of_a_leg_judges_that_leg():
    baseline = Baseline(MVC_V, efforts=3, quality=1.0)
    score = scored(user_mvc_v={}, baselines={"left": baseline})
    left, right = score.muscles
    assert (left.mvc.source, right.mvc.source) == ("baseline_session", None)
    assert left.good_intensity == 9
    assert right.intensity is None
    nobody = scored(channel(None, *efforts(3)), user_mvc_v={}, baselines={"left": baseline})
    assert nobody.muscles[0].mvc.source is None


def test_the_plain_dose_stands_beside_the_formulas():
    left, right = scored().muscles
    assert (left.good_both, left.target) == (9, 12)
    assert (right.good_both, right.target) == (8, 12)


# missing components


@pytest.mark.parametrize(
    ("changes", "component", "reason"),
    [
        ({"rpe": None}, "effort", "no RPE was given"),
        ({"game_maximum": None}, "game", "850 points, of a maximum that is not known"),
        ({"game_points": None}, "game", "the points are not known"),
    ],
)
def test_a_missing_component_is_left_out_and_named(changes, component, reason):
    score = scored(**changes)
    assert missing(score) == {component: reason}
    assert component not in score.weights
    assert sum(score.weights.values()) == pytest.approx(1)
    parts = {"compliance": score.compliance, "symmetry": score.symmetry}
    parts |= {"effort": score.effort, "game": score.game}
    expected = sum(weight * parts[name] for name, weight in score.weights.items())
    assert score.overall == pytest.approx(expected)


def test_without_an_rpe_there_is_no_source_of_it():
    assert scored(rpe=None).rpe_source is None


@pytest.mark.parametrize(("there", "side"), [(LEFT, "left"), (RIGHT, "right")])
def test_one_side_alone_is_scored_and_marked(there, side):
    score = scored(there)
    assert score.one_side_only == side
    assert score.compliance == pytest.approx(score.muscles[0].compliance * 100)
    assert missing(score) == {"symmetry": "both legs are needed"}
    assert score.symmetry_category is None


def test_a_poor_leg_leaves_the_other():
    score = scored(dataclasses.replace(LEFT, verdict="poor"), RIGHT)
    assert score.one_side_only == "right"
    assert missing(score) == {"symmetry": "both legs are needed"}


def test_where_both_legs_are_poor_nothing_is_scored():
    score = scored(*(dataclasses.replace(c, verdict="poor") for c in (LEFT, RIGHT)))
    assert (score.overall, score.compliance, score.category) == (None, None, None)
    assert score.weights == {}
    assert missing(score) == {
        "compliance": "the signal of CH1 is poor; the signal of CH2 is poor",
        "symmetry": "both legs are needed",
        "overall": "there is no overall score without compliance",
    }


def test_an_accepted_channel_is_scored():
    poor = dataclasses.replace(LEFT, verdict="poor")
    assert scored(poor, RIGHT, accepted=frozenset({"CH1"})) == scored(LEFT, RIGHT)


def test_channels_that_are_assigned_to_no_leg_have_no_session_score():
    score = scored(channel(None, *efforts(12, strong=12, long=12)), user_mvc_v={})
    assert score.compliance is None
    assert missing(score)["compliance"] == "no channel is assigned to a leg"
    assert score.muscles[0].completion == 1.0, "it is measured all the same"


def test_a_session_without_channels_has_no_score():
    score = score_session([], SessionInputs(), DEFAULT)
    assert score.overall is None
    assert set(missing(score)) == {"compliance", "symmetry", "effort", "game", "overall", "bfr"}


def test_where_neither_leg_did_anything_compliance_is_0_and_symmetry_unknown():
    score = scored(channel("left"), channel("right"))
    assert score.compliance == 0.0
    assert missing(score) == {"symmetry": "neither leg reached anything"}
    assert score.category == "inadequate"


def test_without_any_mvc_the_rest_is_scored():
    score = scored(user_mvc_v={})
    left, right = score.muscles
    assert left.compliance == pytest.approx((11 / 12 + 10 / 11) / 2)
    assert right.compliance == pytest.approx((1 + 11 / 12) / 2)
    assert score.overall is not None


# pressure


def test_a_pressure_out_of_range_closes_the_gate_and_withholds_the_word():
    score = scored(pressures={"left": 52.0, "right": 70.0})
    assert (score.bfr_gate, score.compliance) == (0, 0.0)
    assert score.overall == pytest.approx(0.25 * 98.84057971014493 + 20 + 12.75)
    assert score.category is None
    assert score.pressure_verified
    assert missing(score) == {"bfr": "pressure outside the safe range"}


@pytest.mark.parametrize("pressures", [{}, {"left": 52.0}, {"left": 52.0, "right": None}])
def test_an_unmeasured_pressure_gates_nothing_and_is_said(pressures):
    score = scored(pressures=pressures)
    assert (score.bfr_gate, score.pressure_verified) == (None, False)
    assert score.compliance == pytest.approx(87.12121212121212)
    assert missing(score) == {"bfr": "pressure not verified"}
    assert score.category == "target achieved"


def test_only_a_leg_with_a_cuff_must_be_measured():
    score = scored(pressures={"left": 52.0}, cuffs=frozenset({"left"}))
    assert score.bfr_gate == 1


def test_without_a_cuff_there_is_nothing_to_verify():
    score = scored(bfr_enabled=False, pressures={})
    assert (score.bfr_gate, score.pressure_verified, missing(score)) == (1, True, {})


# targets


def test_targets_and_holds_may_differ_by_side():
    score = scored(targets={"left": 22}, holds_s={"right": 3.0})
    left, right = score.muscles
    assert (left.target, left.completion) == (22, 0.5)
    assert (right.target, right.good_duration) == (12, 0)
    assert left.good_duration == 10


def test_an_unassigned_channel_has_the_targets_of_the_session():
    muscle = scored(channel(None, effort()), target=5, targets={"left": 9}).muscles[0]
    assert muscle.target == 5


@pytest.mark.parametrize(
    ("changes", "targets", "used"),
    [
        ({"prescribed_hold_s": 3.0}, "prescribed", "prescribed"),
        ({"prescribed_mvc_share": 0.4}, "prescribed", "prescribed"),
        ({}, "prescribed", "fixed"),
        ({"prescribed_hold_s": 3.0}, "fixed", "fixed"),
    ],
)
def test_the_score_says_whose_targets_it_follows(changes, targets, used):
    assert scored(configuration=Configuration(targets=targets), **changes).targets == used


def test_what_was_prescribed_scores_where_the_configuration_says_so():
    lenient = {"prescribed_mvc_share": 0.2, "prescribed_hold_s": 1.0}
    score = scored(configuration=Configuration(targets="prescribed"), **lenient)
    assert [m.good_both for m in score.muscles] == [11, 12]


# what people enter


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target": 0}, "A target is at least one contraction."),
        ({"targets": {"left": 0}}, "A target is at least one contraction."),
        ({"hold_s": 0.0}, "A contraction is held for more than 0 s."),
        ({"holds_s": {"left": float("inf")}}, "A contraction is held for more than 0 s."),
        ({"prescribed_hold_s": -1.0}, "A contraction is held for more than 0 s."),
        ({"mvc_share": 0.0}, "A share of the MVC lies above 0 and is at most 1."),
        ({"mvc_share": 1.01}, "A share of the MVC lies above 0 and is at most 1."),
        ({"prescribed_mvc_share": 75.0}, "A share of the MVC lies above 0 and is at most 1."),
        ({"user_mvc_v": {"left": 0.0}}, "An MVC is a voltage above 0."),
        ({"pressures": {"left": -1.0}}, "A pressure is not negative."),
        ({"pressures": {"left": float("nan")}}, "A pressure is not negative."),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(BadInput) as refusal:
        SessionInputs(**changes)
    assert refusal.value.sentence == sentence


def test_an_rpe_between_two_numbers_is_refused():
    with pytest.raises(BadInput):
        scored(rpe=5.5)


# what a file says


def test_a_file_without_a_game_says_nothing():
    assert inputs_of_file(None) == SessionInputs()
    assert inputs_of_file(GameFacts()) == SessionInputs()


def test_a_file_gives_rpe_points_and_prescription_but_no_pressure():
    game = GameFacts(
        rpe=6.0, score=0.0, prescribed_mvc_share=0.45, prescribed_hold_s=3.0, duration_seconds=60
    )
    assert inputs_of_file(game) == SessionInputs(
        rpe=6.0,
        rpe_source="file",
        game_points=0.0,
        prescribed_mvc_share=0.45,
        prescribed_hold_s=3.0,
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"rpe": 5.5},
        {"rpe": 11.0},
        {"rpe": float("nan")},
        {"prescribed_mvc_share": 0.0},
        {"prescribed_mvc_share": 45.0},
        {"prescribed_hold_s": 0.0},
        {"prescribed_hold_s": float("nan")},
    ],
)
def test_what_a_file_says_wrongly_it_does_not_say(nonsense):
    assert inputs_of_file(GameFacts(**nonsense)) == SessionInputs()
