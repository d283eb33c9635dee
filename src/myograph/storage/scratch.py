"""Where recordings are copied to while they are measured, and rows wait while a file is made.

A program that is killed cannot tidy up, and both are personal: the next one does it. A folder is
held by a lock that dies with its process, so what nobody holds is nobody's.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "myograph-worker-"


@contextmanager
def scratch_folder() -> Generator[Path]:
    """A folder of this process's own, gone with the block; those of dead ones go at once."""
    remove_abandoned()
    folder, held = _made()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def remove_abandoned(where: Path | None = None) -> None:
    """What dead programs left in `where`; None: the system's folder for such things."""
    for folder in (where or Path(tempfile.gettempdir())).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # held, another user's, or just gone
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _made() -> tuple[Path, int]:
    """A new folder and the lock that holds it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)  # another program thought it abandoned, before we held it
