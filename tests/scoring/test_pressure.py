import numpy as np
import pytest

from myograph.errors import BadInput
from myograph.scoring.pressure import NOT_VERIFIED, OUT_OF_RANGE, cuff_pressure, pressure_gate

BOTH = ("left", "right")


@pytest.mark.parametrize(
    ("enabled", "measured", "cuffs", "value", "reason"),
    [
        (True, {"left": 45.0, "right": 55.0}, BOTH, 1, None),
        (True, {"left": 44.99, "right": 50.0}, BOTH, 0, OUT_OF_RANGE),
        (True, {"left": 50.0, "right": 55.01}, BOTH, 0, OUT_OF_RANGE),
        (True, {"left": 60.0, "right": None}, BOTH, 0, OUT_OF_RANGE),
        (True, {"left": 60.0}, BOTH, 0, OUT_OF_RANGE),
        (True, {"left": 50.0, "right": None}, BOTH, None, NOT_VERIFIED),
        (True, {"left": 50.0}, BOTH, None, NOT_VERIFIED),
        (True, {"left": 50.0}, ("left",), 1, None),
        (True, {"left": 50.0, "right": 60.0}, ("left",), 0, OUT_OF_RANGE),
        (True, {"left": None, "right": None}, BOTH, None, NOT_VERIFIED),
        (True, {}, BOTH, None, NOT_VERIFIED),
        (True, {}, (), None, NOT_VERIFIED),
        (None, {}, BOTH, None, NOT_VERIFIED),
        (None, {"left": 50.0, "right": 50.0}, BOTH, 1, None),
        (None, {"left": 80.0, "right": 50.0}, BOTH, 0, OUT_OF_RANGE),
        (False, {}, BOTH, 1, None),
        (False, {"left": 80.0}, BOTH, 1, None),
    ],
)
def test_the_gate_opens_only_on_measured_pressures(enabled, measured, cuffs, value, reason):
    gate = pressure_gate(enabled=enabled, measured=measured, cuffs=cuffs)
    assert (gate.value, gate.reason) == (value, reason)


def series(*steps):
    """(seconds, mmHg) steps, and the end of the last."""
    held = np.array([s for s, _ in steps], float)
    time_s = np.concatenate(([0.0], np.cumsum(held)))
    return time_s, np.array([p for _, p in steps] + [0.0], float)


def test_the_pressure_is_the_median_over_the_inflated_time():
    result = cuff_pressure(*series((30, 0), (60, 100), (10, 180), (20, 10)), occlusion_mmhg=200)
    assert result is not None
    assert result.percent == 50.0
    assert result.inflated_s == 70.0
    assert result.outside_share == pytest.approx(10 / 70)
    assert result.violated


def test_stretches_outside_are_counted_and_timed():
    steps = ((5, 20), (10, 100), (2, 120), (3, 118), (10, 100), (4, 0), (1, 120), (10, 100))
    result = cuff_pressure(*series(*steps), occlusion_mmhg=200)
    assert result.violations == 3
    assert result.violation_s == 11.0
    assert result.inflated_s == 41.0
    assert result.outside_share == pytest.approx(11 / 41)


def test_a_moment_of_no_length_neither_makes_nor_parts_a_violation():
    time_s = np.array([0.0, 10, 10, 20, 20, 30])
    mmhg = np.array([100.0, 200, 120, 100, 120, 0])
    result = cuff_pressure(time_s, mmhg, occlusion_mmhg=200)
    assert (result.violations, result.violation_s) == (1, 20.0)
    assert result.deviation_percent == 10.0


def test_a_steady_pressure_is_stable_and_a_wavering_one_is_not():
    assert cuff_pressure(*series((60, 100)), occlusion_mmhg=200).stability == 0
    wavering = cuff_pressure(*series((30, 90), (10, 0), (30, 110)), occlusion_mmhg=200)
    assert wavering.stability == pytest.approx(0.1)
    weighted = cuff_pressure(*series((45, 90), (15, 130)), occlusion_mmhg=200)
    assert weighted.stability == pytest.approx(np.std([90, 90, 90, 130]) / 100)


def test_the_largest_deviation_is_that_from_the_target():
    steps = series((10, 96), (10, 112), (10, 5))
    assert cuff_pressure(*steps, occlusion_mmhg=200).deviation_percent == pytest.approx(6)
    other = cuff_pressure(*steps, occlusion_mmhg=200, target_percent=55.0)
    assert other.deviation_percent == pytest.approx(7)


def test_long_steps_weigh_more_than_many_samples():
    result = cuff_pressure(*series((1, 50), (1, 50), (1, 50), (10, 100)), occlusion_mmhg=200)
    assert result is not None
    assert result.percent == 50.0


@pytest.mark.parametrize(("outside_s", "violated"), [(10, False), (10.1, True)])
def test_more_than_a_tenth_of_the_time_outside_is_a_violation(outside_s, violated):
    result = cuff_pressure(*series((100 - outside_s, 100), (outside_s, 120)), occlusion_mmhg=200)
    assert result is not None
    assert result.violated is violated


@pytest.mark.parametrize(("mmhg", "outside"), [(89, 1), (90, 0), (110, 0), (111, 1)])
def test_both_ends_of_the_range_are_safe(mmhg, outside):
    result = cuff_pressure(*series((60, mmhg)), occlusion_mmhg=200)
    assert result is not None
    assert result.outside_share == outside


@pytest.mark.parametrize(("mmhg", "inflated"), [(10.0, False), (10.1, True)])
def test_a_cuff_is_inflated_above_10_mmhg(mmhg, inflated):
    assert (cuff_pressure(*series((60, mmhg)), occlusion_mmhg=200) is not None) == inflated


def test_any_occlusion_pressure_above_zero_is_taken():
    result = cuff_pressure(*series((60, 20)), occlusion_mmhg=0.5)
    assert result is not None
    assert result.percent == 4000.0


def test_a_cuff_that_was_never_inflated_was_not_measured():
    assert cuff_pressure(np.array([]), np.array([]), occlusion_mmhg=200) is None
    assert cuff_pressure(np.array([0.0]), np.array([100.0]), occlusion_mmhg=200) is None


@pytest.mark.parametrize(
    ("time_s", "occlusion_mmhg", "sentence"),
    [
        ([0, 2, 1], 200, "must rise"),
        ([0, 1, 2], 0, "lies above 0 mmHg"),
        ([0, 1, 2], np.nan, "lies above 0 mmHg"),
        ([0, 1, 2], np.inf, "lies above 0 mmHg"),
    ],
)
def test_what_cannot_be_right_is_refused(time_s, occlusion_mmhg, sentence):
    with pytest.raises(BadInput, match=sentence):
        cuff_pressure(np.array(time_s, float), np.full(3, 100.0), occlusion_mmhg=occlusion_mmhg)
