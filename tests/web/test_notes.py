"""Clinical notes through the interface: whose they are, and who reads them."""

import json
from itertools import count

import psycopg
import pytest

from myograph.db.identity import Person
from myograph.storage.objects import folder_store
from myograph.web.site import Limits
from myograph.worker.run import run_until_empty

_codes = count(8000)


@pytest.fixture
def ada(served):
    return served.as_("ada")


@pytest.fixture
def ann(served):
    return served.as_("ann")


@pytest.fixture
def bob(served):
    return served.as_("bob")


@pytest.fixture
def rae(served):
    return served.as_("rae")


@pytest.fixture
def patient(ada, people):
    """A patient of Ann's, who agrees to research, for one test alone."""
    code = f"P{next(_codes)}"
    said = {"patient_code": code, "therapist_id": str(people["ann"]), "research_consent": True}
    assert ada.post("/api/patients", json=said).status_code == 201
    return code


@pytest.fixture
def session(ann, patient, new_recording, site_database, served):
    """An analysed session of this patient, who has a pseudonym from then on."""
    answer = ann.put("/api/uploads/a.c3d", content=new_recording(12), params={"patient": patient})
    run_until_empty(
        site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
    )
    return answer.json()["session_id"]


def write(person, text="a note", **about):
    answer = person.post("/api/notes", json={"text": text, **about})
    assert answer.status_code == 201, answer.text
    return answer.json()["note"]


def texts(person, **about):
    answer = person.get("/api/notes", params=about)
    assert answer.status_code == 200, answer.text
    return [written["note"]["text"] for written in answer.json()["notes"]]


def test_a_note_is_written_and_read_by_whoever_treats(ada, ann, people, patient, session):
    note = write(ann, "of the patient", patient=patient)
    assert (note["patient_code"], note["session_id"], note["author"]) == (
        patient,
        None,
        str(people["ann"]),
    )
    assert (note["version"], note["shared"], note["deleted_at"]) == (1, False, None)
    write(ada, "of the session", session=session)
    for person in (ann, ada):
        assert texts(person, patient=patient) == ["of the session", "of the patient"]
        assert texts(person, session=session) == ["of the session"]
    told = ann.get("/api/notes", params={"patient": patient}).json()["notes"]
    assert [written["author_name"] for written in told] == ["Ada", "Ann"]


def test_a_list_is_read_page_by_page(ann, patient):
    for n in range(5):
        write(ann, f"{n}", patient=patient)
    seen, cursor = [], None
    while True:
        page = ann.get(
            "/api/notes",
            params={"patient": patient, "limit": 2} | ({"cursor": cursor} if cursor else {}),
        ).json()
        seen += [written["note"]["text"] for written in page["notes"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]
    for wrong in ("x", "MjAyNi0wMS0wMSAx", "w6k="):
        asked = {"patient": patient, "cursor": wrong}
        assert ann.get("/api/notes", params=asked).status_code == 422


def test_nothing_of_a_note_is_overwritten(ada, ann, patient):
    note = write(ann, "first", patient=patient)
    address = f"/api/notes/{note['id']}"
    tag = ann.get(f"{address}/history").headers["etag"]
    changed = ann.patch(address, json={"text": "second"}, headers={"if-match": tag})
    assert (changed.status_code, changed.json()["note"]["version"]) == (200, 2)
    late = ann.patch(address, json={"text": "third"}, headers={"if-match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "outdated")
    ann.patch(address, json={"shared": True})
    ann.patch(address, json={"shared": True})  # says nothing new
    told = ada.get(f"{address}/history").json()
    present = told["present"]["note"]
    assert (present["text"], present["shared"], present["version"]) == ("second", True, 3)
    assert [(v["version"], v["text"], v["shared"]) for v in told["earlier"]] == [
        (2, "second", False),
        (1, "first", False),
    ]
    assert present["created_at"] == note["created_at"] < present["written_at"]


def test_a_deleted_note_is_marked_and_its_author_still_knows_it(ada, ann, bob, people, patient):
    note = write(ann, "a mistake", patient=patient)
    address = f"/api/notes/{note['id']}"
    before = ann.get(f"{address}/history")
    stale = ann.delete(address, headers={"if-match": 'W/"7"'})
    assert stale.status_code == 412
    assert ann.delete(address).status_code == 204
    assert texts(ann, patient=patient) == texts(ada, patient=patient) == []
    for person in (ann, ada):
        after = person.get(f"{address}/history")
        assert after.json()["present"]["note"]["deleted_at"] is not None
        assert after.headers["etag"] != before.headers["etag"]
    for again in (ann.patch(address, json={"text": "again"}), ann.delete(address)):
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
    # Whoever treats the patient next does not see what was taken back.
    ada.patch(f"/api/patients/{patient}", json={"therapist_id": str(people["bob"])})
    assert bob.get(f"{address}/history").status_code == 404


def test_only_its_author_changes_a_note(ada, ann, bob, people, patient):
    note = write(ann, "Ann's", patient=patient)
    address = f"/api/notes/{note['id']}"
    for hidden in (
        bob.patch(address, json={"text": "Bob's"}),
        bob.delete(address),
        bob.get(f"{address}/history"),
    ):
        assert hidden.status_code == 404
    ada.patch(f"/api/patients/{patient}", json={"therapist_id": str(people["bob"])})
    for person in (ada, bob):
        assert texts(person, patient=patient) == ["Ann's"]
        refused = person.patch(address, json={"text": "another's"})
        assert (refused.status_code, refused.json()["detail"]) == (
            403,
            "Only its author changes a note.",
        )
        assert person.delete(address).status_code == 403
    # It is no longer Ann's patient.
    assert ann.patch(address, json={"text": "mine"}).status_code == 404
    assert ann.get("/api/notes", params={"patient": patient}).status_code == 404
    assert texts(bob, patient=patient) == ["Ann's"]


def test_what_is_anothers_answers_as_what_is_not_there(bob, patient, session):
    nobody = "00000000-0000-0000-0000-000000000001"
    for theirs, unknown in (
        ({"patient": patient}, {"patient": "P999999"}),
        ({"session": session}, {"session": nobody}),
    ):
        for ask in (
            lambda about: bob.get("/api/notes", params=about),
            lambda about: bob.post("/api/notes", json={"text": "x", **about}),
        ):
            seen, unseen = ask(theirs), ask(unknown)
            assert seen.status_code == unseen.status_code == 404
            assert seen.json() == unseen.json()


def test_a_researcher_reads_what_is_shared_and_nothing_of_whom(ada, ann, rae, patient, session):
    private = write(ann, "private", patient=patient)
    write(ann, "shared of the patient", patient=patient, shared=True)
    shared = write(ann, "shared of the session", session=session, shared=True)
    pseudonym = ada.get(f"/api/patients/{patient}").json()["pseudonym"]
    answer = rae.get("/api/notes", params={"patient": pseudonym})
    assert patient not in answer.text
    told = answer.json()["notes"]
    assert [written["note"]["text"] for written in told] == [
        "shared of the session",
        "shared of the patient",
    ]
    assert {(w["author_name"], w["note"]["author"]) for w in told} == {(None, None)}
    assert {written["note"]["pseudonym"] for written in told} == {pseudonym}
    assert texts(rae, session=session) == ["shared of the session"]
    ann.patch(f"/api/notes/{private['id']}", json={"shared": True})
    ann.patch(f"/api/notes/{shared['id']}", json={"shared": False})
    assert texts(rae, patient=pseudonym) == ["shared of the patient", "private"]
    ann.delete(f"/api/notes/{private['id']}")
    assert texts(rae, patient=pseudonym) == ["shared of the patient"]
    ada.patch(f"/api/patients/{patient}", json={"research_consent": None})
    assert rae.get("/api/notes", params={"patient": pseudonym}).status_code == 404
    assert rae.get("/api/notes", params={"session": session}).status_code == 404


def test_a_shared_note_names_no_patient(ann, patient):
    text = f"{patient} had pain"
    refused = ann.post("/api/notes", json={"patient": patient, "text": text, "shared": True})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "A note that is shared names no patient: please take the code out first.",
    )
    note = write(ann, text, patient=patient)
    address = f"/api/notes/{note['id']}"
    assert ann.patch(address, json={"shared": True}).status_code == 422
    assert ann.patch(address, json={"shared": True, "text": "had pain"}).status_code == 200
    assert ann.patch(address, json={"text": f"see p{patient[1:]}"}).status_code == 422


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"text": ""},
        {"text": "x" * 10_001},
        {"text": "a\x00b"},
        {"text": " \n"},
        {"text": None},
        {"shared": None},
        {"author": "00000000-0000-0000-0000-000000000001"},
    ],
)
def test_a_note_that_says_nothing_is_refused(ann, patient, said):
    note = write(ann, "x" * 10_000, patient=patient)
    assert ann.patch(f"/api/notes/{note['id']}", json=said).status_code == 422


def test_a_note_is_about_one_thing(ann, patient, session):
    for about in ({}, {"patient": patient, "session": session}):
        assert ann.post("/api/notes", json={"text": "x", **about}).status_code == 422
        assert ann.get("/api/notes", params=about).status_code == 422


# ── by SQL


def test_nobody_writes_in_anothers_name_or_of_anothers_patient(
    site_database, people, ann, patient, session
):
    note = write(ann, "Ann's", patient=patient)["id"]
    bob = Person(people["bob"], "Bob", "therapist")
    with site_database.as_person(bob) as conn:
        assert conn.execute("SELECT FROM clinical_notes WHERE id = %s", [note]).fetchone() is None
        changed = conn.execute("UPDATE clinical_notes SET text = 'x' WHERE id = %s", [note])
        assert changed.rowcount == 0
    insert = "INSERT INTO clinical_notes (patient_code, session_id, author, text) VALUES"
    for person, row in (
        (bob, (patient, None, people["bob"])),
        (bob, (None, session, people["bob"])),
        (Person(people["ann"], "Ann", "therapist"), (patient, None, people["ada"])),
        (Person(people["ada"], "Ada", "admin"), (patient, None, people["ann"])),
    ):
        with (
            site_database.as_person(person) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        ):
            conn.execute(f"{insert} (%s, %s, %s, 'x')", row)


def test_history_is_written_by_the_database_alone(site_database, people, ann, patient):
    note = write(ann, "first", patient=patient)["id"]
    ann.patch(f"/api/notes/{note}", json={"text": "second"})
    for who, role in (("ann", "therapist"), ("ada", "admin"), ("rae", "researcher")):
        for statement in (
            "UPDATE clinical_note_versions SET text = ''",
            "DELETE FROM clinical_note_versions",
            "DELETE FROM clinical_notes",
            "UPDATE clinical_notes SET version = 1",
            "UPDATE clinical_notes SET author = NULL",
        ):
            with (
                site_database.as_person(Person(people[who], who, role)) as conn,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                conn.execute(statement)
    with (
        site_database.as_person(Person(people["rae"], "Rae", "researcher")) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("SELECT text FROM clinical_note_versions")


# ── the longest


LONGEST = 10_000
JSON = {"Content-Type": "application/json"}


def test_the_longest_note_is_taken_however_it_is_written(ann, patient):
    """Python's JSON writes one such character as twelve bytes."""
    text = "😀" * LONGEST
    sent = json.dumps({"patient": patient, "text": text})
    assert len(sent) > Limits().body_bytes
    answer = ann.post("/api/notes", content=sent, headers=JSON)
    assert answer.status_code == 201
    note = answer.json()["note"]
    assert note["text"] == text
    sent = json.dumps({"text": text[:-1] + "x"})
    changed = ann.patch(f"/api/notes/{note['id']}", content=sent, headers=JSON)
    assert changed.status_code == 200
    sent = json.dumps({"patient": patient, "text": text + "x"})
    assert ann.post("/api/notes", content=sent, headers=JSON).status_code == 422


def test_beyond_what_the_longest_needs_it_is_too_large(ann, patient):
    sent = json.dumps({"patient": patient, "text": "x"}).encode()
    blanks = Limits().text_bytes - len(sent)
    assert ann.post("/api/notes", content=sent + b" " * blanks, headers=JSON).status_code == 201
    assert (
        ann.post("/api/notes", content=sent + b" " * (blanks + 1), headers=JSON).status_code == 413
    )
