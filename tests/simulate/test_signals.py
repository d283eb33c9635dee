"""What is built is what is said: measured again with nothing but NumPy and SciPy."""

import numpy as np
import pytest
from scipy import integrate, signal

from myograph.errors import BadInput
from myograph.simulate.signals import (
    ADC_MINIMUM_V,
    ADC_STEP_V,
    RATE_HZ,
    Burst,
    Dropout,
    Fatigue,
    Mains,
    Muscle,
    Overload,
    Spike,
    Wander,
    digitise,
    gate,
    record,
    spectrum,
)

SILENT = Muscle((), noise_rms_v=0.0)
HOLD = Burst(2.0, 58.0, 80e-6)


def made(muscle, seconds=60, seed=1):
    return record(muscle, round(seconds * RATE_HZ), np.random.default_rng(seed))


def rms(x):
    return float(np.sqrt(np.mean(np.square(x))))


def median_hz(x):
    f, p = signal.welch(x, RATE_HZ, nperseg=2000)
    band = (f >= 20) & (f <= 450)
    power = integrate.cumulative_trapezoid(p[band], f[band], initial=0)
    return float(np.interp(power[-1] / 2, power, f[band]))


def during(x, start_s, end_s):
    return x[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


def test_the_gate_passes_a_tenth_of_its_plateau_where_the_truth_says():
    level = gate([Burst(1.0, 1.5, 80e-6), Burst(2.0, 2.2, 40e-6, ramp_s=0.02)], 3000)
    over = np.flatnonzero(np.diff((level > 8e-6).astype(int)))
    np.testing.assert_allclose(over / RATE_HZ, [1.0, 1.5, 2.0, 2.2], atol=0.004)
    assert level[1250] == pytest.approx(80e-6)
    assert level[2100] == pytest.approx(40e-6)
    assert level[:970].max() == level[2250:].max() == 0


def test_a_burst_may_begin_with_the_recording_and_end_with_it():
    level = gate([Burst(0.0, 1.0, 1.0)], 1000)
    assert level[0] == pytest.approx(0.1)
    assert level[-1] == pytest.approx(0.1, abs=0.02)


def test_the_plateau_has_the_stated_amplitude_and_rest_the_stated_noise():
    channel = made(Muscle((HOLD,), noise_rms_v=2e-6))
    assert rms(during(channel.raw, 3, 57)) == pytest.approx(np.hypot(80e-6, 2e-6), rel=0.03)
    assert rms(during(channel.raw, 0, 1.9)) == pytest.approx(2e-6, rel=0.05)
    assert not during(channel.clean, 0, 1.9).any()


@pytest.mark.parametrize("hz", [35.0, 75.0, 120.0, 190.0])
def test_the_median_frequency_is_the_stated_one(hz):
    channel = made(Muscle((HOLD,), median_hz=hz, noise_rms_v=0.0))
    assert median_hz(during(channel.clean, 3, 57)) == pytest.approx(hz, rel=0.02)


def test_the_spectrum_has_unit_variance_and_its_median_where_stated():
    f = np.linspace(0, 500, 5001)
    density = spectrum(f, 75.0)
    assert np.trapezoid(density, f) == pytest.approx(1, rel=1e-3)
    half = [(f >= 20) & (f <= 75), (f >= 75) & (f <= 450)]
    below, above = (np.trapezoid(density[h], f[h]) for h in half)
    assert below == pytest.approx(above, rel=2e-3)


def test_fatigue_lowers_the_frequency_and_raises_the_amplitude_by_the_stated_rates():
    tired = Muscle((Burst(5, 119, 80e-6),), 90.0, 0.0, fatigue=Fatigue(-12.0, 20.0))
    chances = [made(tired, seconds=120, seed=seed).clean for seed in range(6)]
    for start_s in (6, 40, 75, 105):
        parts = [during(clean, start_s, start_s + 12) for clean in chances]
        minutes = (start_s + 6 - 5) / 60
        hz, volts = np.mean([median_hz(part) for part in parts]), np.mean([rms(p) for p in parts])
        assert hz == pytest.approx(90 * (1 - 0.12 * minutes), rel=0.02)
        assert volts == pytest.approx(80e-6 * (1 + 0.20 * minutes), rel=0.02)


def test_a_filter_that_changes_keeps_the_amplitude():
    steady = made(Muscle((HOLD,), noise_rms_v=0.0)).clean
    changing = made(Muscle((HOLD,), noise_rms_v=0.0, fatigue=Fatigue(-10.0))).clean
    assert rms(changing) == pytest.approx(rms(steady), rel=0.02)


def test_before_the_first_burst_nothing_is_tired_yet():
    muscle = Muscle((Burst(30, 40, 1e-4),), fatigue=Fatigue(-10.0, 10.0))
    np.testing.assert_allclose(muscle.median_at_hz(np.array([0.0, 30.0, 90.0])), [75, 75, 67.5])
    np.testing.assert_allclose(muscle.gain_at(np.array([0.0, 30.0, 90.0])), [1, 1, 1.1])


def test_tonic_activity_goes_on_between_the_bursts():
    channel = made(Muscle((Burst(10, 20, 80e-6),), noise_rms_v=0.0, tonic_rms_v=20e-6))
    assert rms(during(channel.clean, 25, 59)) == pytest.approx(20e-6, rel=0.03)
    assert rms(during(channel.clean, 11, 19)) == pytest.approx(np.hypot(80e-6, 20e-6), rel=0.05)


def test_mains_stands_at_its_true_frequency_and_a_hundredth_lower_on_the_declared_clock():
    hum = made(Muscle((), noise_rms_v=1e-6, mains=Mains(50.0, 10e-6, harmonics=2)), seconds=100).raw
    f, p = signal.periodogram(hum, RATE_HZ)
    strongest = np.argsort(p)[-2:]
    np.testing.assert_allclose(np.sort(f[strongest]), [50, 150], atol=0.011)
    assert f[np.argmax(p)] * 990 / 1000 == pytest.approx(49.5, abs=0.011)
    assert rms(hum) == pytest.approx(np.hypot(10e-6, 1e-6), rel=0.01)


def test_a_harmonic_beyond_half_the_rate_is_left_out():
    hum = made(Muscle((), noise_rms_v=0.0, mains=Mains(200.0, 10e-6, harmonics=3))).raw
    f, p = signal.periodogram(hum, RATE_HZ)
    assert p[np.abs(f - 200) > 1].max() < 1e-4 * p.max()


def test_the_baseline_wanders_and_stands_off_zero():
    raw = made(
        Muscle((), noise_rms_v=0.0, wander=Wander(0.4, 50e-6), offset_v=-17e-6), seconds=100
    ).raw
    assert np.mean(raw) == pytest.approx(-17e-6, abs=0.5e-6)
    assert rms(raw - raw.mean()) == pytest.approx(50e-6, rel=0.01)


def test_a_spike_is_where_it_was_put_and_as_high():
    raw = made(Muscle((), noise_rms_v=0.0, spikes=(Spike(1.0, 2e-3),)), seconds=2).raw
    assert np.flatnonzero(raw)[[0, -1]] == pytest.approx([1001, 1007], abs=1)
    assert raw.max() == pytest.approx(2e-3, rel=1e-3)
    assert raw.min() == pytest.approx(-2e-3, rel=1e-3)


def test_the_adc_clips_and_counts_in_its_steps():
    volts = np.array([-1.0, -6e-3, 0.0, 0.4 * ADC_STEP_V, 0.6 * ADC_STEP_V, 6e-3])
    expected = np.array([-32768, -32768, 0, 0, 1, 32767]) * ADC_STEP_V
    np.testing.assert_array_equal(digitise(volts), expected)
    assert pytest.approx(0.1678e-6, rel=1e-3) == ADC_STEP_V
    assert digitise(volts).min() == ADC_MINIMUM_V


def test_an_overload_is_cut_at_the_limit_for_as_long_as_it_is_over_it():
    raw = made(Muscle((), noise_rms_v=0.0, overloads=(Overload(1.0, 2.0, 8e-3),)), seconds=3).raw
    limited = np.flatnonzero(raw == raw.max())
    width_s = 1 - 2 * np.arcsin(5.5 / 8) / np.pi
    assert limited.size / RATE_HZ == pytest.approx(width_s, abs=0.005)
    assert np.all(np.diff(limited) == 1)


def test_a_dropout_is_exactly_the_adcs_minimum_and_nothing_around_it():
    muscle = Muscle((HOLD,), dropouts=(Dropout(5010), Dropout(9000, 30)))
    raw = made(muscle).raw
    low = np.flatnonzero(raw == ADC_MINIMUM_V)
    np.testing.assert_array_equal(low, [*range(5010, 5280), *range(9000, 9030)])


def test_a_repeat_sends_the_same_15_samples_twice():
    raw = made(Muscle((HOLD,), repeats=(4500,))).raw
    np.testing.assert_array_equal(raw[4500:4515], raw[4485:4500])
    assert not np.array_equal(raw[4515:4530], raw[4500:4515])


def test_the_same_seed_makes_the_same_samples_and_another_one_others():
    muscle = Muscle((HOLD,), mains=Mains(50, 1e-6), wander=Wander(0.3, 1e-6))
    np.testing.assert_array_equal(made(muscle).raw, made(muscle).raw)
    assert not np.array_equal(made(muscle).raw, made(muscle, seed=2).raw)


def test_silence_is_silent():
    assert not made(SILENT).raw.any()


@pytest.mark.parametrize(
    ("muscle", "sentence"),
    [
        (Muscle((Burst(1, 61, 1e-4),)), "does not lie within a recording of 60 s"),
        (Muscle((Burst(-1, 6, 1e-4),)), "does not lie within"),
        (Muscle((Burst(2, 2, 1e-4),)), "does not lie within"),
        (Muscle((Burst(1, 2, 1e-4), Burst(2.01, 3, 1e-4))), "run together"),
        (Muscle((), median_hz=20.0), "stays within 30 and 200 Hz"),
        (Muscle((), median_hz=201.0), "stays within 30 and 200 Hz"),
        (Muscle((), median_hz=40.0, fatigue=Fatigue(-30.0)), "from 40 to 28 Hz"),
        (Muscle((), fatigue=Fatigue(0.0, -100.0)), "fall to nothing"),
    ],
)
def test_what_no_muscle_does_is_refused(muscle, sentence):
    with pytest.raises(BadInput, match=sentence):
        made(muscle)
