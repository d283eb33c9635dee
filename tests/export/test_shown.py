"""What of a session stands in a file without identifiers: nothing that somebody typed."""

from types import SimpleNamespace

import pytest

from myograph.export.shown import Beside, shown_labels, shown_muscle, table
from myograph.export.tables import Column


@pytest.mark.parametrize("label", ["CH1", "CH64"])
def test_a_usual_label_is_shown(label):
    assert shown_labels([label], identifiers=False) == {label: label}


@pytest.mark.parametrize("label", ["P001", "CH1 Anna", "ch1", "CH100", "CH1\n", ""])
def test_any_other_is_shown_by_its_place(label):
    assert shown_labels(["CH1", label], identifiers=False)[label] == "channel 2"
    assert shown_labels(["CH1", label], identifiers=True)[label] == label


@pytest.mark.parametrize("muscle", ["quadriceps", "Vastus Medialis"])
def test_a_usual_muscle_is_shown(muscle):
    assert shown_muscle(muscle, identifiers=False) == muscle


@pytest.mark.parametrize("muscle", ["quadriceps of P001", "Anna", ""])
def test_any_other_is_not(muscle):
    assert shown_muscle(muscle, identifiers=False) is None
    assert shown_muscle(muscle, identifiers=True) == muscle


def test_of_no_muscle_nothing_is_shown():
    assert shown_muscle(None, identifiers=True) is None


COLUMNS = (Column("said", "", "", "row.said"), Column("number", "", "", "row.number"))


def shown(said, labels):
    row = Beside(None, SimpleNamespace(said=said, number=2.5), labels=labels)
    [cells] = table("t", COLUMNS, [row]).rows
    return cells


def test_a_sentence_names_a_channel_as_it_is_shown():
    labels = {"Anna": "channel 1", "Anna left": "channel 2"}
    said = "the signal of Anna left is poor; the signal of Anna is poor; Annabel"
    assert shown(said, labels) == (
        "the signal of channel 2 is poor; the signal of channel 1 is poor; Annabel",
        2.5,
    )
    assert shown(said, {}) == (said, 2.5)


def test_what_is_no_sentence_stays_as_it_is():
    assert shown("a1b2", {"a1b2": "channel 1"}) == ("a1b2", 2.5)
    assert shown(None, {"x": "channel 1"}) == (None, 2.5)
