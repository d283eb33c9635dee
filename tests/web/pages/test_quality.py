import pytest

from myograph.web.pages.measures import MEASURES
from myograph.web.pages.quality import quality_rows
from tests.web.pages.stored import stored, with_channel


def row(name, **known):
    rows = {r.name: r for r in quality_rows(with_channel(stored(), **known).channels)}
    return rows[name]


def test_every_value_has_a_cell_per_channel_and_a_place_on_the_help_page():
    keys = {measure.key for measure in MEASURES}
    for each in quality_rows(stored().channels):
        assert len(each.cells) == 2
        assert each.key in keys
        assert all(cell.known for cell in each.cells)


@pytest.mark.parametrize(
    ("name", "known", "text", "note"),
    [
        ("Signal to noise (SNR)", {"snr_db": 20.24}, "20.2 dB", ""),
        (
            "Baseline noise",
            {"noise_level": 4.1e-6, "noise_level_db": 12.26},
            "4.1 µV",
            "12.3 dB re 1 µV",
        ),
        ("Mains hum", {"powerline_share": 0.052, "powerline_hz": 50.0}, "5.2 %", "at 50 Hz"),
        ("Mains hum", {"powerline_share": 0.0, "powerline_hz": 50.0}, "0 %", ""),
        ("Movement", {"motion_share": 0.071}, "7.1 %", ""),
        ("Masked", {"masked_share": 0.0}, "0 %", ""),
        ("Masked", {"masked_share": 0.0004}, "under 0.1 %", ""),
        ("At the sensor's limit", {"saturated_share": 0.047}, "4.7 %", ""),
        (
            "Drop-outs, repeats, spikes",
            {"dropouts": 2, "repeats": 0, "spikes": 1},
            "2 drop-outs, 1 spike",
            "",
        ),
        ("Drop-outs, repeats, spikes", {"dropouts": 0, "repeats": 0, "spikes": 0}, "none", ""),
    ],
)
def test_values_stand_with_their_unit(name, known, text, note):
    cell = row(name, **known).cells[0]
    assert (cell.text, cell.note, cell.known) == (text, note, True)


@pytest.mark.parametrize(
    ("name", "missing", "reason"),
    [
        ("Signal to noise (SNR)", "snr_db", "no contraction to hold against rest"),
        ("Baseline noise", "noise_level", "no rest was found"),
        ("Mains hum", "powerline_share", "too little is free of faults"),
        ("Movement", "motion_share", "too little is free of faults"),
    ],
)
def test_what_was_not_measured_says_why(name, missing, reason):
    cell = row(name, **{missing: None}).cells[0]
    assert (cell.text, cell.note, cell.known) == ("not measured", reason, False)


def test_the_limits_of_the_judgement_stand_beside():
    assert row("Signal to noise (SNR)").aside == "15 dB / 5 dB"
    assert row("Mains hum").aside == "5 % / 40 %"
    assert row("At the sensor's limit").aside == "0.1 % / 2 %"


def test_limits_of_another_protocol_are_not_shown_as_those_it_was_judged_by():
    assert row("Mains hum", protocol_digest="another").aside == ""
