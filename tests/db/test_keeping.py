"""Our own server, started again whenever it dies, and as soon as it can be."""

import shutil
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
from structlog.testing import capture_logs

from myograph.db import keeping
from myograph.db.embedded import running
from myograph.db.keeping import kept_running
from tests.faults.place import wait_for

FAST = ("fsync=off",)


@pytest.fixture(scope="module")
def cluster():
    folder = Path(tempfile.mkdtemp(prefix="myograph-k-"))
    folder.chmod(0o711)
    with running(folder / "data", options=FAST) as cluster:
        yield cluster
    shutil.rmtree(folder)


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(keeping, "LOOK_EVERY_S", 0.05)
    with capture_logs() as log:
        yield log


def server(cluster):
    return psutil.Process(int(control(cluster).read_text("utf-8").split()[0]))


def control(cluster):
    return cluster.data_dir / "postgres" / "postmaster.pid"


def answers(cluster):
    try:
        with psycopg.connect(cluster.url("postgres", "postgres")) as conn:
            return conn.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_a_server_that_is_killed_answers_again_at_its_address(cluster, log):
    with kept_running(cluster, options=FAST):
        first = server(cluster)
        first.kill()
        wait_for(lambda: log)
        assert answers(cluster)
        assert server(cluster).pid != first.pid
    assert [(said["log_level"], said["started"]) for said in log] == [("warning", True)]


def test_one_that_does_not_start_is_tried_until_it_does(cluster, log):
    version = cluster.data_dir / "postgres" / "PG_VERSION"
    aside = version.with_name("aside")
    with kept_running(cluster, options=FAST):
        version.rename(aside)
        server(cluster).kill()
        wait_for(lambda: len(log) >= 2)
        aside.rename(version)
        wait_for(lambda: answers(cluster))
        wait_for(lambda: log[-1]["started"])
    assert {said["started"] for said in log[:-1]} == {False}


def test_one_that_lives_is_left_alone(cluster, log):
    first = server(cluster)
    with kept_running(cluster, options=FAST):
        assert answers(cluster)
    assert (server(cluster), log) == (first, [])
