import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.analysis.measure import measure
from myograph.analysis.processed import processed
from myograph.analysis.protocol import DEFAULT
from myograph.scoring.evidence import evidence_of
from myograph.scoring.mvc import Baseline, baseline_of, mvc_confidence, reference, strength_v
from tests.scoring.build import channel, effort
from tests.signals import Burst, Scene, recording

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


BASELINE = Baseline(value_v=8e-5, efforts=2, quality=0.9, age_days=17.5)


def test_a_baseline_goes_after_the_therapist_and_before_the_file():
    done = channel("left", effort(activated_v=2e-6), envelope_p95_v=5e-5, **GAME)
    assert reference(done, 9e-5, BASELINE).source == "user_defined"
    mvc = reference(done, None, BASELINE)
    assert (mvc.source, mvc.value_v) == ("baseline_session", 8e-5)
    assert mvc.confidence == pytest.approx(1.0 * 0.9 * 0.8 * 0.75)
    assert reference(done, None, None).source == "c3d_metadata"


def test_a_baseline_that_the_session_exceeds_is_trusted_less():
    stronger = channel("left", effort(), envelope_p95_v=1.6e-4)
    assert reference(stronger, None, BASELINE).confidence == pytest.approx(0.9 * 0.8 * 0.75 / 2)
    assert reference(channel("left"), None, BASELINE).confidence == pytest.approx(0.9 * 0.8 * 0.75)


def test_a_baseline_is_the_strongest_effort_and_those_near_it():
    done = channel(
        "left",
        effort(1, strength_v=1e-4),
        effort(2, strength_v=0.9e-4),
        effort(3, strength_v=0.8999e-4),
        quality_score=0.8,
    )
    assert baseline_of(done) == Baseline(1e-4, efforts=2, quality=0.8)


@pytest.mark.parametrize(
    ("other", "value_v"),
    [
        (effort(2, duration_s=0.5, strength_v=3e-4), 3e-4),
        (effort(2, duration_s=0.49, strength_v=3e-4), 1e-4),
        (effort(2, masked_share=0.1, strength_v=3e-4), 3e-4),
        (effort(2, masked_share=0.11, strength_v=3e-4), 1e-4),
    ],
)
def test_short_and_masked_efforts_are_no_baseline(other, value_v):
    assert baseline_of(channel("left", effort(1, strength_v=1e-4), other)).value_v == value_v


@pytest.mark.parametrize(
    "known",
    [
        channel("left"),
        channel("left", effort(strength_v=0.0)),
        channel("left", effort(), verdict="poor"),
    ],
)
def test_what_gives_no_baseline_gives_none(known):
    assert baseline_of(known) is None


def test_a_baseline_is_the_peak_of_a_moving_mean_of_the_envelope():
    x = Scene(20, [Burst(3, 6, 1e-4), Burst(9, 12, 1.5e-4), Burst(14, 14.3, 3e-4)]).at(1000.0)
    made = recording(x)
    envelope = processed(made.channels[0], made.facts, DEFAULT).envelope
    before_the_short = envelope[: 13 * 200]
    peak_v = np.convolve(before_the_short, np.ones(100) / 100, "valid").max()
    measured = measure(made, DEFAULT).channels[0]
    evidence = evidence_of(measured, muscle=None, side="left", game_mvc_v=None)
    assert baseline_of(evidence).value_v == pytest.approx(peak_v, rel=1e-9)


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
