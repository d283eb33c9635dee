"""What is known of the real recordings."""

from functools import cache

import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.processed import clean
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import FileSource

pytestmark = pytest.mark.recordings

EARLY, MIDDLE, LATE = "20230321_17-23-09-0409", "20230321_17-33-14-0785", "20230321_17-50-17-0881"
LOOSE, CLEAR = "20231004_13-18-43-0464", "20250310_11-46-23-0823"
ALL = (EARLY, MIDDLE, LATE, LOOSE, CLEAR)


@cache
def measured(folder, name):
    with FileSource(folder / "ghostly" / f"Ghostly_Emg_{name}.c3d") as source:
        return measure(read_recording(source), DEFAULT)


def channel(folder, name, label):
    return next(c for c in measured(folder, name).channels if c.label == label)


@pytest.mark.parametrize(
    ("name", "dropouts", "rms_uv", "mdf_hz"), [(MIDDLE, 2, 48, 66), (LATE, 6, 42, 96)]
)
def test_dropouts_are_masked_and_no_longer_rule_the_numbers(
    recordings, name, dropouts, rms_uv, mdf_hz
):
    ch1 = channel(recordings, name, "CH1")
    assert ch1.quality.dropouts == dropouts
    assert ch1.whole.rms_v * 1e6 == pytest.approx(rms_uv, abs=0.5)
    assert ch1.whole.mdf_hz == pytest.approx(mdf_hz, abs=3)


def test_dropouts_are_blocks_of_270_samples_at_the_times_we_know(recordings):
    with FileSource(recordings / "ghostly" / f"Ghostly_Emg_{MIDDLE}.c3d") as source:
        recording = read_recording(source)
        found = clean(recording.channels[0], recording.facts, DEFAULT).artefacts.dropouts
    np.testing.assert_array_equal(found[:, 1] - found[:, 0], [270, 270])
    np.testing.assert_allclose(found[:, 0] / 990, [78.2, 80.3], atol=0.1)


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        (EARLY, ("good", "good")),
        (MIDDLE, ("good", "good")),
        (LATE, ("good", "good")),
        (LOOSE, ("poor", "poor")),
        (CLEAR, ("good", "good")),
    ],
)
def test_quality_is_judged_as_people_judge_it(recordings, name, verdicts):
    assert tuple(c.quality.verdict for c in measured(recordings, name).channels) == verdicts


def test_an_electrode_off_the_skin_is_named(recordings):
    reasons = channel(recordings, LOOSE, "CH1").quality.reasons
    assert "The electrode of CH1 was probably off: 4.8 % of samples are saturated." in reasons


@pytest.mark.parametrize("name", ALL)
def test_the_mains_says_1000_hz_where_there_is_a_line_and_nothing_elsewhere(recordings, name):
    rate = measured(recordings, name).rate
    if name in (LOOSE, CLEAR):
        assert rate.implied_rate_hz == pytest.approx(1000, abs=1)
    else:
        assert rate.implied_rate_hz is None


@pytest.mark.parametrize("name", ALL)
def test_no_witness_contradicts_the_rate(recordings, name):
    result = measured(recordings, name)
    assert result.rate.duration_agrees is True
    assert result.findings == ()
    assert result.refused == ()


def test_the_dropouts_that_the_game_took_for_contractions_are_no_misses_of_ours(recordings):
    game = channel(recordings, MIDDLE, "CH1").game
    assert (game.missed, game.on_artefact) == (2, 2)


@pytest.mark.parametrize("name", [EARLY, MIDDLE, LATE, CLEAR])
def test_every_contraction_the_game_saw_is_found(recordings, name):
    for ch in measured(recordings, name).channels:
        assert ch.game.missed == ch.game.on_artefact
        assert ch.game.matched > 0
