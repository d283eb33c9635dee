"""Results as tables: the one representation from which every file format is written.

Each table is made from the very values that programs get, so no number can differ between them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

Cell: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """`place` is where the value stands in its row, JSON or dataclass: "statistics.rms"."""

    name: str
    unit: str
    meaning: str
    place: str


@dataclass(frozen=True, slots=True)
class Table:
    """A missing value is None. Rows may be made while they are read, and then only once."""

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Cell, ...]]


def table(name: str, columns: tuple[Column, ...], rows: Iterable[object]) -> Table:
    """Of rows that are read now."""
    return Table(name, columns, tuple(cells(columns, row) for row in rows))


def cells(columns: tuple[Column, ...], row: object) -> tuple[Cell, ...]:
    return tuple(_cell(row, column.place) for column in columns)


def codebook(tables: Sequence[Table]) -> Table:
    """What every column of these tables holds."""
    columns = (
        Column("table", "", "the table", "table"),
        Column("column", "", "the column", "column"),
        Column("unit", "", "its unit; empty: none", "unit"),
        Column("meaning", "", "what it holds", "meaning"),
    )
    rows = tuple((t.name, c.name, c.unit, c.meaning) for t in tables for c in t.columns)
    return Table("codebook", columns, rows)


def _cell(row: object, place: str) -> Cell:
    value: Any = row
    for key in place.split("."):
        value = _part(value, key)
    if value is None or isinstance(value, str | float | int):
        return value
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "; ".join(map(_text, cast("Sequence[Any]", value)))
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no cell holds a {type(value).__name__}")


def _part(value: Any, key: str) -> Any:  # noqa: ANN401
    """None where there is no such part."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(key)
    return getattr(value, key, None)


def _text(item: str | dict[str, Any]) -> str:
    """Of a sentence, a finding, or a component that is missing."""
    if isinstance(item, str):
        return item
    return item["sentence"] if "sentence" in item else f"{item['component']}: {item['reason']}"
