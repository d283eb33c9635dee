"""JSON that may be anything: a field is of the kind that is asked for, or a sentence says not."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from myograph.errors import MalformedEvent

LONGEST_TEXT: Final = 4096
LARGEST: Final = 10**18 - 1  # bytes; what fits into 64 bits with all its digits
_INT_DIGITS: Final = 18


def fields_of(body: bytes) -> "Fields":
    try:
        return Fields(json.loads(body.decode("utf-8"), parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as exc:
        raise MalformedEvent("The body is not JSON in UTF-8.") from exc


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


class Fields:
    """An object of JSON, asked for its fields by kind; `path` says where it stands."""

    def __init__(self, said: object, path: str = "") -> None:
        if not isinstance(said, dict):
            raise MalformedEvent(f"{path or 'The body'} is not an object of JSON.")
        self._said = cast("dict[str, Any]", said)
        self._path = path

    def has(self, name: str) -> bool:
        return name in self._said

    def text(self, name: str) -> str:
        found = self.text_or_none(name)
        if not found:
            raise MalformedEvent(f"{self._at(name)} is missing.")
        return found

    def text_or_none(self, name: str) -> str | None:
        found = self._said.get(name)
        if found is not None and not isinstance(found, str):
            raise MalformedEvent(f"{self._at(name)} is not a text.")
        if found is not None and len(found) > LONGEST_TEXT:
            raise MalformedEvent(f"{self._at(name)} is longer than any name can be.")
        return found

    def bare(self, name: str) -> str | None:
        """An etag, which some senders leave in its quotes."""
        return (self.text_or_none(name) or "").removeprefix("W/").strip('"') or None

    def uuid(self, name: str) -> str | None:
        """It tells objects apart, so one that is none is not known: it may be a name."""
        try:
            return str(UUID(self.text_or_none(name) or ""))
        except ValueError:
            return None

    def number_as_text(self, name: str) -> str | None:
        found = self._said.get(name)
        return (
            str(found) if type(found) is int and 0 <= found <= LARGEST else self.text_or_none(name)
        )

    def size(self, name: str) -> int | None:
        """Up to 18 digits; some senders write numbers as text."""
        found = self._said.get(name)
        if isinstance(found, str) and found.isascii() and found.isdigit():
            found = int(found) if len(found) <= _INT_DIGITS else LARGEST + 1
        if found is None:
            return None
        if type(found) is not int or not 0 <= found <= LARGEST:
            raise MalformedEvent(f"{self._at(name)} is no number of bytes.")
        return found

    def moment(self, name: str) -> datetime | None:
        """It only orders versions, so one that cannot be read is not known."""
        try:
            read = datetime.fromisoformat(self.text_or_none(name) or "")
            return read.astimezone(UTC) if read.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def inner(self, name: str) -> "Fields":
        return Fields(self._said.get(name), self._at(name))

    def inner_or_none(self, name: str) -> "Fields":
        """One without fields where it is missing."""
        found = self._said.get(name)
        return Fields({} if found is None else found, self._at(name))

    def inners(self, name: str) -> Iterator["Fields"]:
        found = self._said.get(name)
        if not isinstance(found, list):
            raise MalformedEvent(f"{self._at(name)} is not a list.")
        for number, one in enumerate(cast("list[object]", found)):
            yield Fields(one, f"{self._at(name)}[{number}]")

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name
