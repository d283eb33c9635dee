"""Patients through the interface: who sees, who changes, and what is scored anew."""

import json
from datetime import date, timedelta
from itertools import count

import psycopg
import pytest

from myograph.db.identity import Person
from myograph.scoring.muscles import MUSCLES
from myograph.storage.objects import folder_store
from myograph.web.site import Limits
from myograph.worker.run import run_until_empty
from tests.game_files import game_file

_codes = count(5000)
LEGS = {
    "CH1": {"muscle": "quadriceps", "side": "left"},
    "CH2": {"muscle": "quadriceps", "side": "right"},
}
SLACK = 1e-6  # volts: below any maximum, so that every effort reaches it


@pytest.fixture
def work(served, site_database):
    def run():
        run_until_empty(
            site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
        )

    return run


@pytest.fixture
def ada(served):
    return served.as_("ada")


@pytest.fixture
def ann(served):
    return served.as_("ann")


@pytest.fixture
def new_patient(ada, people):
    """A patient of Ann's for one test alone; its address."""

    def add(**said):
        code = f"P{next(_codes)}"
        said = {"patient_code": code, "therapist_id": str(people["ann"])} | said
        answer = ada.post("/api/patients", json=said)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"/api/patients/{code}"
        return f"/api/patients/{code}"

    return add


@pytest.fixture
def upload(ann, new_recording, work):
    """An analysed session of a patient; its address."""

    def send(patient, *, person=ann, **said):
        answer = person.put(
            "/api/uploads/a.c3d",
            content=new_recording(20),
            params={"patient": patient.rpartition("/")[2], **said},
        )
        work()
        return f"/api/sessions/{answer.json()['session_id']}"

    return send


def sources(person, session):
    return person.get(f"{session}/performance").json()["input_sources"]


# ── who they are


def test_a_patient_is_added_read_and_changed(ada, ann, people, new_patient):
    address = new_patient(research_consent=True, treatment_start="2026-03-02")
    told = ann.get(address).json()
    assert told["therapist_id"] == str(people["ann"])
    assert (told["treatment_start"], told["treatment_end"]) == ("2026-03-02", None)
    changed = ann.patch(
        address, json={"target_contractions_per_muscle": 8, "channel_assignment": LEGS}
    ).json()
    assert (changed["target_contractions_per_muscle"], changed["channel_assignment"]) == (8, LEGS)
    assert changed["research_consent"] is True  # what is left out stays
    taken_back = ann.patch(address, json={"target_contractions_per_muscle": None}).json()
    assert taken_back["target_contractions_per_muscle"] is None
    assert ada.patch(address, json={"treatment_end": "2026-03-20"}).status_code == 200
    assert ann.get(address).json()["treatment_end"] == "2026-03-20"


def test_a_code_is_given_once(ada, new_patient):
    code = new_patient().rpartition("/")[2]
    answer = ada.post("/api/patients", json={"patient_code": code})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        f"There is a patient {code} already.",
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"patient_code": "P12345"},
        {"therapist_id": "00000000-0000-0000-0000-000000000001"},
        {"treatment_start": None, "treatment_end": "2026-03-01"},
        {"treatment_start": "2026-03-02", "treatment_end": "2026-03-01"},
        {"target_contractions_per_muscle": 0},
        {"mvc_threshold_percentage": 75},
        {"duration_threshold_seconds": 0},
        {"channel_assignment": {"CH1": {"side": "up"}}},
        {"channel_assignment": {"": {"side": "left"}}},
        {"channel_assignment": {"CH1": {"side": "left"}, "CH2": {"side": "left"}}},
        {"channel_assignment": {"C\x00": {"side": "left"}}},
        {"mvc_left_quad": 1e-4},
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_stored(ada, new_patient, said):
    address = new_patient(treatment_start="2026-03-02")
    before = ada.get(address).json()
    answer = ada.patch(address, json=said)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".") or answer.json()["errors"]
    assert ada.get(address).json() == before


def test_a_leg_is_one_of_a_muscle_though_nobody_says_of_which(ada, new_patient):
    legs = {label: {"side": leg["side"]} for label, leg in LEGS.items()}
    address = new_patient(channel_assignment=legs)
    assert ada.get(address).json()["channel_assignment"] == LEGS
    ada.patch(address, json={"channel_assignment": {"CH7": {"side": "left"}}})
    assert ada.get(address).json()["channel_assignment"] == {"CH7": LEGS["CH1"]}


def test_one_leg_may_have_two_muscles(ada, new_patient):
    both = {"CH1": {"muscle": "quadriceps", "side": "left"}}
    both["CH2"] = {"muscle": "hamstrings", "side": "left"}
    assert ada.get(new_patient(channel_assignment=both)).json()["channel_assignment"] == both


def test_a_muscle_is_taken_in_any_case_and_kept_by_its_name(ada, new_patient):
    said = {"CH1": {"muscle": "Vastus  Medialis ", "side": "left"}}
    kept = ada.get(new_patient(channel_assignment=said)).json()["channel_assignment"]
    assert kept == {"CH1": {"muscle": "vastus medialis", "side": "left"}}


def test_a_muscle_that_we_do_not_know_is_refused_with_the_nearest(ada, new_patient):
    address = new_patient(channel_assignment=LEGS)
    for muscle, told in (
        ("quadricep", "the nearest: quadriceps."),
        ("Zaphod", "we know: quadriceps,"),
    ):
        said = {"CH1": {"muscle": muscle, "side": "left"}}
        answer = ada.patch(address, json={"channel_assignment": said})
        assert answer.status_code == 422
        assert told in answer.text
    assert ada.get(address).json()["channel_assignment"] == LEGS


def test_the_description_names_the_muscles(ada):
    described = ada.get("/api/openapi.json").json()["components"]["schemas"]["Leg"]
    assert described["properties"]["muscle"]["enum"] == list(MUSCLES)


def test_a_treatment_of_one_day_is_one(ada, new_patient):
    address = new_patient(treatment_start="2026-03-02")
    assert ada.patch(address, json={"treatment_end": "2026-03-02"}).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"therapist_id": None},
        {"research_consent": True},
        {"treatment_start": "2026-03-02"},
        {"target_contractions_per_muscle": 3, "treatment_end": None},
    ],
)
def test_a_therapist_does_not_say_who_treats_nor_when(ann, new_patient, said):
    address = new_patient()
    before = ann.get(address).json()
    assert ann.patch(address, json=said).status_code == 403
    assert ann.get(address).json() == before


def test_nor_by_sql(site_database, people, new_patient):
    code = new_patient().rpartition("/")[2]
    ann = Person(people["ann"], "Ann", "therapist")
    for column in ("therapist_id", "research_consent", "mvc_left_quad", "pseudonym"):
        with (
            site_database.as_person(ann) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(
                psycopg.sql.SQL("UPDATE patients SET {} = NULL WHERE patient_code = %s").format(
                    psycopg.sql.Identifier(column)
                ),
                [code],
            )


def test_another_therapists_patient_looks_like_one_that_does_not_exist(served, new_patient):
    theirs, bob = new_patient(), served.as_("bob")
    nobodys = "/api/patients/P999999"
    for ask in (
        bob.get,
        lambda address: bob.patch(address, json={"target_contractions_per_muscle": 3}),
        lambda address: bob.patch(address, json={"treatment_end": None}),
        lambda address: bob.patch(
            address, json={"mvc_threshold_percentage": 0.5}, headers={"if-match": "x"}
        ),
        lambda address: bob.get(f"{address}/mvc"),
        lambda address: bob.post(f"{address}/mvc", json={"side": "left", "value_v": 1e-4}),
        lambda address: bob.get(f"{address}/medical"),
        lambda address: bob.put(f"{address}/medical", json={}),
    ):
        seen, unseen = ask(theirs), ask(nobodys)
        assert seen.status_code == unseen.status_code == 404
        assert seen.json() == unseen.json()
        unlike = {"x-request-id", "date"}
        assert {k: v for k, v in seen.headers.items() if k not in unlike} == {
            k: v for k, v in unseen.headers.items() if k not in unlike
        }


def test_another_therapist_sees_a_patient_at_once_and_the_first_no_more(
    served, ada, ann, people, new_patient, upload
):
    address = new_patient()
    session = upload(address)
    bob = served.as_("bob")
    assert [p.get(address).status_code for p in (ann, bob)] == [200, 404]
    ada.patch(address, json={"therapist_id": str(people["bob"])})
    assert [p.get(address).status_code for p in (ann, bob)] == [404, 200]
    assert [p.get(session).status_code for p in (ann, bob)] == [404, 200]
    code = address.rpartition("/")[2]
    listed = [p.get("/api/patients", params={"search": code}).json() for p in (ann, bob)]
    assert [len(page["patients"]) for page in listed] == [0, 1]


def test_sessions_that_named_a_patient_before_anybody_knew_of_them_become_theirs(
    ada, ann, people, work
):
    code = f"P{next(_codes)}"
    answer = ada.put("/api/uploads/a.c3d", content=game_file(player=code))
    work()
    session = f"/api/sessions/{answer.json()['session_id']}"
    assert ada.get(session).json()["claimed_patient_code"] == code
    said = {
        "patient_code": code,
        "therapist_id": str(people["ann"]),
        "channel_assignment": LEGS,
    }
    assert ada.post("/api/patients", json=said).status_code == 201
    assert ann.get(session).json()["patient_id"] == code
    work()
    assert sources(ann, session)["sides"] == "patient"


# ── lists


def test_a_list_is_read_page_by_page(ada, ann, people, new_patient):
    codes = [new_patient().rpartition("/")[2] for _ in range(3)]
    seen, cursor = [], ""
    while cursor is not None:
        page = ann.get("/api/patients", params={"cursor": cursor, "limit": 2}).json()
        assert len(page["patients"]) <= 2
        seen += [patient["patient_code"] for patient in page["patients"]]
        cursor = page["next"]
    assert seen == sorted(set(seen))
    assert set(codes) <= set(seen)


def test_a_list_is_narrowed_by_therapist_by_code_and_to_those_still_treated(
    ada, served, people, new_patient
):
    day = date.today()  # noqa: DTZ011 - the clinic's day may differ by one, which the test allows
    ended = new_patient(
        treatment_start=str(day - timedelta(9)), treatment_end=str(day - timedelta(2))
    )
    ending = new_patient(treatment_start=str(day), treatment_end=str(day + timedelta(2)))
    of_bob = new_patient(therapist_id=str(people["bob"]))

    def codes(**wanted):
        found = ada.get("/api/patients", params={"limit": 200, **wanted}).json()["patients"]
        return {f"/api/patients/{patient['patient_code']}" for patient in found}

    assert {ended, ending, of_bob} <= codes()
    assert {ended, ending, of_bob} & codes(active=True) == {ending, of_bob}
    assert {ended, ending, of_bob} & codes(active=False) == {ended}
    assert {ended, ending, of_bob} & codes(therapist=str(people["bob"])) == {of_bob}
    assert codes(search=ended.rpartition("/")[2]) == {ended}
    assert codes(search="P5%") == set()


def test_a_researcher_sees_who_consents_and_no_code(served, ada, new_patient, upload):
    address, refuses = new_patient(research_consent=True), new_patient()
    for patient in (address, refuses):
        upload(patient)
    rae = served.as_("rae")
    pseudonyms = {a: ada.get(a).json()["pseudonym"] for a in (address, refuses)}
    listed = rae.get("/api/patients", params={"limit": 200})
    assert address.rpartition("/")[2] not in listed.text
    shown = {patient["pseudonym"] for patient in listed.json()["patients"]}
    assert pseudonyms[address] in shown
    assert pseudonyms[refuses] not in shown
    mine = rae.get(f"/api/patients/{pseudonyms[address]}").json()
    assert (mine["patient_code"], mine["therapist_id"]) == (None, None)
    assert rae.get(f"/api/patients/{pseudonyms[refuses]}").status_code == 404
    assert rae.get(address).status_code == 404


# ── two who change the same


def test_nobody_undoes_what_they_never_read(ann, new_patient):
    address = new_patient()
    tag = ann.get(address).headers["etag"]
    assert ann.get(address, headers={"if-none-match": tag}).status_code == 304
    first = ann.patch(address, json={"mvc_threshold_percentage": 0.5}, headers={"if-match": tag})
    assert (first.status_code, first.headers["etag"] != tag) == (200, True)
    second = ann.patch(address, json={"mvc_threshold_percentage": 0.6}, headers={"if-match": tag})
    assert (second.status_code, second.json()["code"]) == (412, "outdated")
    assert ann.get(address).json()["mvc_threshold_percentage"] == 0.5
    third = {"if-match": first.headers["etag"]}
    assert ann.patch(address, json={"mvc_threshold_percentage": 0.6}, headers=third).is_success


# ── what is scored anew


def test_what_a_patients_sessions_are_scored_with_scores_them_anew(ann, new_patient, upload, work):
    address = new_patient()
    session = upload(address)
    assert sources(ann, session)["sides"] == "none"
    ann.patch(
        address,
        json={
            "channel_assignment": LEGS,
            "target_contractions_per_muscle": 5,
            "mvc_threshold_percentage": 0.5,
            "duration_threshold_seconds": 1,
        },
    )
    work()
    said = sources(ann, session)
    assert {said[name] for name in ("sides", "target", "mvc_share", "hold")} == {"patient"}
    [left, _] = ann.get(f"{session}/statistics").json()
    assert (left["target_contractions"], left["side"]) == (5, "left")
    assert (left["mvc_threshold_percentage"], left["duration_threshold_seconds"]) == (0.5, 1)
    # What a session says of its own goes before.
    ann.patch(f"{session}/settings", json={"mvc_threshold_percentage": 0.75})
    work()
    assert sources(ann, session)["mvc_share"] == "person"


# ── maxima


def force(person, address):
    """The maxima in force, as the patient's row shows them."""
    told = person.get(address).json()
    return told["mvc_left_quad"], told["mvc_right_quad"]


def test_the_first_maximum_judges_what_was_played_before(ann, people, new_patient, upload, work):
    address = new_patient(channel_assignment=LEGS)
    session = upload(address)
    assert "mvc_left" not in sources(ann, session)
    [set_] = ann.post(f"{address}/mvc", json={"side": "left", "value_v": SLACK}).json()
    assert (set_["value"], set_["valid_from"], set_["entered_by"]) == (
        SLACK,
        None,
        str(people["ann"]),
    )
    assert force(ann, address) == (SLACK, None)
    work()
    assert sources(ann, session)["mvc_left"] == "patient"
    left, right = ann.get(f"{session}/statistics").json()
    assert (left["mvc_peak_value"], left["intensity_rate"]) == (SLACK, 1)
    assert right["mvc_calculation_method"] == "backend_95percentile"


def test_a_later_maximum_leaves_earlier_sessions_as_they_were(ann, new_patient, upload, work):
    address = new_patient(channel_assignment=LEGS)
    session = upload(address)  # of 2025
    for said in ({"value_v": SLACK}, {"value_v": 2 * SLACK}):
        ann.post(f"{address}/mvc", json={"side": "left", **said})
    work()
    assert force(ann, address) == (2 * SLACK, None)
    assert ann.get(f"{session}/statistics").json()[0]["mvc_peak_value"] == SLACK
    ann.post(f"{address}/mvc", json={"side": "left", "value_v": 3 * SLACK, "since": "2025-03-10"})
    work()
    assert ann.get(f"{session}/statistics").json()[0]["mvc_peak_value"] == 3 * SLACK
    assert force(ann, address) == (2 * SLACK, None)  # today's is the later one
    history = ann.get(f"{address}/mvc").json()
    assert [m["value"] for m in history] == [2 * SLACK, 3 * SLACK, SLACK]


def test_a_maximum_is_taken_back(ann, new_patient, upload, work):
    address = new_patient(channel_assignment=LEGS)
    session = upload(address)
    ann.post(f"{address}/mvc", json={"side": "left", "value_v": SLACK})
    ann.post(f"{address}/mvc", json={"side": "left", "reason": "the electrode had slipped"})
    assert force(ann, address) == (None, None)
    work()
    assert "mvc_left" not in sources(ann, session)
    taken, first = ann.get(f"{address}/mvc").json()
    assert (taken["value"], taken["reason"]) == (None, "the electrode had slipped")
    assert first["value"] == SLACK
    again = ann.post(f"{address}/mvc", json={"side": "left"})
    assert (again.status_code, again.json()["code"]) == (422, "bad_input")


def test_a_maximum_is_read_from_a_session(ann, new_patient, upload, work):
    address = new_patient(channel_assignment=LEGS)
    session = upload(address)
    [shown] = ann.post(
        f"{address}/mvc", json={"side": "right", "session_id": session.rpartition("/")[2]}
    ).json()
    strongest = max(
        c["strength"]
        for c in ann.get(f"{session}/contractions").json()
        if c["channel"] == "CH2" and c["end_s"] - c["start_s"] >= 0.5
    )
    assert shown["value"] == strongest
    assert shown["session_id"] == session.rpartition("/")[2]
    assert shown["valid_from"].startswith("2025-03-10")
    assert force(ann, address) == (None, strongest)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"side": "both", "value_v": 1e-4},
        {"side": "left", "value_v": 0},
        {"side": "left", "value_v": 2},
        {"side": "left", "value_v": 1e-4, "since": "9999-12-31"},
        {"side": "left", "value_v": 1e-4, "session_id": "00000000-0000-0000-0000-000000000001"},
        {"side": "left", "session_id": "00000000-0000-0000-0000-000000000001"},
        {"side": "left", "value_v": 1e-4, "reason": ""},
    ],
)
def test_a_maximum_that_cannot_be_is_refused(ann, new_patient, said):
    address = new_patient()
    answer = ann.post(f"{address}/mvc", json=said)
    assert answer.status_code == 422
    assert ann.get(f"{address}/mvc").json() == []


def test_a_session_without_results_or_without_that_leg_shows_no_maximum(
    ann, new_patient, upload, new_recording
):
    address = new_patient()
    unassigned = upload(address).rpartition("/")[2]
    of_another = upload(new_patient()).rpartition("/")[2]
    waiting = ann.put(
        "/api/uploads/a.c3d",
        content=new_recording(20),
        params={"patient": address.rpartition("/")[2]},
    ).json()["session_id"]
    said = {
        session: ann.post(f"{address}/mvc", json={"side": "left", "session_id": session})
        for session in (unassigned, waiting, of_another)
    }
    assert {answer.status_code for answer in said.values()} == {422}
    assert "one channel on that leg" in said[unassigned].json()["detail"]
    assert "no results" in said[waiting].json()["detail"]
    assert said[of_another].json()["detail"] == "This patient has no such session."


def test_the_session_of_another_patient_is_no_source_by_sql_either(
    site_database, people, new_patient, upload
):
    address, other = new_patient(), new_patient(therapist_id=str(people["bob"]))
    session = upload(new_patient()).rpartition("/")[2]
    ann = Person(people["ann"], "Ann", "therapist")
    for code, by, source in (
        (other, people["ann"], None),
        (address, people["bob"], None),
        (address, people["ann"], session),
    ):
        with (
            site_database.as_person(ann) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        ):
            conn.execute(
                "INSERT INTO patient_mvc (patient_code, side, value, session_id, entered_by)"
                " VALUES (%s, 'left', 1, %s, %s)",
                [code.rpartition("/")[2], source, by],
            )


def test_a_researcher_sees_maxima_without_who_and_why(served, ada, ann, new_patient, upload):
    address = new_patient(research_consent=True)
    upload(address)
    said = {"side": "left", "value_v": SLACK, "reason": "P999 moved"}
    ann.post(f"{address}/mvc", json=said)
    rae = served.as_("rae")
    pseudonym = ada.get(address).json()["pseudonym"]
    [seen] = rae.get(f"/api/patients/{pseudonym}/mvc").json()
    assert (seen["value"], seen["entered_by"], seen["reason"]) == (SLACK, None, None)
    ada.patch(address, json={"research_consent": False})
    assert rae.get(f"/api/patients/{pseudonym}/mvc").status_code == 404
    assert rae.get(f"{address}/mvc").status_code == 404


# ── medical facts


def test_medical_facts_are_put_in_the_place_of_what_was_said(ann, ada, people, new_patient):
    address = new_patient()
    nothing = ann.get(f"{address}/medical")
    assert set(nothing.json().values()) == {None}
    first = ann.put(
        f"{address}/medical",
        json={"birth_year": 1951, "affected_leg": "left", "diagnosis": "gonarthrosis"},
        headers={"if-match": nothing.headers["etag"]},
    )
    assert first.status_code == 200
    assert (first.json()["birth_year"], first.json()["entered_by"]) == (1951, str(people["ann"]))
    stale = ada.put(f"{address}/medical", json={}, headers={"if-match": nothing.headers["etag"]})
    assert stale.status_code == 412
    second = ada.put(f"{address}/medical", json={"birth_year": 1952})
    assert (second.json()["birth_year"], second.json()["diagnosis"]) == (1952, None)
    assert ann.get(f"{address}/medical").json() == second.json()


def test_the_longest_texts_of_all_are_taken_however_they_are_written(ann, new_patient):
    address = new_patient()
    most = {"diagnosis": 2000, "medication": 2000, "contraindications": 2000, "remarks": 10_000}
    said = {name: "😀" * characters for name, characters in most.items()}
    sent = json.dumps(said)
    assert len(sent) > Limits().body_bytes
    head = {"Content-Type": "application/json"}
    answer = ann.put(f"{address}/medical", content=sent, headers=head)
    assert answer.status_code == 200
    assert said.items() <= answer.json().items()


@pytest.mark.parametrize(
    "said",
    [
        {"birth_year": 1899},
        {"birth_year": 2099},
        {"surgery_date": "2099-01-01"},
        {"sex": "unknown"},
        {"height_cm": 1.7},
        {"weight_kg": 0},
        {"diagnosis": ""},
        {"remarks": "x" * 10_001},
        {"remarks": "a\x00b"},
        {"name": "somebody"},
    ],
)
def test_medical_facts_that_cannot_be_are_refused(ann, new_patient, said):
    address = new_patient()
    assert ann.put(f"{address}/medical", json=said).status_code == 422
    assert set(ann.get(f"{address}/medical").json().values()) == {None}


def test_medical_facts_are_shown_to_nobody_else_by_sql(site_database, people, ann, new_patient):
    address = new_patient(research_consent=True)
    ann.put(f"{address}/medical", json={"remarks": "secret"})
    code = address.rpartition("/")[2]
    with site_database.as_person(Person(people["bob"], "Bob", "therapist")) as conn:
        found = conn.execute("SELECT remarks FROM patient_medical WHERE patient_code = %s", [code])
        assert found.fetchall() == []
    with (
        site_database.as_person(Person(people["rae"], "Rae", "researcher")) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("SELECT birth_year FROM patient_medical")


# ── how the treatment goes


def test_adherence_progress_and_alerts_are_told_of_what_is_stored(
    served, ada, ann, new_patient, upload
):
    address = new_patient(
        channel_assignment=LEGS, treatment_start="2025-03-10", research_consent=True
    )
    for part in ("progress", "adherence", "alerts"):
        assert ann.get(f"{address}/{part}").status_code == 200  # of a patient without a session
    for _ in range(3):
        upload(address)
    done = ann.get(f"{address}/adherence").json()
    assert (done["completed"], done["day"], done["planned"]) == (3, 14, 30)
    assert done["percent"] == pytest.approx(10)
    progress = ann.get(f"{address}/progress").json()
    assert progress["sessions"] == 3
    [overall] = [f for f in progress["followed"] if f["number"] == "overall"]
    # All three say that they were played in the same second.
    assert (len(overall["trend"]["used"]), overall["trend"]["line"]) == (3, None)
    assert overall["trend"]["reason"] == "all sessions are of one moment"
    told = ann.get(f"{address}/alerts").json()
    assert told["sessions"] == 3
    [alert] = [a for a in told["alerts"] if a["code"] == "adherence"]
    assert (alert["numbers"]["completed"], alert["numbers"]["below"]) == (3, 50)
    rae = served.as_("rae")
    pseudonym = ada.get(address).json()["pseudonym"]
    assert rae.get(f"/api/patients/{pseudonym}/adherence").json() == done
