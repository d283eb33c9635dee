"""The locks fit pyproject.toml and name no host, and it is seen where they do not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(folder):
    return subprocess.run(
        [sys.executable, "tools/lock.py", "--check"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_locks_fit_as_they_stand(copy):
    assert (check(copy).returncode, check(copy).stdout) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        pytest.param('"numpy>=2.2"', '"numpy>=2.3"', ["run", "dev"], id="a dependency"),
        pytest.param('"hypothesis>=', '"hypothesis >=', ["dev"], id="a test dependency"),
        pytest.param('">=3.11"', '">=3.12"', ["run", "dev"], id="the Python"),
    ],
)
def test_a_changed_dependency_makes_a_lock_stale(copy, old, new, stale):
    change(copy / "pyproject.toml", old, new)
    found = check(copy)
    assert found.returncode == 1
    assert [n for n in ("run", "dev") if f"requirements/{n}.txt does not fit" in found.stdout] == (
        stale
    )


@pytest.mark.parametrize("line", ["--index-url https://example.org/simple", "x @ https://e.org/x"])
def test_a_lock_that_names_a_host_is_refused(copy, line):
    with (copy / "requirements" / "run.txt").open("a") as lock:
        lock.write(line + "\n")
    found = check(copy)
    assert found.returncode == 1
    assert "names a host" in found.stdout


def test_every_package_of_a_lock_has_a_hash():
    for lock in (ROOT / "requirements").glob("*.txt"):
        entries = [e for e in lock.read_text("utf-8").replace("\\\n", "").splitlines() if "==" in e]
        assert entries
        assert [e for e in entries if "--hash=sha256:" not in e] == []
