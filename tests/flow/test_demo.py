"""The whole system as a new user meets it: started, used, killed, stopped, started again."""

import json
import signal
import subprocess
import sys
import urllib.error
from contextlib import contextmanager
from datetime import timedelta

import httpx2
import pytest

from tests.flow.demo import EACH, Demo, data_folder, running, wait_for
from tests.game_files import START, game_file

SESSIONS = 3 * EACH
START_FORMAT = "Ghostly_Emg_%Y%m%d_%H-%M-%S-0000.c3d"


@pytest.fixture(scope="module")
def demo():
    """One demo for the tests of this file, with all of its sessions analysed."""
    with data_folder() as folder, running(folder) as demo:
        wait_for(lambda: settled(demo) == SESSIONS)
        yield demo


def sessions(demo: Demo, role="therapist"):
    return demo.browser(role).get("/api/sessions?limit=200")["sessions"]


def settled(demo):
    return sum(s["processing_status"] in {"completed", "failed"} for s in sessions(demo))


def upload(demo, content, name="Ghostly_Emg_20250310_11-46-23-0823.c3d", query=""):
    return json.loads(demo.browser().send("PUT", f"/api/uploads/{name}{query}", content))


def status(demo, session_id):
    return demo.browser().get(f"/api/sessions/{session_id}/status")["processing_status"]


def test_every_made_up_session_is_analysed_and_most_are_scored(demo):
    found = sessions(demo)
    assert len(found) == SESSIONS
    assert {s["processing_status"] for s in found} == {"completed"}
    assert sum(s["analytics_cache"]["overall"] is not None for s in found) > SESSIONS / 2


def test_a_researcher_sees_every_session_and_no_code(demo):
    seen = sessions(demo, "researcher")
    assert len(seen) >= SESSIONS
    assert {s["patient_id"] for s in seen} == {None}
    assert len({s["pseudonym"] for s in seen}) == 3


def test_a_link_for_somebody_new_leads_to_this_very_service(demo):
    command = [sys.executable, "-m", "myograph", "person", "add", "--data-dir", str(demo.folder)]
    said = subprocess.run(
        [*command, "--name", "Rae", "--role", "researcher"],
        capture_output=True,
        text=True,
        check=True,
    )
    link = said.stdout.split()[-1]
    assert link.startswith(f"{demo.address}/welcome/")
    assert "Rae" in httpx2.get(link).text


def test_an_upload_has_its_scores_at_once(demo):
    start = START + timedelta(hours=1)
    answer = upload(demo, game_file(start=start, seed=3), query="?patient=P001&left=CH1&right=CH2")
    assert answer["metadata"]["sampling_rate"] == 1000
    wait_for(lambda: status(demo, answer["session_id"]) == "completed")
    scores = demo.browser().get(f"/api/sessions/{answer['session_id']}/performance")
    assert scores["compliance_score"] is not None


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(demo):
    before = {s["id"] for s in sessions(demo)}
    uploaded = []
    for minute in range(6):
        start = START + timedelta(days=1, minutes=minute)
        content = game_file(start=start, seed=minute, bursts=12)
        uploaded.append(upload(demo, content, start.strftime(START_FORMAT))["session_id"])
    demo.worker().send_signal(signal.SIGKILL)
    wait_for(lambda: {status(demo, i) for i in uploaded} == {"completed"})
    assert {s["id"] for s in sessions(demo)} - before == set(uploaded)
    for session_id in uploaded:
        channels = demo.browser().get(f"/api/sessions/{session_id}/statistics")
        assert [c["channel_name"] for c in channels] == ["CH1", "CH2"]


def test_a_database_that_is_killed_comes_back_by_itself(demo):
    before = {s["id"] for s in sessions(demo)}
    demo.database().kill()
    content = game_file(start=START + timedelta(days=2), seed=5)
    session_id = wait_for(lambda: taken(demo, content))
    wait_for(lambda: status_if_any(demo, session_id) == "completed")
    assert {s["id"] for s in sessions(demo)} == {*before, session_id}


def taken(demo, content):
    """The session, or nothing where the answer was to come again."""
    with unless_asked_to_come_again():
        return upload(demo, content)["session_id"]


def status_if_any(demo, session_id):
    with unless_asked_to_come_again():
        return status(demo, session_id)


@contextmanager
def unless_asked_to_come_again():
    try:
        yield
    except urllib.error.HTTPError as answer:
        with answer:
            if (answer.code, answer.headers["Retry-After"]) != (503, "2"):
                raise


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param(b"Dear therapist, " * 400, "not a C3D file", id="text renamed"),
        pytest.param(game_file()[:1016], "", id="the first 1016 bytes"),
        pytest.param(game_file()[: len(game_file()) // 2], "", id="half a file"),
        pytest.param(game_file(finalised=False), "recover", id="never finalised"),
    ],
)
def test_a_file_that_cannot_be_read_keeps_its_session_and_says_why(demo, content, word):
    session_id = upload(demo, content)["session_id"]
    wait_for(lambda: status(demo, session_id) == "failed")
    session = demo.browser().get(f"/api/sessions/{session_id}")
    assert session["failure_kind"] == "unreadable"
    assert word in session["processing_error_message"]
    assert session["processing_error_message"].endswith(".")


def test_an_empty_file_is_refused_at_the_door(demo):
    before = len(sessions(demo))
    with pytest.raises(urllib.error.HTTPError) as refused:
        upload(demo, b"")
    with refused.value as problem:
        assert problem.code == 422
        assert "empty" in json.load(problem)["detail"]
    assert len(sessions(demo)) == before


def test_ctrl_c_leaves_nothing_behind_and_a_restart_keeps_the_data():
    with data_folder() as folder:
        with running(folder) as demo:
            wait_for(lambda: settled(demo) >= 2)
            passwords = demo.passwords
            code = demo.stop()
            assert (code, demo.left_behind()) == (0, [])
        with running(folder) as again:
            assert again.passwords == passwords
            wait_for(lambda: settled(again) == SESSIONS)
            assert len(sessions(again)) == SESSIONS
        with running(folder, "--fresh") as fresh:
            assert fresh.passwords != passwords
            assert (fresh.terminate(), fresh.left_behind()) == (0, [])


def test_a_killed_demo_is_taken_up_where_it_was():
    with data_folder() as folder:
        with running(folder) as demo:
            wait_for(lambda: settled(demo) >= 1)
            demo.process.kill()
            demo.process.wait()
            wait_for(lambda: not [c for c in demo.left_behind() if "myograph" in c])
        with running(folder) as again:
            wait_for(lambda: settled(again) == SESSIONS)
            assert len(sessions(again)) == SESSIONS
            assert (again.stop(), again.left_behind()) == (0, [])
