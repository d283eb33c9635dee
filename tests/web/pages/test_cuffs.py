from dataclasses import fields, replace

import pytest

from myograph.db.pressures import Cuff
from myograph.web.pages.cuffs import CuffLine, lines_of
from tests.web.pages.stored import blank

BY_HAND = blank(Cuff, leg="left", actual_pressure_aop=52.0, measurement_method="manual")
SERIES = blank(
    Cuff,
    leg="right",
    actual_pressure_aop=50.0,
    measurement_method="sensor",
    pressure_stability_coefficient=0.053,
    safety_violations_count=2,
    safety_violations_duration_seconds=30.0,
    max_pressure_deviation_aop=12.5,
    bfr_session_duration_minutes=5.0,
)


def test_a_pressure_that_was_read_off_is_said_to_be_entered():
    [line] = lines_of([BY_HAND])
    assert line == CuffLine("Left cuff: 52.0 % of occlusion pressure, as entered", alert=False)


@pytest.mark.parametrize(("outside_s", "alert"), [(30.0, False), (30.1, True)])
def test_more_than_a_tenth_of_the_time_outside_is_a_violation(outside_s, alert):
    lines = lines_of([replace(SERIES, safety_violations_duration_seconds=outside_s)])
    middle, outside = (line.text for line in lines)
    assert middle == (
        "Right cuff: 50.0 % of occlusion pressure in the middle of 5 min 00 s, stability 0.053, "
        "at most 12.5 % off 50 %"
    )
    assert outside.startswith("Right cuff: outside 2 times for 30 s, 10 % of the time")
    assert outside.endswith("a violation") is alert
    assert {line.alert for line in lines} == {alert}


def test_a_series_that_never_left_the_range_has_no_line_about_it():
    calm = replace(SERIES, safety_violations_count=0, safety_violations_duration_seconds=0.0)
    assert len(lines_of([calm])) == 1


@pytest.mark.parametrize(
    "missing",
    [f.name for f in fields(Cuff) if "safety_v" in f.name or "max" in f.name or "stab" in f.name]
    + ["bfr_session_duration_minutes"],
)
def test_what_is_not_stored_of_a_series_is_not_made_up(missing):
    [line] = lines_of([replace(SERIES, **{missing: None})])
    assert line.text.startswith("Right cuff: 50.0 % of occlusion pressure")


def test_a_cuff_that_was_never_inflated_or_never_spoken_of_has_no_number():
    never = blank(Cuff, leg="left", measurement_method="sensor", bfr_session_duration_minutes=0.0)
    [line] = lines_of([never])
    assert line.text == "Left cuff: not measured, it was never inflated"
    assert lines_of([blank(Cuff, leg="left", target_pressure_aop=50.0)]) == []
