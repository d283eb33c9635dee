"""Our own server, started again whenever it dies or hangs, and as soon as it can be."""

import shutil
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
from structlog.testing import capture_logs

from myograph.db import postmaster
from myograph.db.embedded import running
from myograph.db.keeping import Care, _watched, kept_running
from tests.faults.place import wait_for

FAST = ("fsync=off", "max_wal_size=4GB")
IMPATIENT = Care(look_every_s=0.05, ask_every_s=0.1, patience_s=0.3)


@pytest.fixture(scope="module")
def cluster():
    folder = Path(tempfile.mkdtemp(prefix="myograph-k-"))
    folder.chmod(0o711)
    with running(folder / "data", options=FAST) as cluster:
        yield cluster
    shutil.rmtree(folder)


@pytest.fixture
def log():
    with capture_logs() as log:
        yield log


@pytest.fixture
def kept(cluster, log):
    with kept_running(cluster, options=FAST, care=IMPATIENT):
        yield


def server(cluster):
    return psutil.Process(int(control(cluster).read_text("utf-8").split()[0]))


def control(cluster):
    return cluster.data_dir / "postgres" / "postmaster.pid"


def connect(cluster):
    return psycopg.connect(cluster.url("postgres", "postgres"), connect_timeout=2)


def answers(cluster):
    try:
        with connect(cluster) as conn:
            return conn.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def said(log):
    return [{k: v for k, v in entry.items() if k in {"hangs", "started"}} for entry in log]


def test_a_server_that_is_killed_answers_again_at_its_address(cluster, kept, log):
    first = server(cluster)
    first.kill()
    wait_for(lambda: log)
    assert answers(cluster)
    assert server(cluster).pid != first.pid
    assert [(entry["log_level"], entry["started"]) for entry in log] == [("warning", True)]


def test_one_that_does_not_start_is_tried_until_it_does(cluster, kept, log):
    version = cluster.data_dir / "postgres" / "PG_VERSION"
    aside = version.with_name("aside")
    version.rename(aside)
    server(cluster).kill()
    wait_for(lambda: len(log) >= 2)
    aside.rename(version)
    wait_for(lambda: answers(cluster))
    wait_for(lambda: log[-1]["started"])
    assert {entry["started"] for entry in log[:-1]} == {False}


def test_one_that_lives_is_left_alone(cluster, log):
    first = server(cluster)
    with kept_running(cluster, options=FAST, care=IMPATIENT):
        assert answers(cluster)
    assert (server(cluster), log) == (first, [])


def test_one_that_lives_and_says_nothing_is_replaced(cluster, kept, log):
    first = server(cluster)
    first.suspend()
    wait_for(lambda: log and log[-1].get("started"))
    assert answers(cluster)
    assert server(cluster).pid != first.pid
    assert said(log) == [{"hangs": True}, {"started": True}]


def test_what_does_not_quit_is_killed_with_all_that_it_started(cluster, kept, log, monkeypatch):
    monkeypatch.setattr(postmaster, "QUITS_WITHIN_S", 0.0)
    first = server(cluster)
    family = [first, *first.children()]
    for member in family:
        member.suspend()
    wait_for(lambda: log and log[-1].get("started"))
    assert answers(cluster)
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.fixture
def crashed(cluster):
    """With so much to recover that somebody can look at it meanwhile."""
    with connect(cluster) as conn:
        conn.execute("DROP TABLE IF EXISTS much")
        conn.execute(
            "CREATE TABLE much AS SELECT n, md5(n::text) AS word FROM generate_series(1, 100000) n"
        )
        conn.execute("CREATE INDEX ON much (word)")
        conn.execute("UPDATE much SET n = n + 1")
    server(cluster).kill()


def recovering(cluster):
    """The process that does it."""
    with suppress(OSError, IndexError, psutil.NoSuchProcess):  # its file is empty for a moment
        found = server(cluster).children()
        return next((p for p in found if p.cmdline()[0].startswith("postgres: startup")), None)


def kept_all(cluster):
    with connect(cluster) as conn:
        return conn.execute("SELECT count(*) FROM much").fetchone() == (100_000,)


def test_one_that_recovers_is_waited_for_however_slowly(cluster, crashed, log):
    """It works for a moment, and rests for a third of what it may."""
    care = replace(IMPATIENT, patience_s=0.75)
    rest_s, rests = care.patience_s / 3, 0
    with kept_running(cluster, options=FAST, care=care):
        process = wait_for(lambda: recovering(cluster))
        while rests < 5:
            process.suspend()
            time.sleep(rest_s)
            before, rests = process.cpu_times(), rests + 1
            process.resume()
            while process.is_running() and process.cpu_times() == before:
                time.sleep(0.001)
        wait_for(lambda: log)
    assert said(log) == [{"started": True}]
    assert kept_all(cluster)


def test_one_that_hangs_while_it_recovers_is_replaced(cluster, crashed, kept, log):
    first = wait_for(lambda: recovering(cluster))
    first.suspend()
    wait_for(lambda: log and log[-1].get("started"))
    assert said(log) == [{"hangs": True}, {"started": True}]
    assert kept_all(cluster)


def test_where_nobody_can_see_what_it_does_it_is_left_alone(cluster, log, monkeypatch, tmp_path):
    monkeypatch.setattr(postmaster, "_PROC", tmp_path)
    first, soon = server(cluster), threading.Event()
    soon.set()
    first.suspend()
    assert _watched(cluster, 0.0, IMPATIENT, soon) == "left"
    first.resume()
    assert (server(cluster), log) == (first, [])


def test_a_refusal_is_an_answer(cluster):
    assert postmaster.ask(cluster.url("postgres", "postgres")) == "yes"
    assert postmaster.ask(cluster.url("postgres", "nowhere")) == "yes"
    assert postmaster.ask("postgresql://postgres@/postgres?host=/nowhere") == "silence"
