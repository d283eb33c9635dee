import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.scoring.mvc import mvc_confidence, reference, strength_v
from tests.scoring.build import channel, effort

GAME = {"game_mvc_v": 4e-6, "activated_p95_v": 3e-6}
shares = st.floats(0, 1)
SOURCES = ["user_defined", "baseline_session", "c3d_metadata", "backend_95percentile"]


@pytest.mark.parametrize(
    ("user_mvc_v", "known", "source", "value_v"),
    [
        (9e-5, {**GAME, "envelope_p95_v": 5e-5}, "user_defined", 9e-5),
        (None, {**GAME, "envelope_p95_v": 5e-5}, "c3d_metadata", 4e-6),
        (None, {"envelope_p95_v": 5e-5}, "backend_95percentile", 5e-5),
        (None, {"game_mvc_v": 0.0, "envelope_p95_v": 5e-5}, "backend_95percentile", 5e-5),
        (None, {"game_mvc_v": float("nan"), "envelope_p95_v": 5e-5}, "backend_95percentile", 5e-5),
        (None, {"game_mvc_v": 0.0}, None, None),
        (None, {"envelope_p95_v": 0.0}, None, None),
    ],
)
def test_the_first_usable_reference_is_taken(user_mvc_v, known, source, value_v):
    mvc = reference(channel("left", effort(activated_v=2e-6), **known), user_mvc_v)
    assert (mvc.source, mvc.value_v) == (source, value_v)
    assert (mvc.confidence is None) == (source is None)


def test_the_games_mvc_needs_the_games_channel():
    without = channel("left", effort(activated_v=None), envelope_p95_v=5e-5, **GAME)
    assert reference(without, None).source == "backend_95percentile"


def test_strength_is_read_in_the_domain_of_the_reference():
    both = effort(strength_v=8e-5, activated_v=2e-6)
    assert strength_v(both, "c3d_metadata") == 2e-6
    assert strength_v(both, "user_defined") == 8e-5
    assert strength_v(both, "backend_95percentile") == 8e-5


def test_a_reference_that_the_session_exceeds_is_trusted_less():
    known = {"envelope_p95_v": 2e-4, "quality_score": 0.9}
    mvc = reference(channel("left", effort(), **known), 1e-4)
    assert mvc.confidence == pytest.approx(0.8 * 0.9 * 0.5)
    assert reference(channel("left"), 1e-4).confidence == pytest.approx(0.8)


def test_the_games_reference_is_held_against_the_games_channel():
    known = {"envelope_p95_v": 9e-1, "game_mvc_v": 2e-6, "activated_p95_v": 4e-6}
    mvc = reference(channel("left", effort(activated_v=1e-6), **known), None)
    assert mvc.confidence == pytest.approx(0.5 * 0.5)


def test_an_estimate_is_trusted_by_how_many_contractions_it_rests_on():
    few = channel("left", effort(1), effort(2), envelope_p95_v=5e-5, quality_score=0.5)
    assert reference(few, None).confidence == pytest.approx(0.3 * 0.5 * 0.2)


@pytest.mark.parametrize(
    ("source", "known", "confidence"),
    [
        (None, {}, None),
        ("baseline_session", {"efforts": 1}, 0.6),
        ("baseline_session", {"efforts": 2}, 0.8),
        ("baseline_session", {"efforts": 3}, 1.0),
        ("baseline_session", {"efforts": 7}, 1.0),
        ("user_defined", {"efforts": 1}, 0.8),
        ("user_defined", {"age_days": 7}, 0.8),
        ("user_defined", {"age_days": 17.5}, 0.6),
        ("user_defined", {"age_days": 28}, 0.4),
        ("user_defined", {"age_days": 300}, 0.4),
        ("user_defined", {"exceeded": 0.5}, 0.8),
        ("c3d_metadata", {}, 0.5),
        ("backend_95percentile", {}, 0.0),
        ("backend_95percentile", {"contractions": 0}, 0.0),
        ("backend_95percentile", {"contractions": 9}, 0.27),
        ("backend_95percentile", {"contractions": 10}, 0.3),
        ("backend_95percentile", {"contractions": 99, "age_days": 99, "exceeded": 3}, 0.3),
    ],
)
def test_confidence_is_that_of_its_source_and_circumstances(source, known, confidence):
    found = mvc_confidence(source, quality=1.0, **known)
    assert found == (None if confidence is None else pytest.approx(confidence))


@given(st.sampled_from(SOURCES), st.data())
def test_confidence_never_rises_with_anything_that_makes_it_less_sure(source, data):
    better = {
        "quality": data.draw(shares),
        "efforts": data.draw(st.integers(1, 5)),
        "age_days": data.draw(st.floats(0, 60)),
        "exceeded": data.draw(st.floats(0, 10)),
        "contractions": data.draw(st.integers(0, 30)),
    }
    worse = {
        "quality": better["quality"] * data.draw(shares),
        "efforts": data.draw(st.integers(1, better["efforts"])),
        "age_days": better["age_days"] + data.draw(st.floats(0, 60)),
        "exceeded": better["exceeded"] + data.draw(st.floats(0, 10)),
        "contractions": data.draw(st.integers(0, better["contractions"])),
    }
    lower, higher = mvc_confidence(source, **worse), mvc_confidence(source, **better)
    assert lower is not None
    assert higher is not None
    assert 0 <= lower <= higher <= 1
