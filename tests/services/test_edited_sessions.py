"""Corrections of contractions, from a person's entry to the stored numbers and back."""

from uuid import uuid4

import pytest

from myograph.analysis.edits import Span
from myograph.analysis.protocol import Protocol
from myograph.db import contraction_edits, contractions, recovery, statistics
from myograph.db.pool import open_pool
from myograph.errors import BadInput, Conflict, NotFound
from myograph.services.analyse_session import Terms, analyse_session
from myograph.services.measure_file import measure_here

TERMS = Terms(pseudonym_key="a key")


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def analyse(pool, store):
    def run(received, measure=measure_here, terms=TERMS):
        return analyse_session(pool, store, received.session_id, terms=terms, measure=measure)

    return run


@pytest.fixture
def session(upload, analyse, clinic):
    received = upload(patient_code="P001", left="CH1", right="CH2")
    assert analyse(received) == "analysed"
    return received


@pytest.fixture
def enter(database, clinic):
    def run(received, action, before=None, after=None, *, channel="CH1", who=None):
        with database.as_person(who or clinic.therapist) as conn:
            return contraction_edits.enter(
                conn,
                received.session_id,
                channel,
                action=action,
                before=before,
                after=after,
                reason="it moved",
            )

    return run


@pytest.fixture
def revoke(database, clinic):
    def run(received, edit_id, who=None):
        with database.as_person(who or clinic.therapist) as conn:
            contraction_edits.revoke(conn, received.session_id, edit_id, reason="not so")

    return run


@pytest.fixture
def seen(database, clinic):
    def found(received, who=None):
        person = who or clinic.therapist
        with database.as_person(person) as conn:
            return contraction_edits.of_session(conn, person, received.session_id)

    return found


def rows(pool, received, channel="CH1"):
    with pool.connection() as conn:
        found = contractions.of_session(conn, received.session_id)
    return [row for row in found if row.channel == channel]


def numbers(pool, received, channel="CH1"):
    with pool.connection() as conn:
        found = statistics.of_session(conn, received.session_id)
    return next(c for c in found if c.channel_name == channel)


def span(row):
    return Span(row.start_s, row.end_s)


def test_an_edit_changes_the_numbers_once_it_is_analysed_and_survives_another_analysis(
    session, analyse, enter, seen, look, pool, database
):
    before, was = rows(pool, session), numbers(pool, session)
    added = enter(session, "remove", span(before[1]))
    assert look(session).processing_status == "reprocessing"
    assert rows(pool, session) == before
    assert [(e.id, e.state) for e in seen(session)] == [(added, "waiting")]

    assert analyse(session) == "analysed"
    after, now = rows(pool, session), numbers(pool, session)
    assert [span(r) for r in after] == [span(before[0]), span(before[2])]
    assert (now.total_contractions, was.total_contractions) == (2, 3)
    assert now.iemg < was.iemg
    assert now.completion_rate < was.completion_rate
    assert look(session).processing_status == "completed"
    assert [m["contractions"] for m in look(session).analytics_cache["muscles"]] == [2, 3]

    with database.connect("myograph_work") as conn:
        recovery.analyse_again(conn, session.session_id)
    assert analyse(session) == "analysed"
    assert rows(pool, session) == after
    assert [(e.id, e.state) for e in seen(session)] == [(added, "applied")]


def test_a_placed_contraction_names_its_edit(session, analyse, enter, pool):
    first = rows(pool, session)[0]
    added = enter(session, "add", after=Span(0.25, 1.25))
    moved = enter(session, "move", span(first), Span(first.start_s, first.end_s - 0.5))
    analyse(session)
    found = rows(pool, session)
    assert [row.edit_id for row in found] == [added, moved, None, None]
    assert (found[0].start_s, found[0].end_s) == (0.25, 1.25)
    assert found[1].end_s == pytest.approx(first.end_s - 0.5)
    assert {row.source for row in found} == {"envelope"}


def test_who_edited_when_and_why_is_for_those_who_treat(session, enter, seen, clinic):
    enter(session, "add", after=Span(0.25, 1.25), who=clinic.admin)
    for person in (clinic.therapist, clinic.admin):
        [edit] = seen(session, person)
        assert (edit.author, edit.reason) == ("Anna", "it moved")
    [edit] = seen(session, clinic.researcher)
    assert (edit.author, edit.reason, edit.after_start_s) == (None, None, 0.25)
    assert seen(session, clinic.other_therapist) == []


def test_an_edit_that_is_taken_back_is_kept_on_record_and_no_longer_applied(
    session, analyse, enter, revoke, seen, pool, clinic
):
    before = rows(pool, session)
    edit_id = enter(session, "remove", span(before[0]))
    analyse(session)
    revoke(session, edit_id)
    revoke(session, edit_id)
    analyse(session)
    assert rows(pool, session) == before
    [edit] = seen(session)
    assert (edit.state, edit.revoked_by, edit.revoked_reason) == ("revoked", "Thea", "not so")
    assert edit.author == "Thea"


def test_taking_back_what_was_taken_back_analyses_nothing(
    session, analyse, enter, revoke, look, pool
):
    edit_id = enter(session, "add", after=Span(0.25, 1.25))
    revoke(session, edit_id)
    analyse(session)
    revoke(session, edit_id)
    assert look(session).processing_status == "completed"


def test_a_later_method_that_no_longer_finds_the_contraction_leaves_the_edit_unsettled(
    session, analyse, enter, seen, pool, database
):
    target = span(rows(pool, session)[0])
    edit_id = enter(session, "move", target, Span(target.start_s, target.end_s - 0.5))
    # The game marked nothing in this stretch: another detector has other contractions.
    analyse(session, terms=Terms(pseudonym_key="a key", protocol=Protocol(least_peak_v=1.0)))
    assert rows(pool, session) == []
    [edit] = seen(session)
    assert (edit.id, edit.state, edit.problem) == (edit_id, "unsettled", "not_there")
    assert edit.sentence.startswith("CH1 has no contraction at ")
    with database.connect("myograph_work") as conn:
        recovery.analyse_again(conn, session.session_id)
    analyse(session)
    assert [e.state for e in seen(session)] == ["applied"]


def test_an_edit_while_the_session_is_analysed_takes_the_claim_away(
    session, enter, analyse, seen, pool
):
    first, second = (span(row) for row in rows(pool, session)[:2])
    enter(session, "remove", first)

    def edited_meanwhile(path, protocol, recover, edits, beat):
        measured = measure_here(path, protocol, recover, edits, beat)
        enter(session, "remove", second)
        return measured

    assert analyse(session, edited_meanwhile) == "lease_lost"
    assert len(rows(pool, session)) == 3
    assert analyse(session) == "analysed"
    assert len(rows(pool, session)) == 1
    assert [e.state for e in seen(session)] == ["applied", "applied"]


def test_the_worker_measures_an_edited_session_by_itself(session, enter, run_queue, look, pool):
    enter(session, "remove", span(rows(pool, session)[0]))
    run_queue()
    assert look(session).processing_status == "completed"
    assert len(rows(pool, session)) == 2


def test_what_was_corrected_is_not_shared_with_equal_bytes(
    session, upload, analyse, enter, revoke, pool
):
    before = rows(pool, session)
    edit_id = enter(session, "remove", span(before[0]))
    analyse(session)
    twin = upload(patient_code="P001")
    assert analyse(twin) == "analysed"
    assert [span(r) for r in rows(pool, twin)] == [span(r) for r in before]
    assert analyse(upload()) == "shared"
    # One that was corrected takes no other's measurement, until that is taken back.
    enter(twin, "remove", span(before[0]))
    assert analyse(twin) == "analysed"
    revoke(session, edit_id)
    assert analyse(session) == "shared"
    assert [span(r) for r in rows(pool, session)] == [span(r) for r in before]


def test_only_those_who_treat_may_edit(session, enter, revoke, pool, database, clinic):
    edit_id = enter(session, "add", after=Span(0.25, 1.25))
    with pytest.raises(NotFound):
        enter(session, "add", after=Span(15, 15.5), who=clinic.other_therapist)
    with pytest.raises(NotFound):
        revoke(session, edit_id, who=clinic.other_therapist)
    with database.as_person(clinic.researcher) as conn, pytest.raises(Exception, match="denied"):
        conn.execute("SELECT app.edit_contraction(%s, 'CH1', '{}')", [session.session_id])


def test_the_database_refuses_what_is_no_edit(session, enter, revoke):
    for action, before, after in (
        ("add", Span(1, 2), Span(1, 2)),
        ("remove", None, Span(1, 2)),
        ("move", Span(1, 2), None),
        ("add", None, Span(2, 2)),
        ("split", Span(1, 2), Span(1, 2)),
    ):
        with pytest.raises(BadInput, match="A contraction ends after it starts"):
            enter(session, action, before, after)
    with pytest.raises(NotFound, match="no such correction"):
        revoke(session, uuid4())


@pytest.mark.parametrize(
    ("made_so", "sentence"),
    [
        (
            "UPDATE therapy_sessions SET processing_status = 'pending'",
            "before the recording is analysed",
        ),
        (
            """
            UPDATE therapy_sessions
               SET processing_status = 'failed', failure_kind = 'unreadable', failure_code = 'x'
            """,
            "could not be analysed",
        ),
        ("UPDATE therapy_sessions SET object_gone_at = now()", "no longer there"),
    ],
)
def test_there_must_be_contractions_and_a_recording_to_edit(
    session, enter, seen, pool, made_so, sentence
):
    with pool.connection() as conn:
        conn.execute(made_so)
    with pytest.raises(Conflict, match=sentence):
        enter(session, "add", after=Span(0.25, 1.25))
    assert seen(session) == []


def test_edits_and_their_outcomes_go_with_the_session(session, analyse, enter, pool, database):
    enter(session, "add", after=Span(0.25, 1.25))
    analyse(session)
    with database.connect("postgres") as conn:
        conn.execute("DELETE FROM upload_events")
        conn.execute("DELETE FROM therapy_sessions WHERE id = %s", [session.session_id])
        left = conn.execute("SELECT count(*) FROM contraction_edits").fetchone()
    assert left == (0,)
