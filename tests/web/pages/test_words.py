from dataclasses import replace

import pytest

from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages import words
from tests.web.pages.stored import START, blank, list_row, stored_session


def row(**known):
    always = {"channel": "CH1", "number": 4, "start_s": 32.21, "end_s": 34.4, "masked_share": 0.0}
    return blank(ContractionRow, **(always | known))


def channel(**known):
    always = {"channel_name": "CH1", "total_contractions": 12, "target_contractions": 12}
    return blank(ChannelStatistics, **(always | known))


@pytest.mark.parametrize(
    ("intensity", "duration", "reached", "said"),
    [
        (True, True, "both", "both"),
        (True, False, "one", "strength only"),
        (False, True, "one", "hold only"),
        (False, False, "none", "neither"),
        (None, True, "unjudged", "hold; strength not judged"),
        (None, False, "unjudged", "strength not judged"),
        (None, None, "unjudged", "not judged"),
    ],
)
def test_what_a_contraction_reached(intensity, duration, reached, said):
    judged = row(meets_intensity=intensity, meets_duration=duration)
    assert words.reached(judged) == reached
    assert words.targets_met(judged) == said


@pytest.mark.parametrize(("share", "said"), [(0.1, "both"), (0.34, "not judged, 34 % unusable")])
def test_a_contraction_that_is_mostly_unusable_is_not_judged(share, said):
    judged = row(meets_intensity=True, meets_duration=True, masked_share=share)
    assert words.targets_met(judged) == said


def test_a_mark_is_named_by_a_sentence():
    named = words.contraction_name(
        channel(side="left"), row(meets_intensity=False, meets_duration=True)
    )
    assert named == "Left contraction 4: at 32.2 s, held 2.2 s, one of two targets"


@pytest.mark.parametrize(
    ("good", "target", "said"),
    [(5, 12, "5 good of 12"), (None, 12, "12 done of 12, not judged"), (5, None, "5 good")],
)
def test_the_dose_is_plain(good, target, said):
    assert words.dose(channel(good_contractions_both=good, target_contractions=target)) == said


@pytest.mark.parametrize(
    ("counts", "none"), [([0, 0], True), ([0, 1], False), ([None, 0], True), ([None, None], False)]
)
def test_that_no_contraction_met_both_is_said_only_where_any_was_judged(counts, none):
    channels = [channel(good_contractions_both=count) for count in counts]
    assert words.none_met_both(channels) is none


def test_a_session_without_any_contraction_has_none_that_failed_both():
    assert not words.none_met_both([channel(total_contractions=0, good_contractions_both=0)])


def test_a_session_is_named_by_when_it_was_played_else_by_its_file_else_by_when_it_came():
    played = stored_session()
    assert words.title_of(played) == "Session of 10 March 2025, 11:46"
    unknown = replace(played, started_local=None, session_id="old-one")
    assert words.title_of(unknown) == "Session old-one"
    assert words.title_of(replace(unknown, session_id=None)) == "Session received 10 March 2025"
    assert words.title_of(list_row(started_local=START)) == words.title_of(played)


def test_who_it_is_about_is_a_code_a_pseudonym_or_nobody():
    assert words.patient_of(list_row()) == "P001"
    assert words.patient_of(list_row(patient_id=None, pseudonym="0123456789abcdef")) == "01234567"
    assert words.patient_of(list_row(patient_id=None)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the signal is poor", "The signal is poor."),
        ("Done.", "Done."),
        ("why?", "Why?"),
        (" ", ""),
    ],
)
def test_a_sentence_begins_and_ends_as_one(text, said):
    assert words.sentence(text) == said


@pytest.mark.parametrize(
    ("source", "said"),
    [("file", "from the file"), ("none", ""), (None, ""), ("somewhere", "somewhere")],
)
def test_the_source_of_an_input_is_in_words(source, said):
    assert words.source_of({"rpe": source}, "rpe") == said


def test_a_muscle_is_named_by_its_leg_or_its_channel():
    assert words.muscle_of("CH1", "quadriceps", "left") == "Left quadriceps"
    assert words.muscle_of("CH1", None, "right") == "Right leg"
    assert words.muscle_of("CH1", None, None) == "CH1"


def test_an_estimated_maximum_is_recognised():
    assert words.estimated([channel(mvc_calculation_method="backend_95percentile")])
    assert not words.estimated([channel(mvc_calculation_method="user_defined")])
