"""Many scenarios, many times, each in a place as it was at the beginning."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

import psycopg

from tests.faults.place import NewPlace, Place

Scenario = Callable[[Place], None]


def wrong_with(
    new_place: NewPlace,
    scenarios: Mapping[str, Scenario],
    *,
    times: int = 1,
    at_once: int = 4,
) -> dict[str, list[str]]:
    """What went wrong, by the scenario's name. They mostly wait, so several go on at once."""
    free: SimpleQueue[Place] = SimpleQueue()

    def with_one(named: tuple[str, Scenario]) -> tuple[str, list[str]]:
        name, scenario = named
        place = free.get()
        try:
            return name, list(_rounds(place, scenario, times))
        finally:
            free.put(place)

    with ExitStack() as places, ThreadPoolExecutor(at_once) as threads:
        for _ in range(min(at_once, len(scenarios))):
            free.put(places.enter_context(new_place()))
        found = threads.map(with_one, scenarios.items())
        return {name: wrong for name, wrong in found if wrong}


def told(wrong: Mapping[str, list[str]]) -> str:
    return "\n".join(f"{name}: {each}" for name, all_ in wrong.items() for each in all_)


def _rounds(place: Place, scenario: Scenario, times: int) -> Iterator[str]:
    for _ in range(times):
        try:
            scenario(place)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it stands in the answer
            yield f"{type(wrong).__name__}: {wrong}"
        try:
            place.forget()
        except (AssertionError, psycopg.Error) as wrong:
            yield f"no further round, since it could not be emptied: {wrong}"
            return
