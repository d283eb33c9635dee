"""Tables as one Excel workbook, a sheet each."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it ships no types

from myograph.export.delimited import guarded
from myograph.export.tables import Cell, Table

_Sheet: TypeAlias = Any
_Bold: TypeAlias = Any

_MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel knows no zones; the same data, the same bytes
_WIDEST = 40


class _Exact(float):
    """The writer formats with 16 digits, one too few to get every number back."""

    def __format__(self, _spec: str) -> str:
        return float.__repr__(self)


def write_workbook(tables: Sequence[Table], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(workbook_bytes(tables))


def workbook_bytes(tables: Sequence[Table]) -> bytes:
    """Reproducible: the same tables give the same bytes."""
    content = BytesIO()
    workbook: Any = xlsxwriter.Workbook
    with workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE})
        bold = book.add_format({"bold": True})
        for table in tables:
            _fill(book.add_worksheet(table.name), table, bold)
    return content.getvalue()


def _fill(sheet: _Sheet, table: Table, bold: _Bold) -> None:
    for number, column in enumerate(table.columns):
        sheet.write_string(0, number, column.name, bold)
        sheet.set_column(number, number, min(max(len(column.name) + 2, 10), _WIDEST))
    sheet.freeze_panes(1, 0)
    for row, cells in enumerate(table.rows, 1):
        for number, cell in enumerate(cells):
            _write(sheet, row, number, cell)


def _write(sheet: _Sheet, row: int, column: int, cell: Cell) -> None:
    """What is missing stays an empty cell."""
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, _Exact(cell))
    elif cell is not None:
        sheet.write_string(row, column, guarded(cell))
