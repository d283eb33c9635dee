"""Tables as one Excel workbook, a sheet each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it ships no types

from myograph.errors import BadInput
from myograph.export.delimited import guarded
from myograph.export.tables import Cell, Table

_Sheet: TypeAlias = Any
_Bold: TypeAlias = Any

_MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel knows no zones; the same data, the same bytes
_WIDEST = 40
MOST_ROWS: Final = 1_048_575  # of a sheet, below its heading
TOO_MANY_ROWS: Final = (
    f"A sheet of Excel holds {MOST_ROWS:,} rows at most, and there are more."
    " Please choose CSV or a shorter span."
)


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
    _write_sheets(tables, content, {"in_memory": True}, _MADE)
    return content.getvalue()


def write_large_workbook(
    tables: Sequence[Table], to: BinaryIO, *, dated: datetime, folder: Path
) -> None:
    """In little memory: rows wait in `folder` until all sheets are there.

    Raises BadInput where a sheet cannot hold a table.
    """
    options = {"constant_memory": True, "tmpdir": str(folder)}
    _write_sheets(tables, to, options, dated.astimezone(UTC).replace(tzinfo=None))


def _write_sheets(
    tables: Sequence[Table], to: BinaryIO, options: dict[str, Any], made: datetime
) -> None:
    workbook: Any = xlsxwriter.Workbook
    with workbook(to, options) as book:
        book.set_properties({"created": made})
        bold = book.add_format({"bold": True})
        for table in tables:
            _fill(book.add_worksheet(table.name), table, bold)


def _fill(sheet: _Sheet, table: Table, bold: _Bold) -> None:
    for number, column in enumerate(table.columns):
        sheet.write_string(0, number, column.name, bold)
        sheet.set_column(number, number, min(max(len(column.name) + 2, 10), _WIDEST))
    sheet.freeze_panes(1, 0)
    for row, cells in enumerate(table.rows, 1):
        if row > MOST_ROWS:
            raise BadInput(TOO_MANY_ROWS)
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
