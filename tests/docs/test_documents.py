"""What the documents say is what the program does."""

import re
import subprocess
from pathlib import Path

import pytest

from myograph.cli.main import app
from myograph.settings import Settings
from tools import commands_doc

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def table_rows(name):
    text = (ROOT / "docs" / name).read_text("utf-8")
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines()]
    return [r for r in rows if len(r) > 1 and not set("".join(r)) <= set("- ")][1:]


def test_every_setting_stands_in_the_settings_page_and_no_other():
    documented = {
        v for row in table_rows("settings.md") for v in re.findall(r"MYOGRAPH_\w+", row[0])
    }
    assert documented == {f"MYOGRAPH_{name.upper()}" for name in Settings.model_fields}


def test_the_defaults_of_the_settings_page_are_those_of_the_program():
    plain = {
        name: field.default
        for name, field in Settings.model_fields.items()
        if field.default is not None
    }
    shown = {
        row[0].removeprefix("MYOGRAPH_").lower(): row[1].strip("`")
        for row in table_rows("settings.md")
    }
    assert {name: shown[name] for name in plain} == {n: str(v) for n, v in plain.items()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8"))
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (document.parent / link).exists()] == []


def test_every_command_of_the_readme_is_one():
    said = re.findall(r"\./dev run (\w+)", (ROOT / "README.md").read_text("utf-8"))
    help_text = subprocess.run(
        [ROOT / "dev", "run", "--help"], capture_output=True, text=True, check=True
    ).stdout
    known = set(re.findall(r"^  (\w+)  ", help_text, re.MULTILINE))
    assert said
    assert set(said) - {"and"} <= known


def test_the_commands_page_is_what_help_says_and_leaves_no_command_out():
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert page == commands_doc.page()
    assert set(_commands(app)) == set(commands_doc.COMMANDS)


def _commands(part, before=""):
    for command in part.registered_commands:
        if not command.hidden:
            yield before + _name(command)
    for group in part.registered_groups:
        yield from _commands(group.typer_instance, f"{before}{group.name} ")


def _name(command):
    return command.name or command.callback.__name__


def test_decisions_have_a_number_each_and_stay_on_one_screen():
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [r.name[:4] for r in records]
    assert len(set(numbers)) == len(numbers)
    assert [r.name for r in records if len(r.read_text("utf-8").splitlines()) > 60] == []


def test_no_file_names_a_path_of_one_machine():
    folders = ("src", "tests", "bench", "tools", "docs", ".ci")
    kinds = {".md", ".py", ".sql", ".js", ".html", ".css"}
    files = [p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in kinds]
    paths = re.compile(r"(^|[\s\"'(=])/(work|root|home)/\w", re.MULTILINE)
    assert len(files) > 100
    assert [str(p) for p in files if paths.search(p.read_text("utf-8"))] == []
