"""A worker or a web killed at a named point, and what the next one makes of it."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import UUID

import httpx2

from tests.faults.place import Place, wait_for
from tests.faults.points import (
    OF_DELIVERIES,
    OF_EQUAL_BYTES,
    OF_SCORING,
    OF_THE_OUTBOX,
    OF_THE_SWEEP,
    OF_THE_WEB,
    OF_THE_WORKER,
    Point,
)
from tests.faults.rounds import Scenario
from tests.game_files import game_file


def recording(number: int) -> bytes:
    return game_file(seed=number % 4, bursts=2)


def worker_dies(place: Place, point: Point) -> None:
    """One upload; the worker dies on it, the next finds what is left."""
    place.upload(recording(1))
    with place.worker(point) as worker:
        if point.measuring:  # only that process dies, and the worker tries again
            place.settles()
            assert worker.reached
            worker.ends()
        else:
            worker.dies_at_its_point()
    the_next_one_finishes(place)


def worker_dies_on_equal_bytes(place: Place, point: Point) -> None:
    """The second of two uploads takes over what was measured of the first."""
    for _ in range(2):
        place.upload(recording(2))
    with place.worker(point) as worker:
        worker.dies_at_its_point()
    the_next_one_finishes(place)


def worker_dies_on_scoring(place: Place, point: Point) -> None:
    session_id = place.upload(recording(3))
    the_next_one_finishes(place)
    with place.database.connect("myograph_work") as conn:
        conn.execute("SELECT app.score_again(%s)", [session_id])
    with place.worker(point) as worker:
        worker.dies_at_its_point()
    the_next_one_finishes(place)


def web_dies(place: Place, point: Point) -> None:
    """Whoever uploads is not answered, and sends it again to the next web."""
    content = recording(1)
    with place.web(point) as web:
        with suppress(httpx2.HTTPError):
            place.accepted.add(web.upload(content))
        web.program.dies_at_its_point()
    with place.web() as web:
        place.accepted.add(web.upload(content))
    place.sweep()
    the_next_one_finishes(place)


def web_dies_on_a_delivery(place: Place, point: Point) -> None:
    """Whoever delivers is not answered, and delivers the very same again."""
    upload = place.put(recording(1), "unassigned/1.c3d")
    with place.web(point) as web:
        with suppress(httpx2.HTTPError):
            web.deliver(upload, number="delivery-1")
        web.program.dies_at_its_point()
    with place.web() as web:
        answer = web.deliver(upload, number="delivery-1")
    assert answer.status_code in {200, 202}, answer.text
    place.accepted.add(UUID(answer.json()["session_id"]))
    the_next_one_finishes(place)


def worker_dies_sweeping(place: Place, point: Point) -> None:
    """Nobody announced anything: the next sweep finds the rest."""
    for number in range(2):
        place.put(recording(number), f"unassigned/{number}.c3d")
    with place.worker(point, sweeps=True) as worker:
        worker.dies_at_its_point()
    with place.worker(sweeps=True) as worker:
        wait_for(lambda: place.sessions() >= 2)
        place.settles()
        worker.ends()
    place.is_all_well()


def worker_dies_at_the_outbox(place: Place, point: Point) -> None:
    for number in range(2):
        place.note_in_the_outbox(place.put(recording(number), f"unassigned/{number}.c3d"))
    with place.worker(point) as worker:
        worker.dies_at_its_point()
    the_next_one_finishes(place)


def the_next_one_finishes(place: Place) -> None:
    with place.worker() as worker:
        place.settles()
        worker.ends()
    place.is_all_well()


SCENARIOS: tuple[tuple[Callable[[Place, Point], None], tuple[Point, ...]], ...] = (
    (worker_dies, OF_THE_WORKER),
    (worker_dies_on_equal_bytes, OF_EQUAL_BYTES),
    (worker_dies_on_scoring, OF_SCORING),
    (web_dies, OF_THE_WEB),
    (web_dies_on_a_delivery, OF_DELIVERIES),
    (worker_dies_sweeping, OF_THE_SWEEP),
    (worker_dies_at_the_outbox, OF_THE_OUTBOX),
)
KILLS: dict[str, Scenario] = {
    point.name: partial(scenario, point=point) for scenario, points in SCENARIOS for point in points
}
