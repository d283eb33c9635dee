"""This machine: packages, cores, memory, and whether the service answers."""

import sys

import pytest
from structlog.testing import capture_logs

from myograph.cli.checks import machine
from myograph.cli.checks.machine import judged_packages, judged_strength
from myograph.cli.checks.words import lasting, place
from myograph.cli.whereabouts import written
from myograph.settings import Settings
from myograph.storage.objects import folder_store
from myograph.web.app import create_app
from tests.web.identity_provider import identity_provider
from tests.web.servers import running

SERVICE = machine.CHECKS[-1:]


def test_this_machine_is_good_enough_for_the_tests(look):
    found = look(machine.CHECKS[:3])
    assert {"data directory", "temporary files", "Python", "packages", "cores and memory"} == set(
        found
    )
    assert found["packages"].found.endswith("each new enough")
    assert found["Python"].verdict == "ok"


def test_a_python_that_is_too_old_is_told(look, monkeypatch):
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (sys.version_info[0], sys.version_info[1] + 1))
    assert look(machine.CHECKS[1:2])["Python"].verdict == "problem"


@pytest.mark.parametrize(
    ("required", "verdict", "said"),
    [
        (["numpy>=2.2"], "ok", "1 package"),
        (["psycopg[binary,pool]>=3.3 ; sys_platform != 'win32'"], "ok", "1 package"),
        (["numpy>=999"], "problem", "older than 999"),
        (["numpy>=2.2", "no-such-package>=1"], "problem", "no-such-package is missing"),
        ([], "warning", "not compared"),
    ],
)
def test_packages_are_as_new_as_the_program_needs(required, verdict, said):
    found = judged_packages(required)
    assert (found.verdict, said in found.found) == (verdict, True)


def test_what_a_program_needs_stands_in_its_package_or_its_sources(tmp_path):
    assert machine._of_sources(tmp_path / "none.toml") == []
    assert any(text.startswith("numpy") for text in machine._of_sources(machine._PROJECT))


@pytest.mark.parametrize(
    ("memory", "concurrency", "verdict"),
    [
        (2_600_000_000, 2, "ok"),
        (2_599_999_999, 2, "warning"),
        (100_000_000_000, 3, "warning"),
        (None, 2, "ok"),
    ],
)
def test_the_largest_recordings_fit_into_memory(memory, concurrency, verdict):
    found = judged_strength(cores=2, memory=memory, concurrency=concurrency, file_mb=1000)
    assert found.verdict == verdict
    assert found.mend is None or "--concurrency" in found.mend


def test_a_container_has_less_memory_than_its_machine(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_LIMIT", limit)
    whole = machine._memory()
    limit.write_text("1000000\n")
    assert machine._memory() == 1_000_000
    limit.write_text("max\n")
    assert machine._memory() == whole


def where(address):
    host, _, port = address.removeprefix("http://").rpartition(":")
    return {"host": host, "port": port}


def test_another_program_at_our_address_is_told(look):
    with identity_provider() as other:
        found = look(SERVICE, **where(other.address))["service"]
    assert (found.verdict, "something else" in found.found) == ("problem", True)
    nobody = look(SERVICE, **where(other.address))["service"]
    assert (nobody.verdict, "myograph serve" in nobody.mend) == ("warning", True)


def test_our_service_is_asked_whether_it_is_ready(look, data, database):
    app = create_app(
        Settings(data_dir=data),
        web_url=database.url("myograph_web"),
        store=folder_store(data / "objects"),
        secret=b"s" * 32,
    )
    with capture_logs(), running(app) as server:
        assert look(SERVICE, **where(server.address))["service"].verdict == "ok"
        (data / "objects" / "emg_data").rmdir()
        (data / "objects" / "emg_data").symlink_to(data)
        found = look(SERVICE, **where(server.address))["service"]
    assert (found.verdict, "is not ready" in found.found) == ("problem", True)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (119, "119 s"),
        (120, "2 minutes"),
        (7199, "120 minutes"),
        (7200, "2 hours"),
        (172800, "2 days"),
    ],
)
def test_times_are_told_roughly(seconds, words):
    assert lasting(seconds) == words


def test_an_address_is_shown_without_what_must_not_be():
    assert place("https://user:s3cret@h:1/a?token=s3cret#s3cret") == "https://h:1/a"
    assert place(written("::1", 80)) == "http://[::1]:80"
