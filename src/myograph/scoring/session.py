"""The scores of one session: its channels against what was asked of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from myograph.errors import BadInput
from myograph.recording import GameFacts
from myograph.scoring.categories import overall_category, symmetry_category
from myograph.scoring.compliance import Asked, score_muscle
from myograph.scoring.configuration import Configuration, Targets
from myograph.scoring.effort import effort_score
from myograph.scoring.evidence import ChannelEvidence
from myograph.scoring.game import game_score, why_no_game_score
from myograph.scoring.mvc import Baseline
from myograph.scoring.overall import overall_score
from myograph.scoring.pressure import Gate, pressure_gate
from myograph.scoring.results import Component, Missing, MuscleScore, SessionScore, Side
from myograph.scoring.symmetry import SIDES, side_compliance, symmetry_score

DEFAULT_TARGET = 12
DEFAULT_HOLD_S = 2.0
DEFAULT_MVC_SHARE = 0.75
_HIGHEST_RPE = 10


@dataclass(frozen=True, slots=True)
class SessionInputs:
    """What people and the file say about a session; each may be unknown.

    targets, holds_s   contractions asked for, and how long each is held, where a side has its own
    mvc_share          of the reference, from which on a contraction is intense enough
    user_mvc_v         set by a therapist, volts of the envelope
    baselines          of the patient's latest session of type baseline
    prescribed_*       by the game's level or the settings, beside the fixed criteria
    rpe                a whole number from 0 to 10
    bfr_enabled        None: unknown, scored as on
    pressures          measured, per cent of arterial occlusion pressure; None: a cuff that was
                       not measured
    cuffs              the legs that wear one; None: those that have a muscle here
    accepted           labels of poor channels that a therapist accepts
    """

    target: int = DEFAULT_TARGET
    targets: Mapping[Side, int] = field(default_factory=dict[Side, int])
    hold_s: float = DEFAULT_HOLD_S
    holds_s: Mapping[Side, float] = field(default_factory=dict[Side, float])
    mvc_share: float = DEFAULT_MVC_SHARE
    user_mvc_v: Mapping[Side, float] = field(default_factory=dict[Side, float])
    baselines: Mapping[Side, Baseline] = field(default_factory=dict[Side, Baseline])
    prescribed_mvc_share: float | None = None
    prescribed_hold_s: float | None = None
    rpe: float | None = None
    rpe_source: str | None = None
    game_points: float | None = None
    game_maximum: float | None = None
    bfr_enabled: bool | None = None
    pressures: Mapping[Side, float | None] = field(default_factory=dict[Side, float | None])
    cuffs: frozenset[Side] | None = None
    accepted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        targets = (self.target, *self.targets.values())
        _require(all(t >= 1 for t in targets), "A target is at least one contraction.")
        holds_s = (self.hold_s, *self.holds_s.values(), *_known(self.prescribed_hold_s))
        _require(all(map(_positive, holds_s)), "A contraction is held for more than 0 s.")
        shares = (self.mvc_share, *_known(self.prescribed_mvc_share))
        _require(all(map(_share, shares)), "A share of the MVC lies above 0 and is at most 1.")
        _require(all(map(_positive, self.user_mvc_v.values())), "An MVC is a voltage above 0.")
        pressures = [p for p in self.pressures.values() if p is not None]
        _require(all(map(_not_negative, pressures)), "A pressure is not negative.")


@dataclass(frozen=True, slots=True)
class Prescription:
    """What a level of the game asks of each contraction; None: nothing.

    mvc_share    of the reference, above 0 and at most 1
    hold_s       above 0
    """

    mvc_share: float | None
    hold_s: float | None

    @classmethod
    def usable(cls, mvc_share: float | None, hold_s: float | None) -> "Prescription":
        """What is said wrongly is not said."""
        return cls(
            mvc_share if mvc_share is not None and _share(mvc_share) else None,
            hold_s if hold_s is not None and _positive(hold_s) else None,
        )


def inputs_of_file(game: GameFacts | None) -> SessionInputs:
    """The inputs that a file alone can give. What it says wrongly it does not say."""
    if game is None:
        return SessionInputs()
    asked = Prescription.usable(game.prescribed_mvc_share, game.prescribed_hold_s)
    rpe = game.rpe if game.rpe is not None and _is_rpe(game.rpe) else None
    return SessionInputs(
        prescribed_mvc_share=asked.mvc_share,
        prescribed_hold_s=asked.hold_s,
        rpe=rpe,
        rpe_source=None if rpe is None else "file",
        game_points=game.score,
    )


def score_session(
    channels: Sequence[ChannelEvidence], inputs: SessionInputs, configuration: Configuration
) -> SessionScore:
    """Every component that can be known, and the overall score over those.

    The GHOSTLY+ trial's performance score; docs/methods.md has the formulas.
    """
    muscles = tuple(_score_muscle(channel, inputs, configuration) for channel in channels)
    sides = side_compliance(muscles)
    gate = pressure_gate(
        enabled=inputs.bfr_enabled, measured=inputs.pressures, cuffs=_cuffs(channels, inputs)
    )
    components: dict[Component, float | None] = {
        "compliance": _gated(sides, gate),
        "symmetry": symmetry_score(muscles, configuration.compliance_weights),
        "effort": effort_score(inputs.rpe, configuration.rpe_scores),
        "game": game_score(inputs.game_points, inputs.game_maximum),
    }
    overall, weights = overall_score(components, configuration.weights)
    symmetry = components["symmetry"]
    return SessionScore(
        overall=overall,
        compliance=components["compliance"],
        symmetry=symmetry,
        effort=components["effort"],
        game=components["game"],
        bfr_gate=gate.value,
        pressure_verified=gate.value is not None,
        one_side_only=next(iter(sides)) if len(sides) == 1 else None,
        weights=dict[str, float](weights.items()),
        missing=_missing(components, overall, muscles, gate, inputs),
        category=None if overall is None or gate.value == 0 else overall_category(overall),
        muscles=muscles,
        symmetry_category=None if symmetry is None else symmetry_category(symmetry),
        targets=_targets(inputs, configuration),
        configuration_id=configuration.id,
        configuration_version=configuration.version,
        rpe_source=None if inputs.rpe is None else inputs.rpe_source,
    )


def _score_muscle(
    channel: ChannelEvidence, inputs: SessionInputs, configuration: Configuration
) -> MuscleScore:
    side = channel.side
    return score_muscle(
        channel,
        Asked(
            target=inputs.target if side is None else inputs.targets.get(side, inputs.target),
            hold_s=inputs.hold_s if side is None else inputs.holds_s.get(side, inputs.hold_s),
            mvc_share=inputs.mvc_share,
            prescribed_hold_s=inputs.prescribed_hold_s,
            prescribed_mvc_share=inputs.prescribed_mvc_share,
        ),
        user_mvc_v=None if side is None else inputs.user_mvc_v.get(side),
        accepted=channel.label in inputs.accepted,
        configuration=configuration,
        baseline=None if side is None else inputs.baselines.get(side),
    )


def _cuffs(channels: Sequence[ChannelEvidence], inputs: SessionInputs) -> frozenset[Side]:
    if inputs.cuffs is not None:
        return inputs.cuffs
    return frozenset(channel.side for channel in channels if channel.side is not None)


def _gated(sides: Mapping[Side, float], gate: Gate) -> float | None:
    """Mean of the sides x 100; 0 where the pressure was out of range."""
    if not sides:
        return None
    return fmean(sides.values()) * 100 * (1 if gate.value is None else gate.value)


def _targets(inputs: SessionInputs, configuration: Configuration) -> Targets:
    prescribed = _known(inputs.prescribed_mvc_share) or _known(inputs.prescribed_hold_s)
    return configuration.targets if prescribed else "fixed"


def _missing(
    components: Mapping[Component, float | None],
    overall: float | None,
    muscles: Sequence[MuscleScore],
    gate: Gate,
    inputs: SessionInputs,
) -> tuple[Missing, ...]:
    reasons: Mapping[Component, str] = {
        "compliance": _why_no_compliance(muscles),
        "symmetry": _why_no_symmetry(muscles),
        "effort": "no RPE was given",
        "game": why_no_game_score(inputs.game_points),
    }
    absent = [Missing(name, reasons[name]) for name, value in components.items() if value is None]
    if overall is None:
        absent.append(Missing("overall", "there is no overall score without compliance"))
    if gate.reason is not None:
        absent.append(Missing("bfr", gate.reason))
    return tuple(absent)


def _why_no_compliance(muscles: Sequence[MuscleScore]) -> str:
    assigned = [m for m in muscles if m.side is not None]
    if not assigned:
        return "no channel is assigned to a leg"
    return "; ".join(m.reason for m in assigned if m.reason is not None)


def _why_no_symmetry(muscles: Sequence[MuscleScore]) -> str:
    sides = {m.side for m in muscles if m.side is not None and m.compliance is not None}
    return "neither leg reached anything" if sides == set(SIDES) else "both legs are needed"


def _require(right: bool, sentence: str) -> None:  # noqa: FBT001, the condition is the point
    if not right:
        raise BadInput(sentence)


def _known(value: float | None) -> tuple[float, ...]:
    return () if value is None else (value,)


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _not_negative(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _share(value: float) -> bool:
    return 0 < value <= 1


def _is_rpe(value: float) -> bool:
    return value in range(_HIGHEST_RPE + 1)
