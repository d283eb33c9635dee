"""Many scenarios, many times, each in a place of its own."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

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

    def with_one(named: tuple[str, Scenario]) -> tuple[str, list[str]]:
        name, scenario = named
        return name, list(_rounds(new_place, scenario, times))

    with ThreadPoolExecutor(at_once) as threads:
        found = threads.map(with_one, scenarios.items())
        return {name: wrong for name, wrong in found if wrong}


def told(wrong: Mapping[str, list[str]]) -> str:
    return "\n".join(f"{name}: {each}" for name, all_ in wrong.items() for each in all_)


def _rounds(new_place: NewPlace, scenario: Scenario, times: int) -> Iterator[str]:
    with new_place() as place:
        for _ in range(times):
            try:
                scenario(place)
            except Exception as wrong:  # noqa: BLE001 - whatever it is, it stands in the answer
                yield f"{type(wrong).__name__}: {wrong}"
            place.forget()
