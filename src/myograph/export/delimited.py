"""Tables as CSV: UTF-8, a comma or a semicolon, a point, one file each."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, TextIO, TypeAlias

from myograph.export.tables import Cell, Table

Delimiter: TypeAlias = Literal[",", ";"]

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(table: Table) -> str:
    """With a heading; numbers as in JSON, what is missing as an empty cell."""
    text = io.StringIO()
    write_csv(table, text, ",")
    return text.getvalue()


def write_csv(table: Table, to: TextIO, delimiter: Delimiter) -> None:
    writer = csv.writer(to, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([_written(cell) for cell in row])


def write_zip(
    tables: Sequence[Table], to: BinaryIO, *, delimiter: Delimiter, dated: datetime
) -> None:
    """A file for each table. The same tables and date give the same bytes."""
    with zipfile.ZipFile(to, "w") as archive:
        for table in tables:
            entry = zipfile.ZipInfo(f"{table.name}.csv", dated.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with (
                archive.open(entry, "w", force_zip64=True) as file,
                io.TextIOWrapper(file, encoding="utf-8", newline="") as text,
            ):
                write_csv(table, text, delimiter)


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
