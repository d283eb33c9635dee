"""The reference that a contraction's strength is judged by, and how far to trust it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from myograph.scoring.evidence import ChannelEvidence, Effort
from myograph.scoring.results import Mvc, MvcSource

ESTIMATED: MvcSource = "backend_95percentile"
GAME: MvcSource = "c3d_metadata"

SAID: Mapping[MvcSource, str] = {
    "user_defined": "set by a therapist",
    "baseline_session": "from a baseline session",
    "c3d_metadata": "from the game, in its own channel",
    "backend_95percentile": "estimated from this session",
}

_BASE: Mapping[MvcSource, float] = {
    "baseline_session": 1.0,
    "user_defined": 0.8,
    "c3d_metadata": 0.5,
    "backend_95percentile": 0.3,
}
_REPEATS = {1: 0.6, 2: 0.8}  # of a baseline; three efforts and more: 1
_FRESH_DAYS, _OLD_DAYS, _OLD_FACTOR = 7, 28, 0.5
_ENOUGH_CONTRACTIONS = 10
_REPEAT_SHARE = 0.9  # of the best effort

SHORT_S = 0.5  # strength is a mean over 500 ms; a shorter burst is no measure of it

NO_REFERENCE = Mvc(value_v=None, source=None, confidence=None)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A reference from an earlier session of type baseline, for one muscle.

    value_v     the strongest effort: the largest mean of the linear envelope over 500 ms
    efforts     how many come within 10 % of it
    quality     0..1, of the channel it was measured on
    age_days    between that session and this one
    """

    value_v: float
    efforts: int
    quality: float
    age_days: float = 0.0


def baseline_of(channel: ChannelEvidence) -> Baseline | None:
    """The reference that a baseline session gives; None where it gives none.

    Only efforts of 500 ms and more, hardly masked, on a channel that is not poor: a mean over less
    time reads higher than the same muscle could hold.
    """
    if channel.verdict == "poor":
        return None
    strengths = [e.strength_v for e in channel.efforts if e.judged and e.duration_s >= SHORT_S]
    best_v = max(strengths, default=None)
    if not _usable(best_v):
        return None
    repeats = sum(strength >= _REPEAT_SHARE * best_v for strength in strengths)
    return Baseline(best_v, repeats, channel.quality_score)


def reference(
    channel: ChannelEvidence, user_mvc_v: float | None, baseline: Baseline | None = None
) -> Mvc:
    """The first usable one of: the therapist's, a baseline session's, the file's, this session's
    own 95th percentile.

    The file's is in the domain of the activated channel, so it is usable only where that was
    recorded.
    """
    if user_mvc_v is not None:
        return _measured_elsewhere(user_mvc_v, "user_defined", channel, channel.envelope_p95_v)
    if baseline is not None:
        return _of_baseline(baseline, channel.envelope_p95_v)
    if _usable(channel.game_mvc_v) and _all_activated(channel.efforts):
        return _measured_elsewhere(channel.game_mvc_v, GAME, channel, channel.activated_p95_v)
    if _usable(channel.envelope_p95_v):
        return _estimated(channel.envelope_p95_v, channel)
    return NO_REFERENCE


def strength_v(effort: Effort, source: MvcSource) -> float | None:
    """In the domain of the reference: the two are never mixed."""
    return effort.activated_strength_v if source == GAME else effort.strength_v


def mvc_confidence(
    source: MvcSource | None,
    *,
    quality: float,
    efforts: int = 1,
    age_days: float = 0.0,
    exceeded: float = 1.0,
    contractions: int = 0,
) -> float | None:
    """0..1, falling with everything that makes a reference less sure; None without a reference.

    quality        0..1, of the channel it was measured on
    efforts        repeats of a baseline
    exceeded       95th percentile of the session / MVC: above 1 the maximum was no maximum
    contractions   behind an estimate from the session itself

    Our own convention: there is no published scale for this.
    """
    if source is None:
        return None
    confidence = _BASE[source] * quality
    if source == ESTIMATED:
        return confidence * min(1.0, contractions / _ENOUGH_CONTRACTIONS)
    if source == "baseline_session":
        confidence *= _REPEATS.get(efforts, 1.0)
    return confidence * _age_factor(age_days) / max(1.0, exceeded)


def _age_factor(age_days: float) -> float:
    """Electrodes are placed anew: full worth for a week, half from four weeks on."""
    aged = (age_days - _FRESH_DAYS) / (_OLD_DAYS - _FRESH_DAYS)
    return 1.0 - (1.0 - _OLD_FACTOR) * min(1.0, max(0.0, aged))


def _measured_elsewhere(
    value_v: float, source: MvcSource, channel: ChannelEvidence, session_p95_v: float | None
) -> Mvc:
    exceeded = 1.0 if session_p95_v is None else session_p95_v / value_v
    confidence = mvc_confidence(source, quality=channel.quality_score, exceeded=exceeded)
    return Mvc(value_v=value_v, source=source, confidence=confidence)


def _of_baseline(baseline: Baseline, session_p95_v: float | None) -> Mvc:
    confidence = mvc_confidence(
        "baseline_session",
        quality=baseline.quality,
        efforts=baseline.efforts,
        age_days=baseline.age_days,
        exceeded=0.0 if session_p95_v is None else session_p95_v / baseline.value_v,
    )
    return Mvc(value_v=baseline.value_v, source="baseline_session", confidence=confidence)


def _estimated(value_v: float, channel: ChannelEvidence) -> Mvc:
    confidence = mvc_confidence(
        ESTIMATED, quality=channel.quality_score, contractions=len(channel.efforts)
    )
    return Mvc(value_v=value_v, source=ESTIMATED, confidence=confidence)


def _usable(value_v: float | None) -> TypeGuard[float]:
    return value_v is not None and math.isfinite(value_v) and value_v > 0


def _all_activated(efforts: tuple[Effort, ...]) -> bool:
    return all(effort.activated_strength_v is not None for effort in efforts)
