"""How a patient's numbers change from session to session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from myograph.analysis.regression import FEWEST_POINTS, Line, straight_line
from myograph.scoring.results import MvcSource

_WEEK_S = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Point:
    """One number of one session.

    value         None: not measured in that session
    method        version of the method of analysis
    mvc_source    where the reference came from, for numbers that depend on one; else None
    alike         sessions are compared only where this is the same: for an overall score its
                  components and configuration (`alike_overall`), for the RMS at matched intensity
                  the share of the MVC that was asked for; else empty
    """

    at: datetime
    value: float | None
    method: str
    mvc_source: MvcSource | None = None
    alike: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """The line through one number of the sessions that can be compared, per week.

    used        the points it runs through, in the order of time
    left_out    sessions that have the number and cannot be compared with the latest
    line        over weeks since the first of `used`; None, with the reason, where there is none
    marks       what a reader must see beside it
    """

    used: tuple[Point, ...]
    left_out: int
    line: Line | None
    marks: tuple[str, ...]
    reason: str | None = None


def trend_of(points: Sequence[Point]) -> Trend:
    """Least squares, and Theil and Sen beside it, over the sessions alike to the latest."""
    known = sorted((p for p in points if p.value is not None), key=lambda p: p.at)
    used = tuple(p for p in known if p.alike == known[-1].alike)
    left_out = len(known) - len(used)
    marks = (*_left_out(left_out), *_disagreements(used))
    if len(used) < FEWEST_POINTS:
        reason = f"{len(used)} sessions can be compared and {FEWEST_POINTS} are needed"
        return Trend(used, left_out, None, marks, reason)
    if used[0].at == used[-1].at:
        return Trend(used, left_out, None, marks, "all sessions are of one moment")
    weeks = np.array([(p.at - used[0].at).total_seconds() for p in used]) / _WEEK_S
    line = straight_line(weeks, np.array([p.value for p in used], np.float64))
    return Trend(used, left_out, line, marks)


def alike_overall(components: Sequence[str], configuration_id: str, version: int) -> str:
    """Overall scores made of other components, or by other rules, are other numbers."""
    return f"{configuration_id}/{version}: {', '.join(sorted(components))}"


def _left_out(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    sessions = "1 session is" if count == 1 else f"{count} sessions are"
    return (f"{sessions} left out: not made like the latest",)


def _disagreements(used: Sequence[Point]) -> tuple[str, ...]:
    """What differs among the sessions that the line nevertheless runs through."""
    methods = sorted({p.method for p in used})
    sources = sorted({p.mvc_source or "none" for p in used})
    return (
        *([f"methods differ: {', '.join(methods)}"] if len(methods) > 1 else []),
        *([f"sources of the MVC differ: {', '.join(sources)}"] if len(sources) > 1 else []),
    )
