import dataclasses

import numpy as np
import pytest

from myograph.analysis.processed import rules_of
from myograph.analysis.protocol import DEFAULT
from myograph.signal.artefacts import find_artefacts
from myograph.signal.runs import lengths
from tests.signals import Burst, Scene, facts

RATE_HZ = 1000.0
SIZE = 4000
PLAIN = rules_of(facts(SIZE), DEFAULT)
GHOSTLY = rules_of(facts(SIZE, full_scale_v=5.5e-3, repeat_block=15), DEFAULT)


def noise(seed=0, size=SIZE):
    return 1e-5 * np.random.default_rng(seed).standard_normal(size)


def found(x, rules=PLAIN):
    return find_artefacts(x, RATE_HZ, rules)


def test_noise_alone_holds_no_artefact():
    result = found(noise(), GHOSTLY)
    assert len(result.masked) == 0
    assert len(result.unusable) == 0
    assert result.limit_samples == 0


@pytest.mark.parametrize(("samples", "dropouts", "saturated"), [(20, 1, 0), (19, 0, 1)])
def test_equal_samples_at_the_extreme_are_a_dropout_from_20_ms_on(samples, dropouts, saturated):
    x = noise()
    x[1000 : 1000 + samples] = -5.5e-3
    result = found(x)
    assert (len(result.dropouts), len(result.saturated)) == (dropouts, saturated)
    assert lengths(result.masked).sum() == samples
    assert result.limit_samples == (0 if dropouts else samples)


@pytest.mark.parametrize(("samples", "runs"), [(4, 0), (5, 1)])
def test_five_equal_samples_at_the_extreme_are_saturation(samples, runs):
    x = noise()
    x[1000 : 1000 + samples] = 1e-4
    assert len(found(x).saturated) == runs


@pytest.mark.parametrize(("samples", "runs"), [(2, 0), (3, 1)])
def test_three_samples_beyond_the_sensors_limit_are_saturation(samples, runs):
    x = noise()
    x[1000 : 1000 + samples] = 5.48e-3 + 1e-6 * np.arange(samples)
    x[2000] = -5.49e-3
    result = found(x, GHOSTLY)
    assert len(result.saturated) == runs
    assert result.limit_samples == samples + 1, "the share counts lone samples too"


def test_just_below_the_sensors_limit_nothing_is_saturated():
    x = noise()
    x[1000:1003] = np.array([0.0, 1e-7, 2e-7]) + 0.995 * 5.5e-3 - 1e-6
    assert len(found(x, GHOSTLY).saturated) == 0


def test_a_dropout_is_not_counted_as_saturated():
    x = noise()
    x[1000:1270] = -5.500084e-3
    result = found(x, GHOSTLY)
    assert len(result.dropouts) == 1
    assert len(result.saturated) == 0
    assert result.limit_samples == 0


@pytest.mark.parametrize(("samples", "runs"), [(49, 0), (50, 1)])
def test_a_flat_line_is_constant_for_50_ms(samples, runs):
    x = noise()
    x[1000 : 1000 + samples] = 1e-6
    assert len(found(x).flat) == runs


@pytest.mark.parametrize(("samples", "runs"), [(14, 0), (15, 1), (30, 1)])
def test_a_repeated_block_is_found_where_the_sensor_may_repeat(samples, runs):
    x = noise()
    x[1015 : 1015 + samples] = np.resize(x[1000:1015], samples)
    assert len(found(x, GHOSTLY).repeats) == runs
    assert len(found(x, PLAIN).repeats) == 0


def test_a_constant_stretch_is_flat_and_not_a_repeat():
    x = noise()
    x[1000:1100] = 1e-6
    result = found(x, GHOSTLY)
    assert len(result.repeats) == 0
    assert len(result.flat) == 1


def test_samples_that_are_no_numbers_are_masked_and_counted():
    x = noise()
    x[1000:1003] = [np.nan, np.inf, -np.inf]
    x[2000:2030] = np.nan
    result = found(x)
    assert result.non_finite == 33
    assert lengths(result.masked).sum() == 33


def test_what_is_not_finite_is_neither_flat_nor_at_the_limit():
    x = noise()
    x[1000:1100] = np.inf
    x[2000:2003] = 5.49e-3
    result = found(x, GHOSTLY)
    assert result.non_finite == 100
    assert (len(result.flat), len(result.dropouts), len(result.repeats)) == (0, 0, 0)
    assert (len(result.saturated), result.limit_samples) == (1, 3)


def test_numbers_missing_beside_a_dropout_are_both_masked():
    x = noise()
    x[1000:1003] = np.nan
    x[2000:2100] = -5.5e-3
    assert lengths(found(x).masked).sum() == 103


def test_a_channel_without_a_number_is_all_mask():
    np.testing.assert_array_equal(found(np.full(SIZE, np.nan)).masked, [[0, SIZE]])


def test_a_lone_spike_is_masked():
    x = noise()
    x[2001:2004] += [3e-4, -4e-4, 2e-4]
    result = found(x)
    assert len(result.spikes) == 1
    np.testing.assert_array_equal(result.masked, [[1990, 2020]], "its cell and both neighbours")


def test_a_spike_beside_missing_samples_is_still_judged_by_its_surroundings():
    x = noise() + 1.0
    x[500:1800] = np.nan
    x[3001:3004] += [3e-4, -4e-4, 2e-4]
    assert len(found(x).spikes) == 1


@pytest.mark.parametrize("apart_ms", [50, 90])
def test_two_spikes_close_together_do_not_stand_alone(apart_ms):
    x = noise()
    for at in (2001, 2001 + apart_ms):
        x[at : at + 3] += [3e-4, -4e-4, 2e-4]
    assert len(found(x).spikes) == 0


def test_a_burst_of_muscle_is_no_spike():
    x = Scene(4, [Burst(2, 2.2, 1e-4)]).at(RATE_HZ)
    assert len(found(x).spikes) == 0


def test_a_short_recording_cannot_tell_what_a_spike_is():
    x = noise(size=399)
    x[201:204] += [3e-4, -4e-4, 2e-4]
    assert len(found(x).spikes) == 0
    longer = np.concatenate((x, noise(1, 1)))
    assert len(found(longer).spikes) == 1


def test_in_a_constant_channel_nothing_is_a_spike():
    result = found(np.zeros(SIZE))
    assert len(result.spikes) == 0
    np.testing.assert_array_equal(result.masked, [[0, SIZE]])


def test_the_mask_is_widened_by_the_settling_time_of_the_filter():
    x = noise()
    x[1000:1100] = -5.5e-3
    np.testing.assert_array_equal(found(x).unusable, [[950, 1150]])


def test_without_a_settling_time_the_mask_is_left_as_it_is():
    x = noise()
    x[1000:1100] = -5.5e-3
    result = found(x, dataclasses.replace(PLAIN, settle_s=0.0))
    np.testing.assert_array_equal(result.unusable, result.masked)


def test_a_wider_mask_joins_what_comes_close():
    x = noise()
    x[[1000, 1090]] = np.nan
    np.testing.assert_array_equal(found(x).unusable, [[950, 1141]])
