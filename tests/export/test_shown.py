"""Rows that are made while they are read."""

from types import SimpleNamespace

from myograph.export.shown import Beside, table
from myograph.export.tables import Column


def test_a_row_is_made_when_it_is_read_and_not_before():
    read = []

    def rows():
        for number in (1, 2):
            read.append(number)
            yield Beside(SimpleNamespace(id="a"), SimpleNamespace(rms=number / 2), channel="CH1")

    columns = (Column("s", "", "", "session.id"), Column("c", "", "", "channel"))
    made = iter(table("t", (*columns, Column("rms", "V", "", "row.rms")), rows()).rows)
    assert read == []
    assert next(made) == ("a", "CH1", 0.5)
    assert read == [1]
    assert list(made) == [("a", "CH1", 1.0)]
