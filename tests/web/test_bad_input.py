"""What people really send, all the way: refused at once, or a session that ends with a sentence."""

import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import pytest

from myograph.c3d.write import GameSession, ghostly_bytes
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty
from tests.c3d.build import c3d

HEADER = 1536
FRAME = 496


def half(content):
    return content[: len(content) // 2]


def of_frames(count, label):
    start = datetime(2025, 3, 10, 11, 46)  # noqa: DTZ001 - the game names no zone
    samples = {label: np.zeros(30 * count)}
    return ghostly_bytes(GameSession(start=start), samples, positions=np.zeros((count, 4)))


def with_nan(content):
    frames = (len(content) - HEADER) // FRAME
    at = HEADER + FRAME * (frames // 2) + 16
    return content[:at] + struct.pack("<f", float("nan")) + content[at + 4 :]


UNREADABLE = {
    "text renamed .c3d": (lambda _: b"time;CH1;CH2\n0;1;2\n" * 100, "not_c3d"),
    "first 1016 bytes": (lambda content: content[:1016], None),
    "half a file": (half, "truncated"),
    "no EMG channel": (lambda _: of_frames(400, "Pedal force"), "no_emg_channel"),
    "no analog channel": (
        lambda _: c3d(np.empty((500, 0, 0)), np.ones((500, 3, 4))),
        "no_emg_channel",
    ),
    "0 frames": (lambda content: content[:HEADER], None),
    "a frame less than a second": (lambda _: of_frames(33, "CH1 Raw"), "too_short"),
}


@pytest.fixture(scope="module")
def analysed(site_database, served):
    """Upload, let the worker do all there is to do, and ask for the session."""

    def send(content, name="a.c3d"):
        answer = served.as_("ann").put(f"/api/uploads/{name}", content=content)
        assert answer.status_code == 202
        run_until_empty(
            site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
        )
        return served.as_("ann").get(f"/api/sessions/{answer.json()['session_id']}").json()

    return send


@pytest.mark.parametrize(("spoil", "code"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_analysed_fails_with_a_sentence_and_keeps_its_file(
    served, analysed, new_recording, spoil, code
):
    content = spoil(new_recording())
    session = analysed(content)
    assert (session["processing_status"], session["failure_kind"]) == ("failed", "unreadable")
    assert session["failure_code"] == code or code is None
    assert len(session["processing_error_message"].split()) > 3
    assert (served.root / "emg_data" / session["file_path"]).read_bytes() == content
    page = served.as_("ann").get(f"/sessions/{session['id']}", headers={"Accept": "text/html"})
    assert page.status_code == 200


@pytest.mark.parametrize("spoil", [lambda c: c, with_nan], ids=["whole", "NaN inside"])
def test_what_can_be_analysed_is(analysed, new_recording, spoil):
    session = analysed(spoil(new_recording()), name="Sitzung%203%20f%C3%BCr%20M%C3%BCller.c3d")
    assert session["processing_status"] == "completed"
    assert session["file_path"].endswith("/Sitzung 3 für Müller.c3d")


def test_the_same_file_twice_is_analysed_and_marked(served, analysed, new_recording):
    content = new_recording()
    first, second = analysed(content), analysed(content)
    assert (first["duplicate_of"], second["duplicate_of"]) == (None, first["id"])
    assert second["processing_status"] == "completed"


def test_two_at_once_are_two_sessions_and_one_of_them_the_duplicate(
    served, site_database, new_recording
):
    content = new_recording()

    def send(_):
        return served.as_("ann").put("/api/uploads/a.c3d", content=content).json()["session_id"]

    with ThreadPoolExecutor(2) as senders:
        ids = list(senders.map(send, range(2)))
    run_until_empty(
        site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
    )
    both = [served.as_("ann").get(f"/api/sessions/{i}").json() for i in ids]
    assert [s["processing_status"] for s in both] == ["completed"] * 2
    [original] = [s["id"] for s in both if s["duplicate_of"] is None]
    assert {s["duplicate_of"] for s in both} == {None, original}
