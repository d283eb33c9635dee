"""An installation that is looked at, and broken in every way an operator meets."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from myograph.cli.checks import connecting, database, examine
from myograph.cli.checks.finding import Check, Finding
from myograph.cli.checks.installation import installation

Found = dict[str, Finding]
KEY = "k" * 32


@pytest.fixture(autouse=True)
def patience(monkeypatch, no_settings):
    """Many tests run on this machine at once: none fails for being slow."""
    monkeypatch.setattr(connecting, "ANSWERS_WITHIN_S", 60)
    monkeypatch.setattr(database, "HEARD_WITHIN_S", 60.0)
    monkeypatch.setattr(examine, "WITHIN_S", 120.0)


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def look(monkeypatch, data) -> Callable[..., Found]:
    """look(checks, port=9000): what they find where MYOGRAPH_PORT is 9000, by name."""

    def look(checks: Sequence[Check], **settings: object) -> Found:
        with monkeypatch.context() as env:
            for name, value in settings.items():
                env.setenv(f"MYOGRAPH_{name.upper()}", str(value))
            of = installation(data)
        found = [finding for check in checks for finding in check.look(of)]
        assert all((one.mend is None) == (one.verdict == "ok") for one in found)
        return {finding.name: finding for finding in found}

    return look


@pytest.fixture
def addresses(database) -> dict[str, str]:
    """Settings of a whole installation on the database of this test."""
    return {
        "database_url": database.url("myograph_web"),
        "worker_database_url": database.url("myograph_work"),
        "migrate_database_url": database.url("myograph_migrator"),
        "pseudonym_key": KEY,
        "sign_in": "local",
    }
