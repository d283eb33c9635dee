import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.signal.quality import Grades, opinion_of

LIMITS = {
    "masked": (0.01, 0.10),
    "saturated": (0.001, 0.02),
    "powerline": (0.05, 0.40),
    "motion": (0.20, 0.80),
    "snr_db": (15.0, 5.0),
}
GOOD = {"masked": 0.01, "saturated": 0.001, "powerline": 0.05, "motion": 0.2, "snr_db": 15.0}
GRADES = Grades(good_from=0.75, usable_from=0.35, nothing_found_cap=0.5)


def opinion(nothing_found=None, **values):
    return opinion_of("CH1", {**GOOD, **values}, LIMITS, grades=GRADES, nothing_found=nothing_found)


def test_a_channel_at_the_good_limits_is_good_without_a_word():
    assert (opinion().score, opinion().verdict, opinion().reasons) == (1.0, "good", ())


@pytest.mark.parametrize(("part", "value"), [(k, v[1]) for k, v in LIMITS.items()])
def test_a_single_value_at_its_poor_limit_makes_the_channel_poor(part, value):
    result = opinion(**{part: value})
    assert (result.score, result.verdict) == (0.0, "poor")
    assert len(result.reasons) == 1


@pytest.mark.parametrize(
    ("motion", "verdict"), [(0.35, "good"), (0.351, "usable"), (0.59, "usable"), (0.591, "poor")]
)
def test_the_verdict_changes_at_its_limits(motion, verdict):
    assert opinion(motion=motion).verdict == verdict


def test_the_score_is_the_product_of_its_parts():
    assert opinion(motion=0.5, snr_db=10.0).score == pytest.approx(0.25)


def test_what_was_not_measured_says_nothing():
    assert opinion(powerline=None, snr_db=None).score == 1.0


def test_where_nothing_was_found_a_channel_is_at_best_usable():
    result = opinion(nothing_found="CH1 shows no activity above rest.", snr_db=None)
    assert (result.score, result.verdict) == (0.5, "usable")
    assert result.reasons == ("CH1 shows no activity above rest.",)


def test_a_reason_is_a_sentence_a_therapist_understands():
    assert opinion(saturated=0.047).reasons == (
        "The electrode of CH1 was probably off: 4.7 % of samples are saturated.",
    )


@given(st.sampled_from(sorted(LIMITS)), st.floats(0, 1), st.floats(0, 1))
def test_worse_never_scores_better(part, a, b):
    good, poor = LIMITS[part]
    near, far = (good + (poor - good) * share for share in sorted((a, b)))
    assert opinion(**{part: far}).score <= opinion(**{part: near}).score
