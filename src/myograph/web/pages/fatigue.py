"""Whether a muscle tired, as a page says it: one verdict each, and the trends beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from myograph.analysis.results import Fatigue, Quadrant, Regression
from myograph.charts.numbers import decimal
from myograph.db.statistics import ChannelStatistics
from myograph.scoring.results import Side
from myograph.web.pages import words
from myograph.web.pages.cells import Cell, Row, absent, probability, together

_QUADRANTS: Final[Mapping[Quadrant, str]] = {
    "fatigue": "frequency down and amplitude up, as in fatigue",
    "less_force": "frequency and amplitude down, as with less force",
    "more_force": "frequency and amplitude up, as with more force",
    "recovery": "frequency up and amplitude down, as in recovery",
}


@dataclass(frozen=True, slots=True)
class FatigueLine:
    """What is said of one muscle. `beside`: what the verdict rests on; empty where it is none."""

    side: Side | None
    who: str
    verdict: str
    beside: str


def lines_of(channels: Sequence[ChannelStatistics]) -> list[FatigueLine]:
    return [
        FatigueLine(
            side=c.side,
            who=words.short_name(c.channel_name, c.side),
            verdict=_verdict(c.fatigue),
            beside=_beside(c.fatigue),
        )
        for c in channels
    ]


def rows_of(channels: Sequence[ChannelStatistics]) -> list[Row]:
    """The change of each number per minute; no rows where no muscle has a trend."""
    found = [c.fatigue for c in channels]
    if all(f.mdf is None for f in found):
        return []
    trends = {
        "MDF": [f.mdf for f in found],
        "MPF": [f.mpf for f in found],
        "RMS": [f.rms for f in found],
        "FInsm5": [f.fi_nsm5 for f in found],
    }
    return [Row("fatigue", name, tuple(map(_change, of))) for name, of in trends.items()]


def _verdict(fatigue: Fatigue) -> str:
    if fatigue.mdf is None or fatigue.sentence is None:
        return words.sentence(f"fatigue not measured: {fatigue.reason or 'the reason is unknown'}")
    return fatigue.sentence


def _beside(fatigue: Fatigue) -> str:
    mdf = fatigue.mdf
    if mdf is None:
        return ""
    tested = "" if fatigue.level is None else f" (tested at {fatigue.level:.3g})"
    said = f"{mdf.n} contractions, r² {decimal(mdf.r2, 2)}, {probability(mdf.p)}{tested}"
    return f"{said}; {_QUADRANTS[fatigue.quadrant]}" if fatigue.quadrant else said


def _change(trend: Regression | None) -> Cell:
    if trend is None:
        return absent("as said above")
    low, high = trend.low_per_min_percent, trend.high_per_min_percent
    if trend.slope_per_min_percent is None or low is None or high is None:
        return absent("the line does not begin above 0")
    parts = [
        f"{_signed(low)} to {_signed(high)}",
        f"r² {decimal(trend.r2, 2)}",
        probability(trend.p),
    ]
    if trend.robust_slope_per_min_percent is not None:
        parts.append(f"robust {_signed(trend.robust_slope_per_min_percent)}")
    return Cell(
        f"{_signed(trend.slope_per_min_percent)} %/min",
        ", ".join(map(together, parts)),
    )


def _signed(value: float) -> str:
    shown = decimal(value, 1)
    return shown if value <= 0 or shown == "0.0" else f"+{shown}"
