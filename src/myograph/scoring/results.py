"""What a session is worth against its targets. None means not known, never zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Side = Literal["left", "right"]
MvcSource = Literal["user_defined", "baseline_session", "c3d_metadata", "backend_95percentile"]
Component = Literal["compliance", "symmetry", "effort", "game"]


@dataclass(frozen=True, slots=True)
class Mvc:
    """The reference a contraction's strength is judged by.

    value_v      volts, in the domain that `source` names; None: no usable reference
    confidence   0..1
    """

    value_v: float | None
    source: MvcSource | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One contraction against its targets. None: it could not be judged.

    meets_*       the fixed criteria; is_good is both, and None where intensity is
    prescribed_*  what the game's level or the settings prescribe; None where nothing is
    short         under 0.5 s: the same effort reads lower in a short burst
    """

    number: int
    meets_intensity: bool | None
    meets_duration: bool | None
    is_good: bool | None
    prescribed_intensity: bool | None = None
    prescribed_duration: bool | None = None
    short: bool = False


@dataclass(frozen=True, slots=True)
class MuscleScore:
    """One channel against its targets.

    good_*           counts by the targets that score; None where they are unknown
    compliance       0..1 before the gate, weights renormalised over what is known
    left_out         components of compliance that are unknown or not counted, with the reason
    reason           why compliance is None
    """

    label: str
    muscle: str | None
    side: Side | None
    mvc: Mvc
    judgements: tuple[Judgement, ...]
    total: int
    target: int
    good_intensity: int | None
    good_duration: int | None
    good_both: int | None
    completion: float | None
    intensity: float | None
    duration: float | None
    compliance: float | None
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A component that has no value, and why."""

    component: Component | Literal["overall", "bfr"]
    reason: str


@dataclass(frozen=True, slots=True)
class SessionScore:
    """All 0..100; `weights` are those really used, renormalised over the components present.

    bfr_gate            None: the pressure was not (or not on every leg) measured
    pressure_verified   every cuff was measured, or none was worn
    category            None where there is no overall score, or the pressure was out of range
    targets             whose criteria scored
    """

    overall: float | None
    compliance: float | None
    symmetry: float | None
    effort: float | None
    game: float | None
    bfr_gate: Literal[0, 1] | None
    pressure_verified: bool
    one_side_only: Side | None
    weights: Mapping[str, float]
    missing: tuple[Missing, ...]
    category: str | None
    muscles: tuple[MuscleScore, ...]
    symmetry_category: str | None = None
    targets: Literal["fixed", "prescribed"] = "fixed"
    configuration_id: str = "default"
    configuration_version: int = 1
    rpe_source: str | None = None
