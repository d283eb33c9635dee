"""A system to break: a database, a store, and programs that run, die and are started again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar
from uuid import UUID

import httpx2
import psutil
import psycopg
from psycopg import Connection

from myograph.db import sign_ins
from myograph.db.connections import IDLE_S
from myograph.db.embedded import Cluster, Login, secrets_of
from myograph.db.pool import open_pool
from myograph.services.receive_upload import Received, Upload, receive_event
from myograph.services.standard_webhooks import key_of, signed
from myograph.services.sweep_uploads import sweep_uploads
from myograph.storage.drafts import remove_abandoned_drafts
from myograph.storage.objects import ObjectStore, folder_store
from myograph.storage.scratch import remove_abandoned
from myograph.web.api.webhooks import ADDRESS
from myograph.web.auth import COOKIE, Doorkeeper
from myograph.web.webhooks.examples import Example, s3
from myograph.worker.queue import WAITS_S
from tests.database import Clinic, Database, fresh_database, settle_clinic
from tests.faults.checker import Found, jobs_in, problems, sessions_in
from tests.faults.nursery import Nursery
from tests.faults.points import Point
from tests.faults.proxy import Proxy
from tests.faults.reference import Reference
from tests.needs import ROOT

T = TypeVar("T")

PATIENCE_S = 120.0
LOOK_EVERY_S = 0.05
LAST_WORDS = 8000  # of a program where something went wrong
BUCKET = "emg_data"
QUICK = {
    "reap_every_s": 0.2,
    "stalled_s": 1.0,
    "heartbeat_s": 0.2,
    "poll_s": 0.2,
    "listing_every_s": 0.2,
    "outbox_every_s": 0.2,
    "settle_s": 0.0,
}
STOP_WITHIN_S = 5.0
WEBHOOK_SECRET = f"whsec_{b64encode(b'k' * 24).decode()}"
LEASE_S = 60.0  # what a dead worker held is taken back at once, not when this runs out
IN_THE_QUEUE = {"options": "-c search_path=public,queue"}  # where its triggers look for its tables


@dataclass(eq=False)
class Program:
    """A worker or a web of this place, and where it writes to."""

    process: psutil.Process
    log: Path
    mark: Path

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def dies_at_its_point(self) -> None:
        try:
            self.process.wait(PATIENCE_S)
        except psutil.TimeoutExpired:
            raise AssertionError(f"it never came to its point: {self.said()}") from None
        assert self.reached, f"it ended, and not at its point: {self.said()}"

    @property
    def reached(self) -> bool:
        return self.mark.exists()

    @property
    def runs(self) -> bool:
        try:
            return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:  # it ended between the two
            return False

    def ends(self) -> None:
        """As a service manager ends it, once it listens to that."""
        wait_for(lambda: self._hears(signal.SIGTERM))
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def _hears(self, number: signal.Signals) -> bool:
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        caught = re.search(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
        return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)

    def killed(self) -> None:
        """At once, with all that it has started."""
        family = []
        with suppress(psutil.NoSuchProcess):
            family = [self.process, *self.process.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, PATIENCE_S)


@dataclass(frozen=True, slots=True)
class Web:
    """A running web, as one signed-in admin sees it."""

    program: Program
    address: str
    cookie: str

    def client(self, **options: Any) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.address, cookies={COOKIE: self.cookie}, trust_env=False, **options
        )

    def upload(self, content: bytes, name: str = "a.c3d", **query: str) -> UUID:
        with self.client(timeout=PATIENCE_S) as client:
            answer = client.put(f"/api/uploads/{name}", content=content, params=query)
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["session_id"])

    def deliver(self, upload: Upload, *, number: str, clock_off_s: float = 0.0) -> httpx2.Response:
        """As a store sends it: signed, by its own clock."""
        now = time.time() + clock_off_s
        body = json.dumps(_notification(upload, now)).encode()
        signatures = signed(key_of(WEBHOOK_SECRET), number=number, at=int(now), body=body)
        with self.client(timeout=PATIENCE_S) as client:
            return client.post(ADDRESS, content=body, headers=signatures)


def _notification(upload: Upload, now: float) -> dict[str, Any]:
    at = upload.modified_at or datetime.fromtimestamp(now, UTC)
    about = Example(upload.bucket, upload.name, "", upload.size_bytes, upload.etag, at.isoformat())
    event = s3(about)
    if upload.operation == "removed":
        event["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    return event


@dataclass(eq=False)
class Place:
    """accepted   sessions somebody was told of
    lost       {key: failure kind} of objects that cannot be analysed
    """

    database: Database
    clinic: Clinic
    folder: Path
    reference: Reference
    nursery: Nursery
    accepted: set[UUID] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def store(self) -> ObjectStore:
        return folder_store(self.objects)

    def url(self, login: Login, proxy: Proxy | None = None) -> str:
        """Of the database; through `proxy` where there is one."""
        return self.database.url(login) if proxy is None else self.database.url_by(proxy, login)

    # uploads

    def upload(self, content: bytes, name: str | None = None, **known: Any) -> UUID:
        """Put it and announce it, as one of our own programs does."""
        self._count += 1
        received = self.announce(
            self.put(content, name or f"unassigned/{self._count}.c3d", **known)
        )
        assert received.session_id is not None
        self.accepted.add(received.session_id)
        return received.session_id

    def put(self, content: bytes, name: str, **known: Any) -> Upload:
        stored = self.store.put(f"{BUCKET}/{name}", [content])
        return Upload(BUCKET, name, size_bytes=stored.size, etag=stored.etag, **known)

    def announce(self, upload: Upload) -> Received:
        with self.database.connect("myograph_work") as conn:
            return receive_event(conn, upload)

    def note_in_the_outbox(self, upload: Upload) -> None:
        """As the trigger of a store in this database does."""
        with self.database.connect("myograph_work") as conn:
            conn.execute(
                "INSERT INTO storage_outbox (operation, bucket, name, etag, size_bytes)"
                " VALUES ('INSERT', %s, %s, %s, %s)",
                [upload.bucket, upload.name, upload.etag, upload.size_bytes],
            )

    def sweep(self) -> None:
        """Now, and whatever is young is old enough."""
        remove_abandoned_drafts(self.objects, older_than_s=0)
        with open_pool(self.url("myograph_work"), size=2, timeout=PATIENCE_S) as pool:
            swept = sweep_uploads(pool, self.store, BUCKET, settle_s=0)
        assert swept is not None
        assert swept.problem is None, swept.problem

    def stored(self) -> set[str]:
        return {
            path.relative_to(self.objects).as_posix()
            for path in self.objects.rglob("*.c3d")
            if path.is_file()
        }

    # programs

    @contextmanager
    def worker(
        self,
        point: Point | None = None,
        *,
        do: Literal["kill", "stop"] = "kill",
        proxy: Proxy | None = None,
        store: dict[str, Any] | None = None,
        lease_s: float = LEASE_S,
        idle_s: float = IDLE_S,
        waits_s: float = WAITS_S,
        clock_off_s: float = 0.0,
        sweeps: bool = False,
        concurrency: int = 1,
        processes: bool = False,
        rhythm: dict[str, float] | None = None,
    ) -> Generator[Program]:
        processes = processes or (point is not None and point.processes)
        told = {
            "role": "worker",
            "url": self.url("myograph_work", proxy),
            "store": store or {"url": self.objects.as_uri()},
            "lease_s": lease_s,
            "idle_s": idle_s,
            "waits_s": waits_s,
            "clock_off_s": clock_off_s,
            "buckets": [BUCKET] if sweeps else [],
            "concurrency": concurrency,
            "processes": processes,
            "rhythm": rhythm or {**QUICK, "stop_within_s": STOP_WITHIN_S},
        }
        with self._program(told, point, do) as program:
            yield program

    @contextmanager
    def web(
        self,
        point: Point | None = None,
        *,
        proxy: Proxy | None = None,
        **environment: str,
    ) -> Generator[Web]:
        data = self.folder / "data"
        named = {
            "MYOGRAPH_DATABASE_URL": self.url("myograph_web", proxy),
            "MYOGRAPH_WORKER_DATABASE_URL": self.url("myograph_work", proxy),
            "MYOGRAPH_PSEUDONYM_KEY": "k" * 32,
            "MYOGRAPH_SIGN_IN": "local",
            "MYOGRAPH_STORAGE_URL": self.objects.as_uri(),
            "MYOGRAPH_WEBHOOK_SECRETS": WEBHOOK_SECRET,
            **environment,
        }
        told = {"role": "web", "folder": str(data)}
        with self._program(told, point, "kill", named) as program:
            yield Web(program, self._address(program), self._cookie(data))

    def _address(self, program: Program) -> str:
        def ready() -> str | None:
            assert program.runs, program.said()
            _, found, address = program.said().partition("ready at ")
            return address.split()[0] if found and address.endswith("\n") else None

        return wait_for(ready)

    def _cookie(self, data: Path) -> str:
        secret = bytes.fromhex(secrets_of(data).session_key)
        with self.database.connect("myograph_web") as conn:
            sign_in = sign_ins.begin(conn, self.clinic.admin.id, lasts_s=24 * 3600)
        assert sign_in is not None
        return Doorkeeper(secret).write(sign_in)

    @contextmanager
    def _program(
        self,
        told: dict[str, Any],
        point: Point | None,
        do: str,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Generator[Program]:
        self._count += 1
        mark, log = (self.folder / f"{self._count}.{end}" for end in ("mark", "log"))
        if point is not None:
            told = told | {"trap": {"point": point.to_dict(), "mark": str(mark), "do": do}}
        log.touch()
        environment = {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1", **environment}
        start = _alone if told.get("processes") else self.nursery.start
        program = Program(start(told, environment, log), log, mark)
        try:
            yield program
        finally:
            program.killed()

    # how it stands

    def settles(self, *, impatient: bool = True, within_s: float = PATIENCE_S) -> None:
        """Wait until nothing is on its way any more.

        impatient    jobs that would be tried again later are due at once
        """

        # One connection for all looks: each costs more than what a worker does between two.
        with self.database.connect("myograph_work", autocommit=True, **IN_THE_QUEUE) as conn:

            def settled() -> bool:
                if impatient:
                    _hasten(conn)
                return not _on_its_way(conn)

            try:
                wait_for(settled, within_s)
            except AssertionError:
                stands = self.how_it_stands()
                raise AssertionError(f"not settled after {within_s} s: {stands}") from None

    def how_it_stands(self) -> str:
        """What is on its way, and the last words of each program that was started here."""
        logs = sorted(self.folder.glob("*.log"), key=lambda path: int(path.stem))
        said = [f"{log.name}: …{log.read_text('utf-8', 'replace')[-LAST_WORDS:]}" for log in logs]
        with self.database.connect("myograph_work", **IN_THE_QUEUE) as conn:
            return "\n".join([*_on_its_way(conn), *said])

    def waits_with(self, session_id: UUID, words: str) -> None:
        """Until the session says this of itself."""

        def says() -> bool:
            with self.database.connect("myograph_work") as conn:
                return any(
                    words in (s.sentence or "") for s in sessions_in(conn) if s.id == session_id
                )

        wait_for(says)

    def sessions(self) -> int:
        with self.database.connect("myograph_work") as conn:
            return len(sessions_in(conn))

    def saved(self, session_id: UUID) -> object:
        """Who saved it, and when."""
        with self.database.connect("myograph_work") as conn:
            return conn.execute(
                "SELECT attempt, processed_at, xmin FROM therapy_sessions WHERE id = %s",
                [session_id],
            ).fetchone()

    def hasten(self) -> None:
        with self.database.connect("myograph_work", **IN_THE_QUEUE) as conn:
            _hasten(conn)

    def problems(self) -> list[str]:
        with self.database.connect("myograph_work") as conn:
            return problems(
                Found(
                    objects={key: (self.objects / key).read_bytes() for key in self.stored()},
                    sessions=sessions_in(conn),
                    jobs=jobs_in(conn),
                    accepted=frozenset(self.accepted),
                    lost=self.lost,
                    litter=self.litter(),
                    conn=conn,
                    reference=self.reference,
                )
            )

    def forget(self) -> None:
        """As it was at the beginning, for another round; a server that recovers is waited for."""
        wait_for(self._answers)
        with self.database.connect("postgres") as conn:
            conn.execute(
                "TRUNCATE therapy_sessions, upload_events, queue.procrastinate_jobs,"
                " storage_outbox, sweeps, queue.procrastinate_workers,"
                " queue.procrastinate_events CASCADE"
            )
        for folder in (self.objects, self.temporary):
            shutil.rmtree(folder)
            folder.mkdir()
        self.accepted.clear()
        self.lost.clear()

    def _answers(self) -> bool:
        try:
            self.database.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def litter(self) -> list[Path]:
        """Recordings that the next worker would not remove, and objects never finished."""
        remove_abandoned(self.temporary)
        half = [p for p in self.objects.rglob("*") if "#" in p.name]
        return [*self.temporary.glob("myograph-*"), *half]

    def is_all_well(self) -> None:
        found = self.problems()
        assert found == [], "\n".join(found)


def _hasten(conn: Connection) -> None:
    conn.execute(
        """
        UPDATE queue.procrastinate_jobs SET scheduled_at = NULL
         WHERE status = 'todo' AND scheduled_at > clock_timestamp()
        """
    )
    conn.execute(
        """
        UPDATE public.storage_outbox SET due_at = clock_timestamp()
         WHERE settled_at IS NULL AND due_at > clock_timestamp()
        """
    )


def _on_its_way(conn: Connection) -> list[str]:
    waiting = [str(s) for s in sessions_in(conn) if s.status not in {"completed", "failed"}]
    waiting += [str(job) for job in jobs_in(conn) if job[1] != "failed"]
    return waiting + [f"change {n} of the outbox" for n in _unsettled(conn)]


def _unsettled(conn: Connection) -> list[int]:
    found = conn.execute(
        "SELECT id FROM public.storage_outbox WHERE settled_at IS NULL ORDER BY id"
    )
    return [number for (number,) in found]


NewPlace = Callable[[], AbstractContextManager[Place]]


@contextmanager
def place_in(cluster: Cluster, reference: Reference, nursery: Nursery) -> Generator[Place]:
    with (
        fresh_database(cluster) as database,
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
    ):
        place = Place(database, settle_clinic(database), Path(folder), reference, nursery)
        place.objects.mkdir()
        place.temporary.mkdir()
        yield place


def _alone(told: Mapping[str, Any], environment: Mapping[str, str], log: Path) -> psutil.Process:
    """Not forked: what measures loads the main module, which must be that of the program."""
    with log.open("wb") as out:
        return psutil.Popen(
            [sys.executable, "-m", "tests.faults.program", json.dumps(told)],
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )


def wait_for(value: Callable[[], T | None], seconds: float = PATIENCE_S) -> T:
    """The first value that is true."""
    deadline = time.monotonic() + seconds
    while not (found := value()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(LOOK_EVERY_S)
    return found
