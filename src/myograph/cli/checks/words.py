"""Numbers as a sentence has them."""

from typing import Final
from urllib.parse import urlsplit

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def lasting(seconds: float) -> str:
    """So long, roughly."""
    for unit, size in (("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def place(url: str) -> str:
    """An address without what must not be shown: names, passwords and questions in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
