"""All tests with branch coverage, and whether it reaches its floors.

The tests of real recordings run apart and count for no coverage: the floors must hold where there
are no recordings. With arguments it is plain pytest: `./dev test tests/c3d -k header`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("MYOGRAPH_CACHE", ROOT / ".cache"))
PYTEST = ["-m", "pytest", "-o", f"cache_dir={CACHE / 'pytest'}"]

WHOLE = (  # every branch; elsewhere FLOOR
    "c3d/",
    "signal/",
    "analysis/",
    "scoring/",
    "services/analyse_session.py",
    "services/end_try.py",
    "services/receive_upload.py",
    "web/webhooks/signatures.py",
)
FLOOR = 95.0
NOTHING_COLLECTED = 5  # an exit code of pytest


@dataclass(frozen=True, slots=True)
class Covered:
    """Lines and branches of one file: how many there are, how many were run."""

    name: str
    there: int
    run: int
    missing: str

    @property
    def percent(self) -> float:
        return 100.0 * self.run / self.there if self.there else 100.0


def main() -> None:
    if sys.argv[1:]:
        sys.exit(_python(*PYTEST, *sys.argv[1:]))
    processes = str(min(4, os.cpu_count() or 1))
    _python("-m", "coverage", "erase")
    parallel = ["-n", processes, "--dist", "worksteal", "--durations=12"]
    failed = _python("-m", "coverage", "run", *PYTEST, *parallel, "-m", "not recordings")
    recordings = _python(*PYTEST, *parallel, "-m", "recordings")
    if recordings == NOTHING_COLLECTED:
        recordings = 0
    if failed or recordings:
        sys.exit(1)
    short = list(_too_little(_measured()))
    print("\n".join(short) or "coverage: every floor is reached")
    sys.exit(1 if short else 0)


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode


def _measured() -> list[Covered]:
    report = CACHE / "coverage.json"
    _python("-m", "coverage", "combine", "--quiet")
    _python("-m", "coverage", "json", "--quiet", "-o", str(report))
    files = json.loads(report.read_text("utf-8"))["files"]
    return [_covered(name, file) for name, file in sorted(files.items())]


def _covered(name: str, file: dict[str, Any]) -> Covered:
    of = file["summary"]
    lines = [str(n) for n in file["missing_lines"]]
    branches = [f"{a}->{b}" for a, b in file["missing_branches"] if a not in file["missing_lines"]]
    return Covered(
        name=name.split("myograph/", 1)[1],
        there=of["num_statements"] + of["num_branches"],
        run=of["covered_lines"] + of["covered_branches"],
        missing=" ".join((lines + branches)[:40]),
    )


def _too_little(files: list[Covered]) -> Iterator[str]:
    for file in files:
        if file.name.startswith(WHOLE) and file.run < file.there:
            yield f"coverage: {file.name} must be whole, is {file.percent:.1f} %: {file.missing}"
    rest = [f for f in files if not f.name.startswith(WHOLE)]
    there, run = sum(f.there for f in rest), sum(f.run for f in rest)
    percent = 100.0 * run / there if there else 100.0
    if percent < FLOOR:
        yield f"coverage: outside the core {percent:.1f} %, must be {FLOOR} %; least covered:"
        worst = sorted(rest, key=lambda f: f.run - f.there)[:12]
        yield from (f"  {f.name} {f.percent:.0f} %: {f.missing}" for f in worst if f.run < f.there)
    else:
        print(f"coverage: outside the core {percent:.1f} %")


if __name__ == "__main__":
    main()
