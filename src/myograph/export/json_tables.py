"""Tables as one JSON document: a list of rows each, by the names of their columns."""

import json
from collections.abc import Sequence
from typing import BinaryIO, Final

from myograph.export.tables import Table

SCHEMA: Final = "myograph-export-1"


def write_json(tables: Sequence[Table], to: BinaryIO) -> None:
    """A row a line; what is missing is null."""
    to.write(f'{{"schema": {json.dumps(SCHEMA)},\n "tables": {{'.encode())
    for number, table in enumerate(tables):
        to.write(f"{',' if number else ''}\n  {json.dumps(table.name)}: [".encode())
        names = [column.name for column in table.columns]
        for place, row in enumerate(table.rows):
            text = json.dumps(dict(zip(names, row, strict=True)), allow_nan=False)
            to.write(f"{',' if place else ''}\n    {text}".encode())
        to.write(b"]")
    to.write(b"\n }}\n")
