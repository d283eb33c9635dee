"""Every further number of each contraction, in a table of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from myograph.charts.numbers import decimal, microvolts
from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages.words import short_name

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Numbers:
    """One row; each with the unit that its column names, "–" where it was not measured."""

    key: str
    who: str
    side: str
    cells: tuple[str, ...]


# Anchor on the help page, name, unit.
HEADS: tuple[tuple[str, str, str], ...] = (
    ("time_to_peak", "To peak", "s"),
    ("mav", "MAV", "µV"),
    ("iemg", "iEMG", "µV s"),
    ("mpf", "MPF", "Hz"),
    ("mdf", "MDF", "Hz"),
    ("fi", "FInsm5", "× first"),
)


def numbers_of(
    channels: Sequence[ChannelStatistics], contractions: Sequence[ContractionRow]
) -> list[Numbers]:
    """By muscle, in time order. FInsm5 is that of the muscle's first contraction that has one."""
    found: list[Numbers] = []
    for channel in channels:
        rows = [row for row in contractions if row.channel == channel.channel_name]
        first = next((row.fi_nsm5 for row in rows if row.fi_nsm5), None)
        who = short_name(channel.channel_name, channel.side)
        found += [
            Numbers(
                f"{row.channel}-{row.number}-numbers",
                f"{who} {row.number}",
                channel.side or "neither",
                _cells(row, first),
            )
            for row in rows
        ]
    return found


def _cells(row: ContractionRow, first: float | None) -> tuple[str, ...]:
    relative = row.fi_nsm5 / first if row.fi_nsm5 and first else None
    return (
        decimal(row.time_to_peak_s, 2),
        NOTHING if row.mav is None else microvolts(row.mav),
        NOTHING if row.iemg is None else microvolts(row.iemg),
        *(NOTHING if hz is None else decimal(hz, 1) for hz in (row.mpf, row.mdf)),
        NOTHING if relative is None else decimal(relative, 2),
    )
