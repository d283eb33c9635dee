"""Exports in each format, read with nothing but the standard library."""

import csv
import io
import json
import zipfile

from tests.export.workbook_cells import sheets

MEDIA = {
    "json": "application/json",
    "csv": "application/zip",
    "excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def from_json(content):
    """{table: rows, each {column: value}}."""
    return json.loads(content)["tables"]


def from_csv(content, delimiter=","):
    """The same as texts; "" is missing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name.removesuffix(".csv"): list(
                csv.DictReader(io.StringIO(archive.read(name).decode()), delimiter=delimiter)
            )
            for name in archive.namelist()
        }


def from_excel(content):
    """The same; a cell that is missing is not there."""
    found = {}
    for name, (heading, *rows) in sheets(content).items():
        found[name] = [{heading[k]: v for k, v in row.items()} for row in rows]
    return found


def as_csv(value):
    """How a value of the JSON stands in a cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else float(value)


def same_in_csv(tables, read):
    """Every number to the last digit."""
    for name, rows in tables.items():
        for row, written in zip(rows, read[name], strict=True):
            wanted = {k: as_csv(v) for k, v in row.items()}
            found = {
                k: float(v) if isinstance(wanted[k], float) and v else v for k, v in written.items()
            }
            if found != wanted:
                return False
    return tables.keys() == read.keys()


def same_in_excel(tables, read):
    for name, rows in tables.items():
        wanted = [{k: v for k, v in row.items() if v is not None and v != ""} for row in rows]
        found = [{k: v for k, v in row.items() if v != ""} for row in read[name]]
        if found != wanted:
            return False
    return list(tables) == list(read)


def unzipped(content):
    """All that stands in a file, for a search of its bytes."""
    if content[:2] != b"PK":
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(name.encode() + archive.read(name) for name in archive.namelist())
