"""The checker itself: each of its rules is broken once, and it says so."""

from uuid import uuid4

import pytest

from myograph.worker.run import run_until_empty
from tests.faults.place import place_in
from tests.game_files import game_file

KEY = "emg_data/unassigned/1.c3d"
READABLE = game_file(seed=1, bursts=2)


@pytest.fixture(scope="module")
def shared_place(server, reference, nursery):
    with place_in(server, reference, nursery) as place:
        yield place


@pytest.fixture
def place(shared_place):
    yield shared_place
    shared_place.forget()


@pytest.fixture
def two(place):
    """The same bytes twice, analysed, and all is well."""
    return two_in(place)


def two_in(place):
    first, second = (place.upload(READABLE, f"unassigned/{n}.c3d") for n in (1, 2))
    work_off(place)
    place.is_all_well()
    return first, second


def work_off(place):
    run_until_empty(place.url("myograph_work"), place.store, pseudonym_key="k" * 32)


def change(place, statement, *values):
    with place.database.connect("postgres", options="-c search_path=public,queue") as conn:
        conn.execute(statement, values)


def said(place, words):
    """Whether it says this and nothing that means something else."""
    [sentence] = [one for one in place.problems() if words in one]
    return sentence


def test_an_object_without_a_session_is_told(place):
    place.put(READABLE, "unassigned/1.c3d")
    assert place.problems() == [f"object {KEY} has no session"]


def test_an_object_with_two_sessions_is_told(new_place):
    with new_place() as place:
        two_in(place)
        change(place, "DROP INDEX therapy_sessions_path")
        change(place, "UPDATE therapy_sessions SET file_path = 'unassigned/1.c3d'")
        assert f"object {KEY} has 2 live sessions" in place.problems()


def test_a_session_without_its_object_is_told_unless_it_says_so(place, two):
    (place.objects / KEY).unlink()
    assert said(place, f"({KEY}) has lost its object")
    change(place, "UPDATE therapy_sessions SET object_gone_at = now() WHERE id = %s", two[0])
    place.is_all_well()


def test_a_promised_session_that_is_not_there_is_told(place):
    promised = uuid4()
    place.accepted.add(promised)
    assert place.problems() == [f"session {promised} was promised, and is not there"]


@pytest.mark.parametrize("status", ["pending", "processing", "reprocessing"])
def test_what_is_still_on_its_way_is_told(place, two, status):
    change(
        place, "UPDATE therapy_sessions SET processing_status = %s WHERE id = %s", status, two[0]
    )
    assert said(place, f"is still {status}")


def test_a_claim_that_outlives_its_work_is_told(place, two):
    change(place, "UPDATE therapy_sessions SET lease_until = now() WHERE id = %s", two[0])
    assert said(place, "is completed, and somebody still holds it")


@pytest.mark.parametrize("status", ["todo", "failed"])
def test_a_job_that_is_left_over_is_told(place, two, status):
    change(place, "SELECT app.score_again(%s)", two[0])
    change(place, "UPDATE procrastinate_jobs SET status = %s", status)
    assert place.problems() == [f"a job rescore_session of session {two[0]} is left over: {status}"]


def test_a_failure_without_a_reason_is_told(place):
    place.upload(b"no recording " * 100)
    work_off(place)
    place.is_all_well()
    change(place, "UPDATE therapy_sessions SET processing_error_message = NULL")
    assert said(place, "failed and does not say why")


def test_a_readable_file_that_failed_is_told(place, two):
    change(
        place,
        "UPDATE therapy_sessions SET processing_status = 'failed', failure_kind = 'gave_up',"
        " failure_code = 'gave_up', processing_error_message = 'Too bad.' WHERE id = %s",
        two[0],
    )
    assert said(place, "failed (gave_up): Too bad.")
    assert said(place, "failed, and has 3 rows of results")


def test_a_file_that_should_have_been_refused_is_told(place, two):
    place.lost[KEY] = "gave_up"
    assert said(place, "should have ended as gave_up")


def test_results_of_other_bytes_are_told(place, two):
    change(place, "UPDATE therapy_sessions SET file_hash = %s WHERE id = %s", "0" * 64, two[0])
    assert said(place, "was made from other bytes than the object's")


@pytest.mark.parametrize(
    ("table", "column", "what"),
    [
        ("emg_statistics", "rms", "channels"),
        ("contractions", "peak", "contractions"),
        ("performance_scores", "rpe_post_session", "scores"),
        ("c3d_technical_data", "frame_count", "technical"),
    ],
)
def test_a_number_that_is_another_is_told(place, two, table, column, what):
    one_off = f"UPDATE {table} SET {column} = coalesce({column}, 0) + 1 WHERE session_id = %s"  # noqa: S608, of this table
    change(place, one_off, two[0])
    assert place.problems() == [
        f"session {two[0]} ({KEY}): its {what} are not those of a serial analysis"
    ]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("DELETE FROM emg_statistics WHERE session_id = %s AND channel_number = 1", "for each EMG"),
        ("DELETE FROM contractions WHERE session_id = %s AND number = 1", "contractions of CH1"),
        ("DELETE FROM performance_scores WHERE session_id = %s", "0 score rows"),
        ("DELETE FROM c3d_technical_data WHERE session_id = %s", "0 technical and"),
    ],
)
def test_results_that_are_half_there_are_told_of_an_overwritten_session_too(
    place, two, loss, words
):
    change(place, "UPDATE therapy_sessions SET superseded_by = %s WHERE id = %s", two[1], two[0])
    change(place, loss, two[0])
    assert any(words in sentence for sentence in place.problems())


@pytest.mark.parametrize("how", ["NULL", "id"])
def test_equal_bytes_with_two_firsts_or_none_are_told(place, two, how):
    change(place, f"UPDATE therapy_sessions SET duplicate_of = {how}")  # noqa: S608, of this table
    number = {"NULL": 2, "id": 0}[how]
    assert said(place, f"{number} are the first")


@pytest.mark.parametrize("name", ["temporary/myograph-worker-1", "objects/a.c3d#1"])
def test_files_that_are_left_behind_are_told(place, name):
    (place.folder / name).touch()
    assert place.problems() == [f"{name.partition('/')[2]} was left behind"]
