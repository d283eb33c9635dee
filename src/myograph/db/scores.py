"""What a session is worth against its targets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores 0..100, rates 0..1; None: not known, and `missing_reasons` says why.

    performance_weights   those really used, renormalised over the components present
    missing_reasons       {component: reason}; `missing` the components alone
    input_sources         where each input came from, e.g. {"rpe": "file", "target": "default"}
    """

    session_id: UUID
    overall_performance_score: float | None
    compliance_score: float | None
    symmetry_score: float | None
    effort_score: float | None
    game_score: float | None
    category: str | None
    performance_weights: dict[str, float]
    configuration_id: str
    configuration_version: int
    configuration_name: str
    missing: list[str]
    missing_reasons: dict[str, str]
    one_side_only: str | None
    pressure_verified: bool
    bfr_pressure_aop: float | None
    bfr_compliance_gate: int | None
    rpe_post_session: float | None
    game_points_achieved: float | None
    game_points_maximum: float | None
    session_duration_minutes: float | None
    left_muscle_completion_rate: float | None
    left_muscle_intensity_rate: float | None
    left_muscle_duration_rate: float | None
    right_muscle_completion_rate: float | None
    right_muscle_intensity_rate: float | None
    right_muscle_duration_rate: float | None
    input_sources: dict[str, Any]
    method: str
    protocol_digest: str
    calculated_at: datetime


def of_session(conn: Connection, session_id: UUID) -> Scores | None:
    return (
        conn.cursor(row_factory=class_row(Scores))
        .execute(
            """
            SELECT session_id, overall_performance_score, compliance_score, symmetry_score,
                   effort_score, game_score, category, performance_weights,
                   configuration_id, configuration_version, configuration_name,
                   missing, missing_reasons, one_side_only, pressure_verified,
                   bfr_pressure_aop, bfr_compliance_gate, rpe_post_session,
                   game_points_achieved, game_points_maximum, session_duration_minutes,
                   left_muscle_completion_rate, left_muscle_intensity_rate,
                   left_muscle_duration_rate, right_muscle_completion_rate,
                   right_muscle_intensity_rate, right_muscle_duration_rate,
                   input_sources, method, protocol_digest, calculated_at
              FROM performance_scores
             WHERE session_id = %s
            """,
            [session_id],
        )
        .fetchone()
    )
