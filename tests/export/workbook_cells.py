"""An Excel workbook read with nothing but the standard library."""

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets(content: bytes | Path) -> dict[str, list[dict[int, object]]]:
    """By sheet name its rows, each cell by its column; an empty cell is not there."""
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    with zipfile.ZipFile(source) as book:
        names = [s.get("name") for s in _tree(book, "xl/workbook.xml").iterfind(".//m:sheet", NS)]
        strings = _strings(book)
        return {
            name: _rows(_tree(book, f"xl/worksheets/sheet{number}.xml"), strings)
            for number, name in enumerate(names, 1)
        }


def _strings(book: zipfile.ZipFile) -> list[str]:
    """None where texts stand in their cells."""
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    items = _tree(book, "xl/sharedStrings.xml").iterfind("m:si", NS)
    return ["".join(t.text or "" for t in item.iterfind(".//m:t", NS)) for item in items]


def _tree(book: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(book.read(name))  # noqa: S314 - our own file


def _rows(sheet: ET.Element, strings: list[str]) -> list[dict[int, object]]:
    return [
        {
            _column(cell.get("r")): _value(cell, strings)
            for cell in row.iterfind("m:c", NS)
            if cell.find("m:v", NS) is not None or cell.get("t") == "inlineStr"
        }
        for row in sheet.iterfind(".//m:row", NS)
    ]


def _column(reference: str) -> int:
    number = 0
    for letter in filter(str.isalpha, reference):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ET.Element, strings: list[str]) -> object:
    text = cell.findtext("m:v", namespaces=NS)
    if cell.get("t") == "inlineStr":
        written = "".join(t.text or "" for t in cell.iterfind(".//m:t", NS))
        return re.sub("_x([0-9A-F]{4})_", lambda m: chr(int(m[1], 16)), written)
    if cell.get("t") == "s":
        return strings[int(text)]
    return text == "1" if cell.get("t") == "b" else float(text)
