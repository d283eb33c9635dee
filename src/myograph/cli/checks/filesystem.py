"""Files that hold secrets: nobody else on the machine may read them."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from myograph.cli import system
from myograph.cli.checks.finding import Check, Finding, ok, problem
from myograph.cli.checks.installation import Installation

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_THROUGH: Final = stat.S_IXGRP | stat.S_IXOTH  # the database's own user passes through the folder


def _files(of: Installation) -> Iterator[Finding]:
    named = system.revealed(of.settings.webhook_sources) or ""
    listed = named.strip()
    files = [of.env_file, of.data_dir / "secrets.json", of.data_dir / "demo.json"]
    if listed.endswith((".toml", ".json")) and "\n" not in listed:
        files.append(Path(listed).expanduser())
    open_ = [path for path in files if _mode(path) & _OTHERS]
    for path in open_:
        yield problem(
            path.name,
            f"{path} holds secrets, and others on this machine may read it"
            f" (mode {_mode(path):04o})",
            f"Take that from them: `chmod 600 {path}`",
        )
    if of.unread is not None:
        yield problem(
            system.BESIDE,
            f"{of.env_file} cannot be read ({of.unread}), so nothing in it counts",
            "Give the file to the user whom the service runs as, and write it in UTF-8.",
        )
    secrets = of.data_dir / "secrets.json"
    if of.kept is None and secrets.exists():
        yield problem(
            secrets.name,
            f"{secrets} cannot be read, or is damaged",
            "Run this as the user whom the service runs as, or bring the file back from a backup.",
        )
    if _mode(of.data_dir) & _OTHERS & ~_THROUGH:
        yield problem(
            "data directory",
            f"others on this machine may look into {of.data_dir}",
            f"Take that from them: `chmod 700 {of.data_dir}`",
        )
    elif not open_:
        yield ok("files", "those with secrets are their owner's alone")


def _mode(path: Path) -> int:
    """0 where it is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


CHECKS: Final = (Check("files", _files),)
