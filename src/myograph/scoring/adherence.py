"""How much of the planned therapy a patient has done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from myograph.scoring.categories import adherence_category

SessionType = Literal["baseline", "training", "assessment"]

SHORTEST_USABLE_S = 1.0
FIRST_DAY = 3  # earlier, a single session decides everything


@dataclass(frozen=True, slots=True)
class Plan:
    """A treatment plan: 14 days, 5 therapy sessions a week of 3 game sessions each."""

    days: int = 14
    game_sessions: int = 15
    in_days: int = 7

    def planned_until(self, day: int) -> float:
        return self.game_sessions / self.in_days * day


DEFAULT_PLAN = Plan()


@dataclass(frozen=True, slots=True)
class Played:
    """One game session of a patient.

    day            local date on which it was played
    kind           None: nobody said; it counts as training
    usable_s       signal that an analysis found; None: not analysed
    duplicate      its content is that of another session, and nobody said that it is its own
    superseded     its file was overwritten
    """

    day: date
    kind: SessionType | None
    usable_s: float | None
    duplicate: bool = False
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Adherence:
    """None means not measurable, with the reason. It never means zero.

    percent      0..100
    day          of the treatment, 1 is its first; at most the last that is planned
    completed    game sessions done up to that day
    planned      game sessions asked for up to that day
    """

    percent: float | None
    category: str | None
    day: int | None
    completed: int | None
    planned: float | None
    reason: str | None = None


def adherence_of(
    played: Iterable[Played], *, start: date | None, today: date, plan: Plan = DEFAULT_PLAN
) -> Adherence:
    """Completed of planned sessions up to today, or up to the last planned day.

    start    first day of the treatment; None: nobody has set one
    today    the local date

    Own convention of the GHOSTLY+ trial's plan.
    """
    if start is None:
        return Adherence(None, None, None, None, None, "the treatment has no start date")
    day = min((today - start).days + 1, plan.days)
    if day < 1:
        return Adherence(None, None, None, None, None, "the treatment has not begun")
    completed = sum(_counts(session, start, day) for session in played)
    planned = plan.planned_until(day)
    if day < FIRST_DAY:
        return Adherence(None, None, day, completed, planned, f"before day {FIRST_DAY}")
    percent = min(100.0, completed / planned * 100)
    return Adherence(percent, adherence_category(percent), day, completed, planned)


def _counts(session: Played, start: date, day: int) -> bool:
    """A distinct training session of the treatment, with a usable signal."""
    within = 1 <= (session.day - start).days + 1 <= day
    training = session.kind in (None, "training")
    usable = session.usable_s is not None and session.usable_s >= SHORTEST_USABLE_S
    return within and training and usable and not session.duplicate and not session.superseded
