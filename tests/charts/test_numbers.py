from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.charts.numbers import clock, decimal, digits_of, duration, microvolts, step, ticks


@pytest.mark.parametrize(
    ("start", "stop", "most", "expected"),
    [
        (0, 120, 6, [0, 20, 40, 60, 80, 100, 120]),
        (-620, 620, 4, [-500, 0, 500]),
        (37.8, 41.8, 8, [38, 38.5, 39, 39.5, 40, 40.5, 41, 41.5]),
        (0.003, 0.012, 5, [0.004, 0.006, 0.008, 0.010, 0.012]),
    ],
)
def test_ticks_are_round_numbers_inside_the_axis(start, stop, most, expected):
    assert ticks(start, stop, most) == pytest.approx(expected)


@given(
    start=st.floats(-1000, 4000),
    length=st.floats(0.005, 4000),
    most=st.integers(2, 10),
)
def test_ticks_stay_inside_are_evenly_spread_and_never_too_many(start, length, most):
    found = ticks(start, start + length, most)
    each = step(length, most)
    assert all(start - 1e-6 * each <= t <= start + length + 1e-6 * each for t in found)
    assert len(found) <= most + 1
    assert all(b - a == pytest.approx(each) for a, b in pairwise(found))


@pytest.mark.parametrize(("each", "digits"), [(20, 0), (1, 0), (0.5, 1), (0.01, 2), (0.002, 3)])
def test_digits_tell_neighbouring_ticks_apart(each, digits):
    assert digits_of(each) == digits


@pytest.mark.parametrize(
    ("seconds", "digits", "words"),
    [
        (39.5, 1, "39.5 s"),
        (0, 0, "0 s"),
        (599, 0, "599 s"),
        (600, 0, "10:00"),
        (754.5, 1, "12:34.5"),
    ],
)
def test_a_moment_is_in_seconds_and_from_ten_minutes_on_in_minutes(seconds, digits, words):
    assert clock(seconds, digits) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.27, "0.27 s"),
        (9.99, "9.99 s"),
        (9.996, "10 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
    ],
)
def test_a_duration_never_reads_sixty_seconds(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("volts", "words"),
    [(142.4e-6, "142"), (99.94e-6, "99.9"), (99.96e-6, "100"), (-17e-6, "−17.0"), (0.0, "0.0")],
)
def test_microvolts_keep_a_decimal_where_there_are_few(volts, words):
    assert microvolts(volts) == words


def test_minus_is_a_minus_sign_and_never_stands_before_zero():
    assert decimal(-500, 0) == "\N{MINUS SIGN}500"
    assert decimal(-0.04, 1) == "0.0"
