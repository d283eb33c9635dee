"""The simulation against the real recordings it imitates."""

import numpy as np
import pytest

from myograph.api import read
from myograph.simulate.detector import activity
from myograph.simulate.signals import ADC_MINIMUM_V, ADC_STEP_V

pytestmark = pytest.mark.recordings


def test_the_games_activated_channels_are_reproduced(recordings):
    compared = 0
    for path in sorted((recordings / "ghostly").glob("*.c3d")):
        for channel in read(path, recover=True).channels:
            on = channel.activated > 0
            error = np.abs(activity(channel.samples)[on] / channel.activated[on] - 1)
            assert np.median(error) <= 2e-7
            assert error.max() < 5e-5
            compared += 1
    assert compared == 12


def test_the_adc_has_the_simulated_steps_and_limit(recordings):
    lowest = []
    for path in sorted((recordings / "ghostly").glob("*2023032*.c3d")):
        for channel in read(path).channels:
            steps = channel.samples / ADC_STEP_V
            np.testing.assert_allclose(steps, np.round(steps), atol=2e-3)
            lowest.append(channel.samples.min())
    assert min(lowest) == np.float32(ADC_MINIMUM_V)
