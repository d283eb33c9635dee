from uuid import uuid4

import pytest

from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty


@pytest.fixture(scope="module")
def uploaded(served, new_recording):
    """Five sessions of P101, oldest first."""
    return [
        served.as_("ann")
        .put("/api/uploads/a.c3d", content=new_recording(), params={"patient": "P101"})
        .json()["session_id"]
        for _ in range(5)
    ]


def test_pages_of_the_list_follow_each_other_without_a_gap(served, uploaded):
    whole = served.as_("ann").get("/api/sessions", params={"limit": 200}).json()
    assert whole["next"] is None
    paged, cursor = [], ""
    while cursor is not None:
        page = served.as_("ann").get("/api/sessions", params={"limit": 2, "cursor": cursor}).json()
        assert 1 <= len(page["sessions"]) <= 2
        paged += page["sessions"]
        cursor = page["next"]
    assert paged == whole["sessions"]
    assert set(uploaded) <= {s["id"] for s in paged}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "ä", "MjAyNS0wMy0xMA=="])
def test_a_cursor_nobody_gave_out_is_refused(served, cursor):
    answer = served.as_("ann").get("/api/sessions", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


def test_the_list_can_be_narrowed(served, uploaded):
    ann = served.as_("ann")
    of_patient = ann.get("/api/sessions", params={"patient": "P101", "limit": 200}).json()
    assert {s["patient_id"] for s in of_patient["sessions"]} == {"P101"}
    assert ann.get("/api/sessions", params={"patient": "P999"}).json()["sessions"] == []
    pending = ann.get("/api/sessions", params={"state": "pending", "limit": 200}).json()
    assert set(uploaded) <= {s["id"] for s in pending["sessions"]}
    failed = ann.get("/api/sessions", params={"state": "failed", "limit": 200}).json()["sessions"]
    assert not {s["id"] for s in failed if s["processing_status"] != "failed"}
    assert not set(uploaded) & {s["id"] for s in failed}


@pytest.mark.parametrize(
    "query", [{"state": "lost"}, {"limit": 0}, {"limit": 201}, {"patient": "\0"}]
)
def test_a_filter_that_cannot_be_right_is_refused(served, query):
    assert served.as_("ann").get("/api/sessions", params=query).json()["code"] == "malformed"


def test_before_the_analysis_there_are_facts_and_no_numbers(served, uploaded):
    address = f"/api/sessions/{uploaded[0]}"
    ann = served.as_("ann")
    assert ann.get(f"{address}/status").json()["processing_status"] == "pending"
    assert ann.get(f"{address}/technical").json()["sampling_rate"] == 1000
    assert ann.get(f"{address}/statistics").json() == []
    assert ann.get(f"{address}/contractions").json() == []
    assert ann.get(f"{address}/performance").status_code == 404


def test_how_far_it_is_with_reason_attempts_and_times(served, site_database, new_recording):
    """One whose last byte is gone: tried again, then given up; nothing is said before it is so."""
    ann = served.as_("ann")
    told = ann.put("/api/uploads/a.c3d", content=new_recording(), params={"patient": "P101"})
    address = f"/api/sessions/{told.json()['session_id']}"

    def status(login="ann"):
        return served.as_(login).get(f"{address}/status").json()

    def worked():
        with site_database.connect("myograph_work", options="-c search_path=queue,public") as conn:
            conn.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
        run_until_empty(
            site_database.url("myograph_work"),
            folder_store(served.root),
            pseudonym_key="k" * 32,
            max_tries=2,
        )

    path = served.root / "emg_data" / ann.get(address).json()["file_path"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    came = status()
    assert (came["processing_status"], came["attempt"], came["tries"]) == ("pending", 0, 0)
    assert came["failure_code"] is came["processing_error_message"] is None
    assert came["extracted_at"] is not None
    assert came["processed_at"] is came["processing_time_ms"] is None
    worked()
    tried = status()
    assert (tried["processing_status"], tried["attempt"], tried["tries"]) == ("pending", 1, 1)
    assert f"where {len(whole)} were announced" in tried["processing_error_message"]
    worked()
    failed = status()
    assert (failed["processing_status"], failed["attempt"], failed["tries"]) == ("failed", 2, 0)
    assert (failed["failure_kind"], failed["failure_code"]) == ("gave_up", "gave_up")
    assert status("rae") == failed | {"processing_error_message": None}  # it may name a patient
    path.write_bytes(whole)
    ann.post(f"{address}/reprocess")
    worked()
    done = status()
    assert (done["processing_status"], done["attempt"], done["tries"]) == ("completed", 3, 0)
    assert done["failure_code"] is done["processing_error_message"] is None
    assert max(came["created_at"], done["extracted_at"]) < done["processed_at"]
    assert done["processing_time_ms"] >= 0


def test_of_a_file_nobody_could_read_there_are_no_facts(served):
    broken = served.as_("ann").put("/api/uploads/a.c3d", content=b"text").json()["session_id"]
    answer = served.as_("ann").get(f"/api/sessions/{broken}/technical")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


PARTS = ["", "/status", "/technical", "/statistics", "/contractions", "/performance"]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_not_yours_looks_like_what_does_not_exist(served, uploaded, part):
    foreign = served.as_("bob").get(f"/api/sessions/{uploaded[0]}{part}")
    nowhere = served.as_("bob").get(f"/api/sessions/{uuid4()}{part}")
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.json() == nowhere.json()


def test_a_number_that_is_none_is_refused(served):
    assert served.as_("ann").get("/api/sessions/7").json()["code"] == "malformed"


def test_whoever_has_it_already_is_not_sent_it_again(served, uploaded):
    address = f"/api/sessions/{uploaded[0]}"
    first = served.as_("ann").get(address)
    tag = first.headers["etag"]
    again = served.as_("ann").get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = served.as_("ann").get(address, headers={"If-None-Match": 'W/"older"'})
    assert (other.status_code, other.json()) == (200, first.json())


def test_a_researcher_learns_no_code_of_a_patient(served, uploaded):
    rae = served.as_("rae")
    assert "P101" not in rae.get("/api/sessions", params={"limit": 200}).text.replace("xP101", "")


def test_after_the_analysis_everything_can_be_asked_for(served, analysed_session):
    ann, address = served.as_("ann"), f"/api/sessions/{analysed_session}"
    assert ann.get(f"{address}/status").json()["processing_status"] == "completed"
    channels = ann.get(f"{address}/statistics").json()
    assert [(c["channel_name"], c["side"]) for c in channels] == [("CH1", "left"), ("CH2", "right")]
    contractions = ann.get(f"{address}/contractions").json()
    assert len(contractions) == sum(c["total_contractions"] for c in channels) > 0
    scores = ann.get(f"{address}/performance").json()
    assert {"overall_performance_score", "missing_reasons", "method"} <= set(scores)
    row = next(
        r
        for r in ann.get("/api/sessions", params={"limit": 200}).json()["sessions"]
        if r["id"] == analysed_session
    )
    assert row["analytics_cache"]["overall"] == scores["overall_performance_score"]
