"""What waits and whom nobody could reach, as an administrator's page shows it."""

import re
from uuid import uuid4

import pytest

from myograph.db import outgoing
from myograph.web.pages.monitoring import DEAD

PAGE = {"Accept": "text/html"}


@pytest.fixture
def text(served):
    return lambda: served.as_("ada", **PAGE).get("/monitoring").text


@pytest.fixture
def new_session(served):
    def make():
        answer = served.as_("ann").put(f"/api/uploads/{uuid4()}.c3d", content=b"x")
        return answer.json()["session_id"]

    return make


@pytest.fixture
def told(site_database):
    """Targets and their events while a test lasts: nothing of them is left."""
    with site_database.connect("postgres", autocommit=True) as conn:

        def tell(session_id, state="waiting", *, target="trial", problem=None, tries=0):
            [event_id] = conn.execute(
                """
                INSERT INTO outgoing_events
                       (target, type, session_id, state, problem, tries, settled_at)
                VALUES (%s, 'session.failed', %s, %s, %s, %s,
                        CASE WHEN %s <> 'waiting' THEN now() END)
                RETURNING id
                """,
                [target, session_id, state, problem, tries, state],
            ).fetchone()
            return event_id

        outgoing.announce_targets(conn, [("former", ["session.failed"])])
        outgoing.announce_targets(conn, [("trial", ["session.analysed", "session.failed"])])
        yield tell
        conn.execute("DELETE FROM outgoing_events")
        conn.execute("DELETE FROM event_targets")


@pytest.fixture
def noted(site_database):
    """A change in the outbox."""
    with site_database.connect("postgres", autocommit=True) as conn:

        def note(name, **columns):
            row = {"operation": "UPDATE", "problem": None, "settled_at": None} | columns
            conn.execute(
                """
                INSERT INTO storage_outbox (bucket, name, operation, problem, settled_at, attempts)
                VALUES ('emg_data', %(name)s, %(operation)s, %(problem)s, %(settled_at)s, 1)
                """,
                row | {"name": name},
            )

        yield note
        conn.execute("DELETE FROM storage_outbox")


def part(text, title):
    """The words of one section."""
    section = text[text.index(f">{title}<") :].partition("</section>")[0]
    return " ".join(re.sub("<[^>]+>", " ", section).split())


# ── told to others


def test_where_nobody_is_told_nothing_is_shown(text):
    assert "Told to others" not in text()


def test_what_others_were_told_is_listed_with_what_was_given_up_first(text, told, new_session):
    session_id = new_session()
    told(session_id, "dead", problem="status 503", tries=6)
    told(session_id, "sent", tries=1)
    told(session_id, problem="timeout", tries=1)
    said = part(text(), "Told to others")
    assert "trial is told that a session was analysed or failed" in said
    places = [said.index(words) for words in ("Given up", "Waiting", "Taken")]
    assert places == sorted(places)
    assert "status 503, 6 tries" in said
    assert "timeout, 1 try" in said
    assert said.count("not processed") == 3
    assert said.count("Send again to trial") == 1


def test_a_target_that_has_heard_of_nothing_is_named(text, told):
    assert "Nothing has happened yet" in part(text(), "Told to others")


def test_sending_again_takes_a_form_and_no_script(served, text, told, new_session, site_database):
    event_id = told(new_session(), "dead", problem="no connection", tries=6)
    action = re.search(r'action="(/monitoring/outgoing/[^"]+)"', text())[1]
    answer = served.as_("ada", **PAGE).post(action)
    assert (answer.status_code, answer.headers["location"]) == (303, "/monitoring#told-title")
    with site_database.connect("postgres") as conn:
        found = conn.execute("SELECT id, state, tries FROM outgoing_events").fetchall()
    assert found == [(event_id, "waiting", 0)]
    after = part(text(), "Told to others")
    assert "no connection" in after
    assert "0 tries" not in after
    assert "Send again to" not in after


def test_whoever_is_told_no_longer_is_not_offered_again(text, told, new_session):
    told(new_session(), "dead", target="former", problem="timeout", tries=6)
    said = part(text(), "Told to others")
    assert "former" in said
    assert "Send again to" not in said


def test_more_than_the_page_shows_is_said(text, told, new_session):
    session_id = new_session()
    for _ in range(DEAD):
        told(session_id, "dead", problem="timeout", tries=6)
    assert "More were given up" not in text()
    told(session_id, "dead", problem="timeout", tries=6)
    said = part(text(), "Told to others")
    assert said.count("Send again to") == DEAD
    assert "More were given up; these are the newest." in said


# ── changes that are stuck


def test_a_change_that_could_not_be_dealt_with_is_shown_with_its_problem(text, noted):
    noted("P101/waits.c3d")
    noted("P101/done.c3d", problem="it was slow", settled_at="2026-11-20T10:00Z")
    assert "could not be dealt with" not in text()
    noted("P101/stuck.c3d", problem="the change is odd")
    said = part(text(), "Changes in the store that could not be dealt with")
    assert "P101/stuck.c3d emg_data, overwritten or moved ▲ The change is odd." in said
    assert "tried 1 time" in said
    assert "waits.c3d" not in said
    assert "done.c3d" not in said


def test_more_stuck_changes_than_the_page_shows_are_said(text, noted):
    for number in range(DEAD + 1):
        noted(f"P101/{number}.c3d", operation="DELETE", problem="odd")
    said = part(text(), "Changes in the store that could not be dealt with")
    assert said.count("removed") == DEAD
    assert "There are more; these are the oldest." in said


# ── a store that is silent


def test_recordings_that_wait_for_the_store_are_counted(text, new_session, site_database):
    assert "The store does not answer" not in text()
    with site_database.connect("postgres", autocommit=True) as conn:
        for count, words in [(1, "1 recording waits for it"), (2, "2 recordings wait for it")]:
            conn.execute(
                "UPDATE therapy_sessions SET put_off_since = now() WHERE id = %s", [new_session()]
            )
            assert words in text(), count
        conn.execute(
            """
            UPDATE therapy_sessions SET processing_status = 'failed', failure_kind = 'file_gone'
             WHERE put_off_since IS NOT NULL
            """
        )
    assert "The store does not answer" not in text()
