"""The same tables in each format: the same numbers, the same bytes, and nothing runs."""

import io
import json
import math
import re
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.errors import BadInput
from myograph.export import workbook
from myograph.export.delimited import write_zip
from myograph.export.json_tables import write_json
from myograph.export.tables import Column, Table
from myograph.export.workbook import write_large_workbook
from tests.export.files import from_csv, from_excel, from_json, same_in_csv, same_in_excel

DATED = datetime(2026, 3, 2, 14, 5, 6, tzinfo=UTC)
COLUMNS = tuple(Column(name, "", "", name) for name in ("text", "number", "flag"))
ROWS = (
    ("P", 1.2345678901234567e-13, True),
    (None, None, True),
    ('Bäcker; 2, "3"\n4', -0.1, False),
    ("", 7, None),
)
OTHER = Table("other", (Column("a", "", "", "a"),), ())


def tables(rows=ROWS):
    """Anew: rows may be read but once."""
    return [Table("first", COLUMNS, iter(rows)), OTHER]


def as_json(rows=ROWS):
    file = io.BytesIO()
    write_json(tables(rows), file)
    return file.getvalue()


def as_zip(rows=ROWS, delimiter=",", dated=DATED):
    file = io.BytesIO()
    write_zip(tables(rows), file, delimiter=delimiter, dated=dated)
    return file.getvalue()


@pytest.fixture
def as_book(tmp_path):
    def written(rows=ROWS, dated=DATED):
        file = io.BytesIO()
        write_large_workbook(tables(rows), file, dated=dated, folder=tmp_path)
        assert list(tmp_path.iterdir()) == []
        return file.getvalue()

    return written


def test_json_holds_each_row_by_the_names_of_its_columns():
    document = json.loads(as_json())
    assert document["schema"] == "myograph-export-1"
    names = ("text", "number", "flag")
    rows = [dict(zip(names, row, strict=True)) for row in ROWS]
    assert document["tables"] == {"first": rows, "other": []}


def test_every_format_gives_every_number_back_to_the_last_digit(as_book):
    wanted = from_json(as_json())
    assert same_in_csv(wanted, from_csv(as_zip()))
    assert same_in_csv(wanted, from_csv(as_zip(delimiter=";"), ";"))
    assert same_in_excel(wanted, from_excel(as_book()))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_loses_a_digit_on_its_way(number):
    rows = (("x", number, None),)
    assert from_json(as_json(rows))["first"][0]["number"] == number
    written = from_csv(as_zip(rows))["first"][0]["number"]
    assert (float(written), math.copysign(1, float(written))) == (number, math.copysign(1, number))


def test_a_semicolon_stands_between_the_cells_where_it_was_asked_for():
    def heading(content):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("first.csv").split(b"\r\n")[0]

    assert heading(as_zip()) == b"text,number,flag"
    assert heading(as_zip(delimiter=";")) == b"text;number;flag"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_text_that_begins_like_a_formula_is_made_a_text_and_a_number_never(text, as_book):
    rows = ((text, -1.5, None),)
    for delimiter in (",", ";"):
        [cell] = from_csv(as_zip(rows, delimiter), delimiter)["first"]
        assert (cell["text"], cell["number"]) == (f"'{text}", "-1.5")
    assert from_excel(as_book(rows))["first"] == [{"text": f"'{text}", "number": -1.5}]
    assert from_json(as_json(rows))["first"][0]["text"] == text


def test_the_same_tables_and_date_make_the_same_bytes(as_book):
    assert as_zip() == as_zip()
    assert as_book() == as_book()
    assert as_json() == as_json()
    later = DATED.replace(year=2027)
    assert as_zip() != as_zip(dated=later)
    assert as_book() != as_book(dated=later)


def test_the_dates_inside_are_those_of_the_data(as_book):
    with zipfile.ZipFile(io.BytesIO(as_zip())) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 3, 2, 14, 5, 6)}
    with zipfile.ZipFile(io.BytesIO(as_book())) as book:
        core = book.read("docProps/core.xml").decode()
        assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2026-03-02T14:05:06Z"}
        assert {entry.date_time[0] for entry in book.infolist()} == {1980}


def test_a_sheet_takes_what_it_holds_and_not_a_row_more(as_book, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", len(ROWS))
    assert len(from_excel(as_book())["first"]) == len(ROWS)
    monkeypatch.setattr(workbook, "MOST_ROWS", len(ROWS) - 1)
    with pytest.raises(BadInput, match="choose CSV"):
        as_book()
