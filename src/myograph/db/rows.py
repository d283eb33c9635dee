"""Rows that a query always gives."""

from typing import TypeVar

T = TypeVar("T")


def certain(row: T | None) -> T:
    """The row of a query that cannot come back empty: an aggregate, a function that answers."""
    if row is None:
        raise AssertionError("a query that always answers came back empty")
    return row
