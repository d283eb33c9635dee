"""What the game's level prescribed, beside the fixed criteria: 75 % of the MVC, held for 2 s."""

from collections.abc import Callable
from typing import Literal

from myograph.charts.numbers import decimal
from myograph.db.contractions import ContractionRow
from myograph.scoring.session import Prescription
from myograph.web.pages.cells import Cell, Column, Row, columns_of
from myograph.web.pages.loaded import Loaded

NOT_JUDGED = "not judged"


def prescription_of(loaded: Loaded) -> Prescription:
    game = loaded.session.game_metadata or {}
    return Prescription.usable(game.get("prescribed_mvc_share"), game.get("prescribed_hold_s"))


def scores_by(loaded: Loaded) -> bool:
    """Whether the good contractions of this session are those that met what was prescribed."""
    return loaded.scores is not None and loaded.scores.targets == "prescribed"


def line_of(loaded: Loaded) -> str:
    """What is prescribed and whether it scores; nothing where nothing is."""
    asked = prescription_of(loaded)
    share, hold_s = asked.mvc_share, asked.hold_s
    parts = (
        "" if share is None else f"{decimal(100 * share, 0)} % of MVC",
        "" if hold_s is None else f"{_seconds(hold_s)} s",
    )
    said = ", ".join(filter(None, parts))
    use = "these score" if scores_by(loaded) else "judged beside the targets, not scored"
    return f"Level prescribes {said} ({use})" if said else ""


def rows_of(loaded: Loaded) -> list[Row]:
    """How many contractions met what was prescribed, of each muscle."""
    asked = prescription_of(loaded)
    columns = columns_of(loaded.channels, loaded.contractions)
    rows: list[Row] = []
    if asked.mvc_share is not None:
        name = f"Prescribed: {decimal(100 * asked.mvc_share, 0)} % of MVC"
        rows.append(Row("strength", name, tuple(map(count_of("prescribed_intensity"), columns))))
    if asked.hold_s is not None:
        name = f"Prescribed: {_seconds(asked.hold_s)} s or more"
        rows.append(Row("hold", name, tuple(map(count_of("prescribed_duration"), columns))))
    return rows


Criterion = Literal[
    "meets_intensity", "meets_duration", "prescribed_intensity", "prescribed_duration"
]


def count_of(criterion: Criterion) -> Callable[[Column], Cell]:
    """How many of a muscle's contractions met it; nothing is 0 that was not judged."""

    def cell(column: Column) -> Cell:
        channel, rows = column
        judged = [met for row in rows if (met := _met(row, criterion)) is not None]
        unknown = bool(rows) or channel.good_contractions_duration is None
        if unknown and not judged:
            return Cell(NOT_JUDGED, known=False)
        return Cell(str(sum(judged)))

    return cell


def met_in_words(row: ContractionRow) -> str:
    """ "strong and long as prescribed"; nothing where nothing was prescribed or judged."""
    judged = {"strong": row.prescribed_intensity, "long": row.prescribed_duration}
    met = [name for name, value in judged.items() if value]
    if all(value is None for value in judged.values()):
        return ""
    return f"{' and '.join(met) or 'not'} as prescribed"


def _met(row: ContractionRow, criterion: Criterion) -> bool | None:
    value: bool | None = getattr(row, criterion)
    return value


def _seconds(value: float) -> str:
    return decimal(value, 1).removesuffix(".0")
