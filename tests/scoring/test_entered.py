"""What a person says goes before the file, and the file before a default."""

import math

import pytest

from myograph.errors import BadInput
from myograph.scoring.entered import Entered, sources_of, with_entered
from myograph.scoring.pressure import CuffPressure
from myograph.scoring.session import SessionInputs

CUFF = CuffPressure(51.0, 300.0, 0.0, 0.01, 0, 0.0, 3.0)
OF_FILE = SessionInputs(rpe=3.0, rpe_source="file", game_points=7.0)


def test_nothing_entered_changes_nothing():
    assert with_entered(OF_FILE, Entered()) == OF_FILE


def test_what_is_entered_goes_before_the_file():
    entered = Entered(
        rpe=6,
        game_maximum=10.0,
        target=9,
        mvc_v={"left": 1e-4},
        bfr_enabled=True,
        pressures={"left": 52.0},
        series={"right": CUFF},
    )
    assert with_entered(OF_FILE, entered) == SessionInputs(
        rpe=6,
        rpe_source="entered",
        game_points=7.0,
        game_maximum=10.0,
        target=9,
        user_mvc_v={"left": 1e-4},
        bfr_enabled=True,
        pressures={"left": 52.0, "right": 51.0},
    )


def test_an_rpe_of_zero_is_said():
    assert with_entered(OF_FILE, Entered(rpe=0)).rpe == 0


def test_cuffs_that_were_not_worn_are_said_too():
    assert with_entered(OF_FILE, Entered(bfr_enabled=False)).bfr_enabled is False


def test_a_cuff_that_was_never_inflated_was_not_measured():
    assert with_entered(OF_FILE, Entered(series={"left": None})).pressures == {"left": None}


@pytest.mark.parametrize(
    ("entered", "name", "source"),
    [
        (Entered(), "target", "default"),
        (Entered(target=9), "target", "person"),
        (Entered(), "rpe", "file"),
        (Entered(rpe=0), "rpe", "person"),
        (Entered(), "game_points", "file"),
        (Entered(), "game_maximum", "none"),
        (Entered(game_maximum=9.0), "game_maximum", "person"),
        (Entered(), "mvc", "none"),
        (Entered(mvc_v={"left": 1e-4}), "mvc", "person"),
        (Entered(), "bfr_enabled", "none"),
        (Entered(bfr_enabled=False), "bfr_enabled", "person"),
        (Entered(), "pressures", "none"),
        (Entered(pressures={"left": 50.0}), "pressures", "person"),
        (Entered(series={"left": None}), "pressures", "person"),
    ],
)
def test_each_input_says_who_said_so(entered, name, source):
    assert sources_of(with_entered(OF_FILE, entered), entered)[name] == source


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"game_maximum": 0.0}, "The maximum of the game lies above 0 points."),
        ({"game_maximum": math.nan}, "The maximum of the game lies above 0 points."),
        (
            {"bfr_enabled": False, "pressures": {"left": 50.0}},
            "Without blood flow restriction there is no pressure to enter.",
        ),
        ({"bfr_enabled": False, "series": {"left": CUFF}}, "Without blood flow restriction"),
        (
            {"pressures": {"left": 50.0}, "series": {"left": CUFF}},
            "The pressure of the left leg is entered, and a series gives it as well.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(entered, sentence):
    with pytest.raises(BadInput, match=sentence):
        Entered(**entered)
