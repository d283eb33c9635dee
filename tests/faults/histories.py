"""Random histories of a store and of the programs around it, each told again by its seed."""

import random
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import psycopg

from myograph.services.receive_upload import Upload
from myograph.storage.folder import changed_at
from tests.faults.outages import power_cut, recording, server_of, started_again
from tests.faults.place import BUCKET, Place, Program, Web
from tests.faults.points import OF_EQUAL_BYTES, OF_THE_WEB, OF_THE_WORKER, Point
from tests.faults.proxy import Proxy, fault_proxy, reset

STEPS = 40
AHEAD = timedelta(minutes=4)
CONTENTS = (*(recording(n) for n in range(4)), b"no recording at all " * 100)
PATIENTS = ("P001", "P002", "P999", "unassigned")
DYING = tuple(p for p in (*OF_THE_WORKER, *OF_EQUAL_BYTES) if not p.processes)


@dataclass(eq=False)
class History:
    """What happens to one place; everything that is chosen is chosen by `chance`."""

    place: Place
    chance: random.Random
    stack: ExitStack
    proxy: Proxy
    hints: list[Upload] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    workers: list[Program] = field(default_factory=list)
    web: Web | None = None
    number: int = 0

    def goes_on(self) -> None:
        step = self.chance.choices(list(STEPS_OF), weights=list(STEPS_OF.values()))[0]
        self.told.append(step.__name__)
        step(self)

    # the store: other programs write there, and may or may not say so

    def put(self) -> None:
        self._write(f"{self.chance.choice(PATIENTS)}/{self._next()}.c3d")

    def overwrite(self) -> None:
        if key := self._any_object():
            self._write(key)

    def move(self) -> None:
        if key := self._any_object():
            new = f"{self.chance.choice(PATIENTS)}/{self._next()}.c3d"
            self._path(new).parent.mkdir(parents=True, exist_ok=True)
            self._path(key).rename(self._path(new))
            self._hint(self._seen(new))
            self._hint(replace(self._seen(key), operation="removed"))

    def delete(self) -> None:
        if key := self._any_object():
            hint = replace(self._seen(key), operation="removed")
            self._path(key).unlink()
            self._hint(hint)

    # what is told of it: some of it, late, twice, in any order

    def deliver(self) -> None:
        if self.hints:
            hint = self.chance.choice(self.hints)
            if self.chance.random() < 0.7:
                self.hints.remove(hint)
            if self.chance.random() < 0.5:
                self._send(hint)
            else:
                self.place.announce(hint)

    def drop(self) -> None:
        if self.hints and self.chance.random() < 0.3:
            self.hints.remove(self.chance.choice(self.hints))

    def sweep(self) -> None:
        with suppress(psycopg.Error):
            self.place.sweep()

    # people upload

    def upload(self) -> None:
        content = self.chance.choice(CONTENTS)
        with suppress(httpx2.HTTPError, AssertionError):
            self.place.accepted.add(self._a_web().upload(content, f"{self._next()}.c3d"))

    # programs come and go

    def start_worker(self) -> None:
        point = self.chance.choice((*DYING, None))
        worker = self.place.worker(point, proxy=self.proxy)
        self.workers.append(self.stack.enter_context(worker))

    def kill_worker(self) -> None:
        if self.workers:
            self.workers.pop().killed()

    def web_will_die(self) -> None:
        if self.web is not None:
            self.web.program.killed()
        self._start_web(self.chance.choice(OF_THE_WEB))

    # connections break

    def cut(self) -> None:
        self.proxy.cut()

    def reset_some(self) -> None:
        self.proxy.from_now_on(
            *(reset(self.chance.randrange(20_000)) for _ in range(3)), replace(reset(0), end=None)
        )

    def refuse_for_a_moment(self) -> None:
        self.proxy.close_door()
        self.proxy.open_door()

    def power_cut(self) -> None:
        power_cut(self.place.database.cluster)
        started_again(self.place.database.cluster)

    # in the end

    def ends(self) -> None:
        """Everything works again, nobody has said what nobody said: the rest is our own to find."""
        while self.workers:
            self.kill_worker()
        if self.web is not None:
            self.web.program.killed()
        for hint in self.chance.sample(self.hints, len(self.hints) // 2):
            self.place.announce(hint)
        with self.place.worker() as worker:
            self.place.sweep()
            self.place.settles()
            worker.ends()
        self.place.is_all_well()

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _path(self, name: str) -> Path:
        return self.place.objects / BUCKET / name

    def _any_object(self) -> str | None:
        stored = sorted(key.removeprefix(f"{BUCKET}/") for key in self.place.stored())
        return self.chance.choice(stored) if stored else None

    def _write(self, name: str) -> None:
        self.place.put(self.chance.choice(CONTENTS), name)
        self._hint(self._seen(name))

    def _seen(self, name: str) -> Upload:
        path = self._path(name)
        told = Upload(BUCKET, name, source="other", delivery_id=f"other:{self._next()}")
        told = replace(told, shape="s3")
        if not path.exists():
            return replace(told, modified_at=datetime.now(UTC))
        head = self.place.store.head(f"{BUCKET}/{name}")
        modified_at = changed_at(path.stat())
        return replace(told, size_bytes=head.size, etag=head.etag, modified_at=modified_at)

    def _hint(self, hint: Upload) -> None:
        """As its sender's clock has it, which now and then is ahead."""
        if hint.modified_at is not None and self.chance.random() < 0.2:
            hint = replace(hint, modified_at=hint.modified_at + AHEAD)
        self.hints.append(hint)

    def _send(self, hint: Upload) -> None:
        """Through the door for webhooks; whoever is told of a session is told the truth."""
        assert hint.delivery_id is not None
        try:
            answer = self._a_web().deliver(hint, number=hint.delivery_id)
        except httpx2.HTTPError:
            return
        assert answer.status_code in {200, 202, 503}, answer.text
        if told := answer.json().get("session_id"):
            self.place.accepted.add(UUID(told))

    def _a_web(self) -> Web:
        if self.web is None or not self.web.program.runs:
            self._start_web(None)
        assert self.web is not None
        return self.web

    def _start_web(self, point: Point | None) -> None:
        self.web = self.stack.enter_context(self.place.web(point))


# What may happen, and how often it does.
STEPS_OF: dict[Callable[[History], None], int] = {
    History.put: 6,
    History.overwrite: 3,
    History.move: 2,
    History.delete: 2,
    History.deliver: 10,
    History.drop: 3,
    History.sweep: 2,
    History.upload: 5,
    History.start_worker: 5,
    History.kill_worker: 1,
    History.web_will_die: 1,
    History.cut: 2,
    History.reset_some: 1,
    History.refuse_for_a_moment: 1,
    History.power_cut: 1,
}


def lived_through(place: Place, seed: int) -> None:
    with ExitStack() as stack:
        proxy = stack.enter_context(fault_proxy(server_of(place.database.cluster)))
        history = History(place, random.Random(seed), stack, proxy)  # noqa: S311 - no secret
        try:
            for _ in range(STEPS):
                history.goes_on()
            history.ends()
        except Exception as wrong:
            raise AssertionError(
                f"history {seed}: {wrong}\nafter {', '.join(history.told)}"
            ) from wrong
