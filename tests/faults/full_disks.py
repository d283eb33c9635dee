"""The disk that the database lies on is full: for what it stores, or even for its log."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import httpx2
import psycopg

from myograph.db.keeping import kept_running
from myograph.services.receive_upload import Upload
from tests.database import SURE
from tests.faults.outages import recording, until_taken
from tests.faults.place import PATIENCE_S, Place, Program, Web, wait_for
from tests.needs import mount_of

SIZE = "512m"  # a server takes 70 MB, and each 16 MB of its log is kept until a checkpoint
ENOUGH_TO_BE_REFUSED = 1000
LEASE_S = 10.0  # what could not be put down is claimed for so long


@dataclass(frozen=True, slots=True)
class Disk:
    folder: Path

    @contextmanager
    def full(self) -> Generator[None]:
        """To the last page, whatever else is written meanwhile."""
        filler, size = self.folder / "filler", 0
        with filler.open("wb") as file:
            for piece in (1 << 20, 1 << 12):
                with suppress(OSError):  # ENOSPC
                    while True:
                        os.posix_fallocate(file.fileno(), size, piece)
                        size += piece
        try:
            yield
        finally:
            filler.unlink()


@contextmanager
def small_disk() -> Generator[Disk]:
    folder = tempfile.mkdtemp(prefix="myograph-disk-")
    subprocess.run(mount_of(folder, SIZE), check=True)
    try:
        yield Disk(Path(folder))
    finally:
        subprocess.run(["umount", folder], check=True)
        Path(folder).rmdir()


def no_room_for_rows(place: Place, disk: Disk) -> None:
    """Nothing new is taken in, what is there is shown; with room again all goes on by itself."""
    with place.web() as web, place.worker(lease_s=LEASE_S) as worker:
        place.accepted.add(web.upload(recording(0)))
        with disk.full():
            _until_refused(lambda n: _upload(place, web, n))
            _until_refused(lambda n: _deliver(place, web, n))
            with web.client(timeout=PATIENCE_S) as client:
                assert client.get("/api/sessions").status_code == 200
        _goes_on(place, web, worker)


def no_room_for_the_log(place: Place, disk: Disk) -> None:
    """PostgreSQL itself gives up, and does not come back before there is room."""
    with (
        place.web() as web,
        place.worker(lease_s=LEASE_S) as worker,
        kept_running(place.database.cluster, options=SURE),
    ):
        place.accepted.add(web.upload(recording(0)))
        with disk.full():
            _write_until_it_dies(place)
            _until_refused(lambda n: _upload(place, web, n))
            with web.client(timeout=PATIENCE_S) as client:
                assert client.get("/livez").status_code == 200
        _goes_on(place, web, worker)


def _goes_on(place: Place, web: Web, worker: Program) -> None:
    place.accepted.add(until_taken(web, 1))
    place.sweep()
    place.settles()
    assert web.program.runs, web.program.said()
    assert worker.runs, worker.said()
    worker.ends()
    place.is_all_well()


def _until_refused(send: Callable[[int], httpx2.Response]) -> None:
    """There may be some room in what the database has already; then nobody is told a lie."""
    for number in range(ENOUGH_TO_BE_REFUSED):
        answer = send(number)
        if answer.status_code not in {200, 202}:
            break
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2"), answer.text
    assert answer.json()["code"] == "database_unavailable"


def _upload(place: Place, web: Web, number: int) -> httpx2.Response:
    with web.client(timeout=PATIENCE_S) as client:
        answer = client.put(f"/api/uploads/{number}.c3d", content=recording(number % 4))
    return _noted(place, answer)


def _deliver(place: Place, web: Web, number: int) -> httpx2.Response:
    """Of an object that lies there: whatever is not told is found."""
    name = f"unassigned/delivered {number}.c3d"
    told: Upload = place.put(recording(number % 4), name)
    return _noted(place, web.deliver(told, number=f"delivery-{number}"))


def _noted(place: Place, answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code in {200, 202}:
        place.accepted.add(UUID(answer.json()["session_id"]))
    return answer


def _write_until_it_dies(place: Place) -> None:
    """Into its log alone, in pieces that make it ask for another file of 16 MB."""

    def is_dead() -> bool:
        try:
            with place.database.connect("postgres") as conn:
                conn.execute(
                    "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1 << 22))"
                )
        except psycopg.OperationalError:
            return True
        return False

    wait_for(is_dead)


SCENARIOS: Mapping[str, Callable[[Place, Disk], None]] = MappingProxyType(
    {"no room for rows": no_room_for_rows, "no room for the log": no_room_for_the_log}
)
