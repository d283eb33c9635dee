"""What is told of the store gets lost, comes twice, and in any order."""

import random
from uuid import UUID

from tests.faults.outages import recording
from tests.faults.place import Place

UPLOADS = 10


def every_hint_is_lost(place: Place) -> None:
    for number in range(UPLOADS):
        place.put(recording(number), f"unassigned/{number}.c3d")
    _found(place)


def some_are_lost_and_some_come_twice(place: Place, seed: int) -> None:
    """30 % dropped, 30 % doubled, all in another order; some of the doubled are sent anew."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    hints = [place.put(recording(n), f"unassigned/{n}.c3d") for n in range(UPLOADS)]
    told = [hint for hint in hints if chance.random() >= 0.3]
    told += [hint for hint in hints if chance.random() < 0.3]
    chance.shuffle(told)
    with place.web() as web:
        for hint in told:
            answer = web.deliver(hint, number=f"{hint.name}-{chance.randrange(2)}")
            assert answer.status_code in {200, 202}, answer.text
            place.accepted.add(UUID(answer.json()["session_id"]))
    _found(place)


def _found(place: Place) -> None:
    with place.worker(concurrency=2) as worker:
        place.sweep()
        place.settles()
        worker.ends()
    place.is_all_well()
    with place.database.connect("myograph_work") as conn:
        assert conn.execute("SELECT count(*) FROM therapy_sessions").fetchone() == (UPLOADS,)
