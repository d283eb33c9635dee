"""A cuff's pressures as a table: time_s, pressure_mmhg, leg."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from myograph.errors import BadInput
from myograph.recording import Signal
from myograph.scoring.pressure import CuffPressure, cuff_pressure
from myograph.scoring.results import Side
from myograph.scoring.symmetry import SIDES

MOST_MMHG = 1000
MOST_S = 24 * 3600
COLUMNS = ("time_s", "pressure_mmhg", "leg")


@dataclass(frozen=True, slots=True, eq=False)
class PressureSeries:
    """(n,) each. time_s never falls."""

    time_s: Signal
    pressure_mmhg: Signal


def series_of(text: str, name: str) -> Mapping[Side, PressureSeries]:
    """The series of each leg in a CSV with a heading; other columns are left alone.

    Fields may be parted by commas, or by semicolons with decimal commas, as spreadsheets write.

    name    of the file, for the sentences
    """
    found: dict[Side, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for line, row in _rows(text, name):
        where = f"{name}, line {line}"
        own = found[_leg(row, where)]
        time_s, mmhg = _number(row, "time_s", where), _number(row, "pressure_mmhg", where)
        if not 0 <= mmhg <= MOST_MMHG:
            raise BadInput(f"{where}: a cuff holds 0 to {MOST_MMHG} mmHg.")
        if abs(time_s) > MOST_S:
            raise BadInput(f"{where}: no session lasts longer than a day.")
        if own and time_s < own[-1][0]:
            raise BadInput(f"{where}: the times of a leg must rise.")
        own.append((time_s, mmhg))
    if not any(found.values()):
        raise BadInput(f"{name} holds no measurement.")
    return {side: _series(rows) for side, rows in found.items() if rows}


def pressures_of(
    series: Mapping[Side, PressureSeries], occlusion_mmhg: Mapping[Side, float]
) -> Mapping[Side, CuffPressure | None]:
    """What each leg's series says; None where its cuff was never inflated."""
    for side in series:
        if side not in occlusion_mmhg:
            raise BadInput(f"The arterial occlusion pressure of the {side} leg is needed.")
    for side in occlusion_mmhg:
        if side not in series:
            raise BadInput(f"The series holds no pressure of the {side} leg.")
    return {
        side: cuff_pressure(own.time_s, own.pressure_mmhg, occlusion_mmhg=occlusion_mmhg[side])
        for side, own in series.items()
    }


_Row = Mapping[str, str | None]


def _rows(text: str, name: str) -> list[tuple[int, _Row]]:
    """Each row and the number of its line."""
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
    try:
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
        if missing:
            raise BadInput(f"{name} has no column {', '.join(missing)}.")
        return [(table.line_num, row) for row in table]
    except csv.Error as e:
        raise BadInput(f"{name} is no table: {e}.") from e


def _leg(row: _Row, where: str) -> Side:
    written = (row["leg"] or "").strip().lower()
    for side in SIDES:
        if written == side:
            return side
    raise BadInput(f"{where}: the leg is left or right, not {written!r}.")


def _number(row: _Row, column: str, where: str) -> float:
    written = (row[column] or "").strip()
    try:
        value = float(written.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"{where}: {column} is no number: {written!r}.")
    return value


def _series(rows: list[tuple[float, float]]) -> PressureSeries:
    columns = np.array(rows, np.float64).T
    return PressureSeries(columns[0], columns[1])
