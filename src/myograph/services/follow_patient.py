"""What is said of a patient across sessions: adherence, trends and alerts, from stored numbers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from myograph.db import patient_course
from myograph.db.identity import Person
from myograph.db.patient_course import CourseChannel, CourseSession
from myograph.db.patients import Patient
from myograph.db.wording import wording_for
from myograph.scoring.adherence import DEFAULT_PLAN, Adherence, Plan, Played, adherence_of
from myograph.scoring.alerts import Alert, MuscleNumbers, SessionNumbers, alerts_of
from myograph.scoring.results import MvcSource, Side
from myograph.scoring.trends import Point, Trend, alike_overall, trend_of

COMPONENTS = ("compliance", "symmetry", "effort", "game")

Number = Literal[
    "overall",
    "symmetry",
    "mvc",
    "compliance",
    "good_contractions",
    "rms_at_matched_intensity",
    "mdf",
    "fatigue_slope",
]
UNITS: Mapping[Number, str] = {
    "overall": "0..100",
    "symmetry": "0..100",
    "mvc": "V",
    "compliance": "0..1",
    "good_contractions": "contractions",
    "rms_at_matched_intensity": "V",
    "mdf": "Hz",
    "fatigue_slope": "%/min",
}


@dataclass(frozen=True, slots=True)
class Followed:
    """One number through time; its line runs per week.

    muscle    "left quadriceps"; None: it is of the session
    """

    number: Number
    muscle: str | None
    unit: str
    trend: Trend


@dataclass(frozen=True, slots=True)
class Progress:
    """remarks    what was left out, in words"""

    sessions: int
    followed: tuple[Followed, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """All sessions of a patient in the order of time, with what hangs on each."""

    sessions: Sequence[CourseSession]
    channels: Mapping[UUID, Sequence[CourseChannel]]
    pressures: Mapping[UUID, Mapping[Side, float | None]]

    @property
    def counted(self) -> Iterator[CourseSession]:
        """Those with results that stand for themselves."""
        return (s for s in self.sessions if s.scored and not s.duplicate and not s.superseded)

    @property
    def therapy(self) -> Iterator[CourseSession]:
        """The same without baselines, which measure strength and train nothing."""
        return (s for s in self.counted if s.session_type != "baseline")

    def muscles(self, session: CourseSession) -> dict[str, CourseChannel]:
        """By the name under which a muscle is followed: those with one channel in the session."""
        named = [(_muscle(c), c) for c in self.channels.get(session.id, ())]
        count = Counter(name for name, _ in named)
        return {name: c for name, c in named if name is not None and count[name] == 1}


def course_of(conn: Connection, person: Person, patient: str) -> Course:
    """`patient` is a code, for a researcher a pseudonym."""
    sessions = patient_course.sessions(conn, person, patient)
    ids = [session.id for session in sessions]
    channels: defaultdict[UUID, list[CourseChannel]] = defaultdict(list)
    for channel in patient_course.channels(conn, ids, wording_for(person.role)):
        channels[channel.session_id].append(channel)
    pressures: defaultdict[UUID, dict[Side, float | None]] = defaultdict(dict)
    for pressure in patient_course.pressures(conn, ids):
        pressures[pressure.session_id][pressure.leg] = pressure.percent
    return Course(sessions, channels, pressures)


def adherence(course: Course, patient: Patient, *, today: date, zone: ZoneInfo) -> Adherence:
    """Of the plan that the patient's treatment dates give."""
    played = [
        Played(
            day=(s.started_local or s.at.astimezone(zone)).date(),
            kind=s.session_type,
            usable_s=max(_usable(course, s), default=None),
            duplicate=s.duplicate,
            superseded=s.superseded,
        )
        for s in course.sessions
    ]
    return adherence_of(played, start=patient.treatment_start, today=today, plan=_plan(patient))


def alerts(course: Course, done: Adherence) -> tuple[Alert, ...]:
    return alerts_of(
        [
            SessionNumbers(
                at=s.at,
                method=s.method or "",
                symmetry=s.symmetry,
                bfr_gate=s.bfr_gate,
                pressures=course.pressures.get(s.id, {}),
                muscles={
                    name: MuscleNumbers(c.verdict, c.fatigue_percent_per_min)
                    for name, c in course.muscles(s).items()
                },
            )
            for s in course.therapy
        ],
        done,
    )


def progress(course: Course) -> Progress:
    """Every number that is followed, of the sessions that stand for themselves.

    Of baselines the maximum alone.
    """
    therapy, counted = list(course.therapy), list(course.counted)
    names = list(dict.fromkeys(name for s in counted for name in course.muscles(s)))
    return Progress(
        sessions=len(counted),
        followed=(
            _followed("overall", None, [_overall(course, s) for s in therapy]),
            _followed("symmetry", None, [_point(course, s, s.symmetry) for s in therapy]),
            *(line for name in names for line in _of_muscle(course, name, counted, therapy)),
        ),
        remarks=tuple(_remarks(course)),
    )


def _of_muscle(
    course: Course,
    name: str,
    counted: Sequence[CourseSession],
    therapy: Sequence[CourseSession],
) -> Iterator[Followed]:
    def points(
        sessions: Sequence[CourseSession], number: Callable[[CourseChannel], float | None]
    ) -> list[Point]:
        found = ((s, course.muscles(s).get(name)) for s in sessions)
        return [Point(s.at, number(c), c.method, c.mvc_source) for s, c in found if c is not None]

    yield _followed("mvc", name, points(counted, lambda c: c.mvc))
    yield _followed("compliance", name, points(therapy, lambda c: c.compliance))
    yield _followed("good_contractions", name, points(therapy, lambda c: c.good_contractions))
    yield _followed("rms_at_matched_intensity", name, _matched(course, name, therapy))
    # These two need no reference.
    yield _followed("mdf", name, _unreferred(points(therapy, lambda c: c.mdf)))
    slopes = points(therapy, lambda c: c.fatigue_percent_per_min)
    yield _followed("fatigue_slope", name, _unreferred(slopes))


def _matched(course: Course, name: str, therapy: Sequence[CourseSession]) -> list[Point]:
    """Only where it is known which share of the maximum was asked for."""
    return [
        Point(s.at, c.rms, c.method, alike=f"{s.prescribed_mvc_share:g}")
        for s in therapy
        if s.prescribed_mvc_share is not None and (c := course.muscles(s).get(name)) is not None
    ]


def _overall(course: Course, session: CourseSession) -> Point:
    absent = session.missing or ()
    present = [component for component in COMPONENTS if component not in absent]
    alike = alike_overall(
        present, session.configuration_id or "", session.configuration_version or 0
    )
    plain = _point(course, session, session.overall)
    return Point(plain.at, plain.value, plain.method, plain.mvc_source, alike)


def _point(course: Course, session: CourseSession, value: float | None) -> Point:
    """Of the whole session: where all its maxima come from, if that is one place."""
    sources: set[MvcSource | None] = {c.mvc_source for c in course.muscles(session).values()}
    source = sources.pop() if len(sources) == 1 else None
    return Point(session.at, value, session.method or "", source)


def _unreferred(points: Sequence[Point]) -> list[Point]:
    return [Point(point.at, point.value, point.method) for point in points]


def _followed(number: Number, muscle: str | None, points: Sequence[Point]) -> Followed:
    return Followed(number, muscle, UNITS[number], trend_of(points))


def _remarks(course: Course) -> Iterator[str]:
    for count, what in (
        (sum(s.duplicate for s in course.sessions), "with the content of another"),
        (sum(s.superseded for s in course.sessions), "whose recording was overwritten"),
        (sum(not s.scored for s in course.sessions), "without results"),
        (
            sum(_nameless(course, s) for s in course.counted),
            "with channels on no leg, or two of one muscle: those are not followed",
        ),
    ):
        if count:
            yield f"{count} {'session' if count == 1 else 'sessions'} {what}"


def _nameless(course: Course, session: CourseSession) -> bool:
    return len(course.muscles(session)) < len(course.channels.get(session.id, ()))


def _muscle(channel: CourseChannel) -> str | None:
    if channel.side is None:
        return None
    return f"{channel.side} {channel.muscle or 'muscle'}"


def _usable(course: Course, session: CourseSession) -> list[float]:
    return [c.usable_s for c in course.channels.get(session.id, ()) if c.usable_s is not None]


def _plan(patient: Patient) -> Plan:
    if patient.treatment_start is None or patient.treatment_end is None:
        return DEFAULT_PLAN
    return Plan(days=(patient.treatment_end - patient.treatment_start).days + 1)
