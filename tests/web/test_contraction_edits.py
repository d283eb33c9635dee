"""Corrections of contractions through the interface and through the page's forms."""

import re

import pytest

from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty

PAGE = {"Accept": "text/html"}
FREE = {"start_s": 0.2, "end_s": 0.8}


@pytest.fixture
def work(served, site_database):
    def run(protocol=DEFAULT):
        url, store = site_database.url("myograph_work"), folder_store(served.root)
        run_until_empty(url, store, pseudonym_key="k" * 32, protocol=protocol)

    return run


@pytest.fixture
def session(served, new_recording, work):
    """A session of P101 with both legs and all its results: its id."""
    legs = {"patient": "P101", "left": "CH1", "right": "CH2"}
    answer = served.as_("ann").put("/api/uploads/a.c3d", content=new_recording(20), params=legs)
    work()
    return answer.json()["session_id"]


@pytest.fixture
def ann(served):
    return served.as_("ann")


@pytest.fixture
def put(ann, session):
    def send(action, channel="CH1", *, who=ann, **said):
        address = f"/api/sessions/{session}/contractions/{channel}"
        return who.put(address, json={"action": action, **said})

    return send


@pytest.fixture
def found(ann, session):
    def rows(channel="CH1"):
        answer = ann.get(f"/api/sessions/{session}/contractions").json()
        return [row for row in answer if row["channel"] == channel]

    return rows


def interval(row):
    return {"start_s": row["start_s"], "end_s": row["end_s"]}


def later(row, by_s=0.0, longer_s=0.0):
    return {"start_s": row["start_s"] + by_s, "end_s": row["end_s"] + by_s + longer_s}


def test_a_correction_is_stored_applied_and_read_back(ann, session, put, found, work):
    before = found()
    answer = put("remove", before=interval(before[0]), reason="she coughed")
    assert answer.status_code == 202
    [edit] = answer.json()
    assert (edit["action"], edit["author"], edit["reason"], edit["state"]) == (
        "remove",
        "Ann",
        "she coughed",
        "waiting",
    )
    status = ann.get(f"/api/sessions/{session}/status").json()
    assert status["processing_status"] == "reprocessing"
    assert found() == before
    work()
    assert len(found()) == len(before) - 1
    [edit] = ann.get(f"/api/sessions/{session}/contractions/edits").json()
    assert edit["state"] == "applied"
    gone = ann.delete(f"/api/sessions/{session}/contractions/edits/{edit['id']}?reason=wrong+leg")
    assert gone.status_code == 202
    work()
    assert found() == before
    [edit] = ann.get(f"/api/sessions/{session}/contractions/edits").json()
    assert (edit["state"], edit["revoked_by"], edit["revoked_reason"]) == (
        "revoked",
        "Ann",
        "wrong leg",
    )


def test_the_same_correction_twice_is_one(put, found, work):
    first = found()[0]
    shorter = later(first, longer_s=-0.05)
    for said in ({"after": FREE}, {"before": interval(first), "after": shorter}):
        action = "move" if "before" in said else "add"
        once, again = put(action, **said), put(action, **said)
        assert once.json() == again.json()
    work()
    assert len(put("move", before=interval(first), after=shorter).json()) == 2


def test_what_is_removed_may_be_added_and_removed_again(put, found, work):
    first = interval(found()[0])
    for action, said in (("remove", "before"), ("add", "after"), ("remove", "before")):
        assert put(action, **{said: first}).status_code == 202
    work()
    assert interval(found()[0]) != first


def test_a_correction_is_held_against_those_that_wait(put):
    assert put("add", after=FREE).status_code == 202
    answer = put("add", after={"start_s": 0.5, "end_s": 1.0})
    assert answer.status_code == 409
    assert answer.json()["detail"] == ("It would overlap the contraction of CH1 at 0.20 to 0.80 s.")


@pytest.mark.parametrize(
    ("action", "said", "status", "sentence"),
    [
        ("add", {"before": FREE}, 422, "To add takes edges after"),
        ("remove", {"after": FREE}, 422, "to remove takes edges before"),
        ("move", {"after": FREE}, 422, "to move takes both"),
        ("add", {"after": {"start_s": 2, "end_s": 1}}, 422, "does not lie within"),
        ("add", {"after": {"start_s": 19, "end_s": 90}}, 422, "does not lie within the recording"),
        ("add", {"after": {"start_s": 0.2, "end_s": 0.25}}, 422, "at least 0.1 s"),
        ("remove", {"before": FREE}, 409, "CH1 has no contraction at 0.20 to 0.80 s"),
    ],
)
def test_what_cannot_be_corrected_is_refused_in_words(put, action, said, status, sentence):
    answer = put(action, **said)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_a_channel_that_is_not_there_is_not_found(put):
    assert put("add", "CH9", after=FREE).status_code == 404
    assert put("add", "CH%00", after=FREE).status_code == 422


def test_a_researcher_reads_what_and_when_and_not_who_nor_why(served, session, put):
    put("add", after=FREE, reason="Ann saw it")
    rae = served.as_("rae")
    [edit] = rae.get(f"/api/sessions/{session}/contractions/edits").json()
    assert (edit["after_start_s"], edit["author"], edit["reason"]) == (0.2, None, None)
    text = rae.get(f"/sessions/{session}", headers=PAGE).text
    assert "Correct a contraction" not in text
    assert "Ann saw it" not in text
    assert put("add", who=rae, after=FREE).status_code == 403


def page_of(person, session):
    return person.get(f"/sessions/{session}", headers=PAGE).text


def choose(text, name):
    """The value of the choice that begins like this."""
    return re.search(rf'<option value="([^"]+)"[^>]*>{name}', text)[1]


@pytest.fixture
def fill(ann, session):
    def send(**said):
        return ann.post(f"/sessions/{session}/contractions", data=said, headers=PAGE)

    return send


def test_the_form_adds_moves_and_removes(ann, session, fill, found, work):
    text = page_of(ann, session)
    first, second = found()[:2]
    for said in (
        {"contraction": choose(text, "Left: a new"), "start": "0,2", "end": "0.8"},
        {"contraction": choose(text, "Left 1:"), "end": str(first["end_s"] + 0.05)},
        {"contraction": choose(text, "Left 2:"), "action": "remove", "reason": "a cough"},
    ):
        answer = fill(**said)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/sessions/{session}#contractions",
        )
    assert "being applied" in page_of(ann, session)
    work()
    rows = found()
    assert interval(rows[0]) == FREE
    assert rows[1]["start_s"] == first["start_s"]
    assert rows[1]["end_s"] == pytest.approx(first["end_s"] + 0.05)
    assert interval(second) not in map(interval, rows)
    text = page_of(ann, session)
    assert "added by Ann" in text
    assert "moved by Ann" in text
    assert re.search(r"Removed on Left: [\d.]+ to [\d.]+ s", text)
    assert "A cough." in text


def test_the_form_takes_back(ann, session, fill, found, work):
    before = found()
    fill(contraction=choose(page_of(ann, session), "Left 1:"), action="remove")
    work()
    [edit] = ann.get(f"/api/sessions/{session}/contractions/edits").json()
    address = f"/sessions/{session}/contractions/{edit['id']}"
    assert f'action="{address}"' in page_of(ann, session)
    assert ann.post(address, data={"decision": "drop"}, headers=PAGE).status_code == 303
    work()
    assert found() == before
    assert "Taken back by Ann" in page_of(ann, session)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"contraction": "new/CH1", "action": "remove"}, "A new contraction cannot be removed"),
        ({"contraction": "new/CH1", "start": "soon", "end": "1"}, "Start and end are numbers"),
        ({"contraction": "new/CH1", "start": "", "end": "1"}, "Start and end are numbers"),
        ({"contraction": "new/CH1", "start": "2", "end": "1"}, "ends after it starts"),
        ({"contraction": "new/CH1", "start": "1", "end": "inf"}, "Start and end are numbers"),
        ({"contraction": "1.0/2.0/CH1"}, "where the contraction starts or ends"),
        ({"contraction": "1.0"}, "Please choose a contraction"),
        ({"contraction": "x/2.0/CH1", "end": "3"}, "Start and end are numbers"),
        ({"contraction": "new/CH1", "start": "1", "end": "2", "reason": "x" * 1001}, "at most"),
    ],
)
def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(fill, said, sentence):
    answer = fill(**said)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert '<details class="no-print" id="correct" open>' in answer.text
    assert f'value="{said.get("start", "")}"' in answer.text


# By it nothing is strong enough to be a contraction: as a method that finds other contractions.
DEAF = Protocol(least_peak_v=1.0)


def settle(person, session, decision):
    [edit, *_] = person.get(f"/api/sessions/{session}/contractions/edits").json()
    address = f"/sessions/{session}/contractions/{edit['id']}"
    return person.post(address, data={"decision": decision}, headers=PAGE)


def test_what_is_unsettled_asks_for_a_decision_and_may_be_kept(ann, session, put, found, work):
    first = found()[0]
    put("move", before=interval(first), after=FREE, reason="the edge was wrong")
    work(DEAF)
    text = page_of(ann, session)
    assert "A move on Left" in text
    assert "asks for a decision" in text
    assert "Keep as an addition" in text
    assert settle(ann, session, "keep").status_code == 303
    work()
    old, new = ann.get(f"/api/sessions/{session}/contractions/edits").json()
    assert (old["state"], new["state"], new["action"]) == ("revoked", "applied", "add")
    assert new["reason"] == "the edge was wrong"
    assert [interval(row) for row in found()[:2]] == [FREE, interval(first)]


def moved_onto(ann, put, found, session, work, last):
    """An addition in a free place; then what is detected there, as far as `last`, is added back."""
    rows = found()
    for row in rows[:last]:
        put("remove", before=interval(row))
    work()
    whole = {"start_s": rows[0]["start_s"] + 0.05, "end_s": rows[last - 1]["end_s"] - 0.05}
    put("add", after=whole)
    work()
    edits = ann.get(f"/api/sessions/{session}/contractions/edits").json()
    for edit in edits[:last]:
        ann.delete(f"/api/sessions/{session}/contractions/edits/{edit['id']}")
    work()
    return edits[-1]["id"], whole


def test_an_addition_that_overlaps_one_contraction_by_now_is_kept_as_its_edges(
    ann, put, found, session, work
):
    count = len(found())
    edit_id, whole = moved_onto(ann, put, found, session, work, 1)
    assert "It would overlap the contraction of CH1" in page_of(ann, session)
    assert "Use these edges" in page_of(ann, session)
    address = f"/sessions/{session}/contractions/{edit_id}"
    assert ann.post(address, data={"decision": "keep"}, headers=PAGE).status_code == 303
    work()
    assert len(found()) == count
    assert found()[0]["start_s"] == pytest.approx(whole["start_s"])
    assert ann.get(f"/api/sessions/{session}/contractions/edits").json()[-1]["action"] == "move"


def test_an_addition_that_overlaps_two_contractions_by_now_cannot_be_kept(
    ann, put, found, session, work
):
    edit_id, _ = moved_onto(ann, put, found, session, work, 2)
    address = f"/sessions/{session}/contractions/{edit_id}"
    answer = ann.post(address, data={"decision": "keep"}, headers=PAGE)
    assert answer.status_code == 409
    assert "More than one contraction lies there now" in answer.text


def test_a_removal_that_is_unsettled_can_only_be_dropped(ann, session, put, found, work):
    put("remove", before=interval(found()[0]))
    work(DEAF)
    assert "Keep as an addition" not in page_of(ann, session)
    answer = settle(ann, session, "keep")
    assert answer.status_code == 409
    assert "can only be dropped" in answer.text
    assert settle(ann, session, "drop").status_code == 303
    work()
    [edit] = ann.get(f"/api/sessions/{session}/contractions/edits").json()
    assert edit["state"] == "revoked"
    answer = settle(ann, session, "keep")
    assert answer.status_code == 404
