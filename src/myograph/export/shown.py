"""Rows of a table that are made while they are read, each beside its session."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from myograph.export.tables import Column, Table, cells


@dataclass(frozen=True, slots=True)
class Beside:
    """One row beside its session; `session` and `row` are as they were read.

    channel    its label
    muscle     None: not known, or not by a usual name
    side       left or right
    """

    session: Any
    row: Any
    channel: str | None = None
    muscle: str | None = None
    side: str | None = None


def table(name: str, columns: tuple[Column, ...], rows: Iterable[Beside]) -> Table:
    """Of rows that are made while they are read."""
    return Table(name, columns, map(partial(cells, columns), rows))
