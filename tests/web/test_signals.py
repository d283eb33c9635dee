import json

import numpy as np
import pytest

from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource

BINARY = {"Accept": "application/octet-stream"}
SECONDS = 12.0


@pytest.fixture(scope="module")
def content(new_recording):
    return new_recording(SECONDS)


@pytest.fixture(scope="module")
def address(served, content):
    answer = served.as_("ann").put(
        "/api/uploads/a.c3d", content=content, params={"patient": "P101"}
    )
    return f"/api/signals/jit/{answer.json()['session_id']}"


@pytest.fixture(scope="module")
def truth(content):
    return {c.label: c.samples for c in read_recording(BytesSource(content)).channels}


def array(said, channel, kind, values):
    [found] = [
        a
        for a in said["arrays"]
        if (a["channel"], a["kind"], a["values"]) == (channel, kind, values)
    ]
    return found


def test_a_whole_recording_comes_as_its_extremes(served, address, truth):
    said = served.as_("ann").get(address, params={"columns": 1000}).json()
    assert (said["start_s"], said["end_s"], said["columns"]) == (0, pytest.approx(SECONDS), 1000)
    assert (said["sampling_rate"], said["original_sampling_rate"]) == (1000, 990)
    for label, samples in truth.items():
        low, high = (array(said, label, "raw", name)["data"] for name in ("minimum", "maximum"))
        columns = np.array_split(samples, 1000)
        np.testing.assert_allclose(low, [c.min() for c in columns], rtol=1e-6)
        np.testing.assert_allclose(high, [c.max() for c in columns], rtol=1e-6)


def test_a_short_window_comes_sample_by_sample(served, address, truth):
    query = {"start": 2.0, "end": 2.5, "kind": "raw", "channels": "CH2"}
    said = served.as_("ann").get(address, params=query).json()
    [only] = said["arrays"]
    assert (only["channel"], only["values"], only["length"]) == ("CH2", "samples", 500)
    assert (only["start_s"], only["step_s"]) == (2.0, pytest.approx(0.001))
    np.testing.assert_allclose(only["data"], truth["CH2"][2000:2500], rtol=1e-6)


def test_the_envelope_comes_on_a_grid_of_its_own(served, address):
    said = served.as_("ann").get(address, params={"kind": "envelope", "channels": "CH1"}).json()
    [only] = said["arrays"]
    assert only["kind"] == "envelope"
    assert min(only["data"]) >= 0
    assert only["step_s"] * only["length"] == pytest.approx(SECONDS, abs=0.01)


def test_programs_get_the_same_as_float32(served, address):
    query = {"columns": 800, "start": 1, "end": 11}
    spoken = served.as_("ann").get(address, params=query).json()
    packed = served.as_("ann").get(address, params=query, headers=BINARY)
    assert packed.headers["content-type"] == "application/octet-stream"
    line, _, body = packed.content.partition(b"\n")
    assert (len(line) + 1) % 4 == 0
    header = json.loads(line)
    values = np.frombuffer(body, "<f4")
    assert values.size == sum(a["length"] for a in header["arrays"])
    for about, said in zip(header["arrays"], spoken["arrays"], strict=True):
        assert about == {k: v for k, v in said.items() if k != "data"}
        mine, values = values[: about["length"]], values[about["length"] :]
        np.testing.assert_allclose(mine, said["data"], rtol=1e-6)


def test_one_channel_has_an_address_of_its_own(served, address):
    one = address.replace("/jit/", "/") + "/CH1"
    said = served.as_("ann").get(one, params={"start": 1, "end": 2}).json()
    assert {a["channel"] for a in said["arrays"]} == {"CH1"}


def test_a_window_beyond_the_recording_is_brought_inside(served, address):
    said = served.as_("ann").get(address, params={"start": -5, "end": 1e9}).json()
    assert (said["start_s"], said["end_s"]) == (0, pytest.approx(SECONDS))


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"channels": "CH9"}, 404, "not_found"),
        ({"kind": "raw,spectrogram"}, 422, "bad_input"),
        ({"columns": 0}, 422, "malformed"),
        ({"columns": 4001}, 422, "malformed"),
        ({"start": "early"}, 422, "malformed"),
        ({"start": "nan", "end": "inf"}, 200, None),
        ({"start": "-1e308", "end": "1e308"}, 200, None),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(served, address, query, status, code):
    answer = served.as_("ann").get(address, params=query)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_where_the_file_holds_no_number_there_is_none(served, content):
    spoilt = content[: 1536 + 496 * 40 + 16] + b"\x00\x00\xc0\x7f" + content[1536 + 496 * 40 + 20 :]
    session = served.as_("ann").put("/api/uploads/a.c3d", content=spoilt).json()["session_id"]
    query = {"start": 1.2, "end": 1.3, "kind": "raw", "channels": "CH1"}
    said = served.as_("ann").get(f"/api/signals/jit/{session}", params=query).json()
    data = said["arrays"][0]["data"]
    assert data[0] is None
    assert None not in data[1:]


def test_a_file_nobody_can_read_has_no_signal(served):
    session = served.as_("ann").put("/api/uploads/a.c3d", content=b"text").json()["session_id"]
    answer = served.as_("ann").get(f"/api/signals/jit/{session}")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_c3d")


def test_a_recording_that_left_the_store_is_gone(served, new_recording):
    said = served.as_("ann").put("/api/uploads/a.c3d", content=new_recording()).json()
    (served.root / "emg_data" / "unassigned" / said["session_id"] / "a.c3d").unlink()
    answer = served.as_("ann").get(f"/api/signals/jit/{said['session_id']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "object_gone")


def test_a_recording_that_is_known_to_be_gone_is_not_looked_for(
    served, new_recording, site_database
):
    said = served.as_("ann").put("/api/uploads/a.c3d", content=new_recording()).json()
    with site_database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET object_gone_at = now() WHERE id = %s", [said["session_id"]]
        )
    answer = served.as_("ann").get(f"/api/signals/jit/{said['session_id']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "object_gone")
    assert "stays" in answer.json()["detail"]
