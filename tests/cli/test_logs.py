"""What stands in the log of a program that was started as such."""

import subprocess
import sys

import pytest

LOGS = """
import logging, sys
from pathlib import Path
from myograph.cli import logs
from myograph.errors import StoreUnavailable

logs.configure(sys.argv[1], Path(sys.argv[2]))
try:
    raise StoreUnavailable("the store could not serve 'emg_data/P001/a.c3d'")
except StoreUnavailable as problem:
    logging.getLogger(sys.argv[3]).error(
        f"Job analyse_session[1](P001) ended: {problem}", exc_info=True, stack_info=True,
        extra={"action": "job_error_retry", "job": {"task_name": "analyse_session"}})
    logging.getLogger(sys.argv[3]).error("Worker: %s", problem)
"""


@pytest.fixture
def logged(tmp_path):
    def run(form, logger):
        path = tmp_path / "log"
        subprocess.run([sys.executable, "-c", LOGS, form, path, logger], check=True)
        return path.read_text("utf-8")

    return run


@pytest.mark.parametrize("form", ["json", "text"])
def test_of_a_job_that_failed_the_kind_of_error_is_logged_and_no_word_of_it(logged, form):
    written = logged(form, "procrastinate.worker.myograph")
    assert "P001" not in written
    assert "Traceback" not in written
    first, second = written.splitlines()
    assert first.endswith(
        "[ERROR] procrastinate.worker.myograph: job_error_retry analyse_session StoreUnavailable"
    )
    assert second.endswith(": <module>")


def test_other_libraries_are_quoted_in_full(logged):
    assert "Traceback" in logged("text", "another")
