"""What is stored of all sessions of one patient, for what is said across sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from myograph.analysis.results import Verdict
from myograph.db.identity import Person, Role
from myograph.db.wording import Wording
from myograph.scoring.adherence import SessionType
from myograph.scoring.results import MvcSource, Side


@dataclass(frozen=True, slots=True)
class CourseSession:
    """One session. What was scored is None, and `scored` False, where it has no results.

    at                     when it was played, or came where that is not known
    started_local          as the file says, without a zone
    missing                components that the overall score is without
    prescribed_mvc_share   that the level asked for; a researcher's is None, since it stands
                           beside names
    """

    id: UUID
    at: datetime
    started_local: datetime | None
    session_type: SessionType | None
    duplicate: bool
    superseded: bool
    scored: bool
    method: str | None
    overall: float | None
    symmetry: float | None
    bfr_gate: Literal[0, 1] | None
    missing: list[str] | None
    configuration_id: str | None
    configuration_version: int | None
    prescribed_mvc_share: float | None


@dataclass(frozen=True, slots=True)
class CourseChannel:
    """One channel of one session; volts, hertz, shares 0..1. None: not measured.

    usable_s    how long its signal is without what is masked
    fatigue_percent_per_min   slope of MDF
    """

    session_id: UUID
    muscle: str | None
    side: Side | None
    method: str
    mvc: float | None
    mvc_source: MvcSource | None
    compliance: float | None
    good_contractions: int | None
    rms: float | None
    mdf: float | None
    fatigue_percent_per_min: float | None
    verdict: Verdict
    usable_s: float | None


@dataclass(frozen=True, slots=True)
class CoursePressure:
    """per cent of arterial occlusion pressure; None: not measured"""

    session_id: UUID
    leg: Side
    percent: float | None


def sessions(conn: Connection, person: Person, patient: str) -> list[CourseSession]:
    """In the order of time. `patient` is a code, for a researcher a pseudonym."""
    return (
        conn.cursor(row_factory=class_row(CourseSession))
        .execute(_SESSIONS + _OF[person.role] + " ORDER BY s.sorted_at, s.id", [patient])
        .fetchall()
    )


def channels(
    conn: Connection, ids: list[UUID], wording: Wording = "as_written"
) -> list[CourseChannel]:
    return (
        conn.cursor(row_factory=class_row(CourseChannel))
        .execute(_CHANNELS + _OF_CHANNELS[wording] + _IN_ORDER, [ids])
        .fetchall()
    )


def pressures(conn: Connection, ids: list[UUID]) -> list[CoursePressure]:
    return (
        conn.cursor(row_factory=class_row(CoursePressure))
        .execute(
            """
            SELECT session_id, leg, actual_pressure_aop AS percent
              FROM bfr_monitoring
             WHERE session_id = ANY (%s)
             ORDER BY session_id, leg
            """,
            [ids],
        )
        .fetchall()
    )


_CHANNELS: LiteralString = """
    SELECT e.session_id, e.muscle, e.side, e.method, e.mvc_peak_value AS mvc,
           e.mvc_calculation_method AS mvc_source,
           e.muscle_compliance_score AS compliance,
           e.good_contractions_both AS good_contractions, e.rms, e.mdf,
           e.fatigue_mdf_slope_per_min_percent AS fatigue_percent_per_min,
           e.quality_verdict AS verdict,
           t.duration_seconds * (1 - e.masked_share) AS usable_s
      FROM """
_OF_CHANNELS: dict[Wording, LiteralString] = {
    "as_written": "emg_statistics",
    "for_research": "research_statistics",
}
_IN_ORDER: LiteralString = """ e
      LEFT JOIN c3d_technical_data t ON t.session_id = e.session_id
     WHERE e.session_id = ANY (%s)
     ORDER BY e.session_id, e.channel_number
    """
_SESSIONS: LiteralString = """
    SELECT s.id, s.sorted_at AS at, s.started_local, s.session_type,
           s.duplicate, s.superseded_by IS NOT NULL AS superseded,
           p.session_id IS NOT NULL AS scored, p.method, p.overall_performance_score AS overall,
           p.symmetry_score AS symmetry, p.bfr_compliance_gate AS bfr_gate, p.missing,
           p.configuration_id, p.configuration_version,
           (s.game_metadata ->> 'prescribed_mvc_share')::double precision AS prescribed_mvc_share
      FROM """
_OF_CODE: LiteralString = (
    "therapy_sessions s LEFT JOIN performance_scores p ON p.session_id = s.id"
    " WHERE s.patient_id = %s"
)
_OF: dict[Role, LiteralString] = {
    "therapist": _OF_CODE,
    "admin": _OF_CODE,
    "researcher": (
        "research_sessions s LEFT JOIN performance_scores p ON p.session_id = s.id"
        " WHERE s.pseudonym = %s"
    ),
}
