"""What the signal quality of each channel was judged by, with the limits of the judgement."""

from collections.abc import Callable, Sequence
from typing import Final

from myograph.analysis.protocol import DEFAULT, Protocol, Range
from myograph.charts.numbers import decimal
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages.cells import TOO_LITTLE, Cell, Row, decibels, percent, volts


def quality_rows(channels: Sequence[ChannelStatistics]) -> list[Row]:
    """Each with the limits it was held against, where those are known: of the default protocol."""
    known = all(c.protocol_digest == DEFAULT.digest for c in channels)
    return [
        Row(key, name, tuple(map(cell, channels)), limits(DEFAULT) if known else "")
        for key, name, cell, limits in _ROWS
    ]


def _noise(channel: ChannelStatistics) -> Cell:
    level_db = channel.noise_level_db
    note = "" if level_db is None else f"{decimal(level_db, 1)} dB re 1 µV"
    return volts(channel.noise_level, note, why="no rest was found")


def _hum(channel: ChannelStatistics) -> Cell:
    at_hz = channel.powerline_hz
    note = f"at {at_hz:.0f} Hz" if at_hz and channel.powerline_share else ""
    return percent(channel.powerline_share, note, why=TOO_LITTLE)


def _faults(channel: ChannelStatistics) -> Cell:
    counts = {
        "drop-out": channel.dropouts,
        "repeat": channel.repeats,
        "spike": channel.spikes,
    }
    said = [f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items() if n]
    return Cell(", ".join(said) or "none")


def _shares(limits: Range) -> str:
    return f"{100 * limits[0]:g} % / {100 * limits[1]:g} %"


def _decibels(limits: Range) -> str:
    return f"{limits[0]:g} dB / {limits[1]:g} dB"


_Make = Callable[[ChannelStatistics], Cell]
_Limits = Callable[[Protocol], str]
_ROWS: Final[tuple[tuple[str, str, _Make, _Limits], ...]] = (
    (
        "snr",
        "Signal to noise (SNR)",
        lambda c: decibels(c.snr_db, why="no contraction to hold against rest"),
        lambda p: _decibels(p.snr_db_limits),
    ),
    ("noise", "Baseline noise", _noise, lambda _: "not judged"),
    ("hum", "Mains hum", _hum, lambda p: _shares(p.powerline_limits)),
    (
        "motion",
        "Movement",
        lambda c: percent(c.motion_share, why=TOO_LITTLE),
        lambda p: _shares(p.motion_limits),
    ),
    ("masked", "Masked", lambda c: percent(c.masked_share), lambda p: _shares(p.masked_limits)),
    (
        "limit",
        "At the sensor's limit",
        lambda c: percent(c.saturated_share),
        lambda p: _shares(p.saturated_limits),
    ),
    ("masked", "Drop-outs, repeats, spikes", _faults, lambda _: "counted as masked"),
)
