"""No test is skipped or expected to fail, and what is missing is told or demanded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(folder, text, *options, **environment):
    path = folder / "test_it.py"
    path.write_text(f"import pytest\n\n{text}\n", "utf-8")
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "-p", "tests.conftest"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *settings, "-p", "no:cacheprovider", path, *options],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def test_a(): pytest.skip('later')", id="skip"),
        pytest.param("@pytest.mark.skip\ndef test_a(): pass", id="mark"),
        pytest.param("@pytest.mark.xfail\ndef test_a(): assert False", id="xfail"),
        pytest.param("@pytest.mark.xfail\ndef test_a(): pass", id="xpass"),
        pytest.param("pytest.skip('all', allow_module_level=True)", id="module"),
    ],
)
def test_a_test_that_does_not_run_fails(tmp_path, text, workers):
    done = run(tmp_path, text, *workers)
    assert done.returncode in {1, 2}
    assert "skip and xfail are refused here" in done.stdout


RECORDED = "@pytest.mark.recordings\ndef test_a(): assert False\ndef test_b(): pass"


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_what_is_missing_is_told_in_one_line(tmp_path, workers):
    done = run(tmp_path, RECORDED, *workers, MYOGRAPH_TEST_DATA=str(tmp_path), MYOGRAPH_REQUIRE="")
    assert done.returncode == 0
    assert f"not run: 1 test of real recordings, {tmp_path} holds none" in done.stdout


def test_what_is_required_and_missing_fails_the_run(tmp_path):
    told = {"MYOGRAPH_TEST_DATA": str(tmp_path), "MYOGRAPH_REQUIRE": "browser,recordings"}
    done = run(tmp_path, RECORDED, **told, CHROMIUM=sys.executable)
    assert done.returncode == 4
    assert "recordings is required" in done.stderr


def test_a_requirement_nobody_knows_is_an_error(tmp_path):
    done = run(tmp_path, RECORDED, MYOGRAPH_REQUIRE="postgres99")
    assert done.returncode != 0
    assert "postgres99, which no test needs" in done.stdout + done.stderr
