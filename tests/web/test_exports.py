"""Stored numbers as files: who gets what, in which form, and what is written down about it."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb
from structlog.testing import capture_logs

from myograph.db import audit
from myograph.db.audit import Wanted
from myograph.services import export_sessions, exported_tables
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty
from tests.export.files import (
    MEDIA,
    from_csv,
    from_excel,
    from_json,
    same_in_csv,
    same_in_excel,
    unzipped,
)
from tests.waiting import wait_for
from tests.web.conftest import SMALL

TYPES = {
    "statistics_only": {"sessions", "channels", "contractions"},
    "performance_report": {"sessions", "scores", "muscles", "missing"},
    "bfr_safety_report": {"sessions", "gates", "cuffs"},
}
ALWAYS = {"about", "methods", "left_out", "codebook"}
FORMATS = ("json", "csv", "excel")
MAY = ("ann", "rae", "ada")
FILE, NOTE, CODED = "walrus.c3d", "a note on the otter", "pelican session"
WHY = "asked for by the ethics board"
# P101 is also a place on a sheet.
CELLS = re.compile(rb' (?:r|ref|sqref|activeCell|topLeftCell)="[A-Z]+[0-9]+(?::[A-Z]+[0-9]+)?"')
_codes = count(7401)


@pytest.fixture(scope="module")
def new_patient(served, people):
    """A patient of Ann's who agrees to research."""

    def new():
        code = f"P{next(_codes)}"
        said = {"patient_code": code, "therapist_id": str(people["ann"]), "research_consent": True}
        assert served.as_("ada").post("/api/patients", json=said).status_code == 201
        return code

    return new


@pytest.fixture(scope="module")
def new_session(served, site_database, new_recording):
    """An analysed session of a patient; twice the same content is a duplicate."""

    def new(code, content=None):
        content = new_recording(20) if content is None else content
        legs = {"patient": code, "left": "CH1", "right": "CH2"}
        answer = served.as_("ann").put(f"/api/uploads/{FILE}", content=content, params=legs)
        run_until_empty(
            site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
        )
        return answer.json()["session_id"]

    return new


@pytest.fixture(scope="module")
def patient(new_patient):
    return new_patient()


@pytest.fixture(scope="module")
def session(served, site_database, patient, new_session):
    """With cuffs, a note and a name of its own."""
    number = new_session(patient)
    ann = served.as_("ann")
    assert ann.patch(f"/api/sessions/{number}/rpe", json={"rpe": 5}).status_code == 200
    cuff = {"actual_pressure_aop": 52, "cuff_size": f"of {patient}"}
    worn = {"enabled": True, "left": cuff, "right": cuff}
    assert ann.patch(f"/api/sessions/{number}/bfr", json=worn).status_code == 200
    ann.post("/api/notes", json={"session": number, "text": NOTE, "shared": True})
    with site_database.connect("postgres") as conn:
        conn.execute("UPDATE therapy_sessions SET session_id = %s WHERE id = %s", [CODED, number])
    run_until_empty(
        site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
    )
    return number


@pytest.fixture
def changed(site_database, new_patient, new_session):
    """A session for one test alone, of which the database says what no analysis would."""
    made = []

    def change(*statements, **values):
        made.append(new_session(new_patient()))
        with site_database.connect("postgres") as conn:
            conn.execute("SET session_replication_role = replica")  # in any order
            for statement in statements:
                conn.execute(statement, {"session": made[-1], **values})
        return made[-1]

    yield change
    with site_database.connect("postgres") as conn:
        conn.execute("DELETE FROM therapy_sessions WHERE id = ANY (%s)", [made])


@pytest.fixture
def history(site_database):
    """As a superuser sees it, newest first."""

    def found(person):
        with site_database.connect("postgres") as conn:
            cursor = conn.execute(
                "SELECT * FROM export_history WHERE exported_by = %s ORDER BY export_timestamp",
                [person],
            )
            names = [c.name for c in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor][::-1]

    return found


def export(person, session, kind="statistics_only", form="json", **more):
    asked = {"type": kind, "format": form, **more}
    return person.get(f"/api/sessions/{session}/export", params=asked)


def export_many(person, kind="statistics_only", form="json", **more):
    return person.post("/api/exports", json={"type": kind, "format": form, **more})


def number_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.headers["location"].rpartition("/")[2]


# ── what stands in it


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("who", MAY)
def test_the_same_numbers_stand_in_every_format(served, session, who, kind):
    person = served.as_(who)
    tables = from_json(export(person, session, kind).content)
    assert tables.keys() == TYPES[kind] | ALWAYS
    assert same_in_csv(tables, from_csv(export(person, session, kind, "csv").content))
    semicolons = export(person, session, kind, "csv", delimiter=";").content
    assert same_in_csv(tables, from_csv(semicolons, ";"))
    assert same_in_excel(tables, from_excel(export(person, session, kind, "excel").content))


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_an_attachment_whose_name_says_nothing_of_anybody(served, session, patient, form):
    answer = export(served.as_("ann"), session, "performance_report", form)
    assert answer.headers["content-type"] == MEDIA[form]
    ending = {"json": "json", "csv": "zip", "excel": "xlsx"}[form]
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="myograph-performance-report-{number_of(answer)[:8]}.{ending}"'
    )


def test_they_are_the_stored_numbers_unrounded(served, session):
    ann = served.as_("ann")
    tables = from_json(export(ann, session).content)
    stored = ann.get(f"/api/sessions/{session}/statistics").json()
    for row, channel in zip(tables["channels"], stored, strict=True):
        shared = (row.keys() & channel.keys()) - {"quality_reasons", "processed_at"}
        assert len(shared) > 70
        assert {k: row[k] for k in shared} == {k: channel[k] for k in shared}
        assert row["fatigue_reason"] == channel["fatigue"]["reason"]
        assert 0 < row["fi_nsm5"] < 1e-10
        assert (row["channel"], row["session"]) == (channel["channel_name"], session)
    contractions = ann.get(f"/api/sessions/{session}/contractions").json()
    for row, contraction in zip(tables["contractions"], contractions, strict=True):
        shared = row.keys() & contraction.keys()
        assert len(shared) > 20
        assert row == row | {k: contraction[k] for k in shared - {"channel"}}
    [scores] = from_json(export(ann, session, "performance_report").content)["scores"]
    stored = ann.get(f"/api/sessions/{session}/performance").json()
    shared = (scores.keys() & stored.keys()) - {"calculated_at"}
    assert len(shared) > 20
    assert {k: scores[k] for k in shared} == {k: stored[k] for k in shared}
    assert scores["source_rpe"] == "person"


def test_what_is_missing_is_null_and_has_its_reason(served, session):
    tables = from_json(export(served.as_("ann"), session, "performance_report").content)
    reasons = {row["component"]: row["reason"] for row in tables["missing"]}
    stored = served.as_("ann").get(f"/api/sessions/{session}/performance").json()
    assert reasons == stored["missing_reasons"]
    assert reasons
    for component in reasons.keys() & {"game", "symmetry", "effort", "compliance"}:
        assert tables["scores"][0][f"{component}_score"] is None


def test_it_explains_each_column_and_says_by_which_method_and_of_which_file(
    served, session, site_database
):
    ann = served.as_("ann")
    for kind in TYPES:
        tables = from_json(export(ann, session, kind).content)
        explained = {(r["table"], r["column"]): r for r in tables["codebook"]}
        columns = {(t, c) for t, rows in tables.items() for row in rows for c in row}
        assert columns <= explained.keys() | {("codebook", c) for c in tables["codebook"][0]}
        assert all(row["meaning"] for row in explained.values())
    tables = from_json(export(ann, session).content)
    explained = {(r["table"], r["column"]): r for r in tables["codebook"]}
    with site_database.connect("postgres") as conn:
        [(comment, digest, file_hash)] = conn.execute(
            """
            SELECT col_description('emg_statistics'::regclass, a.attnum), e.protocol_digest,
                   e.file_hash
              FROM pg_attribute a, emg_statistics e
             WHERE a.attrelid = 'emg_statistics'::regclass AND a.attname = 'fi_nsm5'
               AND e.session_id = %s LIMIT 1
            """,
            [session],
        )
    assert explained["channels", "fi_nsm5"]["meaning"] == comment
    assert explained["channels", "fi_nsm5"]["unit"] == "s^6"
    assert [m["protocol_digest"] for m in tables["methods"]] == [digest]
    assert tables["sessions"][0]["file_hash"] == file_hash
    assert tables["sessions"][0]["method"] == tables["methods"][0]["method"]
    about = {row["name"]: row["value"] for row in tables["about"]}
    assert (about["export_type"], about["identifiers"]) == ("statistics_only", False)
    assert about["results_until"] == tables["sessions"][0]["processed_at"]


# ── without identifiers, and with them


@pytest.fixture(scope="module")
def never(site_database, session):
    """What no file without identifiers may hold: any patient's code, any name, any text."""
    with site_database.connect("postgres") as conn:
        codes = [c for (c,) in conn.execute("SELECT patient_code FROM patients").fetchall()]
        names = [n for (n,) in conn.execute("SELECT name FROM people").fetchall()]
    assert len(codes) > 2
    return [*codes, *names, FILE, "walrus", NOTE, "otter", CODED, "pelican", "emg_data/"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("who", MAY)
def test_without_identifiers_there_is_no_code_no_name_and_no_text(
    served, session, never, who, kind, form
):
    one = export(served.as_(who), session, kind, form)
    many = export_many(served.as_(who), kind, form)
    for answer in (one, many):
        assert answer.status_code == 200, answer.text
        content = unzipped(answer.content) + str(answer.headers).encode()
        told = CELLS.sub(b"", content)
        assert [mark for mark in never if mark.encode() in told] == []
        assert session.encode() in told


@pytest.mark.parametrize("form", FORMATS)
def test_with_identifiers_they_are_there(served, session, patient, form):
    """The search above would find them."""
    asked = {"sessions": [session], "identifiers": True, "reason": WHY}
    answer = export_many(served.as_("ada"), "bfr_safety_report", form, **asked)
    content = unzipped(answer.content)
    for mark in (patient, FILE, CODED, f"of {patient}"):
        assert mark.encode() in content
    assert WHY.encode() not in content


@pytest.mark.parametrize("who", ["ann", "rae"])
def test_with_identifiers_takes_an_admin(served, session, history, people, who):
    person = served.as_(who)
    asked = {"sessions": [session], "identifiers": True, "reason": WHY}
    for answer in (export_many(person, **asked), export(person, session, identifiers=True)):
        assert answer.status_code == 403
        assert answer.json()["detail"] == "Only an administrator may export with identifiers."
        last = history(people[who])[0]
        assert (last["export_status"], last["error_code"]) == ("failed", "not_allowed")
        assert last["identifiers"] is False
        assert last["export_options"]["identifiers"] is True


@pytest.mark.parametrize("reason", [{}, {"reason": None}])
def test_with_identifiers_takes_a_reason(served, session, history, people, reason):
    answer = export_many(served.as_("ada"), sessions=[session], identifiers=True, **reason)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert "needs a reason" in answer.json()["detail"]
    assert history(people["ada"])[0]["error_code"] == "bad_input"
    in_address = export(served.as_("ada"), session, identifiers=True, reason=WHY)
    assert in_address.status_code == 422  # where proxies would write it down


def test_what_somebody_called_a_muscle_or_a_channel_is_shown_with_identifiers_alone(
    served, changed
):
    session = changed(
        "UPDATE contractions SET channel = '=Anna', channel_number = 1"
        " WHERE channel = 'CH1' AND session_id = %(session)s",
        "UPDATE emg_statistics SET channel_name = '=Anna', muscle = 'vastus of Anna',"
        " compliance_reason = 'the signal of =Anna is poor'"
        " WHERE channel_name = 'CH1' AND session_id = %(session)s",
    )
    plain = export(served.as_("ann"), session).content
    assert b"Anna" not in plain
    first = from_json(plain)["channels"][0]
    assert (first["channel"], first["muscle"], first["side"]) == ("channel 1", None, "left")
    assert {c["channel"] for c in from_json(plain)["contractions"]} == {"channel 1", "CH2"}
    judged = export(served.as_("rae"), session, "performance_report").content
    assert from_json(judged)["muscles"][0]["compliance_reason"] == "the signal of channel 1 is poor"
    asked = {"sessions": [session], "identifiers": True, "reason": WHY}
    for form, read in (("csv", from_csv), ("excel", from_excel)):
        named = read(export_many(served.as_("ada"), form=form, **asked).content)["channels"][0]
        assert (named["channel"], named["muscle"]) == ("'=Anna", "vastus of Anna")


def test_what_looks_like_a_code_is_given_to_nobody(served, changed, history, people):
    session = changed(
        "UPDATE emg_statistics SET quality_reasons = ARRAY['p123 moved']"
        " WHERE session_id = %(session)s"
    )
    answer = export(served.as_("ann"), session, form="csv")
    assert answer.status_code == 409
    assert f"channels.quality_reasons of session {session} " in answer.json()["detail"]
    assert history(people["ann"])[0]["error_code"] == "conflict"
    assert export(served.as_("ann"), session, "bfr_safety_report").status_code == 200
    asked = {"sessions": [session], "identifiers": True, "reason": WHY}
    assert export_many(served.as_("ada"), **asked).status_code == 200


def test_a_number_that_is_none_is_given_to_nobody(served, changed):
    session = changed("UPDATE emg_statistics SET rms = 'NaN' WHERE session_id = %(session)s")
    answer = export(served.as_("ann"), session)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert f"channels.rms of session {session} " in answer.json()["detail"]


# ── whose


def test_a_session_of_another_is_one_that_is_not_there(served, session, history, people):
    for number in (session, str(uuid4())):
        assert export(served.as_("bob"), number).status_code == 404
        assert export_many(served.as_("bob"), sessions=[number]).status_code == 404
        first, second = history(people["bob"])[:2]
        assert {first["error_code"], second["error_code"]} == {"not_found"}
        assert first["session_id"] is second["session_id"] is None
        assert second["export_options"]["session"] == number
        assert first["query"] == {"sessions": [number]}


def test_what_is_chosen_is_chosen_among_what_may_be_seen(
    served, session, patient, new_patient, new_session, site_database
):
    """A patient who does not agree to research is the therapist's all the same."""
    private = new_patient()
    hidden = new_session(private)
    with site_database.connect("postgres") as conn:
        conn.execute(
            "UPDATE patients SET research_consent = false WHERE patient_code = %s", [private]
        )

    def sessions_of(who, **asked):
        answer = export_many(served.as_(who), **asked)
        if answer.status_code != 200:
            return answer.status_code
        return {row["session"] for row in from_json(answer.content)["sessions"]}

    assert {session, hidden} <= sessions_of("ann")
    assert sessions_of("ann", patients=[private]) == {hidden}
    assert hidden not in sessions_of("rae")
    assert session in sessions_of("rae")
    assert sessions_of("ann", patients=[private, "P404"]) == 404
    assert sessions_of("bob", patients=[patient]) == 404
    assert sessions_of("rae", patients=[patient]) == 404  # a code is no name of anybody to them
    [row] = from_json(export(served.as_("ann"), session).content)["sessions"]
    assert session in sessions_of("rae", patients=[row["patient"]])
    assert session in sessions_of("ada", patients=[row["patient"]])


def test_of_a_patient_who_is_new_there_is_nothing_yet(served, patient, session, new_patient):
    answer = export_many(served.as_("ann"), patients=[patient, new_patient()])
    assert answer.status_code == 409
    assert "has been analysed yet" in answer.json()["detail"]


def test_sessions_are_chosen_by_when_they_were_and_by_their_type(served, session, patient):
    [row] = from_json(export(served.as_("ann"), session).content)["sessions"]
    at = row["session_date"]
    later = at.replace("+00:00", ".000001+00:00")

    def status(**asked):
        return export_many(served.as_("ann"), patients=[patient], **asked).status_code

    assert status(**{"from": at, "to": later}) == 200
    assert status(**{"from": later}) == 404
    assert status(to=at) == 404
    assert status(session_type="baseline") == 404
    assert status(**{"from": "2025-01-01T00:00:00"}) == 422  # without a zone


def test_a_study_leaves_out_what_does_not_count_and_says_so(
    served, new_patient, new_session, new_recording, site_database
):
    code, content = new_patient(), new_recording(20)
    counts, twin = new_session(code, content), new_session(code, content)
    overwritten = new_session(code)
    broken = new_session(code, f"no recording of {code} at all".encode())
    waiting = new_session(code)
    with site_database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET superseded_by = %s WHERE id = %s", [counts, overwritten]
        )
        conn.execute(
            "UPDATE therapy_sessions SET processing_status = 'pending' WHERE id = %s", [waiting]
        )
    tables = from_json(export_many(served.as_("ann"), patients=[code]).content)
    assert [row["session"] for row in tables["sessions"]] == [counts]
    left_out = {row["reason"]: row["sessions"] for row in tables["left_out"]}
    assert left_out == {"duplicate": 1, "failed": 1, "not_analysed": 1, "superseded": 1}
    assert all(row["meaning"] for row in tables["left_out"])
    about = {row["name"]: row["value"] for row in tables["about"]}
    assert (about["sessions"], about["sessions_left_out"]) == (1, 4)
    named = export_many(served.as_("ann"), sessions=[counts, twin]).content
    assert [row["session"] for row in from_json(named)["sessions"]] == [counts]
    # One alone is exported as it is, if there is anything of it.
    [alone] = from_json(export(served.as_("ann"), twin).content)["sessions"]
    assert alone["duplicate_of"] == counts
    for number, why in ((broken, "could not be analysed"), (waiting, "not been analysed yet")):
        answer = export(served.as_("ann"), number)
        assert answer.status_code == 409
        assert why in answer.json()["detail"]


def test_there_is_an_end_to_how_many_sessions_one_holds(
    served, new_patient, new_session, monkeypatch
):
    code = new_patient()
    assert len({new_session(code), new_session(code)}) == 2
    for form in FORMATS:
        monkeypatch.setitem(export_sessions.MOST_SESSIONS, form, 2)
        assert export_many(served.as_("ann"), form=form, patients=[code]).status_code == 200
        monkeypatch.setitem(export_sessions.MOST_SESSIONS, form, 1)
        answer = export_many(served.as_("ann"), form=form, patients=[code])
        assert answer.status_code == 422
        assert "a shorter span" in answer.json()["detail"]
        assert ("choose CSV" in answer.json()["detail"]) == (form == "excel")


@pytest.mark.parametrize("kind", TYPES)
def test_how_many_are_read_at_once_changes_nothing(served, session, patient, kind, monkeypatch):
    whole = export_many(served.as_("ann"), kind).content
    monkeypatch.setattr(exported_tables, "BATCH", 1)
    assert export_many(served.as_("ann"), kind).content == whole
    assert len(from_json(whole)["sessions"]) > 1


def test_all_of_it_shows_one_moment(served, changed, site_database):
    """Somebody changes the last table while the first is read."""
    session = changed()
    waiting = (
        "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND NOT l.granted"
        " AND l.relation = 'contractions'::regclass"
    )
    with site_database.connect("postgres") as conn, ThreadPoolExecutor(1) as aside:
        conn.execute("LOCK TABLE contractions")
        conn.execute("UPDATE contractions SET rms = 1 WHERE session_id = %s", [session])
        coming = aside.submit(export, served.as_("ann"), session)
        wait_for(lambda: conn.execute(waiting).fetchone() is not None)
        conn.commit()
        during = from_json(coming.result().content)["contractions"]
    after = from_json(export(served.as_("ann"), session).content)["contractions"]
    assert {row["rms"] for row in after} == {1}
    assert len(during) == len(after)
    assert 1 not in {row["rms"] for row in during}


# ── the history


def test_an_export_is_written_down_with_what_it_was(
    served, session, history, site_database, someone_new, people
):
    login = someone_new("admin")
    asked = {"sessions": [session], "identifiers": True, "reason": WHY}
    answer = export_many(served.as_(login), form="csv", delimiter=";", **asked)
    [row] = history(people[login])
    assert row == row | {
        "id": UUID(number_of(answer)),
        "session_id": None,
        "query": {"sessions": [session]},
        "export_type": "statistics_only",
        "data_format": "csv",
        "channels_exported": None,
        "export_options": {"delimiter": ";", "identifiers": True},
        "processing_method": "database_query",
        "data_source": "cached_statistics",
        "identifiers": True,
        "reason": WHY,
        "session_count": 1,
        "file_size_bytes": len(answer.content),
        "export_hash": hashlib.sha256(answer.content).hexdigest(),
        "export_status": "success",
        "validation_checks": {"numbers_finite": True, "reads_back": True},
        "error_code": None,
    }
    tables = from_csv(answer.content, ";")
    assert row["row_counts"] == {name: len(rows) for name, rows in tables.items()}
    with site_database.connect("postgres") as conn:
        [entry] = audit.newest(conn, Wanted(person_id=people[login], action="export"), limit=9)
    assert (entry.row_key, entry.reason) == (str(row["id"]), WHY)
    assert entry.facts == entry.facts | {"identifiers": True, "sessions": 1, "status": "success"}
    assert (entry.role, entry.via) == ("admin", "cookie")


def test_everybody_sees_their_own_and_an_admin_all(served, session, someone_new, people):
    admin, other = someone_new("admin"), someone_new("admin")
    own = [number_of(export(served.as_(admin), session)) for _ in range(3)]
    pages, cursor = [], None
    while cursor is not None or not pages:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = served.as_(admin).get("/api/exports", params=asked).json()
        pages, cursor = pages + page["exports"], page["next"]
    mine = [e["id"] for e in pages if e["exported_by"] == str(people[admin])]
    assert mine == own[::-1]
    assert len({e["id"] for e in pages}) == len(pages) > 3
    one = f"/api/exports/{own[0]}"
    assert served.as_(admin).get(one).json()["session_id"] == session
    assert served.as_(other).get(one).status_code == 200
    assert served.as_("ann").get(one).status_code == 404
    by_ann = served.as_("ann").get("/api/exports", params={"limit": 200}).json()["exports"]
    assert {e["exported_by"] for e in by_ann} == {str(people["ann"])}
    of_session = served.as_(admin).get("/api/exports", params={"session": session}).json()
    assert {e["session_id"] for e in of_session["exports"]} == {session}


@pytest.mark.parametrize("form", FORMATS)
def test_whoever_made_it_gets_the_same_bytes_again(served, session, patient, form, someone_new):
    login = someone_new("admin")
    admin = served.as_(login)
    asked = {"patients": [patient], "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    for first in (
        export(admin, session, form=form, delimiter=";"),
        export_many(admin, form=form, identifiers=True, reason=WHY, **asked),
        export_many(admin, form=form, sessions=[session]),
    ):
        again = admin.get(f"/api/exports/{number_of(first)}/file")
        assert again.content == first.content
        kept = ("content-disposition", "content-type", "location")
        assert all(again.headers[name] == first.headers[name] for name in kept)


def test_that_it_was_given_out_again_stands_in_the_record(
    served, session, site_database, someone_new, people, history
):
    login = someone_new("admin")
    asked = {"sessions": [session], "identifiers": True, "reason": WHY}
    number = number_of(export_many(served.as_(login), **asked))
    assert served.as_(login).get(f"/api/exports/{number}/file").status_code == 200
    with site_database.connect("postgres") as conn:
        again, first = audit.newest(conn, Wanted(person_id=people[login], action="export"), limit=9)
    assert (again.row_key, again.facts, again.reason) == (
        number,
        {"again": True, "identifiers": True},
        WHY,
    )
    assert first.row_key == number
    assert len(history(people[login])) == 1


def test_nobody_else_gets_it_again(served, session, someone_new):
    number = number_of(export(served.as_("ann"), session))
    refused = served.as_(someone_new("admin")).get(f"/api/exports/{number}/file")
    assert refused.status_code == 403
    assert "Only whoever made" in refused.json()["detail"]
    assert served.as_("bob").get(f"/api/exports/{number}/file").status_code == 404


def test_what_has_changed_since_is_not_the_same_file(served, changed, site_database):
    session = changed()
    ann = served.as_("ann")
    number = number_of(export(ann, session))
    with site_database.connect("postgres") as conn:
        conn.execute("UPDATE emg_statistics SET rms = rms * 2 WHERE session_id = %s", [session])
    answer = ann.get(f"/api/exports/{number}/file")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "have changed" in answer.json()["detail"]


def test_there_is_no_file_of_one_that_failed(served, session, history, people):
    assert export(served.as_("bob"), session).status_code == 404
    number = history(people["bob"])[0]["id"]
    answer = served.as_("bob").get(f"/api/exports/{number}/file")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This export failed, so there is no file of it.",
    )


def test_a_code_by_which_somebody_was_asked_for_is_not_kept(
    served, session, patient, history, people
):
    number_of(export_many(served.as_("ann"), patients=[patient]))
    assert export_many(served.as_("ann"), patients=[patient, "P404"]).status_code == 404
    failed, made = history(people["ann"])[:2]
    assert failed["export_options"]["patients_named"] == 2
    assert patient not in str(failed)
    assert patient not in str(made)
    assert len(made["query"]["patients"][0]) == 64


# ── what goes wrong


def test_a_fault_of_our_own_is_written_down_too(make_app, served, changed, history, people):
    session = changed(
        "UPDATE emg_statistics SET left_out = %(said)s WHERE session_id = %(session)s",
        said=Jsonb({"intensity": {}}),
    )
    with TestClient(make_app(), raise_server_exceptions=False) as server:
        ann = replace(served, server=server).as_("ann")
        with capture_logs():
            assert export(ann, session, "performance_report").status_code == 500
    last = history(people["ann"])[0]
    assert (last["export_status"], last["error_code"]) == ("failed", "bug")
    assert last["session_id"] == UUID(session)
    assert "dict" not in last["error_message"]


def test_only_so_many_are_made_at_once(make_app, served, session, history, people):
    with TestClient(make_app(limits=replace(SMALL, exports_at_once=1))) as server:
        ann = replace(served, server=server).as_("ann")
        assert export(ann, session).status_code == 200
        assert export(ann, uuid4()).status_code == 404
        assert export(ann, session).status_code == 200  # a turn is given back either way
    with TestClient(make_app(limits=replace(SMALL, exports_at_once=0))) as server:
        answer = export(replace(served, server=server).as_("ann"), session)
    assert (answer.status_code, answer.json()["code"]) == (429, "overloaded")
    assert answer.headers["retry-after"]
    assert history(people["ann"])[0]["error_code"] == "overloaded"


def test_nothing_is_given_out_that_cannot_be_written_down(
    make_app, served, session, site_database, history, people
):
    before = len(history(people["ann"]))
    only_reads = (
        f"{site_database.url('myograph_web')}&options=-c%20default_transaction_read_only%3Don"
    )
    with TestClient(make_app(web_url=only_reads)) as server, capture_logs() as logs:
        answer = export(replace(served, server=server).as_("ann"), session)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert [line["event"] for line in logs if "recorded" in line["event"]] == [
        "failed_export_not_recorded"
    ]
    assert len(history(people["ann"])) == before


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "signals_visualization"},
        {"format": "matlab"},
        {"delimiter": "|"},
        {"sessions": []},
        {"patients": []},
        {"sessions": [str(uuid4())] * 201},
        {"reason": ""},
        {"reason": " "},
        {"everything": True},
        {"patients": ["\0"]},
    ],
)
def test_what_cannot_be_made_is_not_asked_for(served, asked):
    body = {"type": "statistics_only", "format": "json"} | asked
    assert served.as_("ada").post("/api/exports", json=body).status_code == 422
