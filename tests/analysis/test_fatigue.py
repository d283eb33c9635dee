"""Whether a muscle tired: which contractions may tell, what they tell, and how sure it is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from myograph.analysis.fatigue import fatigue_of, with_verdicts
from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.analysis.results import Contraction
from myograph.simulate.signals import Burst, Fatigue, Muscle, record
from tests.analysis.hdf5 import chunked_columns
from tests.signals import recording

REST_V = 3e-6


def contraction(number=1, **changes):
    """Of 2.5 s and more, every 6 s, 20 dB above rest; MDF falls by 1 Hz each, RMS rises by 1 uV."""
    start_s = 6.0 * number
    return replace(
        Contraction(
            number=number,
            start_s=start_s,
            end_s=start_s + 2 + 0.5 * number,
            peak_v=1e-4,
            mean_v=5e-5,
            strength_v=6e-5,
            activated_strength_v=None,
            time_to_peak_s=1.0,
            rms_v=10 * REST_V + 1e-6 * number,
            mav_v=2e-5,
            iemg_vs=4e-5,
            mpf_hz=100.0 - number + 0.1 * (number % 2),
            mdf_hz=80.0 - number + 0.1 * (number % 2),
            fi_nsm5=1e-13 * (1 + number),
            masked_share=0.0,
            cut=False,
        ),
        **changes,
    )


SIX = tuple(contraction(n) for n in range(1, 7))


def fatigue(contractions=SIX, *, verdict="good", rest_rms_v=REST_V, protocol=DEFAULT):
    return fatigue_of(
        "CH1", contractions, verdict=verdict, rest_rms_v=rest_rms_v, protocol=protocol
    )


def channel(contractions=SIX, **known):
    measured = measure(recording(np.random.default_rng(0).standard_normal(5000)), DEFAULT)
    return replace(measured.channels[0], fatigue=fatigue(contractions, **known))


def judged(*channels):
    return [c.fatigue for c in with_verdicts(channels, DEFAULT)]


def test_the_slope_is_that_of_scipy_over_the_middles_in_minutes():
    found = fatigue()
    middles_s = [(c.start_s + c.end_s) / 2 for c in SIX]
    minutes = [(middle_s - middles_s[0]) / 60 for middle_s in middles_s]
    for name, values in (
        ("mdf", [c.mdf_hz for c in SIX]),
        ("mpf", [c.mpf_hz for c in SIX]),
        ("rms", [c.rms_v for c in SIX]),
        ("fi_nsm5", [c.fi_nsm5 for c in SIX]),
    ):
        trend, line = getattr(found, name), stats.linregress(minutes, values)
        robust = stats.theilslopes(values, minutes)
        assert trend.n == 6
        assert trend.slope_per_min == pytest.approx(line.slope, rel=1e-9)
        assert trend.intercept == pytest.approx(line.intercept, rel=1e-9)
        assert trend.slope_per_min_percent == pytest.approx(100 * line.slope / line.intercept)
        assert trend.robust_slope_per_min == pytest.approx(robust.slope, rel=1e-9)
        assert trend.robust_slope_per_min_percent == pytest.approx(
            100 * robust.slope / robust.intercept
        )
        assert trend.low_per_min_percent < trend.slope_per_min_percent < trend.high_per_min_percent


@pytest.mark.parametrize(
    ("name", "just", "short"),
    [
        ("end_s", 6.5, 6.49),
        ("rms_v", REST_V * 10**0.5 * 1.0001, REST_V * 10**0.5 * 0.9999),
        ("masked_share", 0.10, 0.1001),
        ("mdf_hz", 79.0, None),
        ("rms_v", 4e-5, None),
    ],
)
def test_a_contraction_tells_of_fatigue_up_to_its_limits(name, just, short):
    first, *others = SIX
    assert fatigue((replace(first, **{name: just}), *others)).mdf.n == 6
    found = fatigue((replace(first, **{name: short}), *others))
    assert found.mdf is None
    assert found.reason == (
        "5 contractions can be used and 6 are needed, each of 0.5 s and more, 10 dB above rest"
    )


def test_a_contraction_that_cannot_tell_is_left_out_of_seven():
    found = fatigue((*SIX, contraction(7, masked_share=0.5, mdf_hz=300.0)))
    assert found == fatigue(SIX)


@pytest.mark.parametrize("rest_rms_v", [None, 0.0])
def test_without_rest_nobody_knows_what_stands_above_it(rest_rms_v):
    assert fatigue(rest_rms_v=rest_rms_v).reason.startswith("0 contractions can be used")


def test_a_poor_channel_tells_nothing():
    found = fatigue(verdict="poor")
    assert (found.mdf, found.rms, found.quadrant) == (None, None, None)
    assert found.reason == "the signal of CH1 is poor"
    assert fatigue(verdict="usable").mdf is not None


@pytest.mark.parametrize(
    ("mdf", "rms", "quadrant"),
    [
        (-1, 1, "fatigue"),
        (-1, -1, "less_force"),
        (1, 1, "more_force"),
        (1, -1, "recovery"),
        (0, 1, None),
        (-1, 0, None),
    ],
)
def test_spectrum_and_amplitude_are_judged_together(mdf, rms, quadrant):
    made = [contraction(n, mdf_hz=80.0 + mdf * n, rms_v=4e-5 + rms * 1e-6 * n) for n in range(1, 7)]
    assert fatigue(made).quadrant == quadrant


def test_a_clear_fall_is_said_with_its_interval():
    (found,) = judged(channel())
    assert found.mdf_falls is True
    assert found.level == 0.05
    trend = found.mdf
    assert found.sentence == (
        f"MDF falls by {-trend.slope_per_min_percent:.1f} %/min (95 % CI "
        f"{-trend.high_per_min_percent:.1f} to {-trend.low_per_min_percent:.1f})."
    )


def noisy(slope, seed=0):
    rng = np.random.default_rng(seed)
    return [
        contraction(n, mdf_hz=float(80 + slope * n + rng.standard_normal())) for n in range(1, 7)
    ]


def test_no_fall_is_said_with_its_interval_too():
    (found,) = judged(channel(noisy(0.0)))
    assert found.mdf_falls is False
    assert found.sentence.startswith("No fall of MDF is shown: ")
    assert "95 % CI \N{MINUS SIGN}" in found.sentence


def test_a_clear_rise_is_no_fall():
    (found,) = judged(channel(noisy(3.0)))
    assert found.mdf.p < 0.05
    assert found.mdf_falls is False


def between(low, high):
    """A series whose p lies between the two."""
    for seed in range(200):
        made = noisy(-0.5, seed)
        trend = fatigue(made).mdf
        if low < trend.p < high and trend.slope_per_min < 0:
            return made
    raise AssertionError


def test_two_muscles_tested_share_the_level():
    border = between(0.025, 0.05)
    assert judged(channel(border))[0].mdf_falls is True
    both = judged(channel(border), channel(SIX))
    assert [f.level for f in both] == [0.025, 0.025]
    assert [f.mdf_falls for f in both] == [False, True]


def test_a_muscle_that_was_not_tested_takes_no_share():
    border = between(0.025, 0.05)
    tested, other = judged(channel(border), channel(SIX, verdict="poor"))
    assert tested.mdf_falls is True
    assert (other.mdf_falls, other.level, other.sentence) == (None, None, None)
    assert judged(channel(verdict="poor"))[0].reason == "the signal of CH1 is poor"


def test_a_share_of_nothing_is_no_share():
    steep = [contraction(n, mdf_hz=float(n**4)) for n in range(1, 7)]
    (found,) = judged(channel(steep))
    assert found.mdf.intercept < 0
    assert found.mdf.slope_per_min_percent is None
    assert found.sentence == "No fall of MDF is shown."


def test_a_fall_from_nothing_is_a_fall_without_a_share():
    below = [contraction(n, mdf_hz=-float(n)) for n in range(1, 7)]
    assert judged(channel(below))[0].sentence == "MDF falls."


def test_a_muscle_made_to_tire_is_seen_to_tire():
    bursts = tuple(Burst(2 + 6 * k, 5 + 6 * k, 1e-4) for k in range(20))
    tired = Muscle(bursts, median_hz=82.0, fatigue=Fatigue(-11.0, 12.0))
    rested = replace(tired, fatigue=Fatigue())
    rng = np.random.default_rng(3)
    signals = [record(muscle, 124_000, rng).raw for muscle in (tired, rested)]
    found, none = (c.fatigue for c in measure(recording(*signals), DEFAULT).channels)
    assert found.mdf.low_per_min_percent < -11 < found.mdf.high_per_min_percent
    assert found.rms.low_per_min_percent < 12 < found.rms.high_per_min_percent
    assert (found.mdf_falls, none.mdf_falls) == (True, False)
    assert found.quadrant == "fatigue"


@pytest.mark.recordings
def test_a_biceps_that_was_tired_on_purpose(recordings):
    """Published with biosignalsnotebooks (MIT): thirty flexions to fatigue, in ADC counts."""
    counts = chunked_columns(recordings / "fatigue" / "emg_fatigue.h5")[2][:126_900]
    measured = measure(recording((counts - counts.mean()) * 1e-6), DEFAULT).channels[0]
    found = measured.fatigue
    indices = [c.fi_nsm5 for c in measured.contractions]
    assert found.mdf.n == 30
    assert found.mdf.slope_per_min_percent == pytest.approx(-11, abs=1)
    assert found.mdf.r2 == pytest.approx(0.75, abs=0.02)
    assert found.sentence == "MDF falls by 11.6 %/min (95 % CI 9.1 to 14.1)."
    assert found.mdf_falls is True
    assert found.quadrant == "fatigue"
    assert found.rms.low_per_min_percent > 0
    assert np.mean(indices[-3:]) / np.mean(indices[:3]) == pytest.approx(3, abs=0.2)
