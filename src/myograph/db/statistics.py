"""Measured and judged numbers of each channel of a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from myograph.analysis.results import Fatigue, Verdict
from myograph.db import fatigue
from myograph.db.wording import Wording
from myograph.scoring.results import MvcSource, Side


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """Volts, hertz, seconds; rates and shares 0..1. None: not measured or not judged.

    rms .. fi_nsm5              of the contractions (the clinical values); whole_*: of the recording
    *_mean, *_sd, *_min, *_max, *_cv   over the windows of `temporal_window_s`
    fatigue                     with its reason where it was not measured
    left_out                    {part of compliance: why it is not counted}
    """

    channel_name: str
    muscle: str | None
    side: Side | None
    mvc_peak_value: float | None
    mvc_rms_value: float | None
    mvc_confidence_score: float | None
    mvc_calculation_method: MvcSource | None
    game_mvc: float | None
    envelope_p95: float | None
    activated_p95: float | None
    rest_level: float | None
    detection_threshold: float | None
    implied_rate: float | None
    total_contractions: int
    target_contractions: int | None
    good_contractions_intensity: int | None
    good_contractions_duration: int | None
    good_contractions_both: int | None
    completion_rate: float | None
    intensity_rate: float | None
    duration_rate: float | None
    muscle_compliance_score: float | None
    left_out: dict[str, str]
    compliance_reason: str | None
    rms: float | None
    mav: float | None
    iemg: float | None
    mpf: float | None
    mdf: float | None
    fi_nsm5: float | None
    spectral_resolution: float | None
    whole_rms: float | None
    whole_mav: float | None
    whole_iemg: float | None
    whole_mpf: float | None
    whole_mdf: float | None
    whole_fi_nsm5: float | None
    whole_spectral_resolution: float | None
    temporal_window_s: float | None
    temporal_windows: int | None
    rms_mean: float | None
    rms_sd: float | None
    rms_min: float | None
    rms_max: float | None
    rms_cv: float | None
    mav_mean: float | None
    mav_sd: float | None
    mav_min: float | None
    mav_max: float | None
    mav_cv: float | None
    mpf_mean: float | None
    mpf_sd: float | None
    mpf_min: float | None
    mpf_max: float | None
    mpf_cv: float | None
    mdf_mean: float | None
    mdf_sd: float | None
    mdf_min: float | None
    mdf_max: float | None
    mdf_cv: float | None
    fi_nsm5_mean: float | None
    fi_nsm5_sd: float | None
    fi_nsm5_min: float | None
    fi_nsm5_max: float | None
    fi_nsm5_cv: float | None
    game_contractions: int | None
    game_matched: int | None
    game_missed: int | None
    game_extra: int | None
    game_on_artefact: int | None
    signal_quality_score: float
    quality_verdict: Verdict
    quality_reasons: list[str]
    masked_share: float
    dropouts: int
    saturated_share: float
    repeats: int
    spikes: int
    artifacts_detected: int
    snr_db: float | None
    noise_level: float | None
    noise_level_db: float | None
    powerline_share: float | None
    powerline_hz: float | None
    motion_share: float | None
    fatigue: Fatigue
    processing_pipeline: str
    processing_version: str
    mvc_threshold_percentage: float | None
    duration_threshold_seconds: float | None
    method: str
    protocol_digest: str
    file_hash: str
    processed_at: datetime


def of_session(
    conn: Connection, session_id: UUID, wording: Wording = "as_written"
) -> list[ChannelStatistics]:
    """In the order of the file's channels."""
    return of_sessions(conn, [session_id], wording)[session_id]


def of_sessions(
    conn: Connection, ids: Sequence[UUID], wording: Wording = "as_written"
) -> dict[UUID, list[ChannelStatistics]]:
    """Of each of these sessions, in the order of its file's channels."""
    found: dict[UUID, list[ChannelStatistics]] = {session_id: [] for session_id in ids}
    query = _CHANNELS + _OF[wording]
    for row in conn.cursor(row_factory=dict_row).execute(query, [list(ids)]):
        channels = found[row.pop("session_id")]
        channels.append(ChannelStatistics(fatigue=fatigue.take_from(row), **row))
    return found


_CHANNELS: LiteralString = """
    SELECT session_id, channel_name, muscle, side, mvc_peak_value, mvc_rms_value,
           mvc_confidence_score, mvc_calculation_method, game_mvc, envelope_p95,
           activated_p95, rest_level, detection_threshold, implied_rate,
           total_contractions, target_contractions,
           good_contractions_intensity, good_contractions_duration,
           good_contractions_both, completion_rate, intensity_rate, duration_rate,
           muscle_compliance_score, left_out, compliance_reason,
           rms, mav, iemg, mpf, mdf, fi_nsm5, spectral_resolution,
           whole_rms, whole_mav, whole_iemg, whole_mpf, whole_mdf, whole_fi_nsm5,
           whole_spectral_resolution,
           temporal_window_s, temporal_windows,
           rms_mean, rms_sd, rms_min, rms_max, rms_cv,
           mav_mean, mav_sd, mav_min, mav_max, mav_cv,
           mpf_mean, mpf_sd, mpf_min, mpf_max, mpf_cv,
           mdf_mean, mdf_sd, mdf_min, mdf_max, mdf_cv,
           fi_nsm5_mean, fi_nsm5_sd, fi_nsm5_min, fi_nsm5_max, fi_nsm5_cv,
           game_contractions, game_matched, game_missed, game_extra, game_on_artefact,
           signal_quality_score, quality_verdict, quality_reasons, masked_share,
           dropouts, saturated_share, repeats, spikes, artifacts_detected, snr_db,
           noise_level, noise_level_db, powerline_share, powerline_hz, motion_share,
           fatigue_contractions, fatigue_level, mdf_falls, fatigue_quadrant,
           fatigue_sentence, fatigue_reason, fatigue_mdf_slope_per_min,
           fatigue_mdf_intercept, fatigue_mdf_slope_per_min_percent,
           fatigue_mdf_low_per_min_percent, fatigue_mdf_high_per_min_percent,
           fatigue_mdf_r2, fatigue_mdf_p, fatigue_mdf_robust_slope_per_min,
           fatigue_mdf_robust_slope_per_min_percent, fatigue_mpf_slope_per_min,
           fatigue_mpf_intercept, fatigue_mpf_slope_per_min_percent,
           fatigue_mpf_low_per_min_percent, fatigue_mpf_high_per_min_percent,
           fatigue_mpf_r2, fatigue_mpf_p, fatigue_mpf_robust_slope_per_min,
           fatigue_mpf_robust_slope_per_min_percent, fatigue_rms_slope_per_min,
           fatigue_rms_intercept, fatigue_rms_slope_per_min_percent,
           fatigue_rms_low_per_min_percent, fatigue_rms_high_per_min_percent,
           fatigue_rms_r2, fatigue_rms_p, fatigue_rms_robust_slope_per_min,
           fatigue_rms_robust_slope_per_min_percent, fatigue_fi_nsm5_slope_per_min,
           fatigue_fi_nsm5_intercept, fatigue_fi_nsm5_slope_per_min_percent,
           fatigue_fi_nsm5_low_per_min_percent, fatigue_fi_nsm5_high_per_min_percent,
           fatigue_fi_nsm5_r2, fatigue_fi_nsm5_p, fatigue_fi_nsm5_robust_slope_per_min,
           fatigue_fi_nsm5_robust_slope_per_min_percent,
           processing_pipeline, processing_version, mvc_threshold_percentage,
           duration_threshold_seconds, method, protocol_digest, file_hash, processed_at
      FROM """
_IN_ORDER: LiteralString = """
     WHERE session_id = ANY (%s)
     ORDER BY session_id, channel_number
    """
_OF: dict[Wording, LiteralString] = {
    "as_written": "emg_statistics" + _IN_ORDER,
    "for_research": "research_statistics" + _IN_ORDER,
}
