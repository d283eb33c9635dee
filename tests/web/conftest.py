"""The real application in front of a real PostgreSQL and a folder of objects."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
import structlog
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from psycopg import Connection

from myograph.db import accounts, sign_ins
from myograph.db.identity import Person, Role
from myograph.settings import Settings
from myograph.simulate.presets import Wish, session
from myograph.simulate.sessions import simulate_session
from myograph.storage.objects import ObjectStore, folder_store
from myograph.web.app import create_app
from myograph.web.auth import Doorkeeper, cookie_for
from myograph.web.site import Limits
from myograph.web.webhooks.sources import Source
from myograph.worker.run import run_until_empty
from tests.database import Database, add_patient, fresh_database

SECRET = b"s" * 32
PASSWORD = "correct horse"
LIMIT = 1024 * 1024
# All tests ask from one address, and many of them with a wrong password.
SMALL = Limits(upload_bytes=LIMIT, form_bytes=4 * LIMIT, failures_of_address=100_000)
SOURCE = Source("default", "standard", (b"k" * 24,), ("emg_data",))
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PEOPLE: dict[str, Role] = {
    "ann": "therapist",
    "bob": "therapist",
    "rae": "researcher",
    "ada": "admin",
}
_seeds = count(1)


@pytest.fixture(scope="session", autouse=True)
def quiet_log() -> Iterator[None]:
    """Only bugs: servers in threads would write between the lines of pytest."""

    def bugs(_logger, _method, event):
        if event["event"] != "bug":
            raise structlog.DropEvent
        return event["trace"]

    structlog.configure(processors=[bugs])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def site_database(server) -> Iterator[Database]:
    """One for all tests of the web: what one leaves there is no other's business."""
    with fresh_database(server) as database:
        yield database


@pytest.fixture(scope="session")
def people(site_database) -> dict[str, UUID]:
    """Two therapists with a patient each, who consent to research; a researcher; an admin."""
    ids = {login: _add(site_database, login, role) for login, role in PEOPLE.items()}
    with site_database.as_person(Person(ids["ada"], "Ada", "admin")) as conn:
        add_patient(conn, "P101", ids["ann"], consent=True)
        add_patient(conn, "P102", ids["bob"], consent=True)
    return ids


def _add(database: Database, login: str, role: Role) -> UUID:
    with database.connect("myograph_migrator") as conn:
        return accounts.add(
            conn, login=login, name=login.title(), role=role, password_hash=CHEAP.hash(PASSWORD)
        )


@pytest.fixture(scope="session")
def make_app(site_database, people, tmp_path_factory):
    """An application of its own settings, on the database of this run."""
    root = tmp_path_factory.mktemp("objects")

    def make(
        *,
        web_url: str | None = None,
        store: ObjectStore | None = None,
        limits: Limits = SMALL,
        sources: Sequence[Source] = (SOURCE,),
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.time,
        **settings,
    ):
        return create_app(
            Settings(data_dir=root, **settings),
            web_url=web_url or site_database.url("myograph_web"),
            store=store or folder_store(root),
            secret=SECRET,
            sources=sources,
            limits=limits,
            hasher=hasher,
            clock=clock,
        )

    make.root = root
    return make


def cookie_of(web: Connection, person_id: UUID) -> str:
    """Of a new sign-in of this person."""
    sign_in = sign_ins.begin(web, person_id, lasts_s=3600)
    web.commit()
    return Doorkeeper(SECRET, hasher=CHEAP).write(sign_in)


@dataclass(frozen=True)
class Served:
    """One running application, and everybody's way into it."""

    server: TestClient
    root: Path
    people: dict[str, UUID]
    web: Connection

    def cookie(self, login: str) -> str:
        return cookie_of(self.web, self.people[login])

    def as_(self, login: str | None, **headers: str) -> httpx2.Client:
        """What this person's browser sends; None: nobody is signed in."""
        return httpx2.Client(
            transport=self.server._transport,
            base_url=self.server.base_url,
            cookies={cookie_for(self.server.base_url.scheme): self.cookie(login)} if login else {},
            headers=headers,
        )

    def objects(self) -> set[str]:
        return {p.name for p in self.root.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def served(make_app, people, site_database) -> Iterator[Served]:
    with TestClient(make_app()) as server, site_database.connect("myograph_web") as web:
        yield Served(server, make_app.root, people, web)


@pytest.fixture
def someone_new(site_database, people) -> Callable[[Role], str]:
    """A person for one test alone, by their login."""

    def add(role: Role) -> str:
        login = f"{role}-{uuid4()}"
        people[login] = _add(site_database, login, role)
        return login

    return add


@pytest.fixture
def switch_off(site_database, people) -> Callable[[str], None]:
    """An admin closes somebody's account."""

    def off(login: str) -> None:
        with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
            conn.execute("UPDATE people SET active = false WHERE id = %s", [people[login]])

    return off


@pytest.fixture(scope="session")
def analysed_session(served, site_database, new_recording) -> str:
    """A session of P101 with all its results."""
    legs = {"patient": "P101", "left": "CH1", "right": "CH2"}
    answer = served.as_("ann").put("/api/uploads/a.c3d", content=new_recording(20), params=legs)
    run_until_empty(
        site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
    )
    return answer.json()["session_id"]


@pytest.fixture(scope="session")
def new_recording() -> Callable[..., bytes]:
    """A recording of the game that nobody has uploaded before."""

    def new(seconds: float = 12.0, **wish) -> bytes:
        made = session(
            Wish(seconds=seconds, **wish), start=datetime(2025, 3, 10, 11, 46, tzinfo=UTC), seed=1
        )
        return simulate_session(made, seed=next(_seeds))[0]

    return new
