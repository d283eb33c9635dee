"""Objects that were never finished: a folder store writes `name#1` first and renames it.

Whoever is killed while writing leaves such a file, which is no object and is shown by no listing.
"""

import contextlib
import re
import time
from pathlib import Path
from typing import Final

ABANDONED_AFTER_S: Final = 24 * 3600.0  # nobody writes that slowly to one file

_DRAFT = re.compile(r".+#\d+")


def remove_abandoned_drafts(root: Path, *, older_than_s: float = ABANDONED_AFTER_S) -> int:
    """Remove what nobody has written to for so long, below every bucket; how many there were."""
    before = time.time() - older_than_s
    removed = 0
    for path in root.rglob("*#*"):
        with contextlib.suppress(FileNotFoundError):
            if _is_draft(path) and path.stat().st_mtime <= before:
                path.unlink()
                removed += 1
    return removed


def _is_draft(path: Path) -> bool:
    return _DRAFT.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()
