"""What a session was judged by, and who said so: each value stands with its source."""

from collections.abc import Iterable, Sequence

from myograph.charts.numbers import decimal, microvolts
from myograph.db.scores import Scores
from myograph.db.statistics import ChannelStatistics
from myograph.scoring.mvc import SAID
from myograph.web.pages.words import short_name, source_of


def scored_with(scores: Scores, channels: Sequence[ChannelStatistics]) -> list[str]:
    """ "Target 12 (default)", "MVC left 98.0 µV (set for this patient)"; only what is known."""
    found = [
        _said(scores, "target", "Target", _each(c.target_contractions for c in channels)),
        _said(scores, "mvc_share", "Strength from", _shares(channels)),
        _said(scores, "hold", "Hold from", _holds(channels)),
        *(_mvc(scores, channel) for channel in channels),
        _said(scores, "sides", "Legs"),
        _said(scores, "rpe", "RPE", _number(scores.rpe_post_session)),
        _said(scores, "pressures", "Cuff pressure", _percent(scores.bfr_pressure_aop)),
        _said(scores, "game_maximum", "Maximum of the game", _number(scores.game_points_maximum)),
        _said(scores, "weights", "Weights"),
    ]
    return [line for line in found if line]


def _said(scores: Scores, key: str, name: str, value: str = "") -> str:
    """Nothing where nobody said anything."""
    source = source_of(scores.input_sources, key)
    return f"{' '.join(filter(None, (name, value)))} ({source})" if source else ""


def _mvc(scores: Scores, channel: ChannelStatistics) -> str:
    """Its method; of one that a therapist set also whether for the session or for the patient."""
    method = channel.mvc_calculation_method
    if channel.mvc_peak_value is None or method is None:
        return ""
    source = SAID[method]
    if method == "user_defined":
        source = source_of(scores.input_sources, f"mvc_{channel.side}") or source
    who = short_name(channel.channel_name, channel.side)
    who = who.lower() if channel.side else who
    return f"MVC {who} {microvolts(channel.mvc_peak_value)} µV ({source})"


def _shares(channels: Sequence[ChannelStatistics]) -> str:
    shares = [c.mvc_threshold_percentage for c in channels]
    each = _each(decimal(100 * share, 0) for share in shares if share is not None)
    return f"{each} % of MVC" if each else ""


def _holds(channels: Sequence[ChannelStatistics]) -> str:
    holds = [c.duration_threshold_seconds for c in channels]
    each = _each(decimal(hold, 1).removesuffix(".0") for hold in holds if hold is not None)
    return f"{each} s" if each else ""


def _each(values: Iterable[object]) -> str:
    """Each once: "12", or "2 / 3" where the legs differ."""
    return " / ".join(dict.fromkeys(str(value) for value in values if value is not None))


def _number(value: float | None) -> str:
    return "" if value is None else decimal(value, 0)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{decimal(value, 0)} %"
