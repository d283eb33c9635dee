"""The game's own contraction detector, as its recordings show it: the `activated` channels."""

import numpy as np

from myograph.recording import Signal
from myograph.simulate.signals import RATE_HZ, spectrum

# Found by fitting real recordings, whose activated channels it reproduces to the last digit stored.
DIFFERENCE = (1.743e-19, -6.276e-4, -8.796e-5, -0.998569, 0.999912, -6.276e-4)
MEAN_SAMPLES = 100

_CALIBRATION_SAMPLES = 1000
_CALIBRATION_FACTOR = 1.2
_SHARE_OF_MAXIMUM = 0.15


def activity(raw: Signal) -> Signal:
    """(n,) the causal mean of the rectified difference of `raw` over 100 samples, in its unit."""
    rectified = np.abs(np.convolve(raw, DIFFERENCE)[: raw.size])
    summed = np.cumsum(np.concatenate([np.zeros(MEAN_SAMPLES), rectified]))
    return (summed[MEAN_SAMPLES:] - summed[:-MEAN_SAMPLES]) / MEAN_SAMPLES


def threshold(level: Signal) -> Signal:
    """What `level` must exceed: a floor learnt in the first second, and more as the maximum grows.

    The real game's threshold moves with the running maximum too; by how much differs between its
    recordings, and no record says why. This share lies among those seen.
    """
    floor = _CALIBRATION_FACTOR * float(level[:_CALIBRATION_SAMPLES].max(initial=0.0))
    highest = np.maximum.accumulate(level)
    return floor + _SHARE_OF_MAXIMUM * np.maximum(highest - floor, 0.0)


def activated(raw: Signal) -> Signal:
    """(n,) the activity where the game sees a contraction, 0 elsewhere."""
    level = activity(raw)
    return np.where(level > threshold(level), level, 0.0)


def expected_activity(rms_v: float, median_hz: float) -> float:
    """What `activity` settles at during a plateau: EMG of Gaussian samples of `rms_v`, in volts."""
    f_hz = np.linspace(0, RATE_HZ / 2, 2001)
    delays = np.exp(-2j * np.pi * f_hz / RATE_HZ)[:, None] ** np.arange(len(DIFFERENCE))
    gain = np.abs(delays @ np.array(DIFFERENCE))
    variance = np.trapezoid(spectrum(f_hz, median_hz) * gain**2, f_hz)
    return float(rms_v * np.sqrt(2 / np.pi * variance))
