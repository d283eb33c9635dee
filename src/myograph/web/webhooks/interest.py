"""Which of the objects a delivery speaks of are for us."""

from dataclasses import dataclass
from typing import Final

from myograph.errors import BadName
from myograph.storage.names import NAME_LIMIT_BYTES, check_key
from myograph.web.webhooks.hints import Hint
from myograph.web.webhooks.sources import Source

SUFFIX: Final = ".c3d"


@dataclass(frozen=True, slots=True)
class Judged:
    """A hint, and what becomes of it.

    ignored    only the delivery is written down: the code says why
    refused    no store of ours reaches an object of this name: a session that says so
    """

    hint: Hint
    ignored: str | None = None
    refused: BadName | None = None

    @property
    def wanted(self) -> bool:
        return self.ignored is None and self.refused is None


def judged(hint: Hint, source: Source) -> Judged:
    if hint.ignored is not None:
        return Judged(hint, hint.ignored)
    if hint.bucket not in source.buckets:
        return Judged(hint, "other_bucket")
    if not hint.name.casefold().endswith(SUFFIX):
        return Judged(hint, "not_c3d")
    if not _can_be_kept(hint.name):
        return Judged(hint, "bad_name")
    try:
        check_key(f"{hint.bucket}/{hint.name}")
    except BadName as exc:
        return Judged(hint, refused=exc)
    return Judged(hint)


def _can_be_kept(name: str) -> bool:
    """Whether a database, and so Supabase, can hold it as it is. Else no object can have it."""
    try:
        return len(name.encode()) <= NAME_LIMIT_BYTES and "\0" not in name
    except UnicodeEncodeError:
        return False
