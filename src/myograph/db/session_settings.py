"""What people say about a session: its patient, its legs, how hard it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from myograph.db.refusals import refusals
from myograph.db.wording import Wording


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """None: nobody said; the patient's, the file's or the default value is used instead.

    mvc_user_*            volts of the raw channel's envelope
    channel_assignment    {"CH1": {"muscle": "quadriceps", "side": "left"}}
    performance_weights   of the four components, sum 1
    entered               names of what a person filled in; the others are defaults of the table
    own_session           True: it counts, though another has the very same bytes
    """

    session_id: UUID
    mvc_calculation_method: Literal["user_defined", "backend_calculated"]
    mvc_threshold_percentage: float
    mvc_user_left_quad: float | None
    mvc_user_right_quad: float | None
    duration_threshold_seconds: float
    duration_threshold_left_quad: float | None
    duration_threshold_right_quad: float | None
    targets: Literal["fixed", "prescribed"] | None
    target_contractions_per_muscle: int | None
    bfr_enabled: bool | None
    bfr_target_pressure_aop: float
    channel_assignment: dict[str, Any] | None
    rpe_post_session: int | None
    accepted_poor_channels: list[str]
    performance_weights: dict[str, float] | None = None
    game_points_maximum: float | None = None
    game_difficulty_level: int | None = None
    entered: list[str] = field(default_factory=list[str])
    scoring_configuration_id: str | None = None
    scoring_configuration_version: int | None = None
    own_session: bool | None = None
    rest_period_between_contractions_seconds: float | None = None
    rest_period_between_sets_seconds: float | None = None
    visual_feedback_enabled: bool | None = None
    audio_feedback_enabled: bool | None = None
    real_time_mvc_display: bool | None = None


def of_session(
    conn: Connection, session_id: UUID, wording: Wording = "as_written"
) -> SessionSettings | None:
    """None where nobody has said anything about this session yet."""
    return asked(conn, session_id, wording).fetchone()


def asked(
    conn: Connection, session_id: UUID, wording: Wording = "as_written"
) -> Cursor[SessionSettings]:
    """The same, to be read after other questions were asked."""
    return conn.cursor(row_factory=class_row(SessionSettings)).execute(
        _COLUMNS + _OF[wording] + " WHERE session_id = %s", [session_id]
    )


_COLUMNS: LiteralString = """
    SELECT session_id, mvc_calculation_method, mvc_threshold_percentage,
           mvc_user_left_quad, mvc_user_right_quad, duration_threshold_seconds,
           duration_threshold_left_quad, duration_threshold_right_quad, targets,
           target_contractions_per_muscle, bfr_enabled, bfr_target_pressure_aop,
           channel_assignment, rpe_post_session, accepted_poor_channels,
           performance_weights, game_points_maximum, game_difficulty_level, entered,
           scoring_configuration_id, scoring_configuration_version, own_session,
           rest_period_between_contractions_seconds, rest_period_between_sets_seconds,
           visual_feedback_enabled, audio_feedback_enabled, real_time_mvc_display
      FROM """
_OF: dict[Wording, LiteralString] = {
    "as_written": "session_settings",
    "for_research": "research_settings",
}


def assign(
    conn: Connection,
    session_id: UUID,
    *,
    patient_code: str | None = None,
    left: str | None = None,
    right: str | None = None,
    rpe: int | None = None,
) -> None:
    """Store what a person says and queue a new scoring, ahead of all other jobs.

    left, right    labels of the channels on that leg ("CH1"); remembered for the patient
    What is None stays as it is. Raises NotFound, NotAllowed or BadInput with a sentence.
    """
    said = {"patient_code": patient_code, "left": left, "right": right, "rpe": rpe}
    with refusals():
        conn.execute(
            "SELECT app.assign(%s, %s)",
            [session_id, Jsonb({name: value for name, value in said.items() if value is not None})],
        )


def enter(conn: Connection, session_id: UUID, said: Mapping[str, Any]) -> None:
    """Store what a person says and queue a new scoring, ahead of all other jobs.

    said    {column of session_settings, or session_type: value}; None takes back what was said
    Raises NotFound, NotAllowed or BadInput with a sentence.
    """
    with refusals():
        conn.execute("SELECT app.enter(%s, %s)", [session_id, Jsonb(dict(said))])


def count_as_own(conn: Connection, session_id: UUID, own: bool | None) -> None:  # noqa: FBT001 - what is said, and not how
    """Store whether a session counts though another has the very same bytes; None takes it back.

    Raises NotFound where it is not theirs to say.
    """
    with refusals():
        conn.execute("SELECT app.count_as_own(%s, %s)", [session_id, own])
