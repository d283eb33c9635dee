"""A cuff's pressures as a CSV: what is read, and which line is refused for what."""

import numpy as np
import pytest

from myograph.errors import BadInput
from myograph.scoring.pressure_series import pressures_of, series_of

TEXT = """\
time_s,pressure_mmhg,leg
0,100,left
0,90,right
10,104,left
12,0,right
20,0,left
"""


def test_each_leg_has_its_own_series():
    found = series_of(TEXT, "cuff.csv")
    np.testing.assert_array_equal(found["left"].time_s, [0, 10, 20])
    np.testing.assert_array_equal(found["left"].pressure_mmhg, [100, 104, 0])
    np.testing.assert_array_equal(found["right"].time_s, [0, 12])


def test_one_leg_is_enough():
    assert list(series_of("leg,time_s,pressure_mmhg\nright,0,90\n", "cuff.csv")) == ["right"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufefftime_s,pressure_mmhg,leg\r\n0.5,100.25,left\r\n",
        "time_s;pressure_mmhg;leg\n0,5;100,25;left\n",
        "device,leg,pressure_mmhg,time_s\nA1, Left ,100.25,0.5\n",
        'time_s,pressure_mmhg,leg\n"0.5","100.25","LEFT"\n',
    ],
)
def test_what_spreadsheets_write_is_read(text):
    own = series_of(text, "cuff.csv")["left"]
    assert (own.time_s.tolist(), own.pressure_mmhg.tolist()) == ([0.5], [100.25])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cuff.csv has no column time_s, pressure_mmhg, leg."),
        ("time_s,leg\n0,left", "cuff.csv has no column pressure_mmhg."),
        ("time_s,pressure_mmhg,leg\n", "cuff.csv holds no measurement."),
        ("time_s,pressure_mmhg,leg\nx,1,left", "cuff.csv, line 2: time_s is no number: 'x'."),
        (
            "time_s,pressure_mmhg,leg\n0,1,left\n1,nan,left",
            "cuff.csv, line 3: pressure_mmhg is no number: 'nan'.",
        ),
        ("time_s,pressure_mmhg,leg\n0", "cuff.csv, line 2: the leg is left or right, not ''."),
        (
            "leg,pressure_mmhg,time_s\nleft,1",
            "cuff.csv, line 2: time_s is no number: ''.",
        ),
        ("time_s,pressure_mmhg,leg\n0,1,both", "cuff.csv, line 2: the leg is left or right, not"),
        ("time_s,pressure_mmhg,leg\n0,-1,left", "cuff.csv, line 2: a cuff holds 0 to 1000 mmHg."),
        ("time_s,pressure_mmhg,leg\n0,1000.1,left", "cuff.csv, line 2: a cuff holds 0 to 1000"),
        ("time_s,pressure_mmhg,leg\n86400.1,1,left", "cuff.csv, line 2: no session lasts longer"),
        (
            "time_s,pressure_mmhg,leg\n5,1,left\n1,1,right\n4,1,left",
            "cuff.csv, line 4: the times of a leg must rise.",
        ),
        (
            f'time_s,pressure_mmhg,leg\n0,"{"1" * 200_000}",left',
            "cuff.csv is no table: field larger",
        ),
        (f'"{"1" * 200_000}"', "cuff.csv is no table: field larger"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_line(text, sentence):
    with pytest.raises(BadInput) as refusal:
        series_of(text, "cuff.csv")
    assert refusal.value.sentence.startswith(sentence)


def test_a_day_and_the_highest_pressure_are_taken():
    own = series_of("time_s,pressure_mmhg,leg\n86400,1000,left", "cuff.csv")["left"]
    assert (own.time_s.tolist(), own.pressure_mmhg.tolist()) == ([86400.0], [1000.0])


def test_pressures_are_those_of_each_legs_own_occlusion():
    found = pressures_of(series_of(TEXT, "cuff.csv"), {"left": 200.0, "right": 180.0})
    assert (found["left"].percent, found["right"].percent) == (50.0, 50.0)


def test_a_leg_that_was_never_inflated_was_not_measured():
    flat = series_of("time_s,pressure_mmhg,leg\n0,5,left\n9,5,left", "cuff.csv")
    assert pressures_of(flat, {"left": 200.0}) == {"left": None}


@pytest.mark.parametrize(
    ("occlusion", "sentence"),
    [
        ({"left": 200.0}, "The arterial occlusion pressure of the right leg is needed."),
        ({"left": 200.0, "right": -1.0}, "The arterial occlusion pressure lies above 0 mmHg."),
    ],
)
def test_an_occlusion_pressure_is_needed_for_each_leg(occlusion, sentence):
    with pytest.raises(BadInput, match=sentence):
        pressures_of(series_of(TEXT, "cuff.csv"), occlusion)


def test_an_occlusion_pressure_of_a_leg_without_a_series_is_refused():
    left = series_of("time_s,pressure_mmhg,leg\n0,5,left", "cuff.csv")
    with pytest.raises(BadInput, match="The series holds no pressure of the right leg"):
        pressures_of(left, {"left": 200.0, "right": 180.0})
