"""What of a session may be shown in a table, and rows that are made of it while they are read.

Without identifiers nothing is in a table that somebody typed: of labels and muscles only the usual.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from myograph.export.tables import Cell, Column, Table, cells

MUSCLES: Final = frozenset(
    {
        "quadriceps",
        "rectus femoris",
        "vastus lateralis",
        "vastus medialis",
        "vastus intermedius",
        "hamstrings",
        "biceps femoris",
        "semitendinosus",
        "semimembranosus",
        "gluteus maximus",
        "gluteus medius",
        "tensor fasciae latae",
        "adductors",
        "tibialis anterior",
        "peroneus longus",
        "gastrocnemius",
        "gastrocnemius medialis",
        "gastrocnemius lateralis",
        "soleus",
    }
)
_USUAL_LABEL: Final = re.compile(r"CH[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Beside:
    """One row beside its session; `session` and `row` are as they were read.

    channel    as it is shown: the label, or the place of one that somebody named
    muscle     as it is shown; None: not known, or not by a usual name
    side       left or right
    labels     {label: as it is shown} of those that are shown otherwise
    """

    session: Any
    row: Any
    channel: str | None = None
    muscle: str | None = None
    side: str | None = None
    labels: Mapping[str, str] | None = None


def shown_labels(labels: Iterable[str], *, identifiers: bool) -> dict[str, str]:
    """{label: as it is shown}, in the order of the file. With identifiers all are as they are."""
    return {
        label: label if identifiers or _USUAL_LABEL.fullmatch(label) else f"channel {number}"
        for number, label in enumerate(labels, 1)
    }


def shown_muscle(muscle: str | None, *, identifiers: bool) -> str | None:
    return muscle if identifiers or (muscle or "").lower() in MUSCLES else None


def table(name: str, columns: tuple[Column, ...], rows: Iterable[Beside]) -> Table:
    """Of rows that are made while they are read."""
    return Table(name, columns, map(partial(_row, columns), rows))


def _row(columns: tuple[Column, ...], row: Beside) -> tuple[Cell, ...]:
    told = cells(columns, row)
    return tuple(_renamed(cell, row.labels) for cell in told) if row.labels else told


def _renamed(cell: Cell, labels: Mapping[str, str]) -> Cell:
    """Sentences name channels, too."""
    if not isinstance(cell, str) or " " not in cell:
        return cell
    longest_first = sorted(map(re.escape, labels), key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", lambda m: labels[m.group()], cell)
