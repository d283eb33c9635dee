import pytest

from myograph.web.pages.measures import MEASURES
from myograph.web.pages.muscles import muscle_rows
from tests.web.pages.stored import stored, with_channel


def table(loaded):
    return {row.name: row for row in muscle_rows(loaded.channels, loaded.contractions)}


def test_every_row_has_a_cell_per_muscle_and_a_place_on_the_help_page():
    keys = {measure.key for measure in MEASURES}
    for row in table(stored()).values():
        assert len(row.cells) == 2
        assert row.key in keys


def test_a_number_of_the_contractions_that_is_missing_says_why():
    bare = with_channel(stored(), mpf=None)
    assert table(bare)["Mean power frequency"].cells[0].note.startswith("needs 2 s")


def test_counts_names_and_means_are_those_of_the_session():
    loaded = stored()
    rows = table(loaded)
    left = [c for c in loaded.contractions if c.channel == "CH1"]
    assert rows["Contractions"].cells[0].text == f"{len(left)} of 12"
    assert "Reached 75 % of MVC" in rows
    assert "Held 2 s or more" in rows
    mean_s = sum(c.duration_s for c in left) / len(left)
    assert rows["Mean hold"].cells[0].text == f"{mean_s:.2f} s"
    assert rows["MVC (reference)"].cells[0].note.startswith("estimated from this session, conf")
    assert rows["Signal quality"].cells[0].text == "✓ good"
    assert "matched" in rows["Game's own count"].cells[0].note


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("RMS", {"rms": None}, "not measured"),
        ("Median frequency", {"mdf": None}, "not measured"),
        ("Both: good contractions", {"good_contractions_both": None}, "not judged"),
        ("MVC (reference)", {"mvc_peak_value": None}, "not known"),
        ("Game's own count", {"game_contractions": None}, "not recorded"),
    ],
)
def test_what_is_missing_says_so_and_is_never_zero(name, known, text):
    cell = table(with_channel(stored(), **known))[name].cells[0]
    assert (cell.text, cell.known) == (text, False)


def test_without_contractions_there_is_no_mean_and_no_highest():
    loaded = stored()
    rows = {row.name: row for row in muscle_rows(loaded.channels, [])}
    assert rows["Mean hold"].cells[0].text == "none found"
    assert rows["Highest envelope"].cells[0].text == "none found"


def test_targets_that_are_not_known_have_a_plain_name():
    bare = with_channel(
        stored(),
        mvc_threshold_percentage=None,
        duration_threshold_seconds=None,
        target_contractions=None,
        mvc_confidence_score=None,
    )
    rows = table(bare)
    assert "Reached strength" in rows
    assert "Held long enough" in rows
    assert rows["Contractions"].cells[0].text.isdigit()
    assert rows["MVC (reference)"].cells[0].note == "estimated from this session"


def test_drop_outs_that_the_game_took_for_contractions_are_named():
    cell = table(with_channel(stored(), game_on_artefact=2))["Game's own count"].cells[0]
    assert cell.note.endswith("2 on a drop-out")
