"""Files of a folder store, looked at without the store's library."""

import contextlib
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

# Read what lies in memory, or fail at once. Linux alone has it, and not on every file system.
_AT_ONCE: Final[int | None] = getattr(os, "RWF_NOWAIT", None)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def etag_of(found: os.stat_result) -> str:
    """As obstore makes it."""
    return f"{found.st_ino:x}-{max(found.st_mtime_ns, 0) // 1000:x}-{found.st_size:x}"


def changed_at(found: os.stat_result) -> datetime:
    """As obstore tells it: to the microsecond, where a float would be rounded to another."""
    return _EPOCH + timedelta(microseconds=found.st_mtime_ns // 1000)


def in_memory(path: Path, length: int) -> tuple[os.stat_result, bytes] | None:
    """A file as it is now and its first bytes, where the system holds those in memory.

    So it does with what was stored a moment ago: it is read in no time, where a thread that may
    wait for the disk costs more than all the rest of a delivery. None: ask one all the same.
    Raises FileNotFoundError.
    """
    if _AT_ONCE is None:
        return None
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        return None
    try:
        found = os.fstat(file)
        start = bytearray(min(length, found.st_size))
        if not stat.S_ISREG(found.st_mode) or os.preadv(file, [start], 0, _AT_ONCE) < len(start):
            return None
    except OSError:
        return None
    finally:
        os.close(file)
    return found, bytes(start)


def remove_empty(folder: Path) -> None:
    """This folder and those within, wherever nothing is left in them; no link is followed."""
    for inside, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(inside).rmdir()
