"""What the database shows of names that people and files gave, and which it takes."""

import re
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from myograph.db.migrate import migrate_url
from myograph.scoring.muscles import MUSCLES
from tests.database import set_back
from tests.game_files import game_file

OLD_ROWS = Path(__file__).with_name("rows_from_before.sql")
ZAPHOD = {"CH1": {"muscle": "Zaphod's calf", "side": "left"}}


@pytest.fixture
def asked(database):
    with database.connect("postgres") as conn:

        def ask(query, *values):
            return conn.execute(query, values).fetchone()[0]

        yield ask


def test_the_database_knows_the_very_muscles_of_the_program(asked):
    source = asked("SELECT pg_get_functiondef('app.known_muscle'::regproc)")
    assert set(re.findall(r"'([a-z ]+)'::text", source)) == set(MUSCLES)
    for muscle in MUSCLES:
        assert asked("SELECT app.known_muscle(%s)", muscle.title()) == muscle
    assert asked("SELECT app.known_muscle('Zaphod''s calf')") is None
    assert asked("SELECT app.known_muscle(NULL)") is None


@pytest.mark.parametrize("label", ["CH1", "CH64"])
def test_a_usual_label_is_shown(asked, label):
    assert asked("SELECT app.shown_label(%s, 2)", label) == label


@pytest.mark.parametrize("label", ["P001", "CH1 Anna", "ch1", "CH", "CH100", "CH1\n", "aCH1", ""])
def test_any_other_is_shown_by_its_place(asked, label):
    assert asked("SELECT app.shown_label(%s, 2)", label) == "channel 2"
    assert asked("SELECT app.shown_label(%s, NULL)", label) == "another channel"


def test_the_channels_of_the_game_are_shown_and_no_others(asked):
    labels = ["CH1 Raw", "CH1 activated", "CH1", "CH2 of Anna", "Anna Raw"]
    shown = ["CH1 Raw", "CH1 activated", "CH1", "channel 4", "channel 5"]
    assert asked("SELECT app.shown_labels(%s)", labels) == shown
    assert asked("SELECT app.shown_labels(NULL)") is None


def test_a_sentence_names_a_channel_as_it_is_shown(asked):
    said = "the signal of Anna left is poor; Annabel"
    renamed = "SELECT app.renamed(%s::text, %s, 'channel 1')"
    assert asked(renamed, said, "Anna left") == "the signal of channel 1 is poor; Annabel"
    assert asked(renamed, said, "Anna") == "the signal of channel 1 left is poor; Annabel"
    assert asked(renamed, said, "") == said
    assert asked(renamed, None, "Anna") is None


def test_no_label_is_a_pattern_and_none_stays(database):
    """Whatever characters it is made of."""
    with database.connect("postgres") as conn:

        @settings(max_examples=300, deadline=None)
        @given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
        def of_label(label):
            row = conn.execute(
                "SELECT app.renamed(%s::text, %s, 'X')", [f"before {label} after", label]
            )
            assert row.fetchone() == ("before X after",)

        of_label()


def test_a_muscle_that_is_none_is_refused_by_the_database_too(database, clinic, upload):
    session = upload(game_file(), patient_code="P001", left="CH1").session_id
    with database.as_person(clinic.therapist) as conn, pytest.raises(psycopg.Error) as refused:
        conn.execute(
            "UPDATE patients SET channel_assignment = %s WHERE patient_code = 'P001'",
            [Jsonb(ZAPHOD)],
        )
    assert refused.value.sqlstate == "MG400"
    with database.connect("myograph_work") as conn, pytest.raises(psycopg.Error) as refused:
        conn.execute(
            "UPDATE session_settings SET channel_assignment = %s WHERE session_id = %s",
            [Jsonb(ZAPHOD), session],
        )
    assert refused.value.sqlstate == "MG400"


def test_one_that_stood_there_before_the_list_stays_until_it_is_corrected(
    database, clinic, upload, run_queue
):
    """Nothing is lost, what is done with the patient goes on, and researchers see none of it."""
    session = upload(game_file(), patient_code="P001").session_id
    run_queue()
    with database.connect("postgres") as conn:
        conn.execute("SET session_replication_role = replica")  # as before there was a trigger
        conn.execute("UPDATE patients SET channel_assignment = %s", [Jsonb(ZAPHOD)])
    with database.as_person(clinic.therapist) as conn:
        # The session takes its patient's over, and the patient what the session adds.
        conn.execute(
            "SELECT app.assign(%s, %s)", [session, Jsonb({"patient_code": "P001", "right": "CH2"})]
        )
        conn.execute("UPDATE patients SET target_contractions_per_muscle = 9")
        kept = conn.execute(
            "SELECT channel_assignment -> 'CH1' FROM patients WHERE patient_code = 'P001'"
        ).fetchone()
        assert kept == (ZAPHOD["CH1"],)
    with database.as_person(clinic.researcher) as conn:
        shown = conn.execute(
            "SELECT channel_assignment FROM research_settings WHERE session_id = %s", [session]
        ).fetchone()
        assert shown == (
            {
                "CH1": {"muscle": None, "side": "left"},
                "CH2": {"muscle": "quadriceps", "side": "right"},
            },
        )


def test_rows_from_before_are_shown_as_new_ones_are(fresh):
    """A database of the version before, with named channels, brought up to date."""
    set_back(fresh, "0029_nothing_typed.sql")
    with fresh.connect("postgres") as conn:
        conn.execute(OLD_ROWS.read_text())
    assert "0029_nothing_typed.sql" in migrate_url(fresh.url("myograph_migrator"))
    with fresh.connect("postgres") as conn:
        for query, shown in SHOWN.items():
            assert conn.execute(query).fetchone() == shown, query
        kept = conn.execute("SELECT channel_assignment, entered FROM session_settings").fetchone()
    assert kept == (ZAPHOD, ["targets"])


SHOWN = {
    "SELECT channel, number FROM research_contractions": ("channel 2", 1),
    "SELECT channel_names, emg_labels FROM research_technical": (
        ["CH1 Raw", "channel 2"],
        ["CH1", "channel 2"],
    ),
    "SELECT channel_name, muscle, compliance_reason, quality_reasons FROM research_statistics": (
        "channel 2",
        None,
        "the signal of channel 2 is poor",
        ["channel 2 is loud."],
    ),
    "SELECT shown_channel FROM contraction_edits": ("channel 2",),
    "SELECT shown_sentence FROM contraction_edit_outcomes": ("Not within channel 2.",),
    "SELECT missing_reasons FROM research_scores": (
        {"compliance": "the signal of channel 2 is poor"},
    ),
    "SELECT channel_assignment FROM research_patients": (
        {"CH1": {"muscle": None, "side": "left"}},
    ),
    "SELECT analytics_cache FROM research_sessions": (
        {"overall": 1, "muscles": [{"label": "channel", "muscle": None, "good": 2}]},
    ),
}
