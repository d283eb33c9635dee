"""A machine whose clock is off: what it signs, and what it plans."""

from tests.faults.outages import recording
from tests.faults.place import PATIENCE_S, Place, wait_for
from tests.faults.storage_faults import full_disk

OFF_S = 600.0
SOON_S = 300.0  # of a try that is planned seconds ahead, however slow this machine is


def sender_is_off(place: Place, by_s: float) -> None:
    """What it announces is refused as stale, and found all the same."""
    upload = place.put(recording(1), "unassigned/1.c3d")
    with place.web() as web:
        answer = web.deliver(upload, number="delivery-1", clock_off_s=by_s)
        assert (answer.status_code, answer.json()["code"]) == (401, "stale_delivery"), answer.text
    assert place.sessions() == 0
    with place.worker(sweeps=True) as worker:
        wait_for(lambda: place.sessions() == 1)
        place.settles()
        worker.ends()
    place.is_all_well()


def worker_is_off(place: Place, by_s: float) -> None:
    """It plans another try as soon as it would with the right time."""
    with place.worker(clock_off_s=by_s) as worker, full_disk(worker.process, 20_000):
        session_id = place.upload(recording(1))
        place.waits_with(session_id, "no place for a copy")
        [waits_s] = wait_for(lambda: _planned(place))
        assert abs(waits_s) < SOON_S, f"the next try is planned {waits_s:.0f} s later"
    with place.worker(clock_off_s=by_s) as worker:
        place.settles(within_s=PATIENCE_S)
        worker.ends()
    place.is_all_well()


def _planned(place: Place) -> tuple[float] | None:
    """How long after the last try the next one is due, by the database's clock."""
    with place.database.connect("myograph_work") as conn:
        return conn.execute(
            """
            SELECT extract(epoch FROM j.scheduled_at - max(e.at))::float
              FROM queue.procrastinate_jobs j
              JOIN queue.procrastinate_events e ON e.job_id = j.id AND e.type = 'started'
             WHERE j.task_name = 'analyse_session' AND j.scheduled_at IS NOT NULL
             GROUP BY j.id
            """
        ).fetchone()
