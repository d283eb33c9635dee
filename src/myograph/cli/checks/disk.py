"""Room on a disk."""

import shutil
from pathlib import Path
from typing import Final

from myograph.cli.checks.finding import Finding, ok, problem, warning
from myograph.cli.checks.words import gigabytes
from myograph.settings import UPLOAD_LIMIT_BYTES

FEW: Final = 10  # uploads of the largest size


def judged_room(name: str, folder: Path) -> Finding:
    return judged_bytes(name, folder, shutil.disk_usage(folder).free)


def judged_bytes(name: str, folder: Path, free: int) -> Finding:
    """By how many of the largest uploads still fit."""
    said = f"{gigabytes(free)} free in {folder}"
    mend = f"Make room on the disk of {folder}, or move it to a larger one."
    if free < UPLOAD_LIMIT_BYTES:
        return problem(name, f"{said}: less than one upload may take", mend)
    if free < FEW * UPLOAD_LIMIT_BYTES:
        return warning(name, said, mend)
    return ok(name, said)
