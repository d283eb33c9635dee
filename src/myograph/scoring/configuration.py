"""How a score is put together: weights and mappings that a site, patient or session may choose."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from myograph.errors import BadInput
from myograph.scoring.results import Component

Targets = Literal["fixed", "prescribed"]
Scope = Literal["site", "patient", "session"]
ComplianceComponent = Literal["completion", "intensity", "duration"]

_COMPONENTS: tuple[Component, ...] = ("compliance", "symmetry", "effort", "game")
_PARTS: tuple[ComplianceComponent, ...] = ("completion", "intensity", "duration")
_SUM_TOLERANCE = 1e-9
_FULL_MARKS = 100
_RPE = range(11)

_Name = TypeVar("_Name", bound=str)


def _default_weights() -> Mapping[Component, float]:
    return {"compliance": 0.40, "symmetry": 0.25, "effort": 0.20, "game": 0.15}


def _equal_parts() -> Mapping[ComplianceComponent, float]:
    return dict.fromkeys(_PARTS, 1 / 3)


def _default_rpe() -> Mapping[int, float]:
    scores = [20.0, 20.0, 60.0, 80.0, 100.0, 100.0, 100.0, 80.0, 60.0, 20.0, 20.0]
    return dict(enumerate(scores))


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of the rules of scoring; stored with every score it made.

    weights                       of the four components, sum 1
    compliance_weights            of completion, intensity and duration, sum 1
    rpe_scores                    RPE 0..10 -> 0..100
    include_estimated_intensity   count an intensity that was judged by this very session's data
    targets                       whether the fixed criteria score or what the game prescribed
    """

    id: str = "default"
    version: int = 1
    name: str = "Default"
    weights: Mapping[Component, float] = field(default_factory=_default_weights)
    compliance_weights: Mapping[ComplianceComponent, float] = field(default_factory=_equal_parts)
    rpe_scores: Mapping[int, float] = field(default_factory=_default_rpe)
    include_estimated_intensity: bool = False
    targets: Targets = "fixed"

    def __post_init__(self) -> None:
        _check_weights("The weights of the score", self.weights, _COMPONENTS)
        _check_weights("The weights of compliance", self.compliance_weights, _PARTS)
        if sorted(self.rpe_scores) != list(_RPE):
            raise BadInput("The effort table needs one score for each RPE from 0 to 10.")
        if not all(0 <= score <= _FULL_MARKS for score in self.rpe_scores.values()):
            raise BadInput("The scores of the effort table lie between 0 and 100.")
        if self.targets not in ("fixed", "prescribed"):
            raise BadInput(f"Targets are fixed or prescribed, not {self.targets!r}.")


def _check_weights(what: str, weights: Mapping[_Name, float], names: tuple[_Name, ...]) -> None:
    if sorted(weights) != sorted(names):
        raise BadInput(f"{what} are those of {', '.join(names)}, not {', '.join(sorted(weights))}.")
    if not all(math.isfinite(w) and w >= 0 for w in weights.values()):
        raise BadInput(f"{what} must be finite and not negative.")
    total = math.fsum(weights.values())
    if abs(total - 1) > _SUM_TOLERANCE:
        raise BadInput(f"{what} must sum to 1; these sum to {total:g}.")


DEFAULT = Configuration()
GHOSTLY_TRIAL = Configuration(
    id="ghostly-trial",
    name="GHOSTLY+ trial",
    weights={"compliance": 0.50, "symmetry": 0.25, "effort": 0.25, "game": 0.0},
)
