"""The parameter section: groups of named values.

A record is: length of its name (negative: locked), number (negative: a group, else the group it
belongs to), name, offset to the next record counted from the offset field (0: the last one), then
for a parameter its type, dimensions, values and a description.
https://www.c3d.org/HTML/Documents/parameterrecords.htm

Files break every rule of it: the count of blocks lies both ways, groups and parameters come in any
order and twice, descriptions are missing. What is followed here is the offset to the next record.
"""

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from myograph.c3d.header import BLOCK, SECTION_LIMIT, Header, NeedMore
from myograph.c3d.processor import Processor
from myograph.errors import Contradictory, Truncated
from myograph.recording import Finding

RECORD_LIMIT = 20_000
_CHAR, _BYTE, _INTEGER, _FLOAT = -1, 1, 2, 4
_KINDS = (_CHAR, _BYTE, _INTEGER, _FLOAT)
_DIMENSION_LIMIT = 7
_SHOWN = 5  # names in a finding
_length_and_group = struct.Struct("bb").unpack_from
_kind_and_dimensions = struct.Struct("bB").unpack_from


class Parameter(NamedTuple):  # three times as quick to make as a dataclass, and there are many
    """A named value. It is decoded only when it is asked for, and only as far as it is needed.

    dimensions   the first varies fastest; none: a single value
    section      the bytes it lies in, from `start` to `stop`
    """

    kind: int
    dimensions: tuple[int, ...]
    section: bytes
    start: int
    stop: int
    processor: Processor

    @property
    def holds_integers(self) -> bool:
        return self.kind == _INTEGER

    def numbers(self, at_most: int) -> Sequence[float]:
        """The first values, integers as signed; none where it holds text."""
        return self._numbers(at_most, unsigned=False)

    def counts(self, at_most: int) -> Sequence[float]:
        """The first values, integers as unsigned, as c3d.org wants it for whatever counts."""
        return self._numbers(at_most, unsigned=True)

    def texts(self, at_most: int) -> list[str]:
        """The first strings; none where it holds numbers."""
        if self.kind != _CHAR:
            return []
        width = self.dimensions[0] if len(self.dimensions) > 1 else self.stop - self.start
        if width == 0:
            return []
        stop = min(self.stop, self.start + at_most * width)
        return [_text(self.section[i : i + width]) for i in range(self.start, stop, width)]

    def _numbers(self, at_most: int, *, unsigned: bool) -> Sequence[float]:
        size = abs(self.kind)
        raw = self.section[self.start : min(self.stop, self.start + at_most * size)]
        if self.kind == _FLOAT:
            return self.processor.floats(raw)
        if self.kind == _INTEGER:
            return self.processor.integers(raw, "H" if unsigned else "h")
        if self.kind == _BYTE:
            return list(raw) if unsigned else struct.unpack(f"{len(raw)}b", raw)
        return []


Group = Mapping[str, Parameter]
_NO_GROUP: Group = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Parameters:
    """All groups by name; names are upper case."""

    groups: Mapping[str, Group]
    findings: tuple[Finding, ...] = ()

    def group(self, name: str) -> Group:
        return self.groups.get(name, _NO_GROUP)

    def find(self, group: str, name: str) -> Parameter | None:
        return self.group(group).get(name)

    def number(self, group: str, name: str) -> float | None:
        """The first value, integers as signed."""
        parameter = self.find(group, name)
        values = parameter.numbers(1) if parameter else ()
        return values[0] if values else None

    def count(self, group: str, name: str) -> float | None:
        """The first value, integers as unsigned."""
        parameter = self.find(group, name)
        values = parameter.counts(1) if parameter else ()
        return values[0] if values else None

    def text(self, group: str, name: str) -> str | None:
        parameter = self.find(group, name)
        texts = parameter.texts(1) if parameter else ()
        return texts[0] if texts else None

    def texts(self, group: str, name: str, count: int) -> list[str]:
        """Exactly `count` strings of a list that may run on; "" where it is too short."""
        texts: list[str] = []
        for parameter in self.series(group, name):
            texts += parameter.texts(count - len(texts))
        return texts + [""] * (count - len(texts))

    def series(self, group: str, name: str) -> Iterator[Parameter]:
        """A list that may be longer than 255 entries: LABELS, LABELS2, LABELS3, ..."""
        members = self.group(group)
        number = 1
        while parameter := members.get(name if number == 1 else f"{name}{number}"):
            yield parameter
            number += 1


def read_parameters(prefix: bytes, size: int, header: Header) -> Parameters:
    """The parameters of an object of `size` bytes that begins with `prefix`.

    A section that the end of the object cuts off is refused: half of the parameters may describe
    another recording than all of them.
    """
    limit = _limit(header)
    section = _Section(prefix, size, limit, here=min(limit, len(prefix)))
    names: dict[int, str] = {}
    members: dict[int, dict[str, Parameter]] = {}
    twice: dict[int, int] = {}
    unreadable: list[str] = []
    for name, number, body, following in _records(section, header):
        if number < 0:
            names.setdefault(-number, name)
            members.setdefault(-number, {})
            continue
        parameter = _parameter(section, body, following, header.processor)
        group = members.setdefault(number, {})
        if parameter is None:
            unreadable.append(name)
        elif group.setdefault(name, parameter) is not parameter:
            twice[number] = twice.get(number, 0) + 1
    named = ((names.get(number, f"#{number}"), group) for number, group in members.items())
    groups, joined = _joined(named)
    findings = (
        *([_unreadable(unreadable)] if unreadable else []),
        *(_twice(names.get(number, f"#{number}"), count) for number, count in twice.items()),
        *joined,
    )
    return Parameters(groups, findings)


@dataclass(frozen=True, slots=True)
class _Section:
    """The bytes that may hold parameters.

    size    of the whole object, of which `data` is the beginning
    limit   where the section ends at the latest, by what the header says
    here    how far it can be read
    """

    data: bytes
    size: int
    limit: int
    here: int

    def holds(self, stop: int) -> bool:
        """Whether the section reaches to `stop`; raises where it does and its bytes are missing."""
        if stop <= self.here:
            return True
        if stop > self.limit:
            return False
        if stop > self.size:
            raise Truncated(
                f"The file breaks off after {self.size} bytes, in the middle of its parameters."
                " Please copy it again from the device."
            )
        raise NeedMore(min(self.limit, self.size))


def _limit(header: Header) -> int:
    """Both the section's own count of blocks and the data start may lie: the farther one bounds it.

    Seven of 182 public files have records past the count, others count blocks beyond the data.
    """
    declared = header.parameter_start + header.parameter_blocks * BLOCK
    data = header.offset_of_block(header.data_block)
    if data - header.parameter_start > SECTION_LIMIT:
        data = 0
    return max(declared, data, header.parameter_start + BLOCK)


def _records(section: _Section, header: Header) -> Iterator[tuple[str, int, int, int]]:
    """Name, group number (negative: it is the group itself), where what follows the offset begins,
    and where the next record begins, 0 after the last."""
    data, here, unsigned = section.data, section.here, header.processor.unsigned
    position = header.parameter_start + 4
    for _ in range(RECORD_LIMIT):
        if position + 2 > here and not section.holds(position + 2):
            return
        length, group = _length_and_group(data, position)
        name_stop = position + 2 + abs(length)  # negative: locked
        if not length or not group or (name_stop + 2 > here and not section.holds(name_stop + 2)):
            return
        offset = unsigned(data, name_stop)  # past 32767 the sign bit is set in the wild
        following = name_stop + offset if offset else 0
        name = data[position + 2 : name_stop].decode("latin-1").strip("\0 ").upper()
        yield name, group, name_stop + 2, following
        if not following:
            return
        position = following
    raise Contradictory(
        f"The file lists more than {RECORD_LIMIT} parameters, which no recording has."
        " It is damaged, or not a C3D file."
    )


def _parameter(
    section: _Section, body: int, following: int, processor: Processor
) -> Parameter | None:
    """None where its type or its size cannot be."""
    data, here = section.data, section.here
    if body + 2 > here and not section.holds(body + 2):
        return None
    kind, count = _kind_and_dimensions(data, body)
    start = body + 2 + count
    if kind not in _KINDS or count > _DIMENSION_LIMIT or not section.holds(start):
        return None
    dimensions = tuple(data[body + 2 : start])
    stop = start + math.prod(dimensions, start=abs(kind))
    if (following and stop > following) or not section.holds(stop):
        return None
    return Parameter(kind, dimensions, data, start, stop, processor)


def _joined(
    named: Iterable[tuple[str, dict[str, Parameter]]],
) -> tuple[dict[str, Group], list[Finding]]:
    """Groups of one name become one; the first of two parameters counts."""
    groups: dict[str, Group] = {}
    twice: list[Finding] = []
    for name, group in named:
        if name in groups:
            groups[name] = {**group, **groups[name]}
            sentence = f"The parameter group {name} stands twice in the file; the two were joined."
            twice.append(Finding("duplicate_group", sentence))
        else:
            groups[name] = group
    return groups, twice


def _unreadable(names: list[str]) -> Finding:
    shown = ", ".join(names[:_SHOWN]) + (" and more" if len(names) > _SHOWN else "")
    return Finding(
        "parameter_unreadable",
        f"{len(names)} parameters have an impossible type or size and were left out: {shown}.",
    )


def _twice(group: str, count: int) -> Finding:
    return Finding(
        "duplicate_parameter",
        f"{count} parameters of group {group} stand twice in the file; the first of each counts.",
    )


def _text(raw: bytes) -> str:
    """Padded with NUL or blanks; ASCII, UTF-8 or, where it is neither, Latin-1."""
    raw = raw.split(b"\0", 1)[0].rstrip(b" ")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
