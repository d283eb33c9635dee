"""A simulated file is a GHOSTLY file, and the truth beside it is true of its samples."""

import json
from datetime import datetime

import numpy as np
import pytest

from myograph.c3d.recording import facts_of_prefix, parse_upload_name, read_recording
from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession, file_name
from myograph.errors import BadInput, Unfinalised
from myograph.simulate.detector import activated
from myograph.simulate.sessions import SimulatedSession, simulate_session
from myograph.simulate.signals import ADC_MINIMUM_V, Burst, Dropout, Fatigue, Muscle

START = datetime(2026, 3, 4, 10, 20, 30, 456_000)  # noqa: DTZ001 - the file has no zone
GAME = GameSession(start=START, score=7.0, level=191, player="P001", newer={"rpe_post_session": 5})
LEFT = Muscle((Burst(2, 5, 80e-6), Burst(8, 8.4, 40e-6)), dropouts=(Dropout(3000),))
RIGHT = Muscle((Burst(3, 6, 60e-6),), 90.0, tonic_rms_v=5e-6, fatigue=Fatigue(-10.0, 5.0))
SESSION = SimulatedSession(20.01, (LEFT, RIGHT), GAME)


@pytest.fixture(scope="module")
def made():
    return simulate_session(SESSION, 7)


def test_the_same_seed_makes_the_same_bytes_and_the_same_truth(made):
    assert simulate_session(SESSION, 7) == made
    assert simulate_session(SESSION, 8)[0] != made[0]


def test_the_file_has_the_games_own_layout(made):
    content, truth = made
    frames = 667  # of 30 samples: whole ones only
    assert len(content) == 1536 + 496 * frames
    assert truth["samples"] == 30 * frames
    assert truth["seconds"] == 20.01


def test_the_products_reader_finds_what_the_truth_says(made):
    content, truth = made
    facts = facts_of_prefix(content[:16384], len(content))
    assert facts.sample_count == truth["samples"]
    assert facts.rate.used_hz == truth["rate_hz"] == 1000
    assert facts.rate.original_hz == truth["declared_rate_hz"] == 990
    assert facts.emg_labels == ("CH1", "CH2")
    assert facts.game.score == 7
    assert facts.game.level == 191
    assert facts.game.player == "P001"
    assert facts.game.rpe == 5
    assert facts.game.duration_seconds == 20
    assert facts.game.start == START.replace(second=0, microsecond=0)
    assert parse_upload_name(file_name(START)) == START


def test_the_samples_come_back_in_steps_of_the_adc_with_the_games_channels_beside_them(made):
    content, truth = made
    for channel in read_recording(BytesSource(content)).channels:
        steps = channel.samples / truth["adc"]["step_v"]
        np.testing.assert_allclose(steps, np.round(steps), atol=3e-3)  # stored as float32
        np.testing.assert_allclose(
            channel.activated, activated(channel.samples), rtol=1e-4, atol=1e-9
        )


def test_dropouts_lie_where_the_truth_says_and_nowhere_else(made):
    content, truth = made
    left, right = read_recording(BytesSource(content)).channels
    lowest = np.float32(ADC_MINIMUM_V)
    assert truth["channels"][0]["dropouts"] == [{"start_sample": 3000, "samples": 270}]
    np.testing.assert_array_equal(np.flatnonzero(left.samples == lowest), np.arange(3000, 3270))
    assert not (right.samples == lowest).any()


def test_the_truth_of_a_burst_is_measured_again_on_the_file(made):
    content, truth = made
    for channel, said in zip(
        read_recording(BytesSource(content)).channels, truth["channels"], strict=True
    ):
        for burst in said["bursts"]:
            inside = channel.samples[round(burst["start_s"] * 1000) : round(burst["end_s"] * 1000)]
            inside = inside[inside > ADC_MINIMUM_V / 2]
            measured = np.sqrt(np.mean(inside**2))
            assert measured == pytest.approx(
                np.hypot(burst["rms_v"], said["noise_rms_v"]), rel=0.06
            )
            assert burst["rms_v"] == pytest.approx(burst["plateau_rms_v"], rel=0.25)


def test_the_truth_names_amplitude_spectrum_and_contrast_of_each_burst(made):
    burst = made[1]["channels"][1]["bursts"][0]
    plateau_v = np.hypot(60e-6, 5e-6) * (1 + 0.05 * 1.5 / 60)
    assert burst["plateau_rms_v"] == pytest.approx(plateau_v)
    assert burst["median_hz"] == pytest.approx(90 * (1 - 0.10 * 1.5 / 60))
    assert burst["snr_db"] == pytest.approx(20 * np.log10(plateau_v / 3e-6))


def test_without_rest_noise_there_is_no_contrast_to_state():
    silent = SimulatedSession(5, (Muscle((Burst(1, 2, 1e-4),), noise_rms_v=0.0),), GAME)
    assert simulate_session(silent, 1)[1]["channels"][0]["bursts"][0]["snr_db"] is None


def test_the_truth_is_plain_json(made):
    text = json.dumps(made[1], allow_nan=False)
    assert json.loads(text)["game"]["start"] == "2026-03-04T10:20:30.456"


def test_the_newer_build_sends_66_frames_of_15_samples():
    session = SimulatedSession(10, (LEFT, RIGHT), GAME, frames="66x15")
    content, _ = simulate_session(session, 1)
    facts = facts_of_prefix(content[:16384], len(content))
    assert facts.sample_count == 9990  # 666 whole frames
    assert facts.frame_count == 666
    assert facts.rate.original_hz == 990


def test_a_session_that_was_never_finalised_can_only_be_recovered():
    session = SimulatedSession(10, (LEFT, RIGHT), GAME, finalised=False)
    content, truth = simulate_session(session, 1)
    with pytest.raises(Unfinalised):
        read_recording(BytesSource(content))
    recovered = read_recording(BytesSource(content), recover=True)
    assert recovered.facts.sample_count == truth["samples"]
    assert truth["finalised"] is False


def test_less_than_a_frame_is_no_session():
    with pytest.raises(BadInput, match="too short for a single frame"):
        simulate_session(SimulatedSession(0.029, (Muscle(()),), GAME), 1)
