"""What the signal quality of a channel was judged by, with the limits of the judgement."""

from myograph.analysis.protocol import Protocol, Range
from myograph.analysis.results import Quality
from myograph.charts.numbers import decimal

_LEAST_PERCENT = 0.1


def quality_line(quality: Quality, protocol: Protocol) -> str:
    """Every share with the limits it is held against: full marks up to / none from."""
    noise_db, snr_db = quality.noise_level_db, quality.snr_db
    shares = (
        ("masked", quality.masked_share, protocol.masked_limits),
        ("at the limit", quality.saturated_share, protocol.saturated_limits),
        ("mains hum", quality.powerline_share, protocol.powerline_limits),
        ("movement", quality.motion_share, protocol.motion_limits),
    )
    good_db, poor_db = protocol.snr_db_limits
    parts = [
        *(_share_of(name, share, limits) for name, share, limits in shares),
        f"SNR {_decibels(snr_db)} ({good_db:g} / {poor_db:g})",
        f"rest {_decibels(noise_db)}{'' if noise_db is None else ' re 1 µV'}",
        f"{quality.dropouts} drop-outs, {quality.repeats} repeats, {quality.spikes} spikes",
    ]
    return f"quality (full marks / none): {', '.join(parts)}"


def _share_of(name: str, share: float | None, limits: Range) -> str:
    return f"{name} {_percent(share)} ({100 * limits[0]:g} / {100 * limits[1]:g})"


def _percent(share: float | None) -> str:
    """What is there and small is never shown as nothing."""
    if share is None:
        return "not measured"
    if 0 < 100 * share < _LEAST_PERCENT:
        return f"under {_LEAST_PERCENT} %"
    return f"{decimal(100 * share, 1 if share else 0)} %"


def _decibels(value: float | None) -> str:
    return "not measured" if value is None else f"{decimal(value, 1)} dB"
