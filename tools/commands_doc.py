"""docs/commands.md, from the help itself: `./dev run python -m tools.commands_doc` writes it."""

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
COMMANDS = (
    "analyse",
    "info",
    "protocol show",
    "simulate",
    "demo",
    "serve",
    "work",
    "migrate",
    "person add",
    "person list",
    "person role",
    "person deactivate",
    "person activate",
    "person password",
    "person link",
    "person token add",
    "person token list",
    "person token revoke",
    "person-data export",
    "person-data erase",
    "person-data new-pseudonyms",
    "reprocess",
    "webhook send",
    "sweep",
    "audit verify",
    "audit anchor",
    "audit retain",
    "doctor",
)


def page() -> str:
    parts = ["# Commands\n", "What `myograph COMMAND --help` says.\n"]
    parts += [f"## {name}\n\n```\n{_help(name)}\n```\n" for name in COMMANDS]
    return "\n".join(parts)


def _help(command: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "myograph", *command.split(), "--help"],
        env=os.environ | {"COLUMNS": "88", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return "\n".join(line.rstrip() for line in shown.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
