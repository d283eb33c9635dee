"""How far a channel can be trusted, from what is wrong with it. No absolute amplitude enters."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

Part = Literal["masked", "saturated", "powerline", "motion", "snr_db"]
Verdict = Literal["good", "usable", "poor"]
Limits = Mapping[Part, tuple[float, float]]

_SENTENCES: Mapping[Part, str] = {
    "masked": "{share:.1f} % of {label} could not be used.",
    "saturated": (
        "The electrode of {label} was probably off: {share:.1f} % of samples are saturated."
    ),
    "powerline": "{share:.0f} % of the power of {label} is mains hum.",
    "motion": "{share:.0f} % of the power of {label} lies below 20 Hz: a cable or the skin moved.",
    "snr_db": "The activity of {label} is only {value:.0f} dB above rest.",
}


@dataclass(frozen=True, slots=True)
class Grades:
    """From which score on a channel is good, or usable, and the most it gets without activity."""

    good_from: float
    usable_from: float
    nothing_found_cap: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """score 0..1; reasons are sentences, one for each part that is less than good."""

    score: float
    verdict: Verdict
    reasons: tuple[str, ...]


def opinion_of(
    label: str,
    values: Mapping[Part, float | None],
    limits: Limits,
    *,
    grades: Grades,
    nothing_found: str | None,
) -> Opinion:
    """The product of what each known value leaves of 1.

    values           None: could not be measured, so it says nothing
    limits           full marks up to the first number, none from the second on
    nothing_found    why no contraction was found; None where one was

    Our own convention, drawn from recordings of known quality; docs/methods.md gives the limits.
    """
    known: dict[Part, float] = {part: value for part, value in values.items() if value is not None}
    marks: dict[Part, float] = {part: _mark(value, limits[part]) for part, value in known.items()}
    score = prod(marks.values())
    reasons = [
        _SENTENCES[part].format(label=label, value=known[part], share=100 * known[part])
        for part, mark in marks.items()
        if mark < grades.good_from
    ]
    if nothing_found is not None:
        score = min(score, grades.nothing_found_cap)
        reasons.append(nothing_found)
    return Opinion(score, _verdict(score, grades), tuple(reasons))


def _mark(value: float, limits: tuple[float, float]) -> float:
    good, poor = limits
    return min(1.0, max(0.0, (poor - value) / (poor - good)))


def _verdict(score: float, grades: Grades) -> Verdict:
    if score >= grades.good_from:
        return "good"
    return "usable" if score >= grades.usable_from else "poor"
