"""A word stands wherever somebody or a file can put a text: a researcher finds it nowhere.

Every column that the role may read, by SQL, and every address that answers, by the web.
"""

import json
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
import numpy as np
import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.types.json import Jsonb

from myograph.db import accounts
from myograph.db.identity import Person, become
from myograph.db.patients import pseudonym_of
from myograph.services.passwords import hash_password
from myograph.settings import Settings
from myograph.simulate.signals import Burst, Muscle, record
from myograph.storage.objects import folder_store
from myograph.web.app import create_app
from myograph.worker.run import run_until_empty
from tests.c3d.build import c3d
from tests.database import Database, add_patient, fresh_database
from tests.game_files import game_file
from tests.web.test_permissions import STREAMS, TABLE

WORD = "zaphod"
CODE, OTHER = "P8642", "P8643"
PASSWORD = "quokka under moonlight"
KEY = "k" * 32
LABELS = ["Zaphod", "Zaphod's left", "CH3", "left"]
NAMED = {
    "Zaphod": {"muscle": "Vastus Medialis", "side": "left"},
    "Zaphod's left": {"muscle": "quadriceps", "side": "right"},
}
# Where the word must have got to, or it were not looked for.
PLANTED = {
    *("c3d_technical_data.channel_names", "c3d_technical_data.emg_labels"),
    *("emg_statistics.channel_name", "emg_statistics.muscle"),
    *("emg_statistics.compliance_reason", "emg_statistics.fatigue_reason"),
    *("contractions.channel", "performance_scores.missing_reasons"),
    *("contraction_edits.channel", "contraction_edits.reason"),
    *("contraction_edit_outcomes.sentence", "contraction_edit_revocations.reason"),
    *("therapy_sessions.file_path", "therapy_sessions.game_metadata"),
    *("therapy_sessions.analysis_findings", "therapy_sessions.analytics_cache"),
    "therapy_sessions.processing_error_message",
    *("session_settings.channel_assignment", "session_settings.accepted_poor_channels"),
    *("patients.channel_assignment", "patient_mvc.reason", "clinical_notes.text"),
    *("clinical_note_versions.text", "patient_medical.diagnosis", "patient_medical.medication"),
    *("patient_medical.contraindications", "patient_medical.remarks"),
    *("bfr_monitoring.cuff_size", "bfr_monitoring.cuff_position"),
    *("bfr_monitoring.monitoring_device", "bfr_monitoring.device_serial_number"),
    *("scoring_configuration.name", "scoring_configuration.reason", "people.name"),
    *("upload_events.object_name", "audit_log.reason", "export_history.reason"),
}


@dataclass
class Place:
    database: Database
    web: TestClient
    people: dict[str, Person] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)

    def as_(self, who):
        """A browser in which this person has signed in."""
        browser = httpx2.Client(transport=self.web._transport, base_url=self.web.base_url)
        came = browser.post("/sign-in", data={"login": who, "password": PASSWORD})
        assert came.status_code == 303
        return browser


def recording(*, poor, unit="V", seconds=24.0):
    """Four channels, three of them named; of the poor ones the sensor sent hardly anything."""
    rate, samples = 1000.0, 10
    muscle = Muscle(tuple(Burst(2.0 + 4 * i, 4.5 + 4 * i, rms_v=50e-6) for i in range(5)))
    rows = [
        record(muscle, round(seconds * rate), np.random.default_rng(seed)).raw for seed in range(4)
    ]
    for channel in poor:
        rows[channel][2000:22000] = 0.0
    stored = np.stack(rows, axis=1).reshape(-1, samples, 4)
    return c3d(
        stored,
        rate_hz=rate / samples,
        parameters={
            "ANALOG:LABELS": LABELS,
            "ANALOG:UNITS": [unit] * 4,
            "INFO:SYSTEM": "Zaphod's system",
            "INFO:THERAPIST_ID": "Zaphod",
            "SUBJECTS:PLAYER_NAME": "Zaphod",
        },
    )


@pytest.fixture(scope="module")
def place(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    store = folder_store(folder / "objects")
    with fresh_database(server) as database:
        app = create_app(
            Settings(data_dir=folder, metadata_budget_ms=5000),
            web_url=database.url("myograph_web"),
            store=store,
            secret=b"s" * 32,
        )
        with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as web:
            found = Place(database, web)
            let_in(found)
            write_everywhere(found, lambda: work(database, store))
            app.state.live.ended = True
            yield found


def work(database, store):
    run_until_empty(database.url("myograph_work"), store, pseudonym_key=KEY)


def let_in(place):
    hashed = hash_password(PASSWORD)
    with place.database.connect("myograph_migrator") as conn:
        for login, name, role in (
            ("thea", "Zaphod the therapist", "therapist"),
            ("rosa", "Rosa", "researcher"),
            ("ada", "Zaphod the administrator", "admin"),
        ):
            key = accounts.add(conn, login=login, name=name, role=role, password_hash=hashed)
            place.people[login] = Person(key, name, role)
    with place.database.as_person(place.people["ada"]) as conn:
        add_patient(conn, CODE, place.people["thea"].id, consent=True)
        add_patient(conn, OTHER, place.people["thea"].id, consent=None)


def write_everywhere(place, work):
    thea, ada = place.as_("thea"), place.as_("ada")
    said(thea.patch(f"/api/patients/{CODE}", json={"channel_assignment": NAMED}, headers={}))
    upload(place, thea)
    work()
    session = f"/api/sessions/{place.sessions['named']}"
    facts = dict.fromkeys(("diagnosis", "medication", "contraindications", "remarks"), "Zaphod")
    said(thea.put(f"/api/patients/{CODE}/medical", json=facts))
    maximum = {"side": "left", "value_v": 0.0003, "reason": "Zaphod"}
    said(thea.post(f"/api/patients/{CODE}/mvc", json=maximum))
    write_notes(thea, session)
    cuff = ("cuff_size", "cuff_position", "monitoring_device", "device_serial_number")
    worn = dict.fromkeys(cuff, "Zaphod") | {"actual_pressure_aop": 50}
    said(thea.patch(f"{session}/bfr", json={"left": worn}))
    said(thea.patch(f"{session}/settings", json={"accepted_poor_channels": ["Zaphod", "CH3"]}))
    said(thea.patch(f"{session}/rpe", json={"rpe": 5}))
    correct(place, thea, session, work)
    rules = {"weights": {"compliance": 0.4, "symmetry": 0.3, "effort": 0.2, "game": 0.1}}
    rules |= {"id": "other", "name": "Zaphod's rules", "reason": "Zaphod", "scope": "patient"}
    said(ada.post("/api/scoring", json=rules))
    said(ada.post("/api/scoring/other/activate", json={"version": 1, "patient": CODE}))
    export = {"type": "statistics_only", "format": "json", "patients": [CODE]}
    said(ada.post("/api/exports", json=export | {"identifiers": True, "reason": "Zaphod"}))
    name_a_muscle(place)
    work()


def said(answer):
    assert answer.status_code < 400, answer.text
    return answer


def upload(place, thea):
    files = {
        "named": recording(poor=(1,)),
        "poor": recording(poor=(0, 1, 2, 3)),
        "forces": recording(poor=(), unit="N"),
        "played": game_file(player="Zaphod", newer={"GROUP_ID": "Zaphod"}),
        "broken": b"Zaphod is no recording",
    }
    for name, content in files.items():
        answer = thea.put(
            f"/api/uploads/zaphod-{name}.c3d", content=content, params={"patient": CODE}
        )
        place.sessions[name] = said(answer).json()["session_id"]
    twin = thea.put("/api/uploads/zaphod.c3d", content=files["named"], params={"patient": OTHER})
    place.sessions["hidden"] = said(twin).json()["session_id"]


def write_notes(thea, session):
    for about in ({"patient": CODE}, {"session": session.rpartition("/")[2]}):
        note = said(thea.post("/api/notes", json=about | {"text": "Zaphod"}))
        address = f"/api/notes/{note.json()['note']['id']}"
        seen = {"If-Match": note.headers["ETag"]}
        said(thea.patch(address, json={"text": "Zaphod again"}, headers=seen))
    said(thea.post("/api/notes", json={"patient": CODE, "text": "Shared words", "shared": True}))


def correct(place, thea, session, work):
    """One that stands, one that was taken back, and two that cannot be applied."""
    address = f"{session}/contractions/Zaphod"
    first = {"start_s": 0.2, "end_s": 0.9}
    said(thea.put(address, json={"action": "add", "after": first, "reason": "Zaphod"}))
    work()
    second = {"start_s": 0.95, "end_s": 1.4}
    edits = said(thea.put(address, json={"action": "add", "after": second, "reason": "Zaphod"}))
    key = edits.json()[-1]["id"]
    said(thea.delete(f"{session}/contractions/edits/{key}", params={"reason": "Zaphod"}))
    work()
    with place.database.connect("myograph_web") as conn:
        become(conn, place.people["thea"])
        for label, start in (("Zaphod", 0.3), ("Zaphod of nowhere", 1.0)):
            edit = {"action": "add", "after_start_s": start, "after_end_s": start + 0.5}
            conn.execute(
                "SELECT app.edit_contraction(%s, %s, %s)",
                [place.sessions["named"], label, Jsonb(edit)],
            )
    work()


def name_a_muscle(place):
    """As it could be before there was a list."""
    with place.database.connect("postgres") as conn:
        conn.execute("ALTER TABLE session_settings DISABLE TRIGGER check_muscles")
        conn.execute("ALTER TABLE patients DISABLE TRIGGER check_muscles")
        named = NAMED | {"CH3": {"muscle": "Zaphod's calf", "side": "left"}}
        conn.execute("UPDATE patients SET channel_assignment = %s", [Jsonb(named)])
        conn.execute(
            "UPDATE session_settings SET channel_assignment = %s WHERE session_id = %s",
            [Jsonb(named), place.sessions["named"]],
        )
        conn.execute("ALTER TABLE session_settings ENABLE TRIGGER check_muscles")
        conn.execute("ALTER TABLE patients ENABLE TRIGGER check_muscles")


def with_the_word(rows):
    return WORD in json.dumps(rows, default=str).lower()


def test_the_word_stands_wherever_it_can(place):
    found = set()
    with place.database.connect("postgres") as conn:
        columns = conn.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
               AND a.attnum > 0 AND NOT a.attisdropped
            """
        ).fetchall()
        for table, column in columns:
            query = sql.SQL("SELECT {} FROM {}").format(
                sql.Identifier(column), sql.Identifier("public", table)
            )
            if with_the_word(conn.execute(query).fetchall()):
                found.add(f"{table}.{column}")
    assert PLANTED - found == set()


def readable(conn):
    """(relation, column) of all that a researcher has a right to read."""
    return conn.execute(
        """
        SELECT c.relname, a.attname
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE n.nspname IN ('public', 'app', 'queue') AND c.relkind IN ('r', 'v', 'm', 'p')
           AND has_schema_privilege('myograph_researcher', n.oid, 'USAGE')
           AND has_column_privilege('myograph_researcher', c.oid, a.attnum, 'SELECT')
         ORDER BY 1, 2
        """
    ).fetchall()


def test_no_column_that_a_researcher_may_read_holds_it(place):
    filled, wrong = set(), set()
    with place.database.as_person(place.people["rosa"]) as conn:
        for relation, column in readable(conn):
            query = sql.SQL("SELECT {} FROM {}").format(
                sql.Identifier(column), sql.Identifier("public", relation)
            )
            rows = conn.execute(query).fetchall()
            if any(value is not None for (value,) in rows):
                filled.add(relation)
            if with_the_word(rows):
                wrong.add(f"{relation}.{column}")
    assert wrong == set()
    assert filled >= {
        *("therapy_sessions", "c3d_technical_data", "emg_statistics", "contractions", "patients"),
        *("performance_scores", "session_settings", "contraction_edits", "bfr_monitoring"),
        *("contraction_edit_outcomes", "contraction_edit_revocations", "scoring_configuration"),
        *("patient_mvc", "clinical_notes", "research_statistics", "research_settings"),
    }


@pytest.mark.parametrize("row", [r for r in TABLE if r.route.startswith("GET ")], ids=str)
def test_no_address_answers_a_researcher_with_it(place, row):
    if row.route in STREAMS:
        return
    rosa = place.as_("rosa")
    whose = pseudonym_of(CODE, KEY)
    for session in place.sessions.values():
        address = row.address.replace("P101", whose).format(
            session=session, waiting=session, pseudonym=whose, event=1, static="x"
        )
        for accepted in ("text/html", "application/json"):
            answer = rosa.get(address, headers={"Accept": accepted})
            assert WORD not in (answer.text + str(answer.headers)).lower(), address


def test_what_is_shown_instead_tells_channels_apart(place):
    rosa, thea = place.as_("rosa"), place.as_("thea")
    session = f"/api/sessions/{place.sessions['named']}"
    shown = rosa.get(f"{session}/statistics").json()
    named = thea.get(f"{session}/statistics").json()
    places = {row["channel_name"]: f"channel {n}" for n, row in enumerate(named, 1)} | {
        "CH3": "CH3"
    }
    assert [row["channel_name"] for row in named] == LABELS
    assert [row["channel_name"] for row in shown] == ["channel 1", "channel 2", "CH3", "channel 4"]
    assert [row["muscle"] for row in shown] == ["vastus medialis", "quadriceps", None, None]
    assert shown[1]["compliance_reason"] == "the signal of channel 2 is poor"
    said_of = [
        (row["channel"], row["number"]) for row in rosa.get(f"{session}/contractions").json()
    ]
    meant = [
        (places[row["channel"]], row["number"])
        for row in thea.get(f"{session}/contractions").json()
    ]
    assert sorted(said_of) == sorted(meant)
    edits = rosa.get(f"{session}/contractions/edits").json()
    assert [edit["channel"] for edit in edits] == [*["channel 1"] * 3, "another channel"]
    assert [edit["sentence"] for edit in edits[2:]] == [
        "It would overlap the contraction of channel 1 at 0.20 to 0.90 s.",
        "another channel could not be measured.",
    ]


def test_of_the_twin_that_is_hidden_nothing_is_told_but_that_it_does_not_count(place):
    counting, twin = place.sessions["named"], place.sessions["hidden"]
    assert place.as_("thea").get(f"/api/sessions/{twin}").json()["duplicate_of"] == counting
    with place.database.as_person(place.people["rosa"]) as conn:
        assert conn.execute("SELECT app.seen_twins(%s)", [UUID(counting)]).fetchall() == []


def test_no_name_gets_where_names_of_columns_stand(place):
    with place.database.as_person(place.people["thea"]) as conn, pytest.raises(psycopg.Error):
        conn.execute(
            "SELECT app.enter(%s, %s)",
            [place.sessions["named"], Jsonb({"zaphod": 1, "targets": None})],
        )
