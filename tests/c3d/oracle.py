"""What ezc3d reads in files, in a process of its own: it may crash, hang or take all memory.

Run as a program with a folder and paths: for each path it writes FOLDER/INDEX.npz with the analog
values, (channels, samples), and the points, (frames, points, 3), or the sentence of its error.
"""

import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Reading:
    """`error` is "" where ezc3d could read the file; else there are no values."""

    error: str
    analogs: np.ndarray
    points: np.ndarray


def readings(paths: list[Path], folder: Path) -> dict[Path, Reading]:
    """One process reads all; where one file brings it down, another goes on behind it."""
    index = 0
    while index < len(paths):
        command = [sys.executable, __file__, str(folder), str(index), *map(str, paths[index:])]
        ended = subprocess.run(command, check=False, capture_output=True, timeout=300)
        index = next((i for i in range(index, len(paths)) if not _file(folder, i).exists()), None)
        if index is None:
            break
        np.savez(_file(folder, index), **_nothing(f"ended with {ended.returncode}"))
        index += 1
    return {path: _loaded(_file(folder, index)) for index, path in enumerate(paths)}


def _file(folder: Path, index: int) -> Path:
    return folder / f"{index}.npz"


def _loaded(path: Path) -> Reading:
    with np.load(path) as arrays:
        return Reading(str(arrays["error"]), arrays["analogs"], arrays["points"])


def _read(path: str) -> dict[str, np.ndarray]:
    import ezc3d  # noqa: PLC0415 - only in the process of its own

    try:
        data = ezc3d.c3d(path)["data"]
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        return _nothing(str(error))
    points = data["points"][:3].transpose(2, 1, 0)
    return {"error": np.array(""), "analogs": data["analogs"][0], "points": points}


def _nothing(error: str) -> dict[str, np.ndarray]:
    return {"error": np.array(error), "analogs": np.empty(0), "points": np.empty(0)}


def _main(folder: Path, first: int, paths: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    for index, path in enumerate(paths, first):
        signal.alarm(20)
        values = _read(path)
        signal.alarm(0)
        np.savez(_file(folder, index), **values)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
