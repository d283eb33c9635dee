import dataclasses

import pytest

from myograph.scoring.compliance import (
    ESTIMATED_REASON,
    Asked,
    counted_parts,
    score_muscle,
    weighted,
)
from myograph.scoring.configuration import DEFAULT, Configuration
from tests.scoring.build import MVC_V, channel, effort, efforts

ASKED = Asked(target=12, hold_s=2.0, mvc_share=0.75)


def scored(evidence, *, asked=ASKED, user_mvc_v=MVC_V, accepted=False, configuration=DEFAULT):
    return score_muscle(
        evidence,
        asked,
        user_mvc_v=user_mvc_v,
        accepted=accepted,
        configuration=configuration,
    )


def only(*done, **known):
    return scored(channel("left", *done), **known)


# one contraction


@pytest.mark.parametrize(("share", "meets"), [(0.75, True), (0.7499, False)])
def test_a_contraction_is_intense_from_the_share_of_the_mvc_on(share, meets):
    assert only(effort(strength_v=share * MVC_V)).judgements[0].meets_intensity is meets


@pytest.mark.parametrize(("start_s", "stop_s", "meets"), [(0.3, 2.3, True), (0.3, 2.295, False)])
def test_a_contraction_is_long_from_the_hold_on_whatever_the_rounding(start_s, stop_s, meets):
    assert only(effort(duration_s=stop_s - start_s)).judgements[0].meets_duration is meets


@pytest.mark.parametrize(
    ("strength", "duration_s", "good"),
    [(0.8, 2.5, True), (0.8, 1.0, False), (0.2, 2.5, False), (0.2, 1.0, False)],
)
def test_a_contraction_is_good_where_it_is_both(strength, duration_s, good):
    judged = only(effort(strength_v=strength * MVC_V, duration_s=duration_s)).judgements[0]
    assert judged.is_good is good


@pytest.mark.parametrize(("duration_s", "short"), [(0.499, True), (0.5, False)])
def test_a_short_burst_is_marked(duration_s, short):
    assert only(effort(duration_s=duration_s)).judgements[0].short is short


def test_without_an_mvc_intensity_is_unknown_and_duration_is_not():
    muscle = only(effort(duration_s=2.5), effort(2, duration_s=1.0), user_mvc_v=None)
    first = muscle.judgements[0]
    assert (first.meets_intensity, first.meets_duration, first.is_good) == (None, True, None)
    assert (muscle.good_intensity, muscle.good_duration, muscle.good_both) == (None, 1, None)
    assert (muscle.intensity, muscle.duration) == (None, 0.5)
    assert muscle.left_out == {"intensity": "no MVC is known"}
    assert muscle.compliance == pytest.approx((2 / 12 + 1 / 2) / 2)


def test_with_the_games_mvc_intensity_is_judged_on_the_games_channel():
    strong_there = effort(strength_v=1e-9, activated_v=3e-6)
    weak_there = effort(2, strength_v=1.0, activated_v=2.9e-6)
    evidence = channel("left", strong_there, weak_there, game_mvc_v=4e-6)
    muscle = scored(evidence, user_mvc_v=None)
    assert [j.meets_intensity for j in muscle.judgements] == [True, False]


# under the mask


def test_a_masked_contraction_counts_for_completion_alone():
    judged, masked = effort(1), effort(2, masked_share=0.2)
    muscle = only(judged, masked)
    assert muscle.total == 2
    assert muscle.completion == pytest.approx(2 / 12)
    assert (muscle.intensity, muscle.duration) == (1.0, 1.0)
    assert (muscle.good_intensity, muscle.good_duration, muscle.good_both) == (1, 1, 1)
    second = muscle.judgements[1]
    assert (second.meets_intensity, second.meets_duration, second.is_good) == (None, None, None)


def test_where_all_are_masked_completion_is_all_there_is():
    muscle = only(effort(masked_share=0.5), effort(2, masked_share=1.0))
    assert (muscle.intensity, muscle.duration) == (None, None)
    assert (muscle.good_intensity, muscle.good_duration, muscle.good_both) == (None, None, None)
    assert muscle.compliance == pytest.approx(2 / 12)
    assert set(muscle.left_out) == {"intensity", "duration"}
    assert set(muscle.left_out.values()) == {"no contraction could be judged"}


# nothing at all


def test_no_contraction_on_a_usable_channel_is_zero():
    muscle = scored(channel("left", verdict="usable"))
    assert (muscle.completion, muscle.compliance) == (0.0, 0.0)
    assert (muscle.intensity, muscle.duration) == (None, None)
    assert (muscle.good_intensity, muscle.good_duration, muscle.good_both) == (0, 0, 0)


@pytest.mark.parametrize("done", [0, 12])
def test_a_poor_channel_has_no_score(done):
    muscle = scored(channel("left", *efforts(done, strong=done, long=done), verdict="poor"))
    assert (muscle.completion, muscle.intensity, muscle.duration) == (None, None, None)
    assert (muscle.compliance, muscle.reason) == (None, "the signal of CH1 is poor")
    assert (muscle.good_intensity, muscle.good_duration, muscle.good_both) == (None, None, None)
    assert muscle.total == done
    assert {j.is_good for j in muscle.judgements} <= {None}
    assert counted_parts(muscle) == {}


def test_a_poor_channel_that_a_therapist_accepts_is_scored():
    poor = channel("left", *efforts(12, strong=12, long=12), verdict="poor")
    assert scored(poor, accepted=True).compliance == 1.0


# the session's own estimate


def test_an_estimated_intensity_is_shown_and_left_out():
    evidence = channel("left", *efforts(6, strong=3, long=6), envelope_p95_v=MVC_V)
    muscle = scored(evidence, user_mvc_v=None)
    assert muscle.mvc.source == "backend_95percentile"
    assert muscle.intensity == 0.5
    assert muscle.good_both == 3
    assert muscle.left_out == {"intensity": ESTIMATED_REASON}
    assert muscle.compliance == pytest.approx((0.5 + 1.0) / 2)
    assert set(counted_parts(muscle)) == {"completion", "duration"}


def test_a_configuration_may_count_an_estimated_intensity():
    evidence = channel("left", *efforts(6, strong=3, long=6), envelope_p95_v=MVC_V)
    including = Configuration(include_estimated_intensity=True)
    muscle = scored(evidence, user_mvc_v=None, configuration=including)
    assert muscle.left_out == {}
    assert muscle.compliance == pytest.approx((0.5 + 0.5 + 1.0) / 3)


# weights


def test_more_than_the_target_is_no_more_than_all():
    assert only(*efforts(38, strong=38, long=38)).compliance == 1.0


def test_weights_are_renormalised_over_what_is_known():
    own = Configuration(compliance_weights={"completion": 0.2, "intensity": 0.5, "duration": 0.3})
    muscle = only(*efforts(6, long=6), user_mvc_v=None, configuration=own)
    assert muscle.compliance == pytest.approx((0.2 * 0.5 + 0.3 * 1.0) / 0.5)


def test_where_only_weightless_components_are_known_there_is_no_compliance():
    own = Configuration(compliance_weights={"completion": 0.0, "intensity": 1.0, "duration": 0.0})
    muscle = only(*efforts(6), user_mvc_v=None, configuration=own)
    assert muscle.compliance is None
    assert muscle.reason == "no component that has weight is known"
    assert weighted({}, own.compliance_weights) is None


# what was prescribed

PRESCRIBED = dataclasses.replace(ASKED, prescribed_hold_s=3.0, prescribed_mvc_share=0.4)
BY_PRESCRIPTION = Configuration(targets="prescribed")
DONE = (effort(1, 2.5, 0.8 * MVC_V), effort(2, 3.0, 0.4 * MVC_V), effort(3, 1.0, 0.3 * MVC_V))


def test_what_was_prescribed_is_judged_beside_the_fixed_criteria():
    judged = only(*DONE, asked=PRESCRIBED).judgements
    assert [j.meets_intensity for j in judged] == [True, False, False]
    assert [j.prescribed_intensity for j in judged] == [True, True, False]
    assert [j.meets_duration for j in judged] == [True, True, False]
    assert [j.prescribed_duration for j in judged] == [False, True, False]


def test_the_configuration_chooses_which_one_scores():
    fixed = only(*DONE, asked=PRESCRIBED)
    prescribed = only(*DONE, asked=PRESCRIBED, configuration=BY_PRESCRIPTION)
    assert (fixed.good_intensity, fixed.good_duration, fixed.good_both) == (1, 2, 1)
    assert (prescribed.good_intensity, prescribed.good_duration, prescribed.good_both) == (2, 1, 1)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"prescribed_hold_s": None}, (2, 2)),
        ({"prescribed_mvc_share": None}, (1, 1)),
        ({"prescribed_hold_s": None, "prescribed_mvc_share": None}, (1, 2)),
    ],
)
def test_where_nothing_is_prescribed_the_fixed_criteria_score(changes, counts):
    asked = dataclasses.replace(PRESCRIBED, **changes)
    muscle = only(*DONE, asked=asked, configuration=BY_PRESCRIPTION)
    assert (muscle.good_intensity, muscle.good_duration) == counts
