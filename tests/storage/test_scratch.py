import os
import subprocess
import sys
import tempfile

import pytest

from myograph.storage import scratch
from myograph.storage.scratch import PREFIX, remove_abandoned, scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Of this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_for_nobody_else_and_goes_with_its_block(temporary):
    with scratch_folder() as folder:
        (folder / "recording.c3d").write_bytes(b"1")
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o077 == 0
    assert list(temporary.iterdir()) == []


def test_what_a_killed_worker_left_goes_when_the_next_one_starts(temporary):
    program = """
import os, signal
from myograph.storage.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "recording.c3d").write_bytes(b"1")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(temporary)},
        check=False,
    )
    [left] = temporary.glob(f"{PREFIX}*/recording.c3d")
    with scratch_folder() as folder:
        assert not left.exists()
        assert list(temporary.iterdir()) == [folder]


def test_what_another_holds_is_left_alone(temporary):
    with scratch_folder() as one, scratch_folder() as other:
        remove_abandoned()
        assert {one, other} == set(temporary.iterdir())


def test_what_is_not_ours_is_left_alone(temporary):
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").write_bytes(b"")
    remove_abandoned()
    assert len(list(temporary.iterdir())) == 3


@pytest.mark.parametrize("moment", ["before it is opened", "before it is held"])
def test_a_new_folder_that_another_removes_is_made_again(temporary, monkeypatch, moment):
    """Between making a folder and holding it somebody may think it abandoned."""
    removed = []
    where = {
        "before it is opened": (scratch.os, "open"),
        "before it is held": (scratch.fcntl, "flock"),
    }
    module, name = where[moment]
    real = getattr(module, name)

    def too_late(*args, **named):
        if not removed:
            removed.extend(temporary.iterdir())
            removed[0].rmdir()
        return real(*args, **named)

    monkeypatch.setattr(module, name, too_late)
    with scratch_folder() as folder:
        assert folder.exists()
        assert [folder] != removed
