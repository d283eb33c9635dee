"""What a session is worth against its targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from myograph.analysis.method import METHOD
from myograph.analysis.protocol import DEFAULT
from myograph.analysis.results import Verdict
from myograph.db.scoring import Known
from myograph.db.wording import Wording
from myograph.scoring.configuration import Scope
from myograph.scoring.pressure import TARGET_PERCENT
from myograph.scoring.results import Judgement, MuscleScore, SessionScore
from myograph.scoring.session import SessionInputs

OUTDATED = "scores_outdated"  # the code of the finding that says so


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores 0..100, rates 0..1; None: not known, and `missing_reasons` says why.

    performance_weights   those really used, renormalised over the components present
    configuration_scope   who named it: the session, its patient or the site
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
    symmetry_category: str | None
    performance_weights: dict[str, float]
    configuration_id: str
    configuration_version: int
    configuration_name: str
    configuration_scope: Scope
    targets: Literal["fixed", "prescribed"]
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


def of_session(
    conn: Connection, session_id: UUID, wording: Wording = "as_written"
) -> Scores | None:
    return of_sessions(conn, [session_id], wording).get(session_id)


def of_sessions(
    conn: Connection, ids: Sequence[UUID], wording: Wording = "as_written"
) -> dict[UUID, Scores]:
    """Of those of these sessions that have scores."""
    rows = conn.cursor(row_factory=class_row(Scores)).execute(
        _SCORES + _OF[wording] + " WHERE session_id = ANY (%s)", [list(ids)]
    )
    return {row.session_id: row for row in rows}


_SCORES: LiteralString = """
    SELECT session_id, overall_performance_score, compliance_score, symmetry_score,
           effort_score, game_score, category, symmetry_category,
           performance_weights,
           configuration_id, configuration_version, c.name AS configuration_name,
           configuration_scope, s.targets,
           missing, missing_reasons, one_side_only, pressure_verified,
           bfr_pressure_aop, bfr_compliance_gate, rpe_post_session,
           game_points_achieved, game_points_maximum, session_duration_minutes,
           left_muscle_completion_rate, left_muscle_intensity_rate,
           left_muscle_duration_rate, right_muscle_completion_rate,
           right_muscle_intensity_rate, right_muscle_duration_rate,
           input_sources, method, protocol_digest, calculated_at
      FROM """
_OF: dict[Wording, LiteralString] = {
    "as_written": """performance_scores s
      JOIN scoring_configuration c ON (c.id, c.version)
                                    = (configuration_id, configuration_version)""",
    "for_research": """research_scores s
      JOIN research_configurations c ON (c.id, c.version)
                                      = (configuration_id, configuration_version)""",
}


def save(
    conn: Connection,
    session_id: UUID,
    score: SessionScore,
    *,
    known: Known,
    inputs: SessionInputs,
    sources: Mapping[str, str],
) -> None:
    """Put the score of the session in the place of the last."""
    conn.execute("DELETE FROM performance_scores WHERE session_id = %s", [session_id])
    conn.execute(_SAVE, _columns(session_id, score, known, inputs, sources))


def judge(conn: Connection, session_id: UUID, score: SessionScore, inputs: SessionInputs) -> None:
    """Put what it says of muscles and contractions into their rows."""
    of = {"session_id": session_id}
    with conn.cursor() as cursor:
        cursor.executemany(
            _JUDGE_MUSCLE,
            [of | {"label": m.label} | of_muscle(m, inputs) for m in score.muscles],
        )
        cursor.executemany(
            _JUDGE_CONTRACTION,
            [
                of | {"label": m.label, "number": j.number} | of_contraction(j)
                for m in score.muscles
                for j in m.judgements
            ],
        )


def show_in_lists(conn: Connection, session_id: UUID, row: Mapping[str, Any]) -> None:
    """Of scores that were made just now: whatever was said of older ones is over."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET analytics_cache = %s,
               analysis_findings = jsonb_path_query_array(
                   analysis_findings, '$[*] ? (@.code != $own)',
                   jsonb_build_object('own', %s::text))
         WHERE id = %s
        """,
        [Jsonb(row), OUTDATED, session_id],
    )


def say_outdated(conn: Connection, session_id: UUID, sentence: str) -> None:
    """The scores could not be made anew, so they do not show what was entered last."""
    conn.execute(
        """
        UPDATE therapy_sessions
           SET analysis_findings = jsonb_path_query_array(
                   COALESCE(analysis_findings, '[]'), '$[*] ? (@.code != $own)',
                   jsonb_build_object('own', %s::text))
                   || jsonb_build_object('code', %s::text, 'sentence', %s::text, 'channel', NULL)
         WHERE id = %s AND processing_status = 'completed'
        """,
        [OUTDATED, OUTDATED, sentence, session_id],
    )


def _columns(
    session_id: UUID,
    score: SessionScore,
    known: Known,
    inputs: SessionInputs,
    sources: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "overall": score.overall,
        "compliance": score.compliance,
        "symmetry": score.symmetry,
        "effort": score.effort,
        "game": score.game,
        "category": score.category,
        "symmetry_category": score.symmetry_category,
        "weights": Jsonb(dict(score.weights)),
        "configuration_id": score.configuration_id,
        "configuration_version": score.configuration_version,
        "configuration_scope": known.scope,
        "targets": score.targets,
        "missing": [m.component for m in score.missing],
        "missing_reasons": Jsonb({m.component: m.reason for m in score.missing}),
        "one_side_only": score.one_side_only,
        "pressure_verified": score.pressure_verified,
        "pressure": _pressure(inputs),
        "gate": score.bfr_gate,
        "rpe": inputs.rpe,
        "points": inputs.game_points,
        "points_maximum": inputs.game_maximum,
        "minutes": None if known.duration_s is None else known.duration_s / 60,
        "sources": Jsonb(dict(sources)),
        "method": known.channels[0].method if known.channels else METHOD,
        "protocol_digest": known.channels[0].protocol_digest if known.channels else DEFAULT.digest,
        **_sides(score.muscles),
    }


def _pressure(inputs: SessionInputs) -> float | None:
    """Of two legs the one further from the target: it is the one that the gate is about."""
    known = [p for p in inputs.pressures.values() if p is not None]
    if inputs.bfr_enabled is False:
        return None
    return max(known, key=lambda percent: abs(percent - TARGET_PERCENT), default=None)


def _sides(muscles: Sequence[MuscleScore]) -> dict[str, float | None]:
    """The rates of each leg, where exactly one muscle of it was recorded."""
    rates: dict[str, float | None] = {}
    for side in ("left", "right"):
        found = [m for m in muscles if m.side == side]
        only = found[0] if len(found) == 1 else None
        rates[f"{side}_completion"] = only and only.completion
        rates[f"{side}_intensity"] = only and only.intensity
        rates[f"{side}_duration"] = only and only.duration
    return rates


def of_muscle(m: MuscleScore, inputs: SessionInputs) -> dict[str, Any]:
    """The columns of a row of `emg_statistics` that are judged, not measured."""
    hold_s = inputs.hold_s if m.side is None else inputs.holds_s.get(m.side, inputs.hold_s)
    return {
        "muscle": m.muscle,
        "side": m.side,
        "mvc": m.mvc.value_v,
        "mvc_source": m.mvc.source,
        "mvc_confidence": m.mvc.confidence,
        "target": m.target,
        "good_intensity": m.good_intensity,
        "good_duration": m.good_duration,
        "good_both": m.good_both,
        "completion": m.completion,
        "intensity": m.intensity,
        "duration": m.duration,
        "compliance": m.compliance,
        "left_out": Jsonb(dict(m.left_out)),
        "reason": m.reason,
        "mvc_share": inputs.mvc_share,
        "hold_s": hold_s,
    }


def of_contraction(j: Judgement) -> dict[str, Any]:
    """The columns of a row of `contractions` that are judged, not measured."""
    return {
        "meets_intensity": j.meets_intensity,
        "meets_duration": j.meets_duration,
        "is_good": j.is_good,
        "prescribed_intensity": j.prescribed_intensity,
        "prescribed_duration": j.prescribed_duration,
        "short": j.short,
    }


def list_row(score: SessionScore, known: Known) -> dict[str, Any]:
    """Exactly what a line of a list of sessions shows."""
    verdicts = [channel.quality_verdict for channel in known.channels]
    return {
        "overall": score.overall,
        "category": score.category,
        "compliance": score.compliance,
        "bfr_gate": score.bfr_gate,
        "bfr_off": known.settings is not None and known.settings.bfr_enabled is False,
        "missing": [m.component for m in score.missing],
        "quality": max(verdicts, key=_VERDICTS.index, default=None),
        "method": known.channels[0].method if known.channels else METHOD,
        "muscles": [
            {
                "label": m.label,
                "muscle": m.muscle,
                "side": m.side,
                "contractions": m.total,
                "target": m.target,
                "good": m.good_both,
            }
            for m in score.muscles
        ],
    }


_VERDICTS: tuple[Verdict, ...] = ("good", "usable", "poor")  # the list shows the worst

_SAVE = """
    INSERT INTO performance_scores (
        session_id, overall_performance_score, compliance_score, symmetry_score, effort_score,
        game_score, category, symmetry_category, performance_weights, configuration_id,
        configuration_version, configuration_scope, targets, missing, missing_reasons,
        one_side_only, pressure_verified, bfr_pressure_aop, bfr_compliance_gate, rpe_post_session,
        game_points_achieved, game_points_maximum, session_duration_minutes,
        left_muscle_completion_rate, left_muscle_intensity_rate, left_muscle_duration_rate,
        right_muscle_completion_rate, right_muscle_intensity_rate, right_muscle_duration_rate,
        input_sources, method, protocol_digest)
    VALUES (
        %(session_id)s, %(overall)s, %(compliance)s, %(symmetry)s, %(effort)s,
        %(game)s, %(category)s, %(symmetry_category)s, %(weights)s, %(configuration_id)s,
        %(configuration_version)s, %(configuration_scope)s, %(targets)s, %(missing)s,
        %(missing_reasons)s, %(one_side_only)s, %(pressure_verified)s, %(pressure)s, %(gate)s,
        %(rpe)s, %(points)s, %(points_maximum)s, %(minutes)s,
        %(left_completion)s, %(left_intensity)s, %(left_duration)s,
        %(right_completion)s, %(right_intensity)s, %(right_duration)s,
        %(sources)s, %(method)s, %(protocol_digest)s)
    """

_JUDGE_MUSCLE = """
    UPDATE emg_statistics
       SET muscle = %(muscle)s, side = %(side)s, mvc_peak_value = %(mvc)s,
           mvc_calculation_method = %(mvc_source)s, mvc_confidence_score = %(mvc_confidence)s,
           target_contractions = %(target)s, good_contractions_intensity = %(good_intensity)s,
           good_contractions_duration = %(good_duration)s, good_contractions_both = %(good_both)s,
           completion_rate = %(completion)s, intensity_rate = %(intensity)s,
           duration_rate = %(duration)s, muscle_compliance_score = %(compliance)s,
           left_out = %(left_out)s, compliance_reason = %(reason)s,
           mvc_threshold_percentage = %(mvc_share)s, duration_threshold_seconds = %(hold_s)s
     WHERE session_id = %(session_id)s AND channel_name = %(label)s
    """

# A row that says the same already is not written again.
_JUDGE_CONTRACTION = """
    UPDATE contractions
       SET meets_intensity = %(meets_intensity)s, meets_duration = %(meets_duration)s,
           is_good = %(is_good)s, prescribed_intensity = %(prescribed_intensity)s,
           prescribed_duration = %(prescribed_duration)s, short = %(short)s
     WHERE session_id = %(session_id)s AND channel = %(label)s AND number = %(number)s
       AND (meets_intensity, meets_duration, is_good, prescribed_intensity, prescribed_duration,
            short)
           IS DISTINCT FROM
           (%(meets_intensity)s, %(meets_duration)s, %(is_good)s, %(prescribed_intensity)s,
            %(prescribed_duration)s, %(short)s)
    """
