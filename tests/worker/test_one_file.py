"""What becomes of a session whose file goes beyond its limits, or loses what measured it."""

import pytest
import structlog

from myograph.db import reprocessing
from myograph.db.pool import open_pool
from myograph.errors import MeasuringDied
from myograph.services.analyse_session import Terms, analyse_session
from myograph.worker.measuring import Limits
from myograph.worker.processes import Processes
from tests.game_files import game_file


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def analyse(pool, store):
    def run(received, measure):
        return analyse_session(
            pool, store, received.session_id, terms=Terms(pseudonym_key="a key"), measure=measure
        )

    return run


@pytest.mark.parametrize(
    ("limits", "code", "sentence"),
    [
        (Limits(measure_s=0.05), "too_slow", "Measuring this file took more than 0.05 s"),
        (Limits(memory_mb=1), "too_much_memory", "would take more than 1 MB of memory"),
    ],
    ids=["time", "memory"],
)
def test_a_file_beyond_its_limits_fails_at_its_first_try(
    analyse, upload, look, limits, code, sentence
):
    received = upload(game_file(bursts=120, seed=3))
    with Processes(limits, beat_every_s=0.01) as processes:
        assert analyse(received, processes.measure) == "failed"
    found = look(received)
    assert (found.failure_kind, found.failure_code) == ("unreadable", code)
    assert sentence in found.processing_error_message
    assert found.attempt == 1


def test_a_file_that_loses_what_measured_it_is_tried_again(analyse, upload, look):
    received = upload()
    with Processes(beat_every_s=0.01) as processes:

        def killed(path, protocol, recover, edits, beat):
            def kill():
                for one in processes._busy:
                    one.stop()

            return processes.measure(path, protocol, recover, edits, kill)

        with pytest.raises(MeasuringDied):
            analyse(received, killed)
        found = look(received)
        assert (found.processing_status, found.tries) == ("pending", 1)
        assert "was ended" in found.processing_error_message
        assert analyse(received, processes.measure) == "analysed"


def test_what_a_person_waits_for_comes_first_and_what_nobody_waits_for_last(
    upload, run_queue, pool, database, clinic
):
    old = upload(patient_code="P001").session_id
    run_queue()
    with pool.connection() as conn:
        reprocessing.queue(conn, [old])
    fresh = upload(game_file(seed=2)).session_id
    with pool.connection() as conn:
        conn.execute("SELECT app.score_again(%s)", [old])
    with structlog.testing.capture_logs() as lines:
        run_queue()
    kinds = {"rescore_session", "analyse_session"}
    assert [(line["event"], line["session"]) for line in lines if line["event"] in kinds] == [
        ("rescore_session", str(old)),
        ("analyse_session", str(fresh)),
        ("analyse_session", str(old)),
    ]
