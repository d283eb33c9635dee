"""A worker or a web killed at a named point, and what the next one makes of it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress

import httpx2

from tests.faults.place import Place
from tests.faults.points import OF_EQUAL_BYTES, OF_SCORING, OF_THE_WEB, OF_THE_WORKER, Point
from tests.game_files import game_file

Scenario = Callable[[Place, Point], None]


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


def the_next_one_finishes(place: Place) -> None:
    with place.worker() as worker:
        place.settles()
        worker.ends()
    place.is_all_well()


KILLS = (
    *((worker_dies, point) for point in OF_THE_WORKER),
    *((worker_dies_on_equal_bytes, point) for point in OF_EQUAL_BYTES),
    *((worker_dies_on_scoring, point) for point in OF_SCORING),
    *((web_dies, point) for point in OF_THE_WEB),
)


def broken(
    new_place: Callable[[], AbstractContextManager[Place]],
    kills: Iterable[tuple[Scenario, Point]],
    *,
    at_once: int = 4,
) -> dict[str, list[str]]:
    """What went wrong, by the name of the point. They mostly wait, so several go on at once."""

    def one(kill: tuple[Scenario, Point]) -> tuple[str, str]:
        scenario, point = kill
        try:
            with new_place() as place:
                scenario(place, point)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it stands in the answer
            return point.name, f"{type(wrong).__name__}: {wrong}"
        return point.name, ""

    found: dict[str, list[str]] = {}
    with ThreadPoolExecutor(at_once) as threads:
        for name, wrong in threads.map(one, kills):
            if wrong:
                found.setdefault(name, []).append(wrong)
    return found
