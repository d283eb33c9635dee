"""Whoever looks what is wrong is told where Supabase announces nothing."""

import pytest

from myograph.cli.checks import database as checks
from myograph.cli.checks import logins
from myograph.cli.checks.installation import installation
from tests.supabase.project import migrated

NAME = "Supabase trigger"


@pytest.fixture
def found(monkeypatch, tmp_path):
    [check] = [check for check in checks.CHECKS if check.name == NAME]

    def run(project, buckets="emg_data"):
        url = project.database.url("myograph_work")
        monkeypatch.setenv("MYOGRAPH_WORKER_DATABASE_URL", url)
        monkeypatch.setenv("MYOGRAPH_BUCKETS", buckets)
        [found] = check.look(installation(tmp_path))
        return found

    return run


def test_the_trigger_and_its_buckets_are_looked_for(found, project):
    assert found(project).verdict == "ok"
    other = found(project, buckets="emg_data,other")
    assert (other.verdict, "does not watch other" in other.found) == ("warning", True)
    assert "app.storage_hook" in other.mend


def test_logins_and_rights_are_as_they_must_be_there_too(monkeypatch, tmp_path, project):
    addresses = {"": "myograph_web", "WORKER_": "myograph_work", "MIGRATE_": "postgres"}
    for name, login in addresses.items():
        monkeypatch.setenv(f"MYOGRAPH_{name}DATABASE_URL", project.database.url(login))
    of = installation(tmp_path)
    found = [one for check in (*logins.CHECKS, *checks.CHECKS) for one in check.look(of)]
    assert [one for one in found if one.verdict != "ok"] == []
    assert len(found) > len(addresses) + len(checks.CHECKS)


def test_a_project_without_it_is_told(found, new_project):
    migrated(new_project)
    missing = found(new_project)
    assert (missing.verdict, "within 15 minutes" in missing.found) == ("warning", True)


def test_a_bucket_that_may_not_be_listed_is_told(found, own_project):
    with own_project.database.connect("postgres") as conn:
        conn.execute("REVOKE ALL ON FUNCTION app.stored_recordings FROM myograph_worker")
    assert "may not list" in found(own_project).found
