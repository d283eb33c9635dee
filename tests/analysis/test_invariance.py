"""What must not change a number: unit, sign, offset, sampling rate, silence afterwards."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from myograph.analysis.measure import measure
from myograph.analysis.processed import processed
from myograph.analysis.protocol import DEFAULT
from tests.signals import Burst, Scene, recording

SCENE = Scene(
    16, [Burst(2, 4.5, 1e-4), Burst(6, 6.5, 5e-5), Burst(8, 9.2, 2e-4), Burst(11, 14, 8e-5)], seed=5
)
IN_VOLTS = ("peak_v", "mean_v", "strength_v", "rms_v", "mav_v", "iemg_vs")
IN_NO_VOLTS = ("start_s", "end_s", "time_to_peak_s", "mpf_hz", "mdf_hz", "fi_nsm5")


@cache
def samples(rate_hz):
    return SCENE.at(rate_hz)


def measured(x, rate_hz=1000.0):
    return measure(recording(x, rate_hz=rate_hz), DEFAULT).channels[0]


@cache
def reference():
    return measured(samples(1000.0))


def assert_same(channel, unit=1.0):
    ours = reference()
    assert len(channel.contractions) == len(ours.contractions) == 4
    for found, expected in zip(channel.contractions, ours.contractions, strict=True):
        for name in IN_NO_VOLTS:
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
        for name in IN_VOLTS:
            value = pytest.approx(unit * getattr(expected, name), rel=1e-9)
            assert getattr(found, name) == value, name
    for name in ("mpf_hz", "mdf_hz", "fi_nsm5"):
        expected = pytest.approx(getattr(ours.clinical, name), rel=1e-9)
        assert getattr(channel.clinical, name) == expected, name
    assert channel.quality.score == pytest.approx(ours.quality.score, rel=1e-9)
    assert channel.quality.snr_db == pytest.approx(ours.quality.snr_db, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.floats(-6, 6), st.sampled_from([1.0, -1.0]))
def test_unit_and_sign_change_nothing(exponent, sign):
    unit = 10.0**exponent
    assert_same(measured(sign * unit * samples(1000.0)), unit)


@settings(max_examples=15, deadline=None)
@given(st.floats(-1e-2, 1e-2))
def test_an_offset_changes_nothing(offset_v):
    assert_same(measured(samples(1000.0) + offset_v))


@pytest.mark.parametrize("seconds", [0.5, 5.0, 20.0])
def test_silence_afterwards_changes_no_contraction(seconds):
    rest = dataclasses.replace(SCENE, duration_s=seconds, bursts=(), seed=99).at(1000.0)
    after = measured(np.concatenate((samples(1000.0), rest)))
    assert len(after.contractions) == 4
    for found, expected in zip(after.contractions, reference().contractions, strict=True):
        assert found.start_s == pytest.approx(expected.start_s, abs=0.010)
        assert found.end_s == pytest.approx(expected.end_s, abs=0.010)
        assert found.peak_v == pytest.approx(expected.peak_v, rel=1e-3)


def test_a_recorder_that_stopped_changes_no_contraction():
    after = measured(np.concatenate((samples(1000.0), np.zeros(5000))))
    assert len(after.contractions) == 4
    for found, expected in zip(after.contractions, reference().contractions, strict=True):
        assert found.start_s == pytest.approx(expected.start_s, abs=0.005)


@pytest.mark.parametrize("rate_hz", [990.0, 2000.0, 4000.0])
def test_the_same_activity_gives_the_same_numbers_at_any_rate(rate_hz):
    found, expected = measured(samples(rate_hz), rate_hz), reference()
    assert len(found.contractions) == 4
    for ours, theirs in zip(found.contractions, expected.contractions, strict=True):
        assert ours.start_s == pytest.approx(theirs.start_s, abs=0.010)
        assert ours.end_s == pytest.approx(theirs.end_s, abs=0.010)
        assert ours.rms_v == pytest.approx(theirs.rms_v, rel=0.01)
        assert ours.peak_v == pytest.approx(theirs.peak_v, rel=0.04)
        assert ours.mdf_hz == pytest.approx(theirs.mdf_hz, rel=0.01)
        assert ours.mpf_hz == pytest.approx(theirs.mpf_hz, rel=0.01)
        assert ours.fi_nsm5 == pytest.approx(theirs.fi_nsm5, rel=0.03)
    whole, theirs = found.whole, expected.whole
    assert whole.rms_v == pytest.approx(theirs.rms_v, rel=0.01)
    assert whole.mdf_hz == pytest.approx(theirs.mdf_hz, rel=0.01)
    assert whole.mpf_hz == pytest.approx(theirs.mpf_hz, rel=0.01)
    assert whole.fi_nsm5 == pytest.approx(theirs.fi_nsm5, rel=0.03)


@pytest.mark.parametrize("rate_hz", [990.0, 1926.0, 2000.0, 4000.0])
def test_the_envelope_is_the_same_at_any_rate(rate_hz):
    def envelope(rate):
        r = recording(samples(rate), rate_hz=rate)
        return processed(r.channels[0], r.facts, DEFAULT).envelope

    ours, theirs = envelope(rate_hz), envelope(1000.0)
    size = min(ours.size, theirs.size)
    assert ours[:size].max() == pytest.approx(theirs[:size].max(), rel=0.04)
    assert np.median(np.abs(ours[:size] - theirs[:size])) < 0.01 * theirs.max()
