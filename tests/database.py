"""Fixtures of a real PostgreSQL: one server per run, one database per process.

server      the embedded PostgreSQL 18, shared by all processes of a run
database    a fresh, migrated database: `database.connect("myograph_web")`, `database.url(...)`
clinic      people and patients in it
store       a folder store of its own
run_queue   run the worker until there is nothing left to do
"""

import fcntl
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, sql

from myograph.db import accounts, embedded, migrate, patients, postmaster, sessions
from myograph.db.embedded import Cluster, Login, running
from myograph.db.identity import Person, Role, become
from myograph.db.migrate import migrate_url
from myograph.db.sessions import Session
from myograph.services.receive_upload import Upload, Uploaded, receive_upload
from myograph.storage.objects import ObjectStore, folder_store
from myograph.worker.run import run_until_empty
from tests.faults.proxy import Proxy
from tests.game_files import NAME, game_file

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB")
SURE = ("fsync=off", "max_wal_size=4GB")  # what it has committed survives it, if not the machine
TEMPLATE = "migrated"
PSEUDONYM_KEY = "k" * 32  # of patients whom the tests add
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$cGFzc3dvcmQ"

_count = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a server, for its four logins."""

    cluster: Cluster
    name: str

    def url(self, login: Login) -> str:
        return self.cluster.url(login, self.name)

    def url_by(self, proxy: Proxy, login: Login) -> str:
        """By TCP, which the server itself does not listen to."""
        password = self.cluster.secrets.passwords[login]
        return (
            f"postgresql://{login}:{password}@{proxy.host}:{proxy.port}"
            f"/{quote(self.name)}?sslmode=disable&gssencmode=disable"
        )

    def connect(self, login: Login, **options) -> Connection:
        return psycopg.connect(self.url(login), **options)

    @contextmanager
    def as_person(self, person: Person) -> Generator[Connection]:
        """One transaction of the web that acts for `person`."""
        with self.connect("myograph_web") as conn:
            become(conn, person)
            yield conn


@dataclass(frozen=True, slots=True)
class Clinic:
    """P001 (consents) and P002 (does not) are the therapist's, P003 (consents) the other's."""

    therapist: Person
    other_therapist: Person
    researcher: Person
    admin: Person


def server_folder(name: str) -> Path:
    """A place that the server's user reaches, too: pytest's own folders are closed to others."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    short = hashlib.sha256(f"{run}-{name}".encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"myograph-test-{short}"


@contextmanager
def migrated_server(
    name: str,
    programs: Path | None = None,
    folder: Path | None = None,
    options: tuple[str, ...] = FAST,
) -> Generator[Cluster]:
    """folder    where it lies; None: among those of this run"""
    folder = folder or server_folder(name)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        cluster = stack.enter_context(running(folder, programs=programs, options=options))
        _ensure_template(cluster)
        if options == FAST:
            stack.callback(patch.setattr, embedded, "_stop", _put_down)
        yield cluster
    if not (folder / "postgres" / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


def _put_down(place: embedded._Place) -> None:
    """Nobody needs what is in it, and to write it takes half a minute at the end of a run."""
    if (found := postmaster.find(place.cluster)) is not None:
        postmaster.put_down(found.pid)


def _ensure_template(cluster: Cluster) -> None:
    with (cluster.data_dir / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as conn:
            if _exists(conn, TEMPLATE):
                return
            conn.execute("CREATE DATABASE migrating OWNER myograph_migrator")
            migrate_url(
                cluster.url("myograph_migrator", "migrating"),
                web_password=cluster.secrets.passwords["myograph_web"],
                worker_password=cluster.secrets.passwords["myograph_work"],
            )
            conn.execute(f"ALTER DATABASE migrating RENAME TO {TEMPLATE}")


def _exists(conn: Connection, name: str) -> bool:
    return conn.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


@contextmanager
def fresh_database(cluster: Cluster) -> Generator[Database]:
    with copied(cluster, TEMPLATE, owner="myograph_migrator") as database:
        yield database


def set_back(database: Database, before: str) -> None:
    """Empty, and as a release makes it that does not have that file of migrations yet."""
    files = migrate._files()
    with database.connect("postgres") as conn:
        conn.execute("DROP SCHEMA public, app, queue CASCADE")
        conn.execute("CREATE SCHEMA public AUTHORIZATION myograph_migrator")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "_files", lambda: [file for file in files if file[0] < before])
        migrate_url(database.url("myograph_migrator"))


@contextmanager
def copied(
    cluster: Cluster,
    template: str,
    *,
    owner: str,
    admin: str = "postgres",
    name: str | None = None,
) -> Generator[Database]:
    """A copy of a database; one with a name stays. `admin` is a superuser that has the password."""
    new = name or f"t{os.getpid()}_{next(_count)}"
    url = cluster.url("postgres", "postgres")
    with psycopg.connect(url, user=admin, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(new), sql.Identifier(template), sql.Identifier(owner)
            )
        )
    try:
        yield Database(cluster, new)
    finally:
        if name is None:
            with psycopg.connect(url, user=admin, autocommit=True) as conn:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(new)))


def settle_clinic(database: Database) -> Clinic:
    with database.connect("myograph_migrator") as conn:
        clinic = Clinic(
            therapist=_person(conn, "thea", "Thea", "therapist"),
            other_therapist=_person(conn, "otto", "Otto", "therapist"),
            researcher=_person(conn, "rosa", "Rosa", "researcher"),
            admin=_person(conn, "anna", "Anna", "admin"),
        )
    with database.as_person(clinic.admin) as conn:
        add_patient(conn, "P001", clinic.therapist.id, consent=True)
        add_patient(conn, "P002", clinic.therapist.id, consent=None)
        add_patient(conn, "P003", clinic.other_therapist.id, consent=True)
    return clinic


def _person(conn: Connection, login: str, name: str, role: Role) -> Person:
    added = accounts.add(conn, login=login, name=name, role=role, password_hash=PASSWORD_HASH)
    return Person(added, name, role)


def add_patient(conn: Connection, code: str, therapist: UUID, *, consent: bool | None) -> None:
    patients.add(
        conn,
        code,
        therapist_id=therapist,
        research_consent=consent,
        pseudonym=patients.pseudonym_of(code, PSEUDONYM_KEY),
    )


@pytest.fixture(scope="session")
def server() -> Generator[Cluster]:
    with migrated_server("18") as cluster:
        yield cluster


@pytest.fixture
def fresh(server: Cluster) -> Generator[Database]:
    """A database of the test's own, to be changed in any way; `database` is much quicker."""
    with fresh_database(server) as database:
        yield database


@pytest.fixture(scope="session")
def shared_database(server: Cluster) -> Generator[Database]:
    with fresh_database(server) as database:
        with database.connect("postgres") as conn:
            conn.execute("CREATE SCHEMA kept")
            conn.execute("CREATE TABLE kept.scoring AS TABLE scoring_configuration")
        yield database


@pytest.fixture
def database(shared_database: Database) -> Generator[Database]:
    yield shared_database
    with shared_database.connect("postgres") as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        conn.execute(_EMPTY)


# Everything but the rows that the migrations themselves put there.
_EMPTY = """
    DO $$
    DECLARE
        tables  text;
        written text;
    BEGIN
        SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO tables
          FROM pg_tables
         WHERE schemaname IN ('public', 'queue') AND tablename <> 'migrations';
        EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY CASCADE';
        SET LOCAL session_replication_role = replica;  -- nobody did this: it is not audited
        -- But for what the database makes of it by itself.
        SELECT string_agg(quote_ident(attname), ', ') INTO written FROM pg_attribute
         WHERE attrelid = 'public.scoring_configuration'::regclass
           AND attnum > 0 AND attgenerated = '' AND NOT attisdropped;
        EXECUTE format('INSERT INTO public.scoring_configuration (%1$s)'
                       ' SELECT %1$s FROM kept.scoring', written);
    END
    $$
    """


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return settle_clinic(database)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return folder_store(tmp_path / "objects")


@dataclass(frozen=True, slots=True)
class Uploader:
    """Puts files where uploads lie, and announces them."""

    database: Database
    store: ObjectStore

    def __call__(
        self,
        content: bytes | None = None,
        *,
        name: str | None = None,
        person: Person | None = None,
        **known,
    ) -> Uploaded:
        """As `person` on a page, else as one of our own programs."""
        name = name or f"unassigned/{next(_count)}/{NAME}"
        stored = self.store.put(f"emg_data/{name}", [game_file() if content is None else content])
        upload = Upload("emg_data", name, size_bytes=stored.size, etag=stored.etag, **known)
        return self.announce(upload, person)

    def announce(self, upload: Upload, person: Person | None = None) -> Uploaded:
        login = "myograph_web" if person else "myograph_work"
        with self.database.connect(login) as conn:
            if person:
                become(conn, person)
            return receive_upload(conn, upload)


@pytest.fixture
def upload(database: Database, store: ObjectStore) -> Uploader:
    return Uploader(database, store)


@pytest.fixture
def look(database: Database, clinic: Clinic) -> Callable[[Uploaded], Session]:
    """What is stored of the session of an upload, as an administrator sees it."""

    def found(received: Uploaded) -> Session:
        with database.as_person(clinic.admin) as conn:
            return sessions.get(conn, clinic.admin, received.session_id)

    return found


@pytest.fixture
def run_queue(database: Database, store: ObjectStore) -> Callable[[], None]:
    """Run every job that is due, in this process."""
    return lambda: run_until_empty(
        database.url("myograph_work"), store, pseudonym_key=database.cluster.secrets.pseudonym_key
    )
