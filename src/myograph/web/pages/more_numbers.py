"""The second part of the card of muscles: what a therapist asks for now and then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final, Literal

from myograph.charts.numbers import decimal, microvolts
from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages.cells import (
    TOO_LITTLE,
    Cell,
    Column,
    Row,
    absent,
    columns_of,
    hertz,
    index,
    power_of_ten,
    together,
    volt_seconds,
    volts,
    why_no_amplitude,
    why_no_spectrum,
)

Varied = Literal["rms", "mav", "mpf", "mdf"]


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    rows: tuple[Row, ...]


def tables_of(
    channels: Sequence[ChannelStatistics], contractions: Sequence[ContractionRow]
) -> list[Table]:
    columns = columns_of(channels, contractions)
    return [
        Table(name, tuple(Row(key, row, tuple(map(cell, columns))) for key, row, cell in rows))
        for name, rows in _TABLES
    ]


def _relative_index(column: Column) -> Cell:
    """FInsm5 of all contractions over that of the first: the index means little by itself."""
    channel, rows = column
    indices = [row.fi_nsm5 for row in rows if row.fi_nsm5]
    if channel.fi_nsm5 is None or not indices:
        return absent(why_no_spectrum(column))
    first, last = indices[0], indices[-1]
    note = f"{together(f'last {decimal(last / first, 2)} ×,')} first {index(first)}"
    return Cell(f"{decimal(channel.fi_nsm5 / first, 2)} × first", note)


def _index(value: float | None, why: str) -> Cell:
    return absent(why) if value is None else Cell(index(value))


def _windows(column: Column) -> Cell:
    channel, _ = column
    if channel.temporal_windows is None or channel.temporal_window_s is None:
        return absent("under two windows lie within contractions")
    return Cell(f"{channel.temporal_windows} of {channel.temporal_window_s:g} s")


def _variation(name: Varied, unit: str, show: Callable[[float], str]) -> Callable[[Column], Cell]:
    """ "142 ± 18 µV", and how far that goes."""

    def cell(column: Column) -> Cell:
        mean, sd, least, most, cv = (
            getattr(column[0], f"{name}_{part}") for part in ("mean", "sd", "min", "max", "cv")
        )
        if mean is None:
            return _windows(column)
        shares = together(f"CV {decimal(100 * cv, 0)} %,")
        note = f"{shares} {together(f'{show(least)} to {show(most)}')}"
        return Cell(f"{show(mean)} ± {show(sd)} {unit}", note)

    return cell


def _index_variation(column: Column) -> Cell:
    """As the others, all in the power of ten of the mean: "1.57 ± 0.53" of 10⁻¹³ s⁶."""
    channel, _ = column
    mean, sd, cv = channel.fi_nsm5_mean, channel.fi_nsm5_sd, channel.fi_nsm5_cv
    least, most = channel.fi_nsm5_min, channel.fi_nsm5_max
    if mean is None or sd is None or cv is None or least is None or most is None:
        return _windows(column)
    power = floor(log10(mean))
    middle, spread, low, high = (decimal(v / 10.0**power, 2) for v in (mean, sd, least, most))
    parts = (f"× {power_of_ten(power)} s⁶,", f"CV {decimal(100 * cv, 0)} %,", f"{low} to {high}")
    return Cell(f"{middle} ± {spread}", " ".join(map(together, parts)))


def _one_decimal(value: float) -> str:
    return decimal(value, 1)


def _counted(value: int | None, note: str = "") -> Cell:
    return Cell("not recorded", known=False) if value is None else Cell(str(value), note)


def _missed(column: Column) -> Cell:
    channel, _ = column
    artefacts = channel.game_on_artefact
    return _counted(channel.game_missed, f"{artefacts} on an artefact" if artefacts else "")


_Rows = tuple[tuple[str, str, Callable[[Column], Cell]], ...]

_CONTRACTIONS: Final[_Rows] = (
    ("iemg", "iEMG", lambda c: volt_seconds(c[0].iemg, why=why_no_amplitude(c))),
    ("fi", "FInsm5", _relative_index),
    (
        "resolution",
        "Resolution of MPF, MDF",
        lambda c: hertz(c[0].spectral_resolution, why=why_no_spectrum(c)),
    ),
)
_VARIATION: Final[_Rows] = (
    ("variation", "Windows", _windows),
    ("variation", "RMS", _variation("rms", "µV", microvolts)),
    ("variation", "MAV", _variation("mav", "µV", microvolts)),
    ("variation", "MPF", _variation("mpf", "Hz", _one_decimal)),
    ("variation", "MDF", _variation("mdf", "Hz", _one_decimal)),
    ("variation", "FInsm5", _index_variation),
)
_WHOLE: Final[_Rows] = (
    ("whole", "RMS", lambda c: volts(c[0].whole_rms, why=TOO_LITTLE)),
    ("whole", "MAV", lambda c: volts(c[0].whole_mav, why=TOO_LITTLE)),
    ("whole", "iEMG", lambda c: volt_seconds(c[0].whole_iemg, why=TOO_LITTLE)),
    ("whole", "MPF", lambda c: hertz(c[0].whole_mpf, why=TOO_LITTLE)),
    ("whole", "MDF", lambda c: hertz(c[0].whole_mdf, why=TOO_LITTLE)),
    ("whole", "FInsm5", lambda c: _index(c[0].whole_fi_nsm5, TOO_LITTLE)),
    (
        "resolution",
        "Resolution of MPF, MDF",
        lambda c: hertz(c[0].whole_spectral_resolution, why=TOO_LITTLE),
    ),
)
_GAME: Final[_Rows] = (
    ("agreement", "The game's", lambda c: _counted(c[0].game_contractions)),
    ("contractions", "Ours", lambda c: Cell(str(c[0].total_contractions))),
    ("agreement", "Matched", lambda c: _counted(c[0].game_matched)),
    ("agreement", "Missed: the game's alone", _missed),
    ("agreement", "Extra: ours alone", lambda c: _counted(c[0].game_extra)),
    (
        "threshold",
        "Our threshold",
        lambda c: volts(c[0].detection_threshold, why="nothing stands out of rest"),
    ),
)
_TABLES: Final[tuple[tuple[str, _Rows], ...]] = (
    ("Variation within contractions, mean ± SD", _VARIATION),
    ("Over the contractions", _CONTRACTIONS),
    ("The game's contractions beside ours", _GAME),
    ("Over the whole recording, rest included", _WHOLE),
)
