"""What one muscle did of what was asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from myograph.scoring.configuration import ComplianceComponent, Configuration
from myograph.scoring.evidence import ChannelEvidence, Effort
from myograph.scoring.mvc import ESTIMATED, SHORT_S, Baseline, reference, strength_v
from myograph.scoring.results import Judgement, MuscleScore, Mvc

_ROUNDING_S = 1e-9  # 2.3 - 0.3 is a hair less than 2.0

Parts = Mapping[ComplianceComponent, float]

ESTIMATED_REASON = "estimated from this session, so it says nothing about the force"
_NOTHING_JUDGED = "no contraction could be judged"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of one muscle: fixed criteria, and beside them what the game prescribed."""

    target: int
    hold_s: float
    mvc_share: float
    prescribed_hold_s: float | None = None
    prescribed_mvc_share: float | None = None


def score_muscle(
    channel: ChannelEvidence,
    asked: Asked,
    *,
    user_mvc_v: float | None,
    accepted: bool,
    configuration: Configuration,
    baseline: Baseline | None = None,
) -> MuscleScore:
    """Completion, intensity and duration, and their weighted mean over what is known.

    accepted    a therapist trusts the channel although its quality is poor
    """
    mvc = reference(channel, user_mvc_v, baseline)
    if channel.verdict == "poor" and not accepted:
        return _not_scored(channel, asked, mvc)
    judgements = tuple(_judge(effort, asked, mvc) for effort in channel.efforts)
    met = [_scoring(judgement, asked, configuration) for judgement in judgements]
    counts = _Counts.of(met)
    rates = _rates(counts, len(channel.efforts), asked.target)
    left_out = _left_out(rates, mvc, configuration)
    compliance, reason = _compliance(rates, left_out, configuration)
    return MuscleScore(
        label=channel.label,
        muscle=channel.muscle,
        side=channel.side,
        mvc=mvc,
        judgements=judgements,
        total=len(channel.efforts),
        target=asked.target,
        good_intensity=counts.intensity,
        good_duration=counts.duration,
        good_both=counts.both,
        completion=rates["completion"],
        intensity=rates["intensity"],
        duration=rates["duration"],
        compliance=compliance,
        left_out=left_out,
        reason=reason,
    )


def counted_parts(muscle: MuscleScore) -> Parts:
    """The components of its compliance that are known and count."""
    values: dict[ComplianceComponent, float | None] = {
        "completion": muscle.completion,
        "intensity": muscle.intensity,
        "duration": muscle.duration,
    }
    return {k: v for k, v in values.items() if v is not None and k not in muscle.left_out}


def weighted(parts: Parts, weights: Mapping[ComplianceComponent, float]) -> float | None:
    """The mean of `parts`, their weights renormalised; None where none of them has weight."""
    total = sum(weights[name] for name in parts)
    if total <= 0:
        return None
    return sum(weights[name] * value for name, value in parts.items()) / total


def _not_scored(channel: ChannelEvidence, asked: Asked, mvc: Mvc) -> MuscleScore:
    """A loose electrode is not a lazy patient."""
    return MuscleScore(
        label=channel.label,
        muscle=channel.muscle,
        side=channel.side,
        mvc=mvc,
        judgements=tuple(Judgement(e.number, None, None, None) for e in channel.efforts),
        total=len(channel.efforts),
        target=asked.target,
        good_intensity=None,
        good_duration=None,
        good_both=None,
        completion=None,
        intensity=None,
        duration=None,
        compliance=None,
        reason=f"the signal of {channel.label} is poor",
    )


def _judge(effort: Effort, asked: Asked, mvc: Mvc) -> Judgement:
    short = effort.duration_s < SHORT_S
    if not effort.judged:
        return Judgement(effort.number, None, None, None, short=short)
    intense = _reaches(effort, asked.mvc_share, mvc)
    held = _lasts(effort, asked.hold_s)
    return Judgement(
        number=effort.number,
        meets_intensity=intense,
        meets_duration=held,
        is_good=None if intense is None else intense and bool(held),
        prescribed_intensity=_reaches(effort, asked.prescribed_mvc_share, mvc),
        prescribed_duration=_lasts(effort, asked.prescribed_hold_s),
        short=short,
    )


def _reaches(effort: Effort, share: float | None, mvc: Mvc) -> bool | None:
    if share is None or mvc.value_v is None or mvc.source is None:
        return None
    strength = strength_v(effort, mvc.source)
    return None if strength is None else strength >= share * mvc.value_v


def _lasts(effort: Effort, hold_s: float | None) -> bool | None:
    return None if hold_s is None else effort.duration_s >= hold_s - _ROUNDING_S


@dataclass(frozen=True, slots=True)
class _Met:
    """By the criteria that score."""

    intensity: bool | None
    duration: bool | None


def _scoring(judgement: Judgement, asked: Asked, configuration: Configuration) -> _Met:
    """What was prescribed scores where the configuration says so and something is prescribed."""
    prescribed = configuration.targets == "prescribed"
    by_share = prescribed and asked.prescribed_mvc_share is not None
    by_hold = prescribed and asked.prescribed_hold_s is not None
    return _Met(
        judgement.prescribed_intensity if by_share else judgement.meets_intensity,
        judgement.prescribed_duration if by_hold else judgement.meets_duration,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Contractions that met their targets; None where not a single one could be judged."""

    intensity: int | None
    duration: int | None
    both: int | None
    judged_intensity: int
    judged_duration: int

    @classmethod
    def of(cls, met: Sequence[_Met]) -> "_Counts":
        intense = [m.intensity for m in met if m.intensity is not None]
        held = [m.duration for m in met if m.duration is not None]
        both = sum(bool(m.intensity and m.duration) for m in met)
        known = not met  # nothing done: nothing good, whatever the reference
        return cls(
            intensity=sum(intense) if intense or known else None,
            duration=sum(held) if held or known else None,
            both=both if intense or known else None,
            judged_intensity=len(intense),
            judged_duration=len(held),
        )


def _rates(counts: _Counts, total: int, target: int) -> dict[ComplianceComponent, float | None]:
    return {
        "completion": min(total / target, 1.0),
        "intensity": _share(counts.intensity, counts.judged_intensity),
        "duration": _share(counts.duration, counts.judged_duration),
    }


def _share(part: int | None, whole: int) -> float | None:
    return part / whole if part is not None and whole else None


def _left_out(
    rates: Mapping[ComplianceComponent, float | None], mvc: Mvc, configuration: Configuration
) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if rates["intensity"] is None:
        no_reference = mvc.value_v is None and bool(rates["completion"])
        reasons["intensity"] = "no MVC is known" if no_reference else _NOTHING_JUDGED
    elif mvc.source == ESTIMATED and not configuration.include_estimated_intensity:
        reasons["intensity"] = ESTIMATED_REASON
    if rates["duration"] is None:
        reasons["duration"] = _NOTHING_JUDGED
    return reasons


def _compliance(
    rates: Mapping[ComplianceComponent, float | None],
    left_out: Mapping[str, str],
    configuration: Configuration,
) -> tuple[float | None, str | None]:
    """The weighted mean, or None and why."""
    if rates["completion"] == 0:
        return 0.0, None
    parts: Parts = {k: v for k, v in rates.items() if v is not None and k not in left_out}
    value = weighted(parts, configuration.compliance_weights)
    return value, None if value is not None else "no component that has weight is known"
