"""Left against right. Two quadriceps are symmetry, not co-contraction."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from myograph.scoring.compliance import counted_parts, weighted
from myograph.scoring.configuration import ComplianceComponent
from myograph.scoring.results import MuscleScore, Side

SIDES: tuple[Side, ...] = ("left", "right")

Weights = Mapping[ComplianceComponent, float]


def side_compliance(muscles: Sequence[MuscleScore]) -> Mapping[Side, float]:
    """Mean compliance, 0..1, of each side that has any."""
    known = [(m.side, m.compliance) for m in muscles]
    found: dict[Side, float] = {}
    for side in SIDES:
        values = [c for s, c in known if s == side and c is not None]
        if values:
            found[side] = fmean(values)
    return found


def symmetry_score(muscles: Sequence[MuscleScore], weights: Weights) -> float | None:
    """(1 - |L - R| / (L + R)) x 100, from the components of compliance that both sides have.

    None where a side is missing or both are 0. The symmetry index of Robinson, Herzog and Nigg
    (1987, J Manipulative Physiol Ther 10(4):172-176) relates the difference to the mean; here it
    is related to the sum, so that 100 is alike and 0 is one side alone.
    """
    scored = [m for m in muscles if m.side is not None and m.compliance is not None]
    if {m.side for m in scored} != set(SIDES):
        return None
    common = set(weights).intersection(*(counted_parts(m) for m in scored))
    left, right = (_mean(scored, side, common, weights) for side in SIDES)
    if left is None or right is None or left + right == 0:
        return None
    return (1 - abs(left - right) / (left + right)) * 100


def _mean(
    muscles: Sequence[MuscleScore],
    side: Side,
    common: set[ComplianceComponent],
    weights: Weights,
) -> float | None:
    values = [_restricted(m, common, weights) for m in muscles if m.side == side]
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def _restricted(
    muscle: MuscleScore, common: set[ComplianceComponent], weights: Weights
) -> float | None:
    parts = counted_parts(muscle)
    return weighted({name: parts[name] for name in common}, weights)
