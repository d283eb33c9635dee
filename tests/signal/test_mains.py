import numpy as np
import pytest

from myograph.signal.mains import Search, clear_line, hum_of
from myograph.signal.spectrum import Axis, axis_of, in_band, periodograms

RATE_HZ = 1000.0
BAND_HZ = (20.0, 450.0)
NOMINALS_HZ = (50.0, 60.0)
SEARCH = Search(NOMINALS_HZ, share=0.03, least_db=10.0)


def recording(hum_v, hz=50.0, *, seconds=40.0, third=0.0, seed=0):
    size = round(seconds * RATE_HZ)
    t = np.arange(size) / RATE_HZ
    x = np.random.default_rng(seed).standard_normal(size)
    return x + np.sqrt(2) * (
        hum_v * np.sin(2 * np.pi * hz * t) + third * np.sin(6 * np.pi * hz * t)
    )


def hum(x):
    axis = axis_of(RATE_HZ, 1.0, 451)
    power = periodograms(x, np.arange(0, x.size - 999, 500), 1000, axis).mean(axis=0)
    return hum_of(power, axis, NOMINALS_HZ, BAND_HZ)


def line(x, rate_hz=RATE_HZ):
    size = round(8 * rate_hz)
    return clear_line(
        x, np.arange(0, x.size - size + 1, size // 2), size, rate_hz=rate_hz, search=SEARCH
    )


@pytest.mark.parametrize("hz", [50.0, 60.0])
@pytest.mark.parametrize("hum_v", [0.3, 1.0])
def test_the_share_of_hum_is_its_share_of_the_power(hz, hum_v):
    in_band_noise = (450 - 20) / 500
    expected = hum_v**2 / (hum_v**2 + in_band_noise)
    found = hum(recording(hum_v, hz))
    assert found is not None
    assert found.share == pytest.approx(expected, abs=0.02)
    assert found.hz == hz


def test_harmonics_count():
    found = hum(recording(0.0, third=1.0))
    assert found is not None
    assert found.share == pytest.approx(1 / 1.86, abs=0.03)


def test_a_wrong_rate_moves_the_line_but_does_not_hide_it():
    found = hum(recording(1.0, 49.5))
    assert found is not None
    assert found.share > 0.5


def test_noise_alone_holds_next_to_no_hum():
    found = hum(recording(0.0))
    assert found is not None
    assert found.share < 0.02


def test_without_power_there_is_no_share():
    axis = Axis(RATE_HZ, 1000, 452)
    assert hum_of(np.zeros(452), axis, NOMINALS_HZ, BAND_HZ) is None
    assert in_band(axis, BAND_HZ) == slice(20, 451)


@pytest.mark.parametrize(("hz", "true_rate_hz"), [(50.0, 1000.0), (49.5, 1010.1), (60.0, 1000.0)])
def test_a_clear_line_tells_the_rate(hz, true_rate_hz):
    found = line(recording(0.5, hz))
    assert found is not None
    assert found.implied_rate_hz == pytest.approx(true_rate_hz, abs=0.5)


@pytest.mark.parametrize(("hum_v", "clear"), [(0.02, False), (0.3, True)])
def test_a_line_must_stand_10_db_above_its_surroundings(hum_v, clear):
    assert (line(recording(hum_v)) is not None) == clear


@pytest.mark.parametrize(("seconds", "clear"), [(15.9, False), (16.0, True)])
def test_three_windows_are_needed(seconds, clear):
    assert (line(recording(1.0, seconds=seconds)) is not None) == clear


def test_a_slope_is_no_line():
    x = np.cumsum(recording(0.0))
    assert line(x + 1e3 * np.sin(2 * np.pi * 48.5 * np.arange(x.size) / RATE_HZ)) is None


def test_a_dead_channel_has_no_line():
    assert line(np.zeros(40_000)) is None
