"""Numbers that others have published of an open recording (BMClab/BMC, data/emg.csv, CC BY 4.0)."""

import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.signal.filters import bandpass, filtered, lowpass
from tests.signals import recording

pytestmark = pytest.mark.recordings

RATE_HZ = 1000.0
ONSETS = np.array([[399, 859], [1388, 1879], [2410, 2918]]) / RATE_HZ


@pytest.fixture(scope="module")
def x(recordings):
    return np.loadtxt(recordings / "bmc" / "emg.csv", delimiter=",")[:, 1]


@pytest.fixture(scope="module")
def bandpassed(x):
    return filtered(x, bandpass(RATE_HZ, (10.0, 400.0), 2))


def test_the_rms_of_the_bandpassed_signal(bandpassed):
    assert np.sqrt(np.mean(bandpassed**2)) == pytest.approx(0.020019669235775334, rel=1e-12)


def test_the_area_under_its_linear_envelope(bandpassed):
    envelope = filtered(np.abs(bandpassed), lowpass(RATE_HZ, 8.0, 2))
    assert np.trapezoid(envelope, dx=1 / RATE_HZ) == pytest.approx(0.040506, rel=1e-3)


def test_the_three_bursts(x):
    contractions = measure(recording(x), DEFAULT).channels[0].contractions
    assert len(contractions) == 3
    for found, (start_s, end_s) in zip(contractions, ONSETS, strict=True):
        assert found.start_s <= start_s
        assert found.end_s >= end_s
        assert (end_s - start_s) / found.duration_s > 0.5
