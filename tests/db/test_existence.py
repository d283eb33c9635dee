"""What is hidden costs the database exactly what is not there at all: no time tells of it."""

import json
from uuid import uuid4

import pytest
from psycopg import ClientCursor, Cursor

from myograph.db import patients, sessions
from myograph.errors import NotFound
from tests.database import fresh_database, settle_clinic

HIDDEN, NOBODY = "P003", "P998"
_FILL = """
    INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version, patient_id, pseudonym,
                                  processing_status)
    SELECT 'x/' || p.patient_code || n, 'emg_data', '1', p.patient_code, p.pseudonym, 'completed'
      FROM patients p, generate_series(1, 200) n;
    INSERT INTO patients (patient_code, therapist_id, pseudonym, research_consent)
    SELECT 'P1' || lpad(n::text, 3, '0'), p.therapist_id, md5(n::text), n % 2 = 0
      FROM patients p, generate_series(1, 400) n
     WHERE p.patient_code = 'P003';
    ANALYZE
    """


@pytest.fixture(scope="module")
def many(server):
    """Patients enough that they are looked up by an index; P003 is another's, as most are."""
    with fresh_database(server) as database:
        clinic = settle_clinic(database)
        with database.connect("postgres") as conn:
            conn.execute("SET session_replication_role = replica")
            conn.execute(_FILL)
            [(pseudonym,)] = conn.execute(
                "SELECT pseudonym FROM patients WHERE patient_code = 'P002'"
            ).fetchall()
        yield database, clinic, pseudonym


def work_of(database, person, ask, patient):
    """What the database did for each query of `ask`: the plans as they were carried out."""
    asked = []

    class Listening(ClientCursor):
        def execute(self, query, params=None, **options):
            asked.append(self.mogrify(query, params))
            return super().execute(query, params, **options)

    with database.as_person(person) as conn:
        conn.cursor_factory = Listening
        try:
            found = ask(conn, person, patient)
        except NotFound:
            found = None
        conn.cursor_factory = Cursor
        return found, [carried_out(conn, query, patient) for query in asked]


def carried_out(conn, query, patient):
    explained = f"EXPLAIN (ANALYZE, TIMING off, COSTS off, SUMMARY off, FORMAT json) {query}"
    [[[plan]]] = conn.execute(explained).fetchall()
    plan.pop("Triggers", None)
    return json.loads(json.dumps(plan).replace(patient, "*"))


ASKED = {
    "a patient": patients.get,
    "a patient to be changed": patients.hold,
    "the sessions of a patient": lambda c, p, patient: sessions.newest(c, p, patient=patient),
}


@pytest.mark.parametrize("what", ASKED)
def test_of_a_hidden_patient_a_therapist_is_answered_by_the_same_work(many, what):
    database, clinic, _ = many
    hidden, nobody = (
        work_of(database, clinic.therapist, ASKED[what], code) for code in (HIDDEN, NOBODY)
    )
    assert hidden == nobody
    assert not hidden[0]
    own, _ = work_of(database, clinic.therapist, ASKED[what], "P001")
    assert own


@pytest.mark.parametrize("what", ["a patient", "the sessions of a patient"])
def test_of_one_who_does_not_consent_a_researcher_is_answered_by_the_same_work(many, what):
    database, clinic, pseudonym = many
    hidden, nobody = (
        work_of(database, clinic.researcher, ASKED[what], asked)
        for asked in (pseudonym, uuid4().hex * 2)
    )
    assert hidden == nobody
    assert not hidden[0]
