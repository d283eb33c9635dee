"""What a person says of a session on the command line, and what it does to the scores."""

import pytest

from tests.generated import recording_in

LEGS = ("--left", "CH1", "--right", "CH2")
SERIES = """\
time_s,pressure_mmhg,leg
0,0,left
5,100,left
295,130,left
305,0,left
0,88,right
300,88,right
"""


@pytest.fixture
def scores(command, path):
    """What --json says of the session with these options."""
    return lambda *options: command("analyse", path, *LEGS, "--json", *options).json


@pytest.fixture
def cuffs(tmp_path):
    (tmp_path / "cuffs.csv").write_text(SERIES)
    return tmp_path / "cuffs.csv"


def test_points_of_a_known_maximum_are_a_score(scores):
    told = scores("--game-maximum", 10)
    assert told["scores"]["game"] == 50.0
    assert told["inputs"]["sources"]["game_maximum"] == "person"


def test_a_target_is_that_of_both_legs(scores):
    told = scores("--target", 3)
    assert [m["completion"] for m in told["scores"]["muscles"]] == [1.0, 2 / 3]
    assert scores()["inputs"]["target"] == 12


def test_an_mvc_is_in_microvolts_and_judges_its_own_leg(scores):
    told = scores("--mvc-left", 75, "--mvc-right", "200.5")
    left, right = told["channels"]
    assert (left["mvc"]["value"], left["mvc"]["source"]) == (pytest.approx(75e-6), "user_defined")
    assert right["mvc"]["value"] == pytest.approx(200.5e-6)
    assert [m["intensity"] for m in told["scores"]["muscles"]] == [
        pytest.approx(2 / 3),
        0.0,
    ]
    assert told["scores"]["muscles"][0]["left_out"] == {}


@pytest.mark.parametrize(
    ("options", "gate", "verified"),
    [
        ((), None, False),
        (("--bfr", "off"), 1, True),
        (("--bfr", "on"), None, False),
        (("--bfr-left", 52), None, False),
        (("--bfr-left", 52, "--bfr-right", 55), 1, True),
        (("--bfr", "on", "--bfr-left", 52, "--bfr-right", 56), 0, True),
        (("--bfr-left", 40), 0, True),
    ],
)
def test_pressures_open_and_close_the_gate(scores, options, gate, verified):
    told = scores(*options)["scores"]
    assert (told["bfr_gate"], told["pressure_verified"]) == (gate, verified)


def test_a_series_gives_the_pressure_of_each_leg(scores, cuffs):
    told = scores("--bfr-series", cuffs, "--aop-left", 200, "--aop-right", 176)
    assert told["scores"]["bfr_gate"] == 1
    assert told["inputs"]["pressures"] == {"left": 50.0, "right": 50.0}
    left = told["inputs"]["pressure_series"]["left"]
    assert (left["inflated_s"], left["violations"], left["violation_s"]) == (300.0, 1, 10.0)
    assert left["deviation_percent"] == 15.0
    assert left["violated"] is False


def test_a_person_reads_what_the_cuffs_did(command, path, cuffs):
    told = command(
        "analyse", path, *LEGS, "--bfr-series", cuffs, "--aop-left", 200, "--aop-right", 150
    ).out
    shown = " ".join(told.split())
    assert (
        "left cuff: 50.0 % of occlusion pressure in the middle of 5 min 00 s, stability 0.053, "
        "at most 15.0 % off 50 %"
    ) in shown
    assert "left cuff: outside once for 10 s, 3 % of the time" in shown
    assert "right cuff: outside once for 5 min 00 s, 100 % of the time: a violation" in shown
    assert "blood flow restriction: pressure outside the safe range" in shown


def test_a_person_reads_pressures_as_entered_and_cuffs_without_any(command, path, tmp_path):
    (tmp_path / "flat.csv").write_text("time_s,pressure_mmhg,leg\n0,5,left\n60,5,left\n")
    flat = ("--bfr-series", tmp_path / "flat.csv", "--aop-left", 200)
    shown = command("analyse", path, *LEGS, *flat, "--bfr-right", 51.5).out
    assert "left cuff: not measured, it was never inflated" in shown
    assert "right cuff: 51.5 % of occlusion pressure, as entered" in shown


def test_violations_are_counted_in_words(command, path, tmp_path):
    rows = ["0,100,left", "100,120,left", "110,100,left", "200,80,left", "205,100,left"]
    text = "\n".join(["time_s,pressure_mmhg,leg", *rows, "300,0,left"])
    (tmp_path / "twice.csv").write_text(text)
    shown = command(
        "analyse", path, *LEGS, "--bfr-series", tmp_path / "twice.csv", "--aop-left", 200
    ).out
    assert "left cuff: outside 2 times for 15 s, 5 % of the time" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--target", 0), "A target is at least one contraction."),
        (("--mvc-left", 0), "An MVC is a voltage above 0."),
        (("--mvc-left", "nan"), "An MVC is a voltage above 0."),
        (("--game-maximum", -1), "The maximum of the game lies above 0 points."),
        (("--bfr-left", -1), "A pressure is not negative."),
        (("--bfr", "off", "--bfr-left", 50), "Without blood flow restriction there is no"),
        (("--aop-left", 200), "An occlusion pressure is for a series: --bfr-series names its file"),
        (("--bfr-series", "nothing.csv"), "There is no file nothing.csv."),
    ],
)
def test_a_slip_is_told_once_before_any_file_is_read(command, path, tmp_path, options, sentence):
    other = recording_in(tmp_path)
    answer = command("analyse", path, other, *LEGS, *options)
    assert (answer.code, answer.out) == (1, "")
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1


def test_the_series_names_the_leg_that_lacks_its_occlusion_pressure(command, path, cuffs):
    answer = command("analyse", path, *LEGS, "--bfr-series", cuffs, "--aop-left", 200)
    assert answer.err == ("myograph: The arterial occlusion pressure of the right leg is needed.\n")
