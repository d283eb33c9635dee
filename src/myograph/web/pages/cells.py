"""Cells of the tables of muscles: a value with its unit, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

from myograph.charts.numbers import decimal, microvolts
from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics

NOT_MEASURED: Final = "not measured"
TOO_LITTLE: Final = "too little is free of faults"
LEAST_PERCENT: Final = 0.1
LEAST_P: Final = 0.001
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Cell:
    """`note` stands small below the value; `known` False: the text says why there is none."""

    text: str
    note: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """`key` is the anchor of the measure on the help page; `aside` what all its cells share."""

    key: str
    name: str
    cells: tuple[Cell, ...]
    aside: str = ""


Column = tuple[ChannelStatistics, Sequence[ContractionRow]]


def columns_of(
    channels: Sequence[ChannelStatistics], contractions: Sequence[ContractionRow]
) -> list[Column]:
    return [(c, [r for r in contractions if r.channel == c.channel_name]) for c in channels]


def absent(reason: str = "") -> Cell:
    return Cell(NOT_MEASURED, reason, known=False)


def volts(value: float | None, note: str = "", *, why: str = "") -> Cell:
    return absent(why) if value is None else Cell(f"{microvolts(value)} µV", note)


def volt_seconds(value: float | None, *, why: str = "") -> Cell:
    return absent(why) if value is None else Cell(f"{microvolts(value)} µV s")


def hertz(value: float | None, note: str = "", *, why: str = "") -> Cell:
    return absent(why) if value is None else Cell(f"{decimal(value, 1)} Hz", note)


def decibels(value: float | None, *, why: str = "") -> Cell:
    return absent(why) if value is None else Cell(f"{decimal(value, 1)} dB")


def percent(share: float | None, note: str = "", *, why: str = "") -> Cell:
    """Of a share; what is there and small is never shown as nothing."""
    if share is None:
        return absent(why)
    shown = 100 * share
    if 0 < shown < LEAST_PERCENT:
        return Cell(f"under {LEAST_PERCENT} %", note)
    return Cell(f"{decimal(shown, 1 if shown else 0)} %", note)


def index(value: float) -> str:
    """Dimitrov's index, near 1e-13: "2.31 × 10⁻¹³ s⁶"."""
    power = floor(log10(value))
    return together(f"{decimal(value / 10.0**power, 2)} × {power_of_ten(power)} s⁶")


def power_of_ten(power: int) -> str:
    return f"10{str(power).translate(_RAISED)}"


def together(text: str) -> str:
    """On one line wherever it stands."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def probability(p: float) -> str:
    return f"p < {LEAST_P}" if p < LEAST_P else f"p {decimal(p, 3)}"


def why_no_amplitude(column: Column) -> str:
    return "every contraction is masked" if column[1] else "no contraction"


def why_no_spectrum(column: Column) -> str:
    """Of the contractions."""
    channel, rows = column
    if not rows or channel.rms is None:
        return why_no_amplitude(column)
    return "needs 2 s of contractions above rest, free of faults"
