import os

import pytest

from tests.cli.command import Command
from tests.generated import recording_in


@pytest.fixture
def command(capsys, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return Command(capsys, monkeypatch)


@pytest.fixture
def no_settings(monkeypatch):
    """Whatever is set where the tests run."""
    for name in [name for name in os.environ if name.upper().startswith("MYOGRAPH_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """A recording of 15 s with three contractions on CH1 and two on CH2."""
    return recording_in(tmp_path_factory.mktemp("made"))
