"""Help with an example each, one sentence for what is refused, a traceback only when asked for."""

import io
import subprocess
import sys

import pytest

from myograph import __version__
from myograph.cli.main import app

COMMANDS = [c.name or c.callback.__name__ for c in app.registered_commands]
OURS = ["analyse", "info", "simulate"]


def test_the_version_is_the_packages(command):
    assert command("--version").out == f"myograph {__version__}\n"


def test_help_names_every_command_and_fits_a_narrow_terminal(command):
    answer = command("--help", columns=60)
    assert answer.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in answer.out
    assert max(map(len, answer.out.splitlines())) <= 60


def test_without_a_command_there_is_help(command):
    answer = command()
    assert "Usage: myograph" in answer.out + answer.err
    assert answer.code == 2


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_of_each_command_has_examples(command, name, flag):
    answer = command(name, flag)
    assert answer.code == 0
    assert f"Examples:\n    myograph {name}" in answer.out
    assert "\b" not in answer.out


def test_what_is_refused_is_one_sentence_and_exit_code_1(command):
    answer = command("info", "nothing.c3d")
    assert answer.code == 1
    assert answer.err == "myograph: There is no file nothing.c3d.\n"
    assert answer.out == ""


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(command, place):
    arguments = ["info", "nothing.c3d"]
    arguments.insert(place, "--debug")
    answer = command(*arguments)
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert answer.err.endswith("\nmyograph: There is no file nothing.c3d.\n")


def test_what_stands_after_two_dashes_is_a_name(command):
    assert command("info", "--", "--debug").err == "myograph: There is no file --debug.\n"


def test_a_wrong_option_is_told_with_exit_code_2(command):
    answer = command("analyse", "x.c3d", "--nothing")
    assert answer.code == 2
    assert "No such option" in answer.err


def test_a_fault_of_ours_is_told_as_one_and_shown_on_demand(command, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)  # nothing expects that
    answer = command("--version")
    assert answer.code == 70
    assert answer.err.startswith("myograph: This is a fault in myograph itself (ValueError: I/O")
    assert "Traceback" not in answer.err
    assert "Traceback" in command("--version", "--debug").err


def test_help_needs_none_of_what_is_slow_to_import():
    slow = "{'numpy', 'scipy', 'rich', 'psycopg', 'fastapi', 'pydantic'} & set(sys.modules)"
    program = f"import sys, myograph.cli.main; print(sorted({slow}))"
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
