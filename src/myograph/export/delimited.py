"""Tables as CSV: UTF-8, a comma, a point, one file each."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from myograph.export.tables import Cell, Table

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(table: Table) -> str:
    """With a heading; numbers as in JSON, what is missing as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([_written(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def write_folder(tables: Sequence[Table], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        (folder / f"{table.name}.csv").write_text(csv_text(table), encoding="utf-8", newline="")


def guarded(text: str) -> str:
    """A spreadsheet would run a text that begins like a formula; numbers are never touched."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return guarded(cell) if isinstance(cell, str) else repr(cell)
