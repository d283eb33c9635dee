"""Write the locks from pyproject.toml, or check without a network that they still fit it.

A lock begins with the SHA-256 of what it was made from; no lock names an index or a host.
"""

import json
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {"run": [], "dev": ["test", "check"], "bench": ["test", "check", "bench"]}
HEAD = "# of pyproject.toml's dependencies, sha256 "


def main() -> None:
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    write(sys.argv[1])


def write(uv: str) -> None:
    for name, groups in GROUPS.items():
        target = ROOT / "requirements" / f"{name}.txt"
        extra = [word for group in groups for word in ("--group", group)]
        target.write_text(_first_line(name) + _compile(uv, "pyproject.toml", *extra), "utf-8")
    (ROOT / "requirements" / "uv.txt").write_text(_compile(uv, "requirements/uv.in"), "utf-8")


def check() -> int:
    """0 where every lock was made from the dependencies as they stand now."""
    stale = [name for name in GROUPS if not _lock(name).startswith(_first_line(name))]
    for name in stale:
        print(f"requirements/{name}.txt does not fit pyproject.toml: run ./dev lock")
    hosts = [name for name in (*GROUPS, "uv") if "://" in _lock(name) or "--index" in _lock(name)]
    for name in hosts:
        print(f"requirements/{name}.txt names a host: a lock must not")
    return 1 if stale or hosts else 0


def _compile(uv: str, source: str, *extra: str) -> str:
    arguments = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    return subprocess.run(
        [uv, "pip", "compile", "--python-version", "3.11", *arguments, source, *extra],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout


def _first_line(name: str) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [project["project"]["requires-python"], project["project"]["dependencies"]]
    wanted += [project["dependency-groups"][group] for group in GROUPS[name]]
    return HEAD + sha256(json.dumps(wanted).encode()).hexdigest() + "\n"


def _lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


if __name__ == "__main__":
    main()
