import pytest

from myograph.web.pages.measures import MEASURES
from myograph.web.pages.more_numbers import tables_of
from tests.web.pages.stored import stored, with_channel

CONTRACTIONS = "Over the contractions"
VARIATION = "Variation within contractions, mean ± SD"
WHOLE = "Over the whole recording, rest included"
GAME = "The game's contractions beside ours"


def first_cell(loaded, table, row):
    tables = {t.name: t for t in tables_of(loaded.channels, loaded.contractions)}
    return next(r for r in tables[table].rows if r.name == row).cells[0]


def test_every_number_has_a_cell_per_muscle_and_a_place_on_the_help_page():
    loaded = stored()
    keys = {measure.key for measure in MEASURES}
    for table in tables_of(loaded.channels, loaded.contractions):
        for row in table.rows:
            assert len(row.cells) == 2
            assert row.key in keys
            assert all(cell.known for cell in row.cells)


@pytest.mark.parametrize(
    ("table", "row", "known", "text"),
    [
        (CONTRACTIONS, "iEMG", {"iemg": 4.8123e-3}, "4812 µV s"),
        (CONTRACTIONS, "Resolution of MPF, MDF", {"spectral_resolution": 2.0}, "2.0 Hz"),
        (WHOLE, "RMS", {"whole_rms": 25.2e-6}, "25.2 µV"),
        (WHOLE, "FInsm5", {"whole_fi_nsm5": 9.79e-14}, "9.79 × 10⁻¹⁴ s⁶"),
        (VARIATION, "Windows", {"temporal_windows": 46, "temporal_window_s": 0.25}, "46 of 0.25 s"),
        (GAME, "Extra: ours alone", {"game_extra": 3}, "3"),
        (GAME, "Missed: the game's alone", {"game_missed": 0}, "0"),
        (GAME, "Our threshold", {"detection_threshold": 8.2e-6}, "8.2 µV"),
    ],
)
def test_numbers_stand_with_their_unit(table, row, known, text):
    cell = first_cell(with_channel(stored(), **known), table, row)
    assert cell.text.replace("\xa0", " ") == text


def test_variation_is_mean_and_sd_with_the_extremes_beside():
    spread = {"rms_mean": 142e-6, "rms_sd": 18e-6, "rms_cv": 18 / 142}
    loaded = with_channel(stored(), **spread, rms_min=110e-6, rms_max=190e-6)
    cell = first_cell(loaded, VARIATION, "RMS")
    assert cell.text == "142 ± 18.0 µV"
    assert cell.note.replace("\xa0", " ") == "CV 13 %, 110 to 190"


def test_the_variation_of_dimitrov_s_index_is_in_the_power_of_ten_of_its_mean():
    spread = {"fi_nsm5_mean": 1.57e-13, "fi_nsm5_sd": 5.3e-14, "fi_nsm5_cv": 0.34}
    loaded = with_channel(stored(), **spread, fi_nsm5_min=9e-14, fi_nsm5_max=2.1e-13)
    cell = first_cell(loaded, VARIATION, "FInsm5")
    assert cell.text == "1.57 ± 0.53"
    assert cell.note.replace("\xa0", " ") == "× 10⁻¹³ s⁶, CV 34 %, 0.90 to 2.10"


def test_dimitrov_s_index_stands_against_that_of_the_first_contraction():
    loaded = stored()
    rows = [c for c in loaded.contractions if c.channel == "CH1" and c.fi_nsm5]
    cell = first_cell(loaded, CONTRACTIONS, "FInsm5")
    assert cell.text == f"{loaded.channels[0].fi_nsm5 / rows[0].fi_nsm5:.2f} × first"
    assert f"last {rows[-1].fi_nsm5 / rows[0].fi_nsm5:.2f} ×" in cell.note.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("table", "row", "missing", "reason"),
    [
        (CONTRACTIONS, "iEMG", {"iemg": None}, "every contraction is masked"),
        (CONTRACTIONS, "FInsm5", {"fi_nsm5": None}, "needs 2 s of contractions above rest"),
        (CONTRACTIONS, "FInsm5", {"fi_nsm5": None, "rms": None}, "every contraction is masked"),
        (VARIATION, "Windows", {"temporal_windows": None}, "under two windows"),
        (VARIATION, "MDF", {"mdf_mean": None, "temporal_windows": None}, "under two windows"),
        (VARIATION, "FInsm5", {"fi_nsm5_sd": None, "temporal_windows": None}, "under two windows"),
        (WHOLE, "MPF", {"whole_mpf": None}, "too little is free of faults"),
        (WHOLE, "FInsm5", {"whole_fi_nsm5": None}, "too little is free of faults"),
        (GAME, "Our threshold", {"detection_threshold": None}, "nothing stands out of rest"),
    ],
)
def test_what_was_not_measured_says_why(table, row, missing, reason):
    cell = first_cell(with_channel(stored(), **missing), table, row)
    assert (cell.text, cell.known) == ("not measured", False)
    assert reason in cell.note


def test_without_contractions_that_is_the_reason():
    loaded = stored()
    bare = with_channel(loaded, iemg=None, rms=None, fi_nsm5=None)
    tables = {t.name: t for t in tables_of(bare.channels, [])}
    cells = [row.cells[0] for row in tables[CONTRACTIONS].rows[:2]]
    assert [(c.text, c.note) for c in cells] == [("not measured", "no contraction")] * 2


def test_a_game_that_recorded_no_detector_has_no_counts():
    missing = dict.fromkeys(
        ("game_contractions", "game_matched", "game_missed", "game_extra", "game_on_artefact")
    )
    loaded = with_channel(stored(), **missing)
    for row in ("The game's", "Matched", "Missed: the game's alone", "Extra: ours alone"):
        assert first_cell(loaded, GAME, row).text == "not recorded"
    assert first_cell(loaded, GAME, "Ours").text.isdigit()


def test_drop_outs_that_the_game_took_for_contractions_are_counted_among_the_missed():
    loaded = with_channel(stored(), game_missed=3, game_on_artefact=2)
    cell = first_cell(loaded, GAME, "Missed: the game's alone")
    assert (cell.text, cell.note) == ("3", "2 on an artefact")
