import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from myograph.signal.envelope import envelope_of
from myograph.signal.grid import grid_of_filtered
from myograph.signal.runs import NONE
from tests.signals import Burst, Scene

RATE_HZ = 1000.0


def envelope(y, rate_hz=RATE_HZ):
    grid = grid_of_filtered(y, rate_hz, NONE, 0.005)
    return envelope_of(grid, corner_hz=10.0, order=4, rms_s=0.05)


def test_the_envelope_of_a_steady_tone_is_its_mean_absolute_value():
    y = np.sin(2 * np.pi * 97 * np.arange(4000) / RATE_HZ)
    middle = envelope(y)[200:600]
    np.testing.assert_allclose(middle, 2 / np.pi, rtol=0.02)


def test_the_grid_follows_the_full_rate_within_a_hundredth_of_the_peak():
    y = Scene(20, [Burst(3, 5, 1e-4), Burst(8, 8.4, 5e-5), Burst(12, 16, 2e-4)]).at(RATE_HZ)
    low = sosfiltfilt(butter(4, 10.0, fs=RATE_HZ, output="sos"), np.abs(y))
    full = np.sqrt(uniform_filter1d(np.maximum(low, 0) ** 2, 55))
    centres = full.reshape(-1, 5)[:, 2]
    assert np.abs(envelope(y) - centres).max() <= 0.01 * full.max()


def test_the_envelope_is_never_negative():
    y = np.zeros(4000)
    y[2000:2050] = 1.0
    assert envelope(y).min() >= 0
