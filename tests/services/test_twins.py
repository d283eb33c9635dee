"""Of sessions of the very same bytes one counts, and each of which a person says so."""

from hashlib import sha256

import psycopg
import pytest
from psycopg.rows import dict_row

from myograph.db import session_settings
from myograph.errors import NotFound
from myograph.services.receive_upload import Upload, receive_event
from tests.game_files import game_file

CONTENT = game_file()
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def put(database, clinic, upload):
    """As the page does, which knows the hash of what it stores."""

    def stored(name, **known):
        return upload(CONTENT, name=name, file_hash=DIGEST, **known).session_id

    return stored


@pytest.fixture
def remove(database, store):
    def removed(name, *, told=True):
        store.delete(f"emg_data/{name}")
        if told:
            with database.connect("myograph_work") as conn:
                receive_event(conn, Upload("emg_data", name, operation="removed", source="other"))

    return removed


@pytest.fixture
def twin_of(database):
    def found(session_id):
        with database.connect("myograph_work", row_factory=dict_row) as conn:
            [row] = conn.execute(
                "SELECT duplicate_of, processing_status AS status FROM therapy_sessions"
                " WHERE id = %s",
                [session_id],
            ).fetchall()
        return row["status"], row["duplicate_of"]

    return found


@pytest.fixture
def say(database, clinic):
    def said(session_id, own, *, person=None):
        with database.as_person(person or clinic.therapist) as conn:
            session_settings.count_as_own(conn, session_id, own)

    return said


@pytest.fixture
def two(put, run_queue):
    both = [put(f"P001/{n}.c3d") for n in (1, 2)]
    run_queue()
    return both


@pytest.mark.parametrize("told", [True, False])
def test_what_was_gone_before_it_was_read_leaves_the_count_to_the_next(
    put, remove, run_queue, twin_of, told
):
    gone = put("unassigned/1.c3d")
    remove("unassigned/1.c3d", told=told)
    run_queue()
    again = put("unassigned/2.c3d")
    run_queue()
    assert twin_of(again) == ("completed", None)
    assert twin_of(gone) == ("failed", again)


@pytest.mark.parametrize("told", [True, False])
def test_what_is_gone_before_it_is_read_is_a_twin_all_the_same(
    put, remove, run_queue, twin_of, told
):
    first = put("unassigned/1.c3d")
    run_queue()
    gone = put("unassigned/2.c3d")
    remove("unassigned/2.c3d", told=told)
    run_queue()
    assert twin_of(first) == ("completed", None)
    assert twin_of(gone) == ("failed", first)


def test_what_was_measured_counts_though_its_file_is_gone(put, remove, run_queue, twin_of):
    first = put("unassigned/1.c3d")
    run_queue()
    remove("unassigned/1.c3d")
    again = put("unassigned/2.c3d")
    run_queue()
    assert twin_of(first) == ("completed", None)
    assert twin_of(again) == ("completed", first)


def test_of_what_the_page_stores_it_is_known_at_once(put, run_queue, twin_of):
    first = put("unassigned/1.c3d")
    run_queue()
    assert twin_of(put("unassigned/2.c3d")) == ("pending", first)


# ── a person knows better


def test_a_session_of_its_own_counts_until_that_is_taken_back(two, say, run_queue, twin_of):
    first, second = two
    assert twin_of(second) == ("completed", first)
    for own, expected in ((True, None), (False, first), (True, None), (None, first)):
        say(second, own)
        assert twin_of(second) == ("completed", expected)
        assert twin_of(first) == ("completed", None)
        run_queue()


def test_it_stays_one_whatever_comes_after_it(two, put, say, run_queue, twin_of):
    first, second = two
    say(second, True)
    third = put("P001/3.c3d")
    run_queue()
    assert [twin_of(one)[1] for one in (first, second, third)] == [None, None, first]


def test_it_is_scored_anew(two, say, database):
    say(two[1], True)
    with database.connect("myograph_work") as conn:
        jobs = conn.execute("SELECT task_name, args FROM queue.procrastinate_jobs").fetchall()
    assert jobs == [("rescore_session", {"session_id": str(two[1])})]


def test_nobody_says_so_of_a_session_that_is_not_theirs(two, say, clinic, twin_of):
    with pytest.raises(NotFound):
        say(two[1], True, person=clinic.other_therapist)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        say(two[1], True, person=clinic.researcher)
    assert twin_of(two[1])[1] == two[0]
