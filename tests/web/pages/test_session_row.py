import pytest

from myograph.web.pages.session_row import concerns_of, rows_of
from tests.web.pages.stored import SESSION, list_row

MUSCLES = [
    {
        "label": "CH1",
        "muscle": "quadriceps",
        "side": "left",
        "contractions": 12,
        "target": 12,
        "good": 5,
    },
    {"label": "CH2", "muscle": None, "side": None, "contractions": 9, "target": None, "good": None},
]
CACHE = {
    "overall": 80.4,
    "compliance": 71.9,
    "bfr_gate": None,
    "quality": "good",
    "muscles": MUSCLES,
}


def row(**changes):
    return list_row(analytics_cache=CACHE | changes)


def test_a_line_shows_the_dose_of_each_muscle():
    [line] = rows_of([row()])
    assert line.muscles == (("left", "Left", "5 of 12"), ("neither", "CH2", "9 done"))
    assert (line.overall, line.compliance) == (80.4, 71.9)


@pytest.mark.parametrize(
    ("gate", "said"), [(None, "not measured"), (1, "✓ in range"), (0, "✕ out of range")]
)
def test_a_pressure_that_nobody_measured_is_never_in_range(gate, said):
    assert rows_of([row(bfr_gate=gate)])[0].pressure == said


def test_where_no_cuff_was_worn_no_pressure_is_in_range():
    assert rows_of([row(bfr_gate=1, bfr_off=True)])[0].pressure == "no cuff worn"


def test_before_the_analysis_a_line_shows_nothing_it_does_not_know():
    [line] = rows_of([list_row(processing_status="pending")])
    assert (line.overall, line.muscles, line.pressure, line.problem) == (None, (), "", "")
    assert line.state[2] == "Waiting"


def test_a_failed_session_shows_why():
    failed = list_row(processing_status="failed", processing_error_message="It is not a C3D file.")
    assert rows_of([failed])[0].problem == "It is not a C3D file."
    assert [c.sentence for c in concerns_of([failed])] == ["It is not a C3D file."]


def test_nothing_asks_for_attention_where_all_is_well_or_not_known_yet():
    assert concerns_of([row(), list_row(processing_status="pending")]) == []


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"bfr_gate": 0}, "outside the safe range"),
        ({"quality": "poor"}, "is poor"),
        ({"muscles": [MUSCLES[1]]}, "which leg"),
    ],
)
def test_what_asks_for_attention_says_why(changes, part):
    [concern] = concerns_of([row(**changes)])
    assert part in concern.sentence
    assert concern.row.id == SESSION


def test_an_unassigned_session_asks_for_its_patient_but_a_pseudonym_is_one():
    [concern] = concerns_of([list_row(patient_id=None, analytics_cache=CACHE)])
    assert concern.sentence == "No patient is assigned."
    hidden = list_row(patient_id=None, pseudonym="0" * 64, analytics_cache=CACHE)
    assert concerns_of([hidden]) == []


def test_what_was_overwritten_asks_for_nothing():
    assert (
        concerns_of([list_row(superseded_by=SESSION, analytics_cache=CACHE | {"quality": "poor"})])
        == []
    )


def test_a_failure_without_a_reason_still_says_something():
    assert concerns_of([list_row(processing_status="failed")])[0].sentence.endswith("read.")
