import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from myograph.signal import blocks
from myograph.signal.filters import (
    band_of,
    bandpass,
    filtered,
    filtered_part,
    lowpass,
    with_notches,
)

RATE_HZ = 1000.0


def tone(hz, seconds=8.0, rate_hz=RATE_HZ):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def gain_db(by, hz):
    x = tone(hz)
    middle = slice(2000, 6000)
    return 20 * np.log10(np.std(filtered(x, by)[middle]) / np.std(x[middle]))


@pytest.mark.parametrize("corner_hz", [20.0, 450.0])
def test_two_passes_halve_the_amplitude_at_the_nominal_corner(corner_hz):
    assert gain_db(bandpass(RATE_HZ, (20, 450), 4), corner_hz) == pytest.approx(-6.02, abs=0.02)


def test_what_lies_within_the_band_passes():
    assert gain_db(bandpass(RATE_HZ, (20, 450), 4), 100.0) == pytest.approx(0, abs=0.01)


def test_a_lowpass_halves_its_corner_too():
    assert gain_db(lowpass(RATE_HZ, 10.0, 4), 10.0) == pytest.approx(-6.02, abs=0.02)


def test_the_band_ends_where_the_rate_ends():
    assert band_of(1000.0, (20.0, 450.0)) == (20.0, 450.0)
    assert band_of(990.0, (20.0, 450.0)) == (20.0, 445.5)


def test_scipy_filters_the_same_numbers():
    x = np.random.default_rng(1).standard_normal(5000)
    sos = butter(4, (20, 450), "bandpass", fs=RATE_HZ, output="sos")
    np.testing.assert_array_equal(filtered(x, bandpass(RATE_HZ, (20, 450), 4)), sosfiltfilt(sos, x))


def test_blocks_give_the_numbers_of_the_whole(monkeypatch):
    x = np.random.default_rng(2).standard_normal(20_000) + 3.0
    by = bandpass(RATE_HZ, (20, 450), 4)
    whole = filtered(x, by)
    monkeypatch.setattr(blocks, "BLOCK", 3000)
    np.testing.assert_allclose(filtered(x, by), whole, atol=1e-12)
    np.testing.assert_allclose(filtered_part(x, by, 7000, 9000), whole[7000:9000], atol=1e-12)


@pytest.mark.parametrize("hz", [50.0, 150.0, 400.0])
def test_notches_remove_a_line_and_its_harmonics(hz):
    by = with_notches(bandpass(RATE_HZ, (20, 450), 4), 50.0, width_hz=5 / 3, up_to_hz=450)
    assert gain_db(by, hz) < -40


def test_between_its_lines_a_notch_lets_pass():
    by = with_notches(bandpass(RATE_HZ, (20, 450), 4), 50.0, width_hz=5 / 3, up_to_hz=450)
    assert gain_db(by, 75.0) == pytest.approx(0, abs=0.1)
