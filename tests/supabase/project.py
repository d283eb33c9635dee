"""A PostgreSQL that is set up as Supabase sets up its own, and what its Storage does in it.

The bootstrap superuser of a cluster cannot be demoted, so it is renamed, and a `postgres` with what
Supabase leaves it is made in its place.
"""

import fcntl
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection, sql

from myograph.db.embedded import Cluster, running
from myograph.db.migrate import migrate_url
from tests.database import FAST, Database, copied, server_folder
from tests.needs import ROOT

DEPLOY = ROOT / "deploy" / "supabase"
INSTALL = sorted((DEPLOY / "migrations").glob("*.sql"))
EMPTY, INSTALLED = "empty", "installed"
ADDRESS = "https://myograph.example/api/webhooks/storage/c3d-upload"

_ROLES = """
    CREATE ROLE postgres LOGIN NOSUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS;
    CREATE ROLE anon NOLOGIN NOINHERIT;
    CREATE ROLE authenticated NOLOGIN NOINHERIT;
    CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
    CREATE ROLE authenticator LOGIN NOINHERIT;
    CREATE ROLE supabase_storage_admin LOGIN NOINHERIT CREATEROLE;
    GRANT anon, authenticated, service_role TO authenticator, supabase_storage_admin;
    GRANT anon, authenticated, service_role TO postgres WITH ADMIN OPTION;
    """


@dataclass(frozen=True, slots=True)
class Project:
    """One database of a Supabase."""

    database: Database

    def connect(self, role: str = "postgres", **options) -> Connection:
        """A connection whose session is `role`'s: nothing of a superuser is left in it."""
        conn = self.database.connect("postgres", user="supabase_admin", autocommit=True)
        conn.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role)))
        conn.autocommit = options.get("autocommit", False)
        return conn

    def ask(self, query: str, parameters=(), role: str = "supabase_admin") -> list[tuple]:
        with self.connect(role) as conn:
            return conn.execute(query, parameters).fetchall()

    def run(self, file: Path) -> None:
        with self.connect() as conn:
            conn.execute(file.read_text("utf-8"))

    def settle(self) -> None:
        """Nothing stored, nothing told; an address, and one secret."""
        with self.connect("supabase_admin") as conn:
            conn.execute("TRUNCATE storage.objects, storage_outbox, net.http_request_queue")
            conn.execute("TRUNCATE app.storage_hook, app.storage_secrets")
            conn.execute("INSERT INTO app.storage_hook (url) VALUES (%s)", [ADDRESS])
            conn.execute("SELECT app.add_storage_secret('first')")

    @contextmanager
    def storage(self) -> Generator["Storage"]:
        with self.connect("supabase_storage_admin", autocommit=True) as conn:
            yield Storage(self, conn)

    def outbox(self, columns: str = "operation, name, old_name, version") -> list[tuple]:
        return self.ask(f"SELECT {columns} FROM public.storage_outbox ORDER BY id")  # noqa: S608

    def hints(self) -> list["Hint"]:
        rows = self.ask(
            "SELECT url, headers, body, timeout_milliseconds"
            "  FROM net.http_request_queue ORDER BY id"
        )
        return [Hint(url, headers, bytes(body), timeout) for url, headers, body, timeout in rows]


@dataclass(frozen=True, slots=True)
class Hint:
    """What the HTTP extension would send."""

    url: str
    headers: dict[str, str]
    body: bytes
    timeout_ms: int

    @property
    def payload(self) -> dict:
        return json.loads(self.body)


@contextmanager
def supabase_server(version: str, programs: Path | None = None) -> Generator[Cluster]:
    """Databases `empty` (a new project) and `installed` (with all of ours) to copy."""
    folder = server_folder(f"supabase-{version}")
    with running(folder, programs=programs, options=FAST) as cluster:
        with (folder / "project.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _ensure_project(cluster)
        yield cluster


def _ensure_project(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as conn:
        if conn.execute("SELECT FROM pg_roles WHERE rolname = 'anon'").fetchone():
            return
        password = sql.Literal(cluster.secrets.passwords["postgres"])
        conn.execute(sql.SQL("CREATE ROLE first LOGIN SUPERUSER PASSWORD {}").format(password))
    first = cluster.url("postgres", "postgres")
    with psycopg.connect(first, user="first", autocommit=True) as conn:
        conn.execute("ALTER ROLE postgres RENAME TO supabase_admin")
        conn.execute(_ROLES)
        conn.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(password))
        conn.execute(f"CREATE DATABASE {EMPTY} OWNER postgres")
    with psycopg.connect(cluster.url("postgres", EMPTY), user="supabase_admin") as conn:
        conn.execute("DROP ROLE first")
        conn.execute((Path(__file__).parent / "project.sql").read_text("utf-8"))
    with project_of(cluster, EMPTY, name=INSTALLED) as project:
        migrated(project)
        for file in INSTALL:
            project.run(file)


def migrated(project: Project) -> list[str]:
    """Our migrations, by the login that an operator has: `postgres`."""
    secrets = project.database.cluster.secrets
    return migrate_url(
        project.database.url("postgres"),
        web_password=secrets.passwords["myograph_web"],
        worker_password=secrets.passwords["myograph_work"],
    )


@contextmanager
def project_of(cluster: Cluster, template: str, name: str | None = None) -> Generator[Project]:
    with copied(cluster, template, owner="postgres", admin="supabase_admin", name=name) as database:
        yield Project(database)


# ── what Storage does, statement by statement


@dataclass(frozen=True, slots=True)
class Storage:
    """Storage's own connection, which acts for whoever is signed in."""

    project: Project
    conn: Connection

    def upload(
        self, name: str = "P001/a.c3d", *, bucket: str = "emg_data", **known
    ) -> tuple[UUID, str]:
        """A probe, rolled back; then the row, new or overwritten. Returns its id and version."""
        self.probe(name, bucket=bucket)
        return self.insert(name, bucket=bucket, **known)

    def insert(
        self,
        name: str,
        *,
        bucket: str = "emg_data",
        size: int = 1000,
        etag: str | None = None,
        role: str = "service_role",
        user_metadata: dict | None = None,
    ) -> tuple[UUID, str]:
        version = str(uuid4())
        metadata = {
            "eTag": f'"{etag or uuid4().hex}"',
            "size": size,
            "mimetype": "application/octet-stream",
            "lastModified": "2026-11-20T03:39:37.239Z",
            "contentLength": size,
            "httpStatusCode": 200,
        }
        with self.conn.transaction():
            self._act_as(role)
            [found] = self.conn.execute(
                """
                INSERT INTO storage.objects (bucket_id, name, version, metadata, user_metadata)
                VALUES (%s, %s, %s, %s, %s)
                ON CONFLICT (bucket_id, name) DO UPDATE
                   SET version = excluded.version, metadata = excluded.metadata,
                       user_metadata = excluded.user_metadata
                RETURNING id
                """,
                [bucket, name, version, json.dumps(metadata), json.dumps(user_metadata or {})],
            ).fetchone()
        return found, version

    def probe(self, name: str, *, bucket: str = "emg_data", version: str = "1") -> None:
        with self.conn.transaction(force_rollback=True):
            self._act_as("authenticated")
            if bucket != "emg_data":  # nobody but the service may
                self._act_as("service_role")
            self.conn.execute(
                """
                INSERT INTO storage.objects (bucket_id, name, version, owner_id)
                VALUES (%s, %s, %s, %s)
                ON CONFLICT (bucket_id, name) DO UPDATE SET version = excluded.version
                """,
                [bucket, name, version, str(uuid4())],
            )

    def move(self, old: str, new: str, *, bucket: str = "emg_data") -> str:
        """The probe of a move bears the version that the real one then has."""
        version = str(uuid4())
        for rolled_back, role in ((True, "authenticated"), (False, "service_role")):
            with self.conn.transaction(force_rollback=rolled_back):
                self._act_as(role)
                self.conn.execute(
                    "UPDATE storage.objects SET name = %s, version = %s, bucket_id = %s"
                    " WHERE bucket_id = 'emg_data' AND name = %s",
                    [new, version, "emg_data" if rolled_back else bucket, old],
                )
        return version

    def delete(self, *names: str) -> None:
        with self.conn.transaction():
            self._act_as("service_role")
            self.conn.execute("SELECT set_config('storage.can_delete', 'true', true)")
            self.conn.execute("DELETE FROM storage.objects WHERE name = ANY (%s)", [list(names)])

    def touch(self, name: str) -> None:
        """A download is noted; nothing of the object changes."""
        with self.conn.transaction():
            self._act_as("service_role")
            self.conn.execute(
                "UPDATE storage.objects SET last_accessed_at = now() WHERE name = %s", [name]
            )

    def _act_as(self, role: str) -> None:
        self.conn.execute("SELECT set_config('role', %s, true)", [role])
