"""What is killed, cut, stopped and filled up, how often, and what was lost of it."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from myograph.db.embedded import Cluster
from myograph.db.keeping import kept_running
from tests.database import SURE, migrated_server
from tests.faults import announcing, clocks, full_disks, outages, storage_faults
from tests.faults.full_disks import Disk
from tests.faults.histories import STEPS, lived_through
from tests.faults.kills import KILLS
from tests.faults.nursery import Nursery
from tests.faults.place import NewPlace, Place, place_in
from tests.faults.reference import Reference
from tests.faults.rounds import Scenario, wrong_with
from tests.needs import NEEDS
from tests.s3_server import own_s3


@dataclass(frozen=True, slots=True)
class NewPlaces:
    """Makes systems to break: on a server of all, or on another."""

    server: Cluster
    reference: Reference
    nursery: Nursery

    def __call__(self) -> AbstractContextManager[Place]:
        return self.on(self.server)

    def on(self, server: Cluster) -> AbstractContextManager[Place]:
        return place_in(server, self.reference, self.nursery)

    @contextmanager
    def on_its_own(self) -> Generator[Place]:
        """On a server that may be stopped."""
        folder = Path(tempfile.mkdtemp(prefix="myograph-faults-"))
        folder.chmod(0o711)
        try:
            with (
                migrated_server("", folder=folder / "server", options=SURE) as server,
                self.on(server) as place,
            ):
                yield place
        finally:
            shutil.rmtree(folder)


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    """Names of parts after `faults` choose them: kills, outages, disk, histories, ..."""
    chosen = set(sys.argv) & set(PARTS) or set(PARTS)
    with _new_places() as new_place:
        for name, part in PARTS.items():
            if name in chosen:
                part(new_place, full)


def _kills(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    times = 20 if full else 1
    _run(f"kill -9 at {len(KILLS)} points x {times}", new_place, KILLS, times=times)


def _outages(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    restarts, cuts = (20, 50) if full else (1, 2)
    lease_s, stopped_s = (30.0, 60.0) if full else (2.0, 4.0)
    _run(
        f"PostgreSQL stopped at once under load x {restarts}",
        new_place.on_its_own,
        {"restarts": partial(outages.restarts_under_load, times=restarts)},
    )
    _run(
        "PostgreSQL hangs, and is replaced",
        new_place.on_its_own,
        {"hangs": outages.hangs_under_load},
    )
    _run(
        f"every connection cut x {cuts}",
        new_place,
        {"cuts": partial(outages.cuts_of_listeners, times=cuts)},
    )
    _run(
        f"a worker stopped for {stopped_s:g} s, its lease is of {lease_s:g} s",
        new_place,
        {
            "stopped": partial(
                outages.stopped_and_continued, lease_s=lease_s, quick=not full, for_s=stopped_s
            )
        },
    )
    _run(
        "database far away (50 ms), gone for a while, only reading",
        new_place,
        {
            "far away": partial(outages.long_way_to_the_database, round_trip_s=0.05),
            "gone": outages.no_database_for_a_while,
            "stopped meanwhile": outages.stopped_without_a_database,
            "only reading": outages.read_only_for_a_while,
        },
    )

    times = 40 if full else 2
    _run(
        f"database gone for up to 8 s, {times} times in four places",
        new_place,
        {
            f"seed {seed}": partial(outages.no_database_again_and_again, times=times, seed=seed)
            for seed in range(4)
        },
    )


def _clocks(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    times = 5 if full else 1
    scenarios: dict[str, Scenario] = {
        f"{who} {off_s:+g} s": partial(scenario, by_s=off_s)
        for who, scenario in (("sender", clocks.sender_is_off), ("worker", clocks.worker_is_off))
        for off_s in (-clocks.OFF_S, clocks.OFF_S)
    }
    _run(
        f"clock of sender or worker off by {clocks.OFF_S:g} s x {times}",
        new_place,
        scenarios,
        times=times,
    )


def _storage(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    times = 5 if full else 1
    number = len(storage_faults.FAULTS)
    with own_s3() as s3:
        _run(
            f"store broken in {number} ways until given up, replayed x {times}",
            new_place,
            storage_faults.staying(s3),
            times=times,
        )
        _run(
            f"store broken once in {number} ways x {times}",
            new_place,
            storage_faults.passing(s3),
            times=times,
        )
    full_folders: dict[str, Scenario] = {}
    for after in (20_000, 100_000):
        upload = partial(storage_faults.no_room_for_an_upload, after_bytes=after)
        copy = partial(storage_faults.no_room_for_the_worker, after_bytes=after)
        full_folders |= {f"the store's after {after}": upload, f"the worker's after {after}": copy}
    _run("disk of the store and of the worker full", new_place, full_folders, times=times)


def _disk(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    times = 5 if full else 1
    what = f"disk of the database full x {times}"
    if missing := NEEDS["small_disk"].missing():
        print(f"{what}: not run, {missing}")
        return
    with (
        full_disks.small_disk() as disk,
        migrated_server("small disk", folder=disk.folder / "server", options=SURE) as server,
        kept_running(server, options=SURE),  # between the rounds, too
    ):
        scenarios: dict[str, Scenario] = {
            name: partial(_on_disk, scenario, disk)
            for name, scenario in full_disks.SCENARIOS.items()
        }
        # One after the other: it is full for all.
        _run(what, partial(new_place.on, server), scenarios, times=times, at_once=1)


def _on_disk(scenario: Callable[[Place, Disk], None], disk: Disk, place: Place) -> None:
    scenario(place, disk)


def _announcing(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    seeds = range(20 if full else 2)
    _run("every hint lost", new_place, {"lost": announcing.every_hint_is_lost})
    _run(
        f"30 % of hints lost, 30 % doubled, reordered, {len(seeds)} times",
        new_place,
        {
            f"seed {seed}": partial(announcing.some_are_lost_and_some_come_twice, seed=seed)
            for seed in seeds
        },
    )


def _histories(new_place: NewPlaces, full: bool) -> None:  # noqa: FBT001 - as main
    seeds = range(30 if full else 3)
    _run(
        f"random histories of {STEPS} steps, {len(seeds)} seeds",
        new_place.on_its_own,
        {f"seed {seed}": partial(lived_through, seed=seed) for seed in seeds},
    )


PARTS = {
    "kills": _kills,
    "outages": _outages,
    "clocks": _clocks,
    "storage": _storage,
    "disk": _disk,
    "announcing": _announcing,
    "histories": _histories,
}


@contextmanager
def _new_places() -> Generator[NewPlaces]:
    with migrated_server("faults") as server, Reference(server) as reference, Nursery() as nursery:
        yield NewPlaces(server, reference, nursery)


def _run(
    what: str,
    new_place: NewPlace,
    scenarios: Mapping[str, Scenario],
    *,
    times: int = 1,
    at_once: int = 4,
) -> None:
    began = time.monotonic()
    wrong = wrong_with(new_place, scenarios, times=times, at_once=at_once)
    count = sum(len(each) for each in wrong.values())
    print(f"{what:66}{count:4} wrong {time.monotonic() - began:6.0f} s", flush=True)
    for where, sentences in wrong.items():
        for sentence in sentences:
            print(f"    {where}: {sentence}", flush=True)
