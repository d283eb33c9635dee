"""Settings of a `.env` beside the data: for every command that works on these data."""

from pathlib import Path

import pytest

from myograph.cli import people_at_hand, system
from myograph.errors import BadInput
from myograph.settings import Settings

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture
def beside(tmp_path):
    """Writes the file."""

    def write(text: str) -> Path:
        (tmp_path / ".env").write_text(text, "utf-8")
        return tmp_path

    return write


def test_what_stands_beside_the_data_counts_after_the_environment(beside, monkeypatch):
    data = beside("MYOGRAPH_PORT=9000\nMYOGRAPH_BUCKETS=beside\nMYOGRAPH_LOG='json'  # why\n")
    monkeypatch.setenv("MYOGRAPH_BUCKETS", "outside")
    found = system.settings_for(data, host=None, port=9001)
    assert (found.port, found.buckets, found.log, found.host) == (
        9001,
        "outside",
        "json",
        "127.0.0.1",
    )
    assert found.data_dir == data
    assert people_at_hand.settings_of(data).port == 9000


def test_the_folder_may_be_named_by_the_environment(beside, monkeypatch):
    monkeypatch.setenv("MYOGRAPH_DATA_DIR", str(beside("MYOGRAPH_PORT=9000")))
    assert system.settings_for(None).port == 9000
    assert system.settings_for(Path("elsewhere")).port == 8000


def test_it_does_not_say_where_the_data_lie(beside):
    data = beside("MYOGRAPH_DATA_DIR=elsewhere\nMYOGRAPH_PORT=9000")
    found = system.settings_for(data)
    assert (found.data_dir, found.port) == (data, 9000)


def test_what_is_wrong_or_cannot_be_read_is_refused_without_its_value(beside):
    data = beside("MYOGRAPH_PORT=many")
    with pytest.raises(BadInput, match="MYOGRAPH_PORT is not right") as refused:
        system.settings_for(data)
    assert "many" not in refused.value.sentence
    (data / ".env").write_bytes(b"MYOGRAPH_PORT=\xff")
    with pytest.raises(BadInput, match=r"\.env cannot be read"):
        system.settings_for(data)


def test_where_several_are_wrong_all_are_told_and_the_others_hold(beside):
    data = beside("MYOGRAPH_PORT=many\nMYOGRAPH_LOG=loud\nMYOGRAPH_BUCKETS=ours")
    found, wrong = Settings.where_right(_env_file=data / ".env")
    assert wrong.keys() == {"port", "log"}
    assert (found.port, found.log, found.buckets) == (8000, "text", "ours")
    (data / ".env").unlink()
    assert Settings.where_right(_env_file=data / ".env") == (Settings(), {})
