"""Each rule on both sides of its edge, and the numbers that fired it."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from myograph.scoring.adherence import Adherence
from myograph.scoring.alerts import MuscleNumbers, SessionNumbers, alerts_of

START = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - local time
FINE = Adherence(90.0, "excellent", 7, 14, 15.0)
UNKNOWN = Adherence(None, None, 2, 1, 4.3, "before day 3")


def sessions(*known):
    """One each day, each with these numbers."""
    return [
        SessionNumbers(START + timedelta(days=day), **{"method": "2026.2", **numbers})
        for day, numbers in enumerate(known)
    ]


def codes(*known, adherence=FINE):
    return [alert.code for alert in alerts_of(sessions(*known), adherence)]


def test_where_nothing_is_wrong_there_is_no_alert():
    assert alerts_of([], FINE) == ()
    assert codes({"symmetry": 90.0, "bfr_gate": 1}, {}) == []


@pytest.mark.parametrize(
    ("percent", "fires"), [(49.9, True), (49.96, False), (50.0, False), (None, False)]
)
def test_adherence_below_half(percent, fires):
    found = replace(FINE, percent=percent, completed=7)
    assert codes(adherence=found) == (["adherence"] if fires else [])


def test_an_adherence_that_is_not_known_is_no_alert():
    assert codes(adherence=UNKNOWN) == []
    assert codes(adherence=replace(FINE, percent=10.0, completed=None)) == []
    assert codes(adherence=replace(FINE, percent=10.0, planned=None)) == []


def test_adherence_says_its_numbers():
    (alert,) = alerts_of([], Adherence(40.0, "poor", 7, 6, 15.0))
    assert alert.sentence == "6 of 15.0 planned sessions were done (40 %)."
    assert alert.numbers == {"percent": 40.0, "completed": 6, "planned": 15.0, "below": 50.0}


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ((69.9, 60.0), True),
        ((69.94, 60.0), True),
        ((69.96, 60.0), False),
        ((70.0, 60.0), False),
        ((60.0, 70.0), False),
        ((60.0,), False),
        ((60.0, None, 60.0), True),
        ((60.0, 60.0, 80.0), False),
        ((80.0, 60.0, 60.0), True),
        ((None, None), False),
    ],
)
def test_symmetry_low_twice(values, fires):
    found = codes(*({"symmetry": value} for value in values))
    assert found == (["symmetry"] if fires else [])


def test_symmetry_says_its_numbers_in_the_order_of_time():
    made = sessions({"symmetry": 60.0}, {"symmetry": 65.04})
    (alert,) = alerts_of(made[::-1], FINE)
    assert alert.sentence == "Symmetry was 60.0 and 65.0 in the last two sessions."
    assert alert.numbers == {"before": 60.0, "latest": 65.04, "below": 70.0}


@pytest.mark.parametrize(
    ("gates", "fires"), [((0,), True), ((1,), False), ((None,), False), ((0, 1), False)]
)
def test_a_pressure_out_of_range_in_the_latest_session(gates, fires):
    found = codes(*({"bfr_gate": gate, "pressures": {"left": 60.0}} for gate in gates))
    assert found == (["pressure"] if fires else [])


def test_a_pressure_says_what_was_measured():
    pressures = {"left": 61.25, "right": None}
    (alert,) = alerts_of(sessions({"bfr_gate": 0, "pressures": pressures}), FINE)
    assert alert.sentence == "The cuff pressure was outside the safe range: left 61.2 %."
    assert alert.numbers == {"left": 61.25}


def muscles(verdict="good", slope=None, name="left quadriceps"):
    return {"muscles": {name: MuscleNumbers(verdict, slope)}}


@pytest.mark.parametrize(
    ("verdicts", "fires"),
    [
        (("poor", "poor"), True),
        (("poor",), False),
        (("poor", "usable"), False),
        (("usable", "poor"), False),
        (("good", "poor", "poor"), True),
        (("poor", "poor", "good"), False),
    ],
)
def test_quality_poor_twice(verdicts, fires):
    assert codes(*map(muscles, verdicts)) == (["quality"] if fires else [])


def test_quality_is_that_of_one_muscle():
    left, right = muscles("poor"), muscles("poor", name="right quadriceps")
    assert codes(left, right) == []
    (alert,) = alerts_of(sessions(left, right, left), FINE)
    assert alert.sentence == (
        "The signal of the left quadriceps was poor in the last two sessions."
    )
    assert alert.numbers == {"sessions": 2}


EARLIER = (-4.0, -1.0, -3.0, 0.0, -2.0, 1.0)
UNUSUAL = float(np.quantile(EARLIER, 0.05))


@pytest.mark.parametrize(
    ("earlier", "latest", "fires"),
    [
        (EARLIER, UNUSUAL - 0.01, True),
        (EARLIER, UNUSUAL, False),
        (EARLIER, None, False),
        (EARLIER[1:], -50.0, False),
        ((*EARLIER[1:], None), -50.0, False),
        ((*EARLIER, None), -50.0, True),
        ((), -50.0, False),
    ],
)
def test_a_fall_of_mdf_below_what_the_muscle_did_before(earlier, latest, fires):
    found = codes(*(muscles(slope=slope) for slope in (*earlier, latest)))
    assert found == (["fatigue"] if fires else [])


def test_only_sessions_of_the_same_method_and_muscle_are_compared():
    before = [muscles(slope=slope) for slope in EARLIER]
    assert codes(*before, muscles(slope=-50.0)) == ["fatigue"]
    other = [{**numbers, "method": "2026.1"} for numbers in before]
    assert codes(*other, muscles(slope=-50.0)) == []
    assert codes(*before, muscles(slope=-50.0, name="right quadriceps")) == []


def test_fatigue_says_its_numbers():
    made = sessions(*(muscles(slope=slope) for slope in (*EARLIER, -9.0)))
    (alert,) = alerts_of(made, FINE)
    assert alert.sentence == (
        "MDF of the left quadriceps changed by \N{MINUS SIGN}9.0 %/min; in 6 earlier sessions "
        f"it hardly ever went below \N{MINUS SIGN}{-UNUSUAL:.1f} %/min."
    )
    assert alert.numbers == {"slope": -9.0, "below": UNUSUAL, "earlier_sessions": 6}


def test_every_rule_may_fire_at_once():
    known = [{**muscles("poor", slope), "symmetry": 10.0, "bfr_gate": 0} for slope in EARLIER]
    made = [*known, {**muscles("poor", -9.0), "symmetry": 10.0, "bfr_gate": 0}]
    found = codes(*made, adherence=replace(FINE, percent=10.0))
    assert found == ["adherence", "symmetry", "pressure", "quality", "fatigue"]
