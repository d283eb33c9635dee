"""This machine: room, Python and packages, cores and memory, and whether the service answers."""

import os
import platform
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from typing import Final

import httpx2

from myograph.cli import whereabouts
from myograph.cli.checks.disk import judged_room
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation
from myograph.cli.checks.words import count, gigabytes

OLDEST_PYTHON: Final = (3, 11)
WORKER_MB: Final = 300  # a process that measures, without a file
_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")  # of a container
_PROJECT: Final = Path(__file__).parents[4] / "pyproject.toml"
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*([0-9.]+)")


def _room(of: Installation) -> Iterator[Finding]:
    existing = next(p for p in (of.data_dir, *of.data_dir.parents) if p.exists())
    yield judged_room("data directory", existing)
    yield judged_room("temporary files", Path(tempfile.gettempdir()))


def _programs(of: Installation) -> Iterator[Finding]:
    del of
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        yield problem("Python", f"{version} is too old", "Install Python 3.11 or newer.")
    else:
        yield ok("Python", version)
    yield judged_packages(_required())


def judged_packages(required: Sequence[str]) -> Finding:
    """required    as the package says: `numpy>=2.2`"""
    name, asked = "packages", [m for text in required if (m := _REQUIREMENT.match(text))]
    behind = [said for m in asked if (said := _behind(m[1], m[2]))]
    if behind:
        return problem(
            name,
            f"not as they must be: {', '.join(behind)}",
            "Install the versions that the release names: pip install -r requirements/run.txt",
        )
    if not asked:
        return warning(
            name,
            "not compared: nothing says which ones this program needs",
            "Install it as a package, or run it from its sources by ./dev run.",
        )
    return ok(name, f"{count(len(asked), 'package')}, each new enough")


def _required() -> Sequence[str]:
    """Without what other systems need."""
    try:
        said = metadata.requires("myograph") or []
    except metadata.PackageNotFoundError:
        said = _of_sources(_PROJECT)
    windows = "sys_platform != 'win32'"
    return [text for text in said if ";" not in text or windows in text.replace('"', "'")]


def _of_sources(project: Path) -> list[str]:
    """Of a program that runs from where it was written."""
    try:
        found: list[str] = tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    except (OSError, ValueError, KeyError):
        return []
    return found


def _behind(package: str, least: str) -> str | None:
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"{package} is missing"
    if _number(version) < _number(least):
        return f"{package} {version} is older than {least}"
    return None


def _number(version: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(\.\d+)*", version)
    found = [int(part) for part in numbers[0].split(".")] if numbers else []
    return tuple(found + [0] * (4 - len(found)))


def _strength(of: Installation) -> Iterator[Finding]:
    yield judged_strength(
        cores=os.cpu_count() or 1,
        memory=_memory(),
        concurrency=of.concurrency,
        file_mb=of.settings.measure_memory_mb,
    )


def judged_strength(*, cores: int, memory: int | None, concurrency: int, file_mb: int) -> Finding:
    """file_mb    what measuring one file may take beyond the program itself"""
    name, wanted = "cores and memory", concurrency * (WORKER_MB + file_mb) * 1_000_000
    room = "memory not known" if memory is None else gigabytes(memory)
    said = f"{count(cores, 'core')} and {room}, for {concurrency} at once"
    if memory is not None and wanted > memory:
        return warning(
            name,
            f"{said}: the largest recordings together may take {gigabytes(wanted)}",
            "Start the worker with a smaller --concurrency, or lower MYOGRAPH_MEASURE_MEMORY_MB.",
        )
    if concurrency > cores:
        return warning(
            name, f"{said}: more than there are cores", "Start it with a smaller --concurrency."
        )
    return ok(name, said)


def _memory() -> int | None:
    """Of the machine, or of the container where that has less."""
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    try:
        return min(physical, int(_LIMIT.read_text("utf-8")))
    except (OSError, ValueError):  # no container, or one without a limit
        return physical


def _service(of: Installation) -> Iterator[Finding]:
    name = "service"
    address = whereabouts.address_of(of.data_dir, of.settings.host, of.settings.port)
    try:
        with httpx2.Client(timeout=3.0, trust_env=False, follow_redirects=False) as client:
            alive = client.get(f"{address}/livez")
            ready = client.get(f"{address}/readyz")
    except (httpx2.HTTPError, httpx2.InvalidURL):
        yield warning(
            name,
            f"nothing answers at {address}",
            "Start it by `myograph serve`, unless it runs on another machine.",
        )
        return
    if alive.status_code != HTTPStatus.OK or "status" not in alive.text:
        yield problem(
            name,
            f"something else answers at {address}",
            "Give the service another port by MYOGRAPH_PORT.",
        )
    elif ready.status_code != HTTPStatus.OK:
        yield problem(
            name,
            f"it answers at {address} and is not ready",
            "Mend what is said of database and storage above, with the settings it was started"
            " with.",
        )
    else:
        yield ok(name, f"it answers at {address} and is ready")


CHECKS: Final = (
    Check("room", _room),
    Check("programs", _programs),
    Check("cores and memory", _strength),
    Check("service", _service),
)
