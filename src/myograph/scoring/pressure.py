"""Was the cuff in its safe range? Only a measured pressure can say so; a target is none.

Blood flow restriction is prescribed as a share of arterial occlusion pressure (Patterson et al.
2019, doi 10.3389/fphys.2019.00533); the range of 45 to 55 % is the trial's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from myograph.errors import BadInput
from myograph.recording import Signal
from myograph.scoring.results import Side
from myograph.signal.runs import runs_of

SAFE_PERCENT = (45.0, 55.0)  # of arterial occlusion pressure, both inclusive
TARGET_PERCENT = 50.0
INFLATED_MMHG = 10.0  # above it
VIOLATION_SHARE = 0.10  # of the inflated time, above it

OUT_OF_RANGE = "pressure outside the safe range"
NOT_VERIFIED = "pressure not verified"


@dataclass(frozen=True, slots=True)
class Gate:
    """1 lets compliance through, 0 does not; None: nobody measured, so nothing is gated."""

    value: Literal[0, 1] | None
    reason: str | None


def pressure_gate(
    *,
    enabled: bool | None,
    measured: Mapping[Side, float | None],
    cuffs: Collection[Side],
) -> Gate:
    """Whether every leg with a cuff was measured and in range.

    enabled     None: unknown, taken as on
    measured    per cent of occlusion pressure per leg; None: not measured
    cuffs       the legs that wear one; a leg in `measured` wears one too
    """
    if enabled is False:
        return Gate(1, None)
    legs: set[Side] = {*cuffs, *measured}
    values = [measured.get(leg) for leg in legs]
    known = [value for value in values if value is not None]
    if not all(_in_range(value) for value in known):
        return Gate(0, OUT_OF_RANGE)
    if not known or len(known) < len(values):
        return Gate(None, NOT_VERIFIED)
    return Gate(1, None)


@dataclass(frozen=True, slots=True)
class CuffPressure:
    """One leg's cuff over a session; per cent of arterial occlusion pressure.

    percent              time-weighted median while inflated
    inflated_s           time above 10 mmHg
    outside_share        of that time outside the safe range
    stability            SD over mean of the pressure while inflated, by time; 0: it never changed
    violations           stretches of inflated time outside the range
    violation_s          how long they last in all
    deviation_percent    the largest distance from the target while inflated
    """

    percent: float
    inflated_s: float
    outside_share: float
    stability: float
    violations: int
    violation_s: float
    deviation_percent: float

    @property
    def violated(self) -> bool:
        return self.outside_share > VIOLATION_SHARE


def cuff_pressure(
    time_s: Signal,
    pressure_mmhg: Signal,
    *,
    occlusion_mmhg: float,
    target_percent: float = TARGET_PERCENT,
) -> CuffPressure | None:
    """What a series of measurements says; None where the cuff was never inflated.

    time_s           (n,) rising; each pressure holds until the next
    pressure_mmhg    (n,)

    Pumping up and letting out count as inflated from 10 mmHg on: nothing is cut away.
    """
    if not occlusion_mmhg > 0 or not np.isfinite(occlusion_mmhg):
        raise BadInput("The arterial occlusion pressure lies above 0 mmHg.")
    held_s = np.diff(time_s)
    if np.any(held_s < 0):
        raise BadInput("The times of a pressure series must rise.")
    held = held_s > 0
    held_s, mmhg = held_s[held], pressure_mmhg[:-1][held]
    percent = 100 * mmhg / occlusion_mmhg  # in this order 110 of 200 are just 55
    inflated = mmhg > INFLATED_MMHG
    if not inflated.any():
        return None
    outside = inflated & ((percent < SAFE_PERCENT[0]) | (percent > SAFE_PERCENT[1]))
    inflated_s, violation_s = float(held_s[inflated].sum()), float(held_s[outside].sum())
    return CuffPressure(
        percent=_weighted_median(percent[inflated], held_s[inflated]),
        inflated_s=inflated_s,
        outside_share=violation_s / inflated_s,
        stability=_variation(percent[inflated], held_s[inflated]),
        violations=len(runs_of(outside)),
        violation_s=violation_s,
        deviation_percent=float(np.abs(percent[inflated] - target_percent).max()),
    )


def _in_range(percent: float) -> bool:
    return SAFE_PERCENT[0] <= percent <= SAFE_PERCENT[1]


def _weighted_median(values: Signal, weights: Signal) -> float:
    """The first value at which half of the weight is reached."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _variation(values: Signal, weights: Signal) -> float:
    mean = float(np.average(values, weights=weights))
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights))) / mean
