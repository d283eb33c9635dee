import os
import time

import pytest

from myograph.storage.drafts import ABANDONED_AFTER_S, remove_abandoned_drafts
from myograph.storage.objects import folder_store


@pytest.fixture
def written(tmp_path):
    """A file that was last written to so many seconds ago."""

    def write(name, age_s=0.0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
        os.utime(path, (time.time() - age_s,) * 2)
        return path

    return write


def test_what_a_store_leaves_when_it_dies_is_removed_a_day_later(tmp_path, written):
    """The name is the store's own: it stands there while somebody writes."""
    seen = []

    def chunks():
        yield b"1" * (6 * 1024 * 1024)
        seen.extend(p.name for p in (tmp_path / "emg_data").iterdir())
        yield b"2"

    folder_store(tmp_path).put("emg_data/a.c3d", chunks())
    [draft] = seen
    old = written(f"emg_data/P001/{draft}", ABANDONED_AFTER_S + 60)
    new = written(f"emg_data/P002/{draft}", ABANDONED_AFTER_S - 60)
    assert remove_abandoned_drafts(tmp_path) == 1
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("name", ["a.c3d", "a#1.c3d", "#1", "a.c3d#", "a.c3d#1x"])
def test_what_is_no_draft_stays(tmp_path, written, name):
    path = written(f"emg_data/{name}", 10 * ABANDONED_AFTER_S)
    assert remove_abandoned_drafts(tmp_path) == 0
    assert path.exists()


def test_neither_folders_nor_links_are_drafts(tmp_path, written):
    target = written("elsewhere", 10 * ABANDONED_AFTER_S)
    (tmp_path / "emg_data").mkdir()
    (tmp_path / "emg_data/a#1").mkdir()
    (tmp_path / "emg_data/b#1").symlink_to(target)
    assert remove_abandoned_drafts(tmp_path, older_than_s=0) == 0
    assert target.exists()


def test_one_that_is_finished_meanwhile_is_none(tmp_path, written, monkeypatch):
    path = written("emg_data/a#1")
    monkeypatch.setattr("pathlib.Path.is_symlink", lambda p: p.unlink())
    assert remove_abandoned_drafts(tmp_path, older_than_s=0) == 0
    assert not path.exists()


def test_a_store_that_nobody_has_used_has_none(tmp_path):
    assert remove_abandoned_drafts(tmp_path / "nothing") == 0
