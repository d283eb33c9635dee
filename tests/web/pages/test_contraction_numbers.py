from dataclasses import replace

from myograph.web.pages.contraction_numbers import HEADS, numbers_of
from myograph.web.pages.measures import MEASURES
from tests.web.pages.stored import stored


def first_row(**known):
    loaded = stored()
    rows = list(loaded.contractions)
    rows[0] = replace(rows[0], **known)
    return numbers_of(loaded.channels, rows)[0]


def test_each_contraction_has_a_row_and_each_number_a_place_on_the_help_page():
    loaded = stored()
    rows = numbers_of(loaded.channels, loaded.contractions)
    assert len(rows) == len(loaded.contractions)
    assert {len(row.cells) for row in rows} == {len(HEADS)}
    assert {key for key, _, _ in HEADS} <= {measure.key for measure in MEASURES}


def test_numbers_stand_in_the_unit_of_their_column():
    row = first_row(
        time_to_peak_s=0.456, mav=25.2e-6, iemg=63.1e-6, mpf=98.76, mdf=81.23, fi_nsm5=2e-13
    )
    assert row.cells == ("0.46", "25.2", "63.1", "98.8", "81.2", "1.00")


def test_what_was_not_measured_is_a_dash_and_never_zero():
    row = first_row(mav=None, iemg=None, mpf=None, mdf=None, fi_nsm5=None)
    assert row.cells[1:] == ("–",) * 5


def test_dimitrovs_index_is_relative_to_the_first_contraction_that_has_one():
    loaded = stored()
    label = loaded.channels[0].channel_name
    own = [row for row in loaded.contractions if row.channel == label]
    own = [
        replace(own[0], fi_nsm5=None),
        replace(own[1], fi_nsm5=2e-13),
        replace(own[2], fi_nsm5=5e-13),
    ]
    rows = numbers_of(loaded.channels[:1], own)
    assert [row.cells[-1] for row in rows] == ["–", "1.00", "2.50"]
