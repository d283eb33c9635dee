"""Who read and did what, as the web writes it down and shows it."""

from dataclasses import replace
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from myograph.db import audit
from myograph.db.audit import Wanted
from myograph.web.reading import READS
from tests.web.test_permissions import leaves

# Addresses that read and are not noted, each with its reason.
NOT_IDENTIFIED = {
    "/account": "one's own",
    "/api/events": "numbers of sessions and how far they are",
    "/api/openapi.json": "says nothing about anybody",
    "/api/outgoing-events": "our own numbers, no patient",
    "/api/people": "who works here, no patient",
    "/api/reprocess": "how many there are",
    "/api/exports/{export_id}/file": "noted as an export",
    "/api/sessions/{session_id}/export": "noted as an export",
    "/api/scoring": "rules, which name no patient",
    "/api/scoring/{configuration_id}": "rules, which name no patient",
    "/api/tokens": "one's own",
    "/api/sessions/{session_id}/status": "how far it is, asked again and again",
    "/help": "says nothing about anybody",
    "/livez": "says nothing about anybody",
    "/overview/counts": "how many there are",
    "/readyz": "says nothing about anybody",
    "/sign-in": "says nothing about anybody",
    "/static/{digest}/{name:path}": "says nothing about anybody",
    "/welcome/{secret}": "whose link it is, to whoever has it",
}


@pytest.fixture
def entries(site_database):
    """Newest first, as a superuser sees them."""

    def found(**wanted):
        with site_database.connect("postgres") as conn:
            return audit.newest(conn, Wanted(**wanted), limit=500)

    return found


@pytest.fixture
def reads_of(served, entries):
    def found(login, **wanted):
        return entries(person_id=served.people[login], action="read", **wanted)

    return found


def test_every_address_that_reads_is_noted_or_has_a_reason(served):
    reading = {r.path for r in leaves(served.server.app.routes) if "GET" in r.methods}
    unsaid = reading - set(READS) - set(NOT_IDENTIFIED)
    assert unsaid == set(), "web/reading.py says what they show, or NOT_IDENTIFIED why not"
    assert (set(READS) | set(NOT_IDENTIFIED)) - reading == set()
    assert set(READS) & set(NOT_IDENTIFIED) == set()


def test_what_names_the_row_is_part_of_the_address():
    for path, shows in READS.items():
        assert shows.key is None or f"{{{shows.key}}}" in path
        assert shows.key is None or not shows.filters


def test_whoever_looks_at_a_session_is_noted_with_where_from(
    served, analysed_session, reads_of, someone_new
):
    admin = someone_new("admin")
    answer = served.as_(admin).get(
        f"/api/sessions/{analysed_session}", headers={"X-Request-ID": "seen-1"}
    )
    assert answer.status_code == 200
    [entry] = reads_of(admin)
    assert (entry.subject, entry.row_key, entry.facts) == (
        "therapy_sessions",
        analysed_session,
        None,
    )
    assert (entry.role, entry.request_id, entry.via) == ("admin", "seen-1", "cookie")
    assert entry.address == "testclient"


def test_the_numbers_of_a_session_are_one_thing_and_its_signal_another(
    served, analysed_session, reads_of, someone_new
):
    admin = someone_new("admin")
    for address in (
        f"/sessions/{analysed_session}",
        f"/sessions/{analysed_session}/live",
        f"/api/sessions/{analysed_session}",
        f"/api/sessions/{analysed_session}/statistics",
        f"/api/sessions/{analysed_session}/performance",
    ):
        assert served.as_(admin).get(address).status_code == 200
    assert len(reads_of(admin)) == 1
    for start in (0, 1, 2):
        address = f"/api/signals/jit/{analysed_session}?start={start}"
        assert served.as_(admin).get(address).status_code == 200
    assert [e.facts for e in reads_of(admin)] == [{"part": "signal"}, None]


def test_a_list_is_one_entry_with_its_filter_and_how_many_it_showed(
    served, analysed_session, reads_of, someone_new
):
    admin = someone_new("admin")
    browser = served.as_(admin)
    shown = browser.get("/api/sessions", params={"patient": "P101", "limit": 1}).json()
    browser.get("/sessions", params={"state": "completed", "before": ""})
    assert len(shown["sessions"]) == 1
    page, listed = reads_of(admin)
    assert listed.facts == {"filter": {"patient": "P101"}, "count": 1}
    assert (listed.subject, listed.row_key) == ("therapy_sessions", None)
    assert page.facts["filter"] == {"state": "completed"}
    assert page.facts["count"] >= 1


def test_what_a_filter_says_is_kept_short(served, reads_of, someone_new):
    admin = someone_new("admin")
    assert served.as_(admin).get("/", params={"patient": "x"}).status_code == 200
    assert served.as_(admin).get("/sessions", params={"before": "x" * 9_000}).status_code == 200
    first, second = reads_of(admin)[::-1]
    assert first.facts["filter"] == {}
    assert len(second.facts["filter"]["before"]) == 100


def test_nobody_is_said_to_have_seen_what_they_were_refused(
    served, analysed_session, reads_of, someone_new
):
    therapist = someone_new("therapist")
    for address in (f"/api/sessions/{analysed_session}", "/api/patients/P101", "/monitoring"):
        assert served.as_(therapist).get(address).status_code in {403, 404}
    assert reads_of(therapist) == []


def test_a_researcher_who_reads_pseudonyms_is_not_noted(
    served, analysed_session, reads_of, someone_new
):
    researcher = someone_new("researcher")
    assert served.as_(researcher).get(f"/api/sessions/{analysed_session}").status_code == 200
    assert served.as_(researcher).get("/api/sessions").status_code == 200
    assert reads_of(researcher) == []


def test_a_patient_is_noted_by_code_and_medical_facts_apart(served, reads_of, someone_new):
    admin = someone_new("admin")
    assert served.as_(admin).get("/api/patients/P101").status_code == 200
    served.as_(admin).get("/api/patients/P101/medical")
    medical, patient = reads_of(admin)
    assert (patient.subject, patient.row_key, patient.facts) == ("patients", "P101", None)
    assert (medical.row_key, medical.facts) == ("P101", {"part": "medical facts"})


def test_while_the_database_only_reads_people_go_on_and_the_log_says_so(
    make_app, site_database, served, analysed_session, reads_of, someone_new
):
    admin = someone_new("admin")
    web_url = site_database.url("myograph_web")
    only_reads = f"{web_url}&options=-c%20default_transaction_read_only%3Don"
    with TestClient(make_app(web_url=only_reads)) as server, capture_logs() as logs:
        browser = replace(served, server=server).as_(admin)
        assert browser.get(f"/api/sessions/{analysed_session}").status_code == 200
        assert browser.get(f"/sessions/{analysed_session}").status_code == 200
    assert reads_of(admin) == []
    lines = [line for line in logs if line["event"] == "read_not_recorded"]
    assert {line["person"] for line in lines} == {str(served.people[admin])}
    assert len(lines) == 2


# ── the list


def pages(browser, **asked):
    found, cursor = [], None
    while True:
        params = asked | ({"cursor": cursor} if cursor else {})
        page = browser.get("/api/audit", params=params).json()
        found += page["entries"]
        cursor = page["next"]
        if cursor is None:
            return found


def test_everybody_sees_their_own_and_an_admin_all(served, analysed_session, someone_new):
    therapist, researcher = someone_new("therapist"), someone_new("researcher")
    served.as_(therapist).get("/api/sessions")
    served.as_(researcher).get("/api/sessions")
    for login in (therapist, researcher):
        own = str(served.people[login])
        found = pages(served.as_(login))
        assert {e["person_id"] for e in found} <= {own}
        asked = {"person": str(served.people["ada"])}
        assert served.as_(login).get("/api/audit", params=asked).json()["entries"] == []
    assert {e["action"] for e in pages(served.as_(therapist))} == {"read", "sign_in"}
    everybody = {e["person_id"] for e in pages(served.as_("ada"), limit=200)}
    assert {str(served.people[n]) for n in (therapist, "ann", "ada")} <= everybody


def test_it_is_filtered_and_goes_on_where_a_page_ended(served, analysed_session, someone_new):
    admin = someone_new("admin")
    person = str(served.people[admin])
    browser = served.as_(admin)
    for address in ("/api/sessions", f"/api/sessions/{analysed_session}", "/api/patients/P101"):
        browser.get(address)
    asked = {"person": person, "action": "read"}
    whole = pages(browser, **asked, limit=200)
    # Reading the record is noted, too.
    assert [(e["subject"], e["row_key"]) for e in whole if e["subject"] != "audit_log"] == [
        ("patients", "P101"),
        ("therapy_sessions", analysed_session),
        ("therapy_sessions", None),
    ]
    upto = whole[0]["at"]
    by_one = pages(browser, **asked, to=upto, limit=1)
    assert [e["id"] for e in by_one] == [e["id"] for e in whole[1:]]
    one = pages(browser, person=person, subject="patients", row="P101")
    assert [e["id"] for e in one] == [e["id"] for e in whole if e["row_key"] == "P101"]
    since = pages(browser, **asked, subject="patients", **{"from": whole[0]["at"]})
    assert [e["id"] for e in since] == [e["id"] for e in whole[:1] if e["subject"] == "patients"]


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "x"},
        {"cursor": "eCB5"},
        {"cursor": "MjAyNi0wMS0wMVQwMDowMDowMCAx"},  # a time without a zone
        {"cursor": "MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCAw"},  # number 0
        {"from": "2026-01-01T00:00:00"},
        {"to": "yesterday"},
        {"person": "ada"},
        {"action": "\0"},
        {"limit": 201},
    ],
)
def test_what_cannot_be_asked_is_refused(served, asked):
    assert served.as_("ada").get("/api/audit", params=asked).status_code == 422


def test_signing_in_and_failing_to_is_noted(served, site_database, entries, someone_new):
    therapist = someone_new("therapist")
    browser = served.as_(None)
    browser.post("/sign-in", data={"login": therapist, "password": "wrong"})
    assert [e.action for e in entries(person_id=served.people[therapist])] == ["sign_in_failed"]
    [entry] = entries(person_id=served.people[therapist])
    assert (entry.address, entry.role) == ("testclient", None)
    login = f"nobody-{uuid4()}"
    browser.post("/sign-in", data={"login": login, "password": "wrong"})
    unknown = entries(action="sign_in_failed")[0]
    assert (unknown.person_id, unknown.row_key, unknown.facts) == (None, None, None)
    assert unknown.address == "testclient"
