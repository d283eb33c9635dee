"""The pressures of a session's cuffs, beside the score that they gate."""

from collections.abc import Sequence
from dataclasses import dataclass

from myograph.charts.cuffs import cuff_lines
from myograph.db.pressures import Cuff
from myograph.scoring.pressure import CuffPressure

NEVER_INFLATED = "not measured, it was never inflated"


@dataclass(frozen=True, slots=True)
class CuffLine:
    """`alert`: it was outside the safe range for longer than is tolerated."""

    text: str
    alert: bool


def lines_of(cuffs: Sequence[Cuff]) -> list[CuffLine]:
    """Of each leg about which something was measured."""
    return [line for cuff in cuffs for line in _lines(cuff)]


def _lines(cuff: Cuff) -> list[CuffLine]:
    if cuff.actual_pressure_aop is None:
        if cuff.measurement_method is None:
            return []
        return [CuffLine(f"{cuff.leg.capitalize()} cuff: {NEVER_INFLATED}", alert=False)]
    series = _series(cuff)
    alert = series is not None and series.violated
    lines = cuff_lines(cuff.leg, cuff.actual_pressure_aop, series)
    return [CuffLine(line[0].upper() + line[1:], alert) for line in lines]


def _series(cuff: Cuff) -> CuffPressure | None:
    """As it was measured, from what is stored of it."""
    percent, minutes = cuff.actual_pressure_aop, cuff.bfr_session_duration_minutes
    stability, count = cuff.pressure_stability_coefficient, cuff.safety_violations_count
    violation_s = cuff.safety_violations_duration_seconds
    deviation = cuff.max_pressure_deviation_aop
    if percent is None or not minutes or stability is None:
        return None
    if count is None or violation_s is None or deviation is None:
        return None
    inflated_s = 60 * minutes
    return CuffPressure(
        percent=percent,
        inflated_s=inflated_s,
        outside_share=violation_s / inflated_s,
        stability=stability,
        violations=count,
        violation_s=violation_s,
        deviation_percent=deviation,
    )
