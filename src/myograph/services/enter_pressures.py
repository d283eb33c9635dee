"""The pressure of a cuff, read off by hand or as a series of measurements, as it is stored."""

from collections.abc import Mapping
from typing import Any

from myograph.errors import BadInput
from myograph.scoring.pressure import SAFE_PERCENT, CuffPressure
from myograph.scoring.pressure_series import PressureSeries, pressures_of, series_of
from myograph.scoring.results import Side

_OF_SERIES: Mapping[str, Any] = dict.fromkeys(
    (
        "pressure_stability_coefficient",
        "safety_violations_count",
        "safety_violations_duration_seconds",
        "max_pressure_deviation_aop",
        "bfr_session_duration_minutes",
        "monitoring_frequency_hz",
        "series_object",
    )
)


def by_hand(percent: float | None) -> dict[str, Any]:
    """The columns of a pressure that a person read off; whatever a series said is gone.

    percent    of arterial occlusion pressure; None takes back what was said
    """
    return {
        **_OF_SERIES,
        "actual_pressure_aop": percent,
        "safety_gate_status": None if percent is None else _safe(percent),
        "measurement_method": None if percent is None else "manual",
    }


def by_sensor(
    content: bytes, name: str, *, given_mmhg: Mapping[Side, float], known_mmhg: Mapping[Side, float]
) -> Mapping[Side, dict[str, Any]]:
    """The columns of each leg in a CSV of time_s, pressure_mmhg, leg.

    given_mmhg    arterial occlusion pressure as it came with the series
    known_mmhg    as it was entered before, for legs that it did not come with
    """
    series = series_of(_text(content, name), name)
    occlusion: dict[Side, float] = {s: mmhg for s, mmhg in known_mmhg.items() if s in series}
    occlusion.update(given_mmhg)
    found = pressures_of(series, occlusion)
    return {
        side: _columns(found[side], own) | {"patient_aop_baseline_mmhg": occlusion[side]}
        for side, own in series.items()
    }


def _columns(cuff: CuffPressure | None, series: PressureSeries) -> dict[str, Any]:
    shared = {
        **by_hand(None),
        "measurement_method": "sensor",
        "monitoring_frequency_hz": _rate_hz(series),
        "bfr_session_duration_minutes": 0.0 if cuff is None else cuff.inflated_s / 60,
    }
    if cuff is None:
        return shared
    if cuff.percent > 100:  # noqa: PLR2004, more than occludes the artery is no measurement of it
        raise BadInput(
            f"The series holds {cuff.percent:.0f} % of the occlusion pressure, which no cuff"
            " needs. Please check the pressure that was entered."
        )
    return shared | {
        "actual_pressure_aop": cuff.percent,
        "pressure_stability_coefficient": cuff.stability,
        "safety_gate_status": _safe(cuff.percent),
        "safety_violations_count": cuff.violations,
        "safety_violations_duration_seconds": cuff.violation_s,
        "max_pressure_deviation_aop": cuff.deviation_percent,
    }


def _rate_hz(series: PressureSeries) -> float | None:
    lasted_s = float(series.time_s[-1] - series.time_s[0])
    return (len(series.time_s) - 1) / lasted_s if lasted_s > 0 else None


def _safe(percent: float) -> bool:
    return SAFE_PERCENT[0] <= percent <= SAFE_PERCENT[1]


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadInput(f"{name} is no text in UTF-8.") from exc
