from dataclasses import replace

import pytest

from myograph.analysis.results import Fatigue, Regression
from myograph.db.fatigue import NOT_LOOKED_FOR
from myograph.web.pages.fatigue import lines_of, rows_of
from tests.web.pages.stored import stored, with_channel

FALLING = Regression(
    n=14,
    slope_per_min=-9.0,
    intercept=77.6,
    slope_per_min_percent=-11.6,
    low_per_min_percent=-14.1,
    high_per_min_percent=-9.1,
    r2=0.834,
    p=0.0004,
    robust_slope_per_min=-8.8,
    robust_slope_per_min_percent=-11.2,
)
RISING = replace(
    FALLING,
    slope_per_min_percent=20.0,
    low_per_min_percent=-0.04,
    high_per_min_percent=40.0,
    p=0.0512,
    robust_slope_per_min_percent=None,
)
TIRED = Fatigue(
    mdf=FALLING,
    mpf=FALLING,
    rms=RISING,
    fi_nsm5=RISING,
    quadrant="fatigue",
    level=0.025,
    mdf_falls=True,
    sentence="MDF falls by 11.6 %/min (95 % CI 9.1 to 14.1).",
)


def first_line(fatigue):
    return lines_of(with_channel(stored(), fatigue=fatigue).channels)[0]


def change(fatigue, name):
    rows = {row.name: row for row in rows_of(with_channel(stored(), fatigue=fatigue).channels)}
    cell = rows[name].cells[0]
    return cell.text, cell.note.replace("\xa0", " ")


def test_the_verdict_stands_with_its_interval_and_what_it_rests_on():
    line = first_line(TIRED)
    assert (line.side, line.who) == ("left", "Left")
    assert line.verdict == "MDF falls by 11.6 %/min (95 % CI 9.1 to 14.1)."
    assert line.beside == (
        "14 contractions, r² 0.83, p < 0.001 (tested at 0.025); "
        "frequency down and amplitude up, as in fatigue"
    )


@pytest.mark.parametrize(
    ("quadrant", "words"),
    [
        ("fatigue", "frequency down and amplitude up"),
        ("less_force", "frequency and amplitude down"),
        ("more_force", "frequency and amplitude up"),
        ("recovery", "frequency up and amplitude down"),
    ],
)
def test_each_quadrant_has_its_words(quadrant, words):
    assert words in first_line(replace(TIRED, quadrant=quadrant)).beside


def test_without_a_quadrant_or_a_level_nothing_is_said_of_them():
    line = first_line(replace(TIRED, quadrant=None, level=None))
    assert line.beside == "14 contractions, r² 0.83, p < 0.001"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("the signal of CH1 is poor", "Fatigue not measured: the signal of CH1 is poor."),
        (NOT_LOOKED_FOR, f"Fatigue not measured: {NOT_LOOKED_FOR}."),
    ],
)
def test_without_a_trend_the_reason_stands_in_its_place(reason, said):
    line = first_line(Fatigue(reason=reason))
    assert (line.verdict, line.beside) == (said, "")


def test_where_no_muscle_has_a_trend_there_is_no_table():
    assert rows_of(with_channel(stored(), fatigue=Fatigue(reason="poor")).channels) == []


def test_a_muscle_without_a_trend_stands_beside_one_that_has_it():
    loaded = stored()
    left, right = loaded.channels
    channels = [replace(left, fatigue=TIRED), replace(right, fatigue=Fatigue(reason="poor"))]
    mdf = rows_of(channels)[0]
    assert [cell.text for cell in mdf.cells] == ["−11.6 %/min", "not measured"]
    assert mdf.cells[1].note == "as said above"


def test_changes_carry_sign_interval_and_robust_slope():
    assert change(TIRED, "MDF") == (
        "−11.6 %/min",
        "−14.1 to −9.1, r² 0.83, p < 0.001, robust −11.2",
    )
    assert change(TIRED, "RMS") == ("+20.0 %/min", "0.0 to +40.0, r² 0.83, p 0.051")


def test_a_line_that_does_not_begin_above_nothing_has_no_share():
    none = replace(FALLING, slope_per_min_percent=None)
    text, note = change(replace(TIRED, mpf=none), "MPF")
    assert (text, note) == ("not measured", "the line does not begin above 0")


def test_the_fatigue_of_a_simulated_session_is_shown_as_it_was_measured():
    loaded = stored()
    assert loaded.channels[0].fatigue.sentence or loaded.channels[0].fatigue.reason
    for line, channel in zip(lines_of(loaded.channels), loaded.channels, strict=True):
        said = channel.fatigue.sentence or channel.fatigue.reason
        assert said.rstrip(".") in line.verdict
