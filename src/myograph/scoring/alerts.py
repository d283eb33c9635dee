"""What a therapist should look at, by rules on stored numbers, and the numbers that fired them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from myograph.analysis.fatigue import one_decimal
from myograph.analysis.results import Verdict
from myograph.scoring.adherence import Adherence
from myograph.scoring.categories import as_shown
from myograph.scoring.results import Side

Code = Literal["adherence", "symmetry", "pressure", "quality", "fatigue"]

LEAST_ADHERENCE = 50.0
LEAST_SYMMETRY = 70.0
TWICE = 2
FEWEST_EARLIER = 6
UNUSUAL_QUANTILE = 0.05


@dataclass(frozen=True, slots=True)
class MuscleNumbers:
    """fatigue_percent_per_min: slope of MDF; None: not measured."""

    verdict: Verdict
    fatigue_percent_per_min: float | None = None


@dataclass(frozen=True, slots=True)
class SessionNumbers:
    """What is stored of one session; None: not measured.

    muscles    by the name under which a muscle is followed: "left quadriceps"
    """

    at: datetime
    method: str
    symmetry: float | None = None
    bfr_gate: Literal[0, 1] | None = None
    pressures: Mapping[Side, float | None] = field(default_factory=dict[Side, float | None])
    muscles: Mapping[str, MuscleNumbers] = field(default_factory=dict[str, MuscleNumbers])


@dataclass(frozen=True, slots=True)
class Alert:
    """numbers: what fired it, the threshold among them."""

    code: Code
    sentence: str
    numbers: Mapping[str, float]


def alerts_of(sessions: Sequence[SessionNumbers], adherence: Adherence) -> tuple[Alert, ...]:
    """The alerts that hold after the latest session. They name; they advise nothing."""
    in_order = sorted(sessions, key=lambda session: session.at)
    return (
        *_adherence(adherence),
        *_symmetry(in_order),
        *_pressure(in_order),
        *_quality(in_order),
        *_fatigue(in_order),
    )


def _adherence(adherence: Adherence) -> Iterator[Alert]:
    percent, completed, planned = adherence.percent, adherence.completed, adherence.planned
    if percent is None or completed is None or planned is None:
        return
    if as_shown(percent) < LEAST_ADHERENCE:
        yield Alert(
            "adherence",
            f"{completed} of {planned:.1f} planned sessions were done ({percent:.0f} %).",
            {
                "percent": percent,
                "completed": completed,
                "planned": planned,
                "below": LEAST_ADHERENCE,
            },
        )


def _symmetry(sessions: Sequence[SessionNumbers]) -> Iterator[Alert]:
    """In both of the last two sessions that have a symmetry."""
    known = [s.symmetry for s in sessions if s.symmetry is not None][-TWICE:]
    if len(known) == TWICE and all(as_shown(value) < LEAST_SYMMETRY for value in known):
        before, latest = known
        yield Alert(
            "symmetry",
            f"Symmetry was {before:.1f} and {latest:.1f} in the last two sessions.",
            {"before": before, "latest": latest, "below": LEAST_SYMMETRY},
        )


def _pressure(sessions: Sequence[SessionNumbers]) -> Iterator[Alert]:
    """In the latest session."""
    latest = sessions[-1] if sessions else None
    if latest is not None and latest.bfr_gate == 0:
        known = {side: value for side, value in latest.pressures.items() if value is not None}
        said = ", ".join(f"{side} {value:.1f} %" for side, value in known.items())
        yield Alert(
            "pressure",
            f"The cuff pressure was outside the safe range: {said}.",
            dict[str, float](known.items()),
        )


def _quality(sessions: Sequence[SessionNumbers]) -> Iterator[Alert]:
    """Of each muscle, in both of the last two sessions that recorded it."""
    for name in _muscles(sessions):
        verdicts = [s.muscles[name].verdict for s in sessions if name in s.muscles]
        poor = verdicts[-TWICE:] == ["poor"] * TWICE
        if poor:
            yield Alert(
                "quality",
                f"The signal of the {name} was poor in the last two sessions.",
                {"sessions": TWICE},
            )


def _fatigue(sessions: Sequence[SessionNumbers]) -> Iterator[Alert]:
    """A fall of MDF below what this muscle did before, by the same method."""
    latest = sessions[-1] if sessions else None
    for name, muscle in latest.muscles.items() if latest is not None else ():
        slope = muscle.fatigue_percent_per_min
        earlier = [
            before
            for session in sessions[:-1]
            if session.method == sessions[-1].method and name in session.muscles
            if (before := session.muscles[name].fatigue_percent_per_min) is not None
        ]
        if slope is None or len(earlier) < FEWEST_EARLIER:
            continue
        unusual = float(np.quantile(earlier, UNUSUAL_QUANTILE))
        if slope < unusual:
            yield Alert(
                "fatigue",
                f"MDF of the {name} changed by {one_decimal(slope)} %/min; in {len(earlier)} "
                f"earlier sessions it hardly ever went below {one_decimal(unusual)} %/min.",
                {"slope": slope, "below": unusual, "earlier_sessions": len(earlier)},
            )


def _muscles(sessions: Sequence[SessionNumbers]) -> list[str]:
    """Each name once, in the order in which they first occur."""
    return list(dict.fromkeys(name for session in sessions for name in session.muscles))
