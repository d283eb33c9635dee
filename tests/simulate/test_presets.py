"""What is asked for is what is played."""

from datetime import datetime

import numpy as np
import pytest

from myograph.errors import BadInput
from myograph.simulate.presets import PRESETS, Faults, Wish, session
from myograph.simulate.sessions import simulate_session

START = datetime(2026, 3, 4, 10, 20)  # noqa: DTZ001 - the file has no zone


def muscles(seed=1, **wished):
    return session(Wish(**wished), start=START, seed=seed).muscles


def lengths(muscle):
    return np.array([b.end_s - b.start_s for b in muscle.bursts])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("seconds", [4.0, 10.0, 60.0, 300.0])
def test_every_preset_plays_at_every_length_and_rests_first(preset, seconds):
    wished = session(Wish(preset=preset, seconds=seconds), start=START, seed=3)
    content, truth = simulate_session(wished, 3)
    assert content
    starts = [b["start_s"] for c in truth["channels"] for b in c["bursts"]]
    assert starts or seconds < 10
    assert min(starts, default=1.5) >= 1.5


def test_the_same_seed_plays_the_same_and_another_one_another_session():
    assert muscles() == muscles()
    assert muscles() != muscles(seed=2)


@pytest.mark.parametrize(
    ("preset", "shortest_s", "longest_s"), [("game", 0.15, 0.8), ("holds", 2.0, 10.0)]
)
def test_contractions_last_as_long_as_the_preset_says(preset, shortest_s, longest_s):
    found = np.concatenate([lengths(m) for m in muscles(preset=preset, seconds=300)])
    assert found.size > 40
    assert found.min() >= shortest_s - 1e-9
    assert found.max() <= longest_s + 1e-9
    assert np.ptp(found) > 0.8 * (longest_s - shortest_s)


def test_a_sparse_session_has_three_contractions_at_most():
    assert [len(m.bursts) for m in muscles(preset="sparse", seconds=120)] == [3, 3]


def test_unequal_contractions_reach_from_a_fifth_of_the_strongest():
    strengths = [b.rms_v for b in muscles(preset="unequal", seconds=300)[0].bursts]
    assert min(strengths) / max(strengths) == pytest.approx(0.2, abs=0.05)


def test_a_tired_muscle_slows_down_and_works_harder():
    for muscle in muscles(preset="tired"):
        assert muscle.fatigue.median_percent_per_min == -11
        assert muscle.fatigue.rms_percent_per_min > 0


def test_a_loose_electrode_leaves_some_twentieth_of_the_samples_at_the_limit():
    _, truth = simulate_session(session(Wish(preset="loose"), start=START, seed=1), 1)
    for channel in truth["channels"]:
        assert channel["saturated_share"] == pytest.approx(0.05, abs=0.015)


def test_a_weak_muscle_stays_under_its_hum():
    for muscle in muscles(preset="weak"):
        assert max(b.rms_v for b in muscle.bursts) < muscle.mains.rms_v


def test_the_contrast_is_the_one_asked_for_at_the_strongest_contraction():
    for muscle in muscles(snr_db=10.0):
        strongest = max(b.rms_v for b in muscle.bursts)
        assert 20 * np.log10(strongest / muscle.noise_rms_v) == pytest.approx(10)


def test_both_channels_stand_off_zero_as_the_real_ones_do():
    assert [m.offset_v for m in muscles()] == [-17e-6, -2.7e-6]


def test_faults_are_those_asked_for():
    faults = Faults(
        dropouts=4, repeats=3, mains_hz=60.0, spikes=2, wander_share=0.5, tonic_share=0.1
    )
    first, second = muscles(faults=faults)
    strongest = max(b.rms_v for b in second.bursts)
    assert len(first.dropouts) == 4
    assert not second.dropouts
    assert len(first.repeats) == 3
    assert not second.repeats
    assert len(first.spikes) == len(second.spikes) == 2
    assert second.mains.hz == 60
    assert second.mains.rms_v == pytest.approx(0.05 * strongest)
    assert second.wander.rms_v == pytest.approx(0.5 * strongest)
    assert second.tonic_rms_v == pytest.approx(0.1 * strongest)


def test_dropouts_lie_at_whole_frames_and_never_touch():
    first, _ = muscles(faults=Faults(dropouts=100), seconds=60)
    starts = np.array([d.start_sample for d in first.dropouts])
    assert (starts % 30 == 0).all()
    assert starts.min() > 1000
    assert (np.diff(starts) > 270).all()
    assert starts.max() + 270 <= 60_000


@pytest.mark.parametrize(
    ("wished", "sentence"),
    [
        ({"preset": "nothing"}, "There is no preset 'nothing'; there are game, holds"),
        ({"seconds": 3.9}, "the least is 4 s"),
        ({"faults": Faults(dropouts=500)}, "500 drop-outs do not fit into 60 s; at most 196 do"),
        ({"faults": Faults(repeats=9000)}, "9000 repeats do not fit into 60 s; at most 3999 do"),
    ],
)
def test_what_cannot_be_played_is_refused(wished, sentence):
    with pytest.raises(BadInput, match=sentence):
        muscles(**wished)


def test_less_than_nothing_cannot_go_wrong():
    with pytest.raises(BadInput, match="not negative"):
        Faults(dropouts=-1)
    with pytest.raises(BadInput, match="not negative"):
        Faults(tonic_share=-0.1)
