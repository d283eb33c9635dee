"""docs/tutorial.md runs, from its command to its last line."""

import doctest
import re
import shlex
from pathlib import Path

from tests.cli.command import Command

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def test_the_tutorial_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    made = re.search(r"^    myograph (simulate .*)$", text, re.MULTILINE)
    assert made is not None
    assert Command(capsys, monkeypatch)(*shlex.split(made[1])).code == 0
    lessons = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(lessons, out=said.append)
    assert "".join(said) == ""
    assert outcome.attempted > 20
