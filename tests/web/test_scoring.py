"""Configurations of scoring through the interface: versions, choices, previews."""

from itertools import count

import psycopg
import pytest

from myograph.db.identity import Person
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty

_codes = count(7000)
_ids = count(1)
LEGS = {
    "CH1": {"muscle": "quadriceps", "side": "left"},
    "CH2": {"muscle": "quadriceps", "side": "right"},
}
SYMMETRY_ALONE = {"compliance": 0.0, "symmetry": 1.0, "effort": 0.0, "game": 0.0}
COMPLIANCE_ALONE = {"compliance": 1.0, "symmetry": 0.0, "effort": 0.0, "game": 0.0}
RULES = {"name": "Symmetry alone", "weights": SYMMETRY_ALONE, "reason": "it is a test"}


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
def patient(ada, people):
    """A patient of Ann's for one test alone."""
    code = f"P{next(_codes)}"
    said = {
        "patient_code": code,
        "therapist_id": str(people["ann"]),
        "channel_assignment": LEGS,
        "mvc_threshold_percentage": 0.01,
        "duration_threshold_seconds": 0.1,
    }
    assert ada.post("/api/patients", json=said).status_code == 201
    return code


@pytest.fixture
def upload(ann, new_recording, work, patient):
    def send():
        answer = ann.put(
            "/api/uploads/a.c3d", content=new_recording(20), params={"patient": patient}
        )
        work()
        return answer.json()["session_id"]

    return send


@pytest.fixture
def new_rules(ada):
    """The id of a new configuration."""

    def add(**said):
        wanted = f"rules-{next(_ids)}"
        answer = ada.post("/api/scoring", json=RULES | {"id": wanted} | said)
        assert answer.status_code == 201, answer.text
        return wanted

    return add


@pytest.fixture
def default_again(ada, work):
    """Whatever a test lets score the site, the default does so afterwards."""
    yield
    ada.post("/api/scoring/default/activate", json={"version": 1})
    work()


def score(person, session):
    return person.get(f"/api/sessions/{session}/performance").json()


def named(person, session):
    told = score(person, session)
    return (
        told["configuration_id"],
        told["configuration_version"],
        told["configuration_scope"],
    )


def activate(person, wanted, version=1, **target):
    return person.post(f"/api/scoring/{wanted}/activate", json={"version": version, **target})


# ── versions


def test_the_presets_are_there_and_one_scores_the_site(ann):
    told = ann.get("/api/scoring").json()["configurations"]
    presets = {(c["id"], c["version"]): c for c in told if c["preset"]}
    assert presets.keys() == {("default", 1), ("ghostly-trial", 1)}
    assert presets["default", 1]["active"]
    assert presets["ghostly-trial", 1]["weights"] == {
        "compliance": 0.5,
        "symmetry": 0.25,
        "effort": 0.25,
        "game": 0.0,
    }
    assert [c["id"] for c in told if c["scope"] == "site" and c["active"]] == ["default"]


def test_a_version_is_added_and_none_is_changed(ada, people, new_rules):
    wanted = new_rules()
    address = f"/api/scoring/{wanted}"
    first = ada.get(address)
    [before] = first.json()
    assert (before["version"], before["author"], before["reason"], before["active"]) == (
        1,
        str(people["ada"]),
        "it is a test",
        False,
    )
    assert before["component_weights"]["duration"] == pytest.approx(1 / 3)
    said = RULES | {"rpe_mapping": dict.fromkeys(range(11), 50.0), "targets": "prescribed"}
    tag = {"if-match": first.headers["etag"]}
    newest, kept = ada.put(address, json=said, headers=tag).json()
    assert kept == before
    assert (newest["version"], newest["targets"], newest["rpe_mapping"]["0"]) == (
        2,
        "prescribed",
        50,
    )
    late = ada.put(address, json=said, headers=tag)
    assert (late.status_code, late.json()["code"]) == (412, "outdated")
    assert len(ada.get(address).json()) == 2


def test_an_id_is_given_once_and_an_unknown_one_has_no_versions(ada, new_rules):
    wanted = new_rules()
    assert ada.post("/api/scoring", json=RULES | {"id": wanted}).status_code == 409
    for answer in (
        ada.get("/api/scoring/nowhere"),
        ada.put("/api/scoring/nowhere", json=RULES),
        activate(ada, "nowhere"),
        activate(ada, wanted, version=2),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {"weights": SYMMETRY_ALONE | {"game": 0.1}},
            "The weights of the score must sum to 1; these sum to 1.1.",
        ),
        (
            {"component_weights": {"completion": 0.3, "intensity": 0.3, "duration": 0.3}},
            "The weights of compliance must sum to 1; these sum to 0.9.",
        ),
        (
            {"rpe_mapping": {"1": 100}},
            "The effort table needs one score for each RPE from 0 to 10.",
        ),
        (
            {"name": "For P017"},
            "Researchers read name and reason, so they name no patient.",
        ),
        (
            {"reason": "p017 asked for it"},
            "Researchers read name and reason, so they name no patient.",
        ),
    ],
)
def test_rules_that_cannot_be_are_refused_with_a_sentence(ada, said, sentence):
    answer = ada.post("/api/scoring", json=RULES | {"id": "never"} | said)
    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)
    assert ada.get("/api/scoring/never").status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        {"weights": {"compliance": 1}},
        {"weights": SYMMETRY_ALONE | {"luck": 0}},
        {"weights": SYMMETRY_ALONE | {"symmetry": 2, "game": -1}},
        {"rpe_mapping": {"11": 100}},
        {"rpe_mapping": {"1": 101}},
        {"reason": ""},
        {"name": ""},
        {"scope": "world"},
        {"targets": "none"},
        {"id": "With Capitals"},
        {"version": 7},
    ],
)
def test_rules_that_are_none_are_refused(ada, said):
    assert ada.post("/api/scoring", json=RULES | {"id": "never"} | said).status_code == 422


# ── who is scored by which


def test_a_session_goes_before_its_patient_and_that_before_the_site(
    ada, ann, patient, upload, new_rules, work
):
    wanted, other = new_rules(), new_rules(name="Compliance alone", weights=COMPLIANCE_ALONE)
    session = upload()
    first = score(ann, session)
    assert named(ann, session) == ("default", 1, "site")
    assert first["input_sources"]["weights"] == "default"
    assert activate(ada, wanted, patient=patient).status_code == 202
    work()
    assert named(ann, session) == (wanted, 1, "patient")
    assert score(ann, session)["overall_performance_score"] == first["symmetry_score"]
    assert ann.get(f"/api/patients/{patient}").json()["scoring_configuration_id"] == wanted
    assert activate(ann, other, session=session).status_code == 202
    work()
    assert named(ann, session) == (other, 1, "session")
    told = score(ann, session)
    assert told["overall_performance_score"] == told["compliance_score"]
    assert (told["configuration_name"], told["input_sources"]["weights"]) == (
        "Compliance alone",
        "session",
    )
    for target, after in (
        ({"session": session}, (wanted, 1, "patient")),
        ({"patient": patient}, ("default", 1, "site")),
    ):
        person = ann if "session" in target else ada
        assert person.delete("/api/scoring/named", params=target).status_code == 204
        work()
        assert named(ann, session) == after
    assert score(ann, session)["overall_performance_score"] == pytest.approx(
        first["overall_performance_score"]
    )


def test_the_sites_configuration_scores_whatever_names_none(
    ada, ann, patient, upload, new_rules, work, site_database, default_again
):
    own, free = upload(), upload()
    activate(ann, "ghostly-trial", session=own)
    work()
    wanted = new_rules()
    assert activate(ada, wanted).status_code == 202
    waiting = ada.get("/api/scoring").json()["rescoring"]
    assert waiting["waiting"] >= 1
    with site_database.connect("postgres") as conn:
        jobs = conn.execute(
            "SELECT args ->> 'session_id', priority FROM queue.procrastinate_jobs"
            " WHERE task_name = 'rescore_session' AND status = 'todo'"
        ).fetchall()
    assert (free, -5) in jobs
    assert own not in dict(jobs)
    work()
    assert named(ann, free) == (wanted, 1, "site")
    assert named(ann, own) == ("ghostly-trial", 1, "session")
    assert ada.get("/api/scoring").json()["rescoring"] == waiting | {"waiting": 0}
    again = activate(ada, wanted)
    assert again.status_code == 202
    with site_database.connect("postgres") as conn:
        queued = conn.execute("SELECT count(*) FROM queue.procrastinate_jobs WHERE status = 'todo'")
        assert queued.fetchone() == (0,)


def test_a_version_scores_no_more_than_it_is_meant_for(ada, patient, new_rules, upload):
    for_sessions, for_patients = new_rules(scope="session"), new_rules(scope="patient")
    session = upload()
    said = {
        (wanted, target): activate(ada, wanted, **where).status_code
        for wanted in (for_sessions, for_patients)
        for target, where in (
            ("site", {}),
            ("patient", {"patient": patient}),
            ("session", {"session": session}),
        )
    }
    assert said == {
        (for_sessions, "site"): 422,
        (for_sessions, "patient"): 422,
        (for_sessions, "session"): 202,
        (for_patients, "site"): 422,
        (for_patients, "patient"): 202,
        (for_patients, "session"): 202,
    }


def test_a_version_out_of_use_is_not_named_any_more(
    ada, ann, people, site_database, new_rules, upload
):
    wanted, session = new_rules(scope="session"), upload()
    admin = Person(people["ada"], "Ada", "admin")
    with site_database.as_person(admin) as conn:
        conn.execute("UPDATE scoring_configuration SET active = false WHERE id = %s", [wanted])
    refused = activate(ann, wanted, session=session)
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "This version is no longer in use.",
    )


def test_both_and_neither_are_no_target(ada, patient):
    session = "00000000-0000-0000-0000-000000000001"
    assert activate(ada, "default", patient=patient, session=session).status_code == 422
    assert ada.delete("/api/scoring/named").status_code == 422


def test_another_therapist_learns_nothing_of_what_there_is(served, patient, upload):
    session, bob = upload(), served.as_("bob")
    nobody = "00000000-0000-0000-0000-000000000001"
    for theirs, unknown in (
        ({"patient": patient}, {"patient": "P999999"}),
        ({"session": session}, {"session": nobody}),
    ):
        for ask in (
            lambda target: activate(bob, "default", **target),
            lambda target: bob.delete("/api/scoring/named", params=target),
            lambda target: bob.post(
                "/api/scoring/preview", json={"id": "default", "version": 1, **target}
            ),
        ):
            seen, unseen = ask(theirs), ask(unknown)
            assert seen.status_code == unseen.status_code == 404
            assert seen.json() == unseen.json()


def test_a_therapist_writes_no_configuration_by_sql_either(site_database, people, patient):
    ann = Person(people["ann"], "Ann", "therapist")
    for statement in (
        "UPDATE scoring_configuration SET active = false",
        "UPDATE patients SET scoring_configuration_id = 'default'",
        "INSERT INTO scoring_configuration (id, version, name) VALUES ('x', 1, 'x')",
    ):
        with (
            site_database.as_person(ann) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(statement)


# ── previews


def previewed(person, **asked):
    answer = person.post("/api/scoring/preview", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["sessions"]


def test_a_preview_shows_what_scoring_then_gives_and_stores_nothing(
    ada, ann, patient, upload, new_rules, work
):
    session = upload()
    before = score(ann, session)
    rules = {k: RULES[k] for k in ("name", "weights")}
    [shown] = previewed(ann, rules=rules, patient=patient)
    assert (shown["session"], shown["concerned"]) == (session, True)
    assert shown["now"]["overall"] == before["overall_performance_score"]
    assert shown["then"]["overall"] == before["symmetry_score"]
    assert shown["difference"] == shown["then"]["overall"] - shown["now"]["overall"]
    assert (shown["then"]["configuration_id"], shown["then"]["configuration_version"]) == (
        "preview",
        0,
    )
    work()
    assert score(ann, session) == before
    wanted = new_rules()
    [stored] = previewed(ada, id=wanted, version=1, session=session)
    activate(ada, wanted, session=session)
    work()
    after = score(ann, session)
    assert stored["then"]["overall"] == after["overall_performance_score"]
    assert stored["then"]["weights"] == after["performance_weights"]
    assert stored["then"]["missing"] == after["missing_reasons"]
    for part in ("compliance", "symmetry", "effort", "game"):
        assert stored["then"][part] == after[f"{part}_score"]


def test_whoever_sees_a_preview_is_written_down(ann, upload, patient):
    session = upload()
    previewed(ann, id="ghostly-trial", version=1, patient=patient)
    [entry] = ann.get("/api/audit", params={"row": session, "action": "read"}).json()["entries"]
    assert entry["facts"] == {"part": "preview of scoring"}


def test_a_preview_leaves_alone_what_names_its_own(ann, patient, upload, new_rules, work):
    session = upload()
    activate(ann, "ghostly-trial", session=session)
    work()
    for_patient, for_session = (
        previewed(ann, id=new_rules(), version=1, **target)
        for target in ({"patient": patient}, {"session": session})
    )
    assert [s["concerned"] for s in (*for_patient, *for_session)] == [False, True]
    assert for_patient[0]["then"] == for_patient[0]["now"]
    assert for_patient[0]["scope"] == "session"


def test_a_preview_is_of_the_last_ten_and_of_ones_own(served, ada, ann, patient, upload):
    own = {upload() for _ in range(3)}
    shown = previewed(ada, id="ghostly-trial", version=1)
    assert len(shown) <= 10
    assert len({s["session"] for s in shown}) == len(shown) >= 3
    times = [s["at"] for s in shown]
    assert times == sorted(times, reverse=True)
    of_ann = previewed(ann, id="ghostly-trial", version=1, patient=patient)
    assert {s["session"] for s in of_ann} == own
    of_bob = previewed(served.as_("bob"), id="ghostly-trial", version=1)
    assert patient not in {s["patient_id"] for s in of_bob}
    assert own.isdisjoint(s["session"] for s in of_bob)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"id": "default"},
        {"version": 1},
        {"id": "default", "version": 1, "rules": {"name": "x", "weights": SYMMETRY_ALONE}},
        {"rules": {"name": "x", "weights": SYMMETRY_ALONE | {"game": 1}}},
    ],
)
def test_a_preview_needs_rules(ann, asked):
    assert ann.post("/api/scoring/preview", json=asked).status_code == 422
