from dataclasses import replace

import pytest

from myograph.db.session_settings import SessionSettings
from myograph.scoring.session import Prescription, SessionInputs
from myograph.web.pages.prescribed import line_of, met_in_words, rows_of, scores_by
from myograph.web.pages.session_view import context_of
from myograph.web.pages.windows import wish_of
from tests.web.pages.stored import blank, stored, with_channel

LEVEL = {"prescribed_mvc_share": 1.0, "prescribed_hold_s": 2.5}
INPUTS = SessionInputs(prescribed_mvc_share=1.0, prescribed_hold_s=2.5)


def played(**game):
    return stored(inputs=INPUTS, game_metadata=LEVEL | game)


def contraction(**changes):
    return replace(stored().contractions[0], **changes)


def test_what_the_level_prescribes_stands_beside_the_fixed_criteria():
    loaded = played()
    context = context_of(loaded, wish_of(""))
    rows = {row.name: row for row in context["rows"]}
    judged = [c for c in loaded.contractions if c.channel == "CH1"]
    by_level = sum(c.prescribed_intensity for c in judged)
    assert by_level < sum(c.meets_intensity for c in judged), "the level is the harder one"
    assert rows["Prescribed: 100 % of MVC"].cells[0].text == str(by_level)
    held = sum(c.prescribed_duration for c in judged)
    assert rows["Prescribed: 2.5 s or more"].cells[0].text == str(held)
    assert rows["Reached 75 % of MVC"].cells[0].text == str(sum(c.meets_intensity for c in judged))
    level = "Level prescribes 100 % of MVC, 2.5 s (judged beside the targets, not scored)"
    assert level in context["scored_with"]


def test_where_the_prescription_scores_the_fixed_rows_stay_fixed_and_the_page_says_so():
    loaded = with_channel(played(), good_contractions_intensity=99)
    loaded = replace(loaded, scores=replace(loaded.scores, targets="prescribed"))
    rows = {row.name: row for row in context_of(loaded, wish_of(""))["rows"]}
    fixed = sum(c.meets_intensity for c in loaded.contractions if c.channel == "CH1")
    assert rows["Reached 75 % of MVC"].cells[0].text == str(fixed)
    assert scores_by(loaded)
    assert line_of(loaded) == "Level prescribes 100 % of MVC, 2.5 s (these score)"


@pytest.mark.parametrize(
    ("game", "names", "line"),
    [
        ({"prescribed_mvc_share": None}, ["Prescribed: 2.5 s or more"], "Level prescribes 2.5 s ("),
        (
            {"prescribed_hold_s": 0.0},
            ["Prescribed: 100 % of MVC"],
            "Level prescribes 100 % of MVC (",
        ),
        ({"prescribed_mvc_share": 40.0, "prescribed_hold_s": None}, [], ""),
    ],
)
def test_what_is_not_prescribed_has_no_row(game, names, line):
    loaded = played(**game)
    assert [row.name for row in rows_of(loaded)] == names
    assert line_of(loaded).startswith(line)
    assert bool(line_of(loaded)) is bool(line)


def test_a_session_without_a_game_or_scores_prescribes_nothing():
    bare = replace(stored(game_metadata=None), scores=None)
    assert (rows_of(bare), line_of(bare), scores_by(bare)) == ([], "", False)
    assert context_of(bare, wish_of(""))["scored_with"] == []


def test_what_was_not_judged_is_no_zero():
    unknown = [replace(c, prescribed_intensity=None) for c in played().contractions]
    row = rows_of(replace(played(), contractions=unknown))[0]
    assert {(cell.text, cell.known) for cell in row.cells} == {("not judged", False)}
    nothing_done = rows_of(replace(played(), contractions=[]))[0]
    assert {cell.text for cell in nothing_done.cells} == {"0"}
    poor = with_channel(played(), good_contractions_duration=None)
    assert rows_of(replace(poor, contractions=[]))[0].cells[0].text == "not judged"


@pytest.mark.parametrize(
    ("strong", "long", "words"),
    [
        (True, True, "strong and long as prescribed"),
        (True, None, "strong as prescribed"),
        (False, True, "long as prescribed"),
        (False, False, "not as prescribed"),
        (None, None, ""),
    ],
)
def test_a_contraction_says_what_of_the_prescription_it_met(strong, long, words):
    row = contraction(prescribed_intensity=strong, prescribed_duration=long)
    assert met_in_words(row) == words


@pytest.mark.parametrize(
    ("share", "hold_s", "usable"),
    [
        (1.0, 0.1, Prescription(1.0, 0.1)),
        (1.01, 0.0, Prescription(None, None)),
        (0.0, float("inf"), Prescription(None, None)),
        (None, None, Prescription(None, None)),
    ],
)
def test_a_prescription_that_cannot_be_meant_is_none(share, hold_s, usable):
    assert Prescription.usable(share, hold_s) == usable


def test_a_poor_signal_that_a_therapist_accepted_is_said_to_be():
    loaded = with_channel(stored(), quality_verdict="poor")
    settings = blank(SessionSettings, accepted_poor_channels=["CH1"])
    said = context_of(replace(loaded, settings=settings), wish_of(""))["scored_with"]
    assert [line for line in said if "poor" in line] == [
        "poor signal of CH1 accepted by a therapist"
    ]
    assert not [line for line in context_of(loaded, wish_of(""))["scored_with"] if "poor" in line]


def test_a_short_or_cut_contraction_is_marked_in_the_table():
    loaded = stored()
    rows = [replace(c, short=i == 0, cut=i == 1) for i, c in enumerate(loaded.contractions)]
    lines = context_of(replace(loaded, contractions=rows), wish_of(""))["lines"]
    marks = {(line.row.short, line.row.cut): line.marks for line in lines}
    assert marks == {
        (True, False): ("under 0.5 s",),
        (False, True): ("cut by the recording's edge",),
        (False, False): (),
    }


def test_the_count_of_strong_ones_says_where_the_maximum_was_estimated():
    loaded = stored()
    for source, note in (
        ("backend_95percentile", "of an estimate from this session"),
        ("baseline_session", ""),
    ):
        context = context_of(with_channel(loaded, mvc_calculation_method=source), wish_of(""))
        [row] = [row for row in context["rows"] if row.name == "Reached 75 % of MVC"]
        assert {cell.note for cell in row.cells} == {note}
