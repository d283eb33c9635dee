"""Which names an object of ours may have."""

import os
from pathlib import Path

from myograph.errors import BadName

SEGMENT_LIMIT_BYTES = 240  # a file system allows 255, and a name still being written is longer
NAME_LIMIT_BYTES = 1024  # of S3


def check_key(key: str) -> None:
    """Refuse what could leave the store or confuse the eye. Blanks and umlauts are fine."""
    segments = key.split("/")
    if segments == [key]:
        raise BadName(f"{key!r} names no object in a bucket")
    if len(key.encode("utf-8", "replace")) > NAME_LIMIT_BYTES:
        raise BadName(f"a name may have {NAME_LIMIT_BYTES} bytes; this one is longer")
    for segment in segments:
        _check_segment(segment, key)
    stem, hash_sign, digits = key.rpartition("#")
    if stem and hash_sign and digits.isdigit():
        raise BadName(f"{key!r} ends as a file does that is still being written")


def _check_segment(segment: str, key: str) -> None:
    if segment in {"", ".", ".."}:
        raise BadName(f"{key!r} has an empty part, '.' or '..' between its slashes")
    if not segment.isprintable() or "\\" in segment:
        raise BadName(f"{key!r} holds a control character or a backslash")
    try:
        size = len(segment.encode())
    except UnicodeEncodeError as exc:
        raise BadName(f"{key!r} is not valid text") from exc
    if size > SEGMENT_LIMIT_BYTES:
        raise BadName(
            f"a part of a name may have {SEGMENT_LIMIT_BYTES} bytes; {segment[:40]!r}... has {size}"
        )


def refuse_links(root: Path, key: str) -> None:
    path = str(root)
    for segment in key.split("/"):
        path = f"{path}/{segment}"  # a Path for each part costs more than looking at them
        if os.path.islink(path):  # noqa: PTH114
            raise BadName(f"{key!r} leads over a symbolic link; links are not followed")
