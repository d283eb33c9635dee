"""The activated channel is the game's own recipe, written out a second time here."""

import numpy as np
import pytest

from myograph.simulate.detector import activated, activity, expected_activity, threshold
from myograph.simulate.signals import Burst, Muscle, record

B = [1.743e-19, -6.276e-4, -8.796e-5, -0.998569, 0.999912, -6.276e-4]


def emg(*bursts, seconds=20, noise_v=3e-6):
    muscle = Muscle(bursts, noise_rms_v=noise_v)
    return record(muscle, seconds * 1000, np.random.default_rng(3)).raw


def by_hand(raw):
    rectified = [
        abs(sum(b * raw[i - k] for k, b in enumerate(B) if i >= k)) for i in range(len(raw))
    ]
    return np.array([sum(rectified[max(i - 99, 0) : i + 1]) / 100 for i in range(len(raw))])


def test_activity_is_the_causal_mean_of_the_rectified_difference():
    raw = emg(Burst(0.5, 0.9, 80e-6), seconds=1)
    np.testing.assert_allclose(activity(raw), by_hand(raw), rtol=1e-9, atol=1e-18)


def test_where_the_game_sees_a_contraction_the_channel_is_its_activity_and_else_nothing():
    raw = emg(Burst(5, 7, 80e-6), Burst(10, 10.5, 80e-6))
    out = activated(raw)
    on = out > 0
    np.testing.assert_array_equal(out[on], activity(raw)[on])
    edges_s = np.flatnonzero(np.diff(on.astype(int))) / 1000
    np.testing.assert_allclose(edges_s, [5.0, 7.0, 10.0, 10.5], atol=0.12)  # it looks 0.1 s back


def test_the_threshold_moves_with_the_running_maximum_and_never_back():
    raised = threshold(activity(emg(Burst(5, 7, 80e-6), Burst(10, 12, 200e-6))))
    assert np.all(np.diff(raised) >= 0)
    assert raised[4000] < raised[8000] < raised[13000]


def test_a_silent_channel_has_no_contraction_and_its_threshold_is_a_number():
    assert not activated(np.zeros(3000)).any()
    assert np.isfinite(threshold(np.zeros(0))).all()


@pytest.mark.parametrize("hz", [60.0, 75.0, 100.0])
def test_the_activity_of_a_plateau_can_be_foretold(hz):
    muscle = Muscle((Burst(1, 59, 50e-6),), hz, noise_rms_v=0.0)
    raw = record(muscle, 60_000, np.random.default_rng(0)).raw
    assert activity(raw)[3000:57000].mean() == pytest.approx(expected_activity(50e-6, hz), rel=0.02)
