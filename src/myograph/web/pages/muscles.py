"""The table of muscles: one column per channel, one row per measure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from myograph.charts.numbers import decimal
from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics
from myograph.scoring.mvc import ESTIMATED, SAID
from myograph.web.pages.cells import (
    Cell,
    Column,
    Row,
    columns_of,
    hertz,
    volts,
    why_no_amplitude,
    why_no_spectrum,
)
from myograph.web.pages.prescribed import NOT_JUDGED, count_of
from myograph.web.pages.words import VERDICTS


def muscle_rows(
    channels: Sequence[ChannelStatistics], contractions: Sequence[ContractionRow]
) -> list[Row]:
    columns = columns_of(channels, contractions)
    return [
        Row(key, name(channels), tuple(cell(column) for column in columns))
        for key, name, cell in _ROWS
    ]


def _always(name: str) -> Callable[[Sequence[ChannelStatistics]], str]:
    return lambda _: name


def _strength_name(channels: Sequence[ChannelStatistics]) -> str:
    shares = [c.mvc_threshold_percentage for c in channels]
    known = {decimal(100 * share, 0) for share in shares if share is not None}
    return f"Reached {' / '.join(sorted(known))} % of MVC" if known else "Reached strength"


def _hold_name(channels: Sequence[ChannelStatistics]) -> str:
    holds = [c.duration_threshold_seconds for c in channels]
    known = {decimal(hold, 1).removesuffix(".0") for hold in holds if hold is not None}
    return f"Held {' / '.join(sorted(known))} s or more" if known else "Held long enough"


def _count(value: int | None) -> Cell:
    return Cell(NOT_JUDGED, known=False) if value is None else Cell(str(value))


def _strong(column: Column) -> Cell:
    """Of an estimated maximum the count is relative to this very session, and says so."""
    cell = count_of("meets_intensity")(column)
    estimated = column[0].mvc_calculation_method == ESTIMATED
    return replace(cell, note="of an estimate from this session") if estimated else cell


def _done(column: Column) -> Cell:
    channel, _ = column
    of = f" of {channel.target_contractions}" if channel.target_contractions else ""
    return Cell(f"{channel.total_contractions}{of}")


def _mean_hold(column: Column) -> Cell:
    rows = column[1]
    if not rows:
        return Cell("none found", known=False)
    return Cell(f"{decimal(sum(r.duration_s for r in rows) / len(rows), 2)} s")


def _highest(column: Column) -> Cell:
    rows = column[1]
    return volts(max(r.peak for r in rows)) if rows else Cell("none found", known=False)


def _mvc(column: Column) -> Cell:
    channel, _ = column
    source = channel.mvc_calculation_method
    if channel.mvc_peak_value is None or source is None:
        return Cell("not known", "nothing to take it from", known=False)
    confidence = channel.mvc_confidence_score
    sure = "" if confidence is None else f", confidence {decimal(confidence, 2)}"
    return volts(channel.mvc_peak_value, SAID[source] + sure)


def _quality(column: Column) -> Cell:
    channel, _ = column
    _, glyph, word = VERDICTS[channel.quality_verdict]
    return Cell(f"{glyph} {word}")


def _game(column: Column) -> Cell:
    channel, _ = column
    if channel.game_contractions is None:
        return Cell("not recorded", known=False)
    parts = [f"{channel.game_matched} matched"]
    if channel.game_on_artefact:
        parts.append(f"{channel.game_on_artefact} on a drop-out")
    return Cell(str(channel.game_contractions), ", ".join(parts))


_ROWS: Final[
    tuple[tuple[str, Callable[[Sequence[ChannelStatistics]], str], Callable[[Column], Cell]], ...]
] = (
    ("contractions", _always("Contractions"), _done),
    ("strength", _strength_name, _strong),
    ("hold", _hold_name, count_of("meets_duration")),
    ("dose", _always("Both: good contractions"), lambda c: _count(c[0].good_contractions_both)),
    ("hold", _always("Mean hold"), _mean_hold),
    ("envelope", _always("Highest envelope"), _highest),
    ("mvc", _always("MVC (reference)"), _mvc),
    ("rms", _always("RMS"), lambda c: volts(c[0].rms, why=why_no_amplitude(c))),
    ("mav", _always("MAV"), lambda c: volts(c[0].mav, why=why_no_amplitude(c))),
    ("mpf", _always("Mean power frequency"), lambda c: hertz(c[0].mpf, why=why_no_spectrum(c))),
    ("mdf", _always("Median frequency"), lambda c: hertz(c[0].mdf, why=why_no_spectrum(c))),
    ("agreement", _always("Game's own count"), _game),
    ("quality", _always("Signal quality"), _quality),
)
