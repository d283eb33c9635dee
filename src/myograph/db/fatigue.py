"""The trend of fatigue as columns of a channel's row, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from myograph.analysis.results import Fatigue, Regression

NOT_LOOKED_FOR = "it was not looked for when this was measured"

_TRENDS = ("mdf", "mpf", "rms", "fi_nsm5")
_PARTS = tuple(field.name for field in fields(Regression) if field.name != "n")
_OF_ROW = {
    "fatigue_level": "level",
    "mdf_falls": "mdf_falls",
    "fatigue_quadrant": "quadrant",
    "fatigue_sentence": "sentence",
    "fatigue_reason": "reason",
}

COLUMNS = (
    "fatigue_contractions",
    *_OF_ROW,
    *(f"fatigue_{name}_{part}" for name in _TRENDS for part in _PARTS),
)


def columns_of(fatigue: Fatigue) -> dict[str, Any]:
    """Each column's value. All lines go through the same contractions, so their n is one."""
    columns: dict[str, Any] = {
        "fatigue_contractions": fatigue.mdf and fatigue.mdf.n,
        **{column: getattr(fatigue, name) for column, name in _OF_ROW.items()},
    }
    for name in _TRENDS:
        line: Regression | None = getattr(fatigue, name)
        for part in _PARTS:
            columns[f"fatigue_{name}_{part}"] = line and getattr(line, part)
    return columns


def take_from(row: dict[str, Any]) -> Fatigue:
    """What the columns say; they are taken out of `row`."""
    found = {column: row.pop(column) for column in COLUMNS}
    said = {name: found[column] for column, name in _OF_ROW.items()}
    if found["fatigue_contractions"] is None:
        return Fatigue(reason=said["reason"] or NOT_LOOKED_FOR)
    return Fatigue(**{name: _line(name, found) for name in _TRENDS}, **said)


def _line(name: str, found: Mapping[str, Any]) -> Regression:
    values = {part: found[f"fatigue_{name}_{part}"] for part in _PARTS}
    return Regression(n=found["fatigue_contractions"], **values)
