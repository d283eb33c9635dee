"""What was measured in a session, written: replaced as a whole, or taken over from equal bytes."""

from collections.abc import Iterator, Mapping
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

from myograph.analysis.protocol import Protocol
from myograph.analysis.results import (
    ChannelMeasurement,
    Contraction,
    Measurement,
    Spread,
    Statistics,
    Temporal,
)
from myograph.db import contraction_edits, fatigue, scores
from myograph.db.plain import plain, plain_text
from myograph.db.rows import certain
from myograph.db.scoring import StoredChannel
from myograph.recording import Facts, Finding
from myograph.scoring.evidence import efforts_of
from myograph.scoring.results import MuscleScore, SessionScore
from myograph.scoring.session import SessionInputs


def wait_for_twins(conn: Connection, file_hash: str) -> None:
    """Let sessions of equal bytes be identified one after the other: else neither sees the other.

    Before any row is locked: whoever is in front may have to write to ours.
    """
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [file_hash])


def identify(conn: Connection, session_id: UUID, file_hash: str, *, size_bytes: int) -> None:
    """Note what bytes the session has, and which session of these bytes counts."""
    conn.execute(
        """
        UPDATE therapy_sessions SET file_hash = %(hash)s, file_size_bytes = %(size)s
         WHERE id = %(session)s
           AND (file_hash, file_size_bytes) IS DISTINCT FROM (%(hash)s, %(size)s)
        """,
        {"session": session_id, "hash": file_hash, "size": size_bytes},
    )
    settle_twins(conn, file_hash)


def settle_twins(conn: Connection, file_hash: str) -> None:
    """Decide which session of these bytes counts; call it after `wait_for_twins`."""
    conn.execute("SELECT app.settle_twins(%s)", [file_hash])


def measured_before(
    conn: Connection,
    file_hash: str,
    method: str,
    protocol_digest: str,
    *,
    recovered: bool,
    only: UUID | None = None,
) -> UUID | None:
    """A session whose measurement of these bytes, by this method and protocol, can be shared.

    recovered    what was measured in a broken file is shared with whoever asked for that alone
    only         this session or none
    What people corrected is never shared.
    """
    found: UUID | None = (
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT e.session_id
              FROM emg_statistics e
              JOIN therapy_sessions t ON t.id = e.session_id
             WHERE e.file_hash = %s AND e.method = %s AND e.protocol_digest = %s
               AND t.processing_status = 'completed' AND t.recovered = %s
               AND NOT EXISTS (SELECT FROM contraction_edit_outcomes o
                                WHERE o.session_id = e.session_id)
               AND (%s::uuid IS NULL OR e.session_id = %s)
             ORDER BY e.processed_at, e.session_id
             LIMIT 1
            """,
            [file_hash, method, protocol_digest, recovered, only, only],
        )
        .fetchone()
    )
    return found


def remember_protocol(conn: Connection, protocol: Protocol, method: str) -> None:
    conn.execute(
        """
        INSERT INTO processing_parameters (digest, method, protocol)
        VALUES (%s, %s, %s)
        ON CONFLICT (digest) DO NOTHING
        """,
        [protocol.digest, method, Jsonb(protocol.to_dict())],
    )


def channels_of(measurement: Measurement, facts: Facts) -> tuple[StoredChannel, ...]:
    """The channels as they will be stored, for scores that are made before."""
    return tuple(
        StoredChannel(
            label=plain_text(c.label),
            efforts=efforts_of(c),
            envelope_p95=c.envelope_p95_v,
            activated_p95=c.activated_p95_v,
            game_mvc=_game_mvc_v(facts, c.label),
            quality_verdict=c.quality.verdict,
            signal_quality_score=c.quality.score,
            method=measurement.method,
            protocol_digest=measurement.protocol_digest,
        )
        for c in measurement.channels
    )


def replace(
    conn: Connection,
    session_id: UUID,
    measurement: Measurement,
    *,
    facts: Facts,
    score: SessionScore,
    inputs: SessionInputs,
    file_hash: str,
    program: str,
    took_ms: int,
) -> None:
    """Put `measurement` in the place of whatever was measured before. Edits are not touched.

    Each row is written once, with what `score` says of it.
    """
    _delete(conn, session_id)
    muscles = {m.label: m for m in score.muscles}
    places = {label: place for place, label in enumerate(facts.emg_labels, start=1)}
    shared = {
        "session_id": session_id,
        "method": measurement.method,
        "protocol_digest": measurement.protocol_digest,
        "file_hash": file_hash,
        "processing_version": program,
        "processing_time_ms": took_ms,
    }
    rows = [
        shared
        | {"channel_number": places[c.label], "game_mvc": _game_mvc_v(facts, c.label)}
        | _columns(c)
        | scores.of_muscle(muscles[plain_text(c.label)], inputs)
        for c in measurement.channels
    ]
    with conn.cursor() as cursor:
        cursor.executemany(_INSERT_STATISTICS, rows)
        cursor.executemany(
            _INSERT_CONTRACTION,
            [
                {"session_id": session_id, "channel": plain_text(c.label)} | row
                for c in measurement.channels
                for row in _judged(c, muscles[plain_text(c.label)])
            ],
        )
    contraction_edits.save_outcomes(conn, session_id, measurement.edits)


def _judged(measured: ChannelMeasurement, muscle: MuscleScore) -> Iterator[dict[str, Any]]:
    judgements = {j.number: j for j in muscle.judgements}
    for one in measured.contractions:
        yield _contraction(one) | scores.of_contraction(judgements[one.number])


def copy(
    conn: Connection, session_id: UUID, source: UUID, *, score: SessionScore, inputs: SessionInputs
) -> None:
    """Take over what was measured in equal bytes, with what it is worth here and not there."""
    _delete(conn, session_id)
    of = {"session_id": session_id, "source": source}
    with conn.cursor() as cursor:
        cursor.executemany(
            _COPY_STATISTICS,
            [of | {"label": m.label} | scores.of_muscle(m, inputs) for m in score.muscles],
        )
    judged = [
        {"channel": m.label, "number": j.number} | scores.of_contraction(j)
        for m in score.muscles
        for j in m.judgements
    ]
    conn.execute(_COPY_CONTRACTIONS, of | {"judged": Jsonb(judged)})
    conn.execute("UPDATE therapy_sessions SET cache_hits = cache_hits + 1 WHERE id = %s", [source])


def findings_at(conn: Connection, session_id: UUID) -> list[Mapping[str, Any]]:
    """What the analysis of that session noticed, and not what became of its scores."""
    row = conn.execute(
        """
        SELECT jsonb_path_query_array(COALESCE(analysis_findings, '[]'), '$[*] ? (@.code != $own)',
                                      jsonb_build_object('own', %s::text))
          FROM therapy_sessions
         WHERE id = %s
        """,
        [scores.OUTDATED, session_id],
    )
    [findings] = certain(row.fetchone())
    return findings


def _delete(conn: Connection, session_id: UUID) -> None:
    conn.execute("DELETE FROM emg_statistics WHERE session_id = %s", [session_id])
    contraction_edits.forget_outcomes(conn, session_id)


def findings_of(measurement: Measurement) -> list[Mapping[str, Any]]:
    """Of the recording, of each channel, and of the channels that could not be measured."""
    of_channels = [f for c in measurement.channels for f in c.findings]
    return plain([as_json(f) for f in (*measurement.findings, *of_channels, *measurement.refused)])


def as_json(finding: Finding) -> Mapping[str, Any]:
    return {"code": finding.code, "sentence": finding.sentence, "channel": finding.channel}


def _game_mvc_v(facts: Facts, label: str) -> float | None:
    """The maximum the game wrote for this channel; one of 0 is none."""
    channel = facts.game.channels.get(label) if facts.game else None
    return channel.mvc_v if channel and channel.mvc_v and channel.mvc_v > 0 else None


def _columns(c: ChannelMeasurement) -> dict[str, Any]:
    return {
        "channel_name": plain_text(c.label),
        "envelope_p95": c.envelope_p95_v,
        "activated_p95": c.activated_p95_v,
        "rest_level": c.rest_v,
        "detection_threshold": c.threshold_v,
        "implied_rate": c.implied_rate_hz,
        "total_contractions": len(c.contractions),
        "processing_pipeline": c.pipeline,
        **_spectral("", c.clinical),
        **_spectral("whole_", c.whole),
        **_temporal(c.temporal),
        **_game(c),
        **_quality(c),
        **fatigue.columns_of(c.fatigue),
    }


def _spectral(prefix: str, of: Statistics) -> dict[str, Any]:
    return {
        f"{prefix}rms": of.rms_v,
        f"{prefix}mav": of.mav_v,
        f"{prefix}iemg": of.iemg_vs,
        f"{prefix}mpf": of.mpf_hz,
        f"{prefix}mdf": of.mdf_hz,
        f"{prefix}fi_nsm5": of.fi_nsm5,
        f"{prefix}spectral_resolution": of.resolution_hz,
    }


def _temporal(of: Temporal | None) -> dict[str, Any]:
    spreads: dict[str, Spread | None] = {
        "rms": of and of.rms,
        "mav": of and of.mav,
        "mpf": of and of.mpf,
        "mdf": of and of.mdf,
        "fi_nsm5": of and of.fi_nsm5,
    }
    columns: dict[str, Any] = {
        "temporal_window_s": of and of.window_s,
        "temporal_windows": of and of.windows,
    }
    for name, spread in spreads.items():
        columns[f"{name}_mean"] = spread and spread.mean
        columns[f"{name}_sd"] = spread and spread.sd
        columns[f"{name}_min"] = spread and spread.minimum
        columns[f"{name}_max"] = spread and spread.maximum
        columns[f"{name}_cv"] = spread and spread.cv
    return columns


def _game(c: ChannelMeasurement) -> dict[str, Any]:
    game = c.game
    return {
        "game_contractions": game and game.count,
        "game_matched": game and game.matched,
        "game_missed": game and game.missed,
        "game_extra": game and game.extra,
        "game_on_artefact": game and game.on_artefact,
    }


def _quality(c: ChannelMeasurement) -> dict[str, Any]:
    quality = c.quality
    return {
        "signal_quality_score": quality.score,
        "quality_verdict": quality.verdict,
        "quality_reasons": [plain_text(reason) for reason in quality.reasons],
        "masked_share": quality.masked_share,
        "dropouts": quality.dropouts,
        "saturated_share": quality.saturated_share,
        "repeats": quality.repeats,
        "spikes": quality.spikes,
        "artifacts_detected": quality.artifacts,
        "snr_db": quality.snr_db,
        "noise_level": quality.noise_level_v,
        "noise_level_db": quality.noise_level_db,
        "powerline_share": quality.powerline_share,
        "powerline_hz": quality.powerline_hz,
        "motion_share": quality.motion_share,
    }


def _contraction(one: Contraction) -> dict[str, Any]:
    return {
        "number": one.number,
        "start_s": one.start_s,
        "end_s": one.end_s,
        "peak": one.peak_v,
        "mean": one.mean_v,
        "strength": one.strength_v,
        "activated_strength": one.activated_strength_v,
        "time_to_peak_s": one.time_to_peak_s,
        "rms": one.rms_v,
        "mav": one.mav_v,
        "iemg": one.iemg_vs,
        "mpf": one.mpf_hz,
        "mdf": one.mdf_hz,
        "fi_nsm5": one.fi_nsm5,
        "resolution": one.resolution_hz,
        "masked_share": one.masked_share,
        "cut": one.cut,
        "source": one.source,
        "edit_id": one.edit_id,
    }


# What is measured of a channel, in the order of the values that an insert names.
_MEASURED: LiteralString = """
        channel_name, channel_number, game_mvc, envelope_p95, activated_p95,
        rest_level, detection_threshold, implied_rate, total_contractions,
        rms, mav, iemg, mpf, mdf, fi_nsm5, spectral_resolution,
        whole_rms, whole_mav, whole_iemg, whole_mpf, whole_mdf, whole_fi_nsm5,
        whole_spectral_resolution, temporal_window_s, temporal_windows,
        rms_mean, rms_sd, rms_min, rms_max, rms_cv,
        mav_mean, mav_sd, mav_min, mav_max, mav_cv,
        mpf_mean, mpf_sd, mpf_min, mpf_max, mpf_cv,
        mdf_mean, mdf_sd, mdf_min, mdf_max, mdf_cv,
        fi_nsm5_mean, fi_nsm5_sd, fi_nsm5_min, fi_nsm5_max, fi_nsm5_cv,
        game_contractions, game_matched, game_missed, game_extra, game_on_artefact,
        signal_quality_score, quality_verdict, quality_reasons, masked_share, dropouts,
        saturated_share, repeats, spikes, artifacts_detected, snr_db, noise_level,
        noise_level_db, powerline_share, powerline_hz, motion_share,
        fatigue_contractions, fatigue_level, mdf_falls, fatigue_quadrant, fatigue_sentence,
        fatigue_reason, fatigue_mdf_slope_per_min, fatigue_mdf_intercept,
        fatigue_mdf_slope_per_min_percent, fatigue_mdf_low_per_min_percent,
        fatigue_mdf_high_per_min_percent, fatigue_mdf_r2, fatigue_mdf_p,
        fatigue_mdf_robust_slope_per_min, fatigue_mdf_robust_slope_per_min_percent,
        fatigue_mpf_slope_per_min, fatigue_mpf_intercept, fatigue_mpf_slope_per_min_percent,
        fatigue_mpf_low_per_min_percent, fatigue_mpf_high_per_min_percent, fatigue_mpf_r2,
        fatigue_mpf_p, fatigue_mpf_robust_slope_per_min, fatigue_mpf_robust_slope_per_min_percent,
        fatigue_rms_slope_per_min, fatigue_rms_intercept, fatigue_rms_slope_per_min_percent,
        fatigue_rms_low_per_min_percent, fatigue_rms_high_per_min_percent, fatigue_rms_r2,
        fatigue_rms_p, fatigue_rms_robust_slope_per_min, fatigue_rms_robust_slope_per_min_percent,
        fatigue_fi_nsm5_slope_per_min, fatigue_fi_nsm5_intercept,
        fatigue_fi_nsm5_slope_per_min_percent, fatigue_fi_nsm5_low_per_min_percent,
        fatigue_fi_nsm5_high_per_min_percent, fatigue_fi_nsm5_r2, fatigue_fi_nsm5_p,
        fatigue_fi_nsm5_robust_slope_per_min, fatigue_fi_nsm5_robust_slope_per_min_percent,
    """

# What a channel is worth, and the values of `scores.of_muscle` in that order.
_WORTH: LiteralString = """
        muscle, side, mvc_peak_value, mvc_calculation_method, mvc_confidence_score,
        target_contractions, good_contractions_intensity, good_contractions_duration,
        good_contractions_both, completion_rate, intensity_rate, duration_rate,
        muscle_compliance_score, left_out, compliance_reason, mvc_threshold_percentage,
        duration_threshold_seconds
    """

_OF_MUSCLE: LiteralString = """
        %(muscle)s, %(side)s, %(mvc)s, %(mvc_source)s, %(mvc_confidence)s, %(target)s,
        %(good_intensity)s, %(good_duration)s, %(good_both)s, %(completion)s, %(intensity)s,
        %(duration)s, %(compliance)s, %(left_out)s, %(reason)s, %(mvc_share)s, %(hold_s)s
    """

_INSERT_STATISTICS = (
    "INSERT INTO emg_statistics (session_id,"
    + _MEASURED
    + """
        processing_pipeline, processing_version, processing_time_ms,
        method, protocol_digest, file_hash,"""
    + _WORTH
    + """)
    VALUES (
        %(session_id)s, %(channel_name)s, %(channel_number)s, %(game_mvc)s, %(envelope_p95)s,
        %(activated_p95)s, %(rest_level)s, %(detection_threshold)s, %(implied_rate)s,
        %(total_contractions)s,
        %(rms)s, %(mav)s, %(iemg)s, %(mpf)s, %(mdf)s, %(fi_nsm5)s, %(spectral_resolution)s,
        %(whole_rms)s, %(whole_mav)s, %(whole_iemg)s, %(whole_mpf)s, %(whole_mdf)s,
        %(whole_fi_nsm5)s, %(whole_spectral_resolution)s,
        %(temporal_window_s)s, %(temporal_windows)s,
        %(rms_mean)s, %(rms_sd)s, %(rms_min)s, %(rms_max)s, %(rms_cv)s,
        %(mav_mean)s, %(mav_sd)s, %(mav_min)s, %(mav_max)s, %(mav_cv)s,
        %(mpf_mean)s, %(mpf_sd)s, %(mpf_min)s, %(mpf_max)s, %(mpf_cv)s,
        %(mdf_mean)s, %(mdf_sd)s, %(mdf_min)s, %(mdf_max)s, %(mdf_cv)s,
        %(fi_nsm5_mean)s, %(fi_nsm5_sd)s, %(fi_nsm5_min)s, %(fi_nsm5_max)s, %(fi_nsm5_cv)s,
        %(game_contractions)s, %(game_matched)s, %(game_missed)s, %(game_extra)s,
        %(game_on_artefact)s,
        %(signal_quality_score)s, %(quality_verdict)s, %(quality_reasons)s, %(masked_share)s,
        %(dropouts)s, %(saturated_share)s, %(repeats)s, %(spikes)s, %(artifacts_detected)s,
        %(snr_db)s, %(noise_level)s, %(noise_level_db)s, %(powerline_share)s,
        %(powerline_hz)s, %(motion_share)s,
        %(fatigue_contractions)s, %(fatigue_level)s, %(mdf_falls)s, %(fatigue_quadrant)s,
        %(fatigue_sentence)s, %(fatigue_reason)s, %(fatigue_mdf_slope_per_min)s,
        %(fatigue_mdf_intercept)s, %(fatigue_mdf_slope_per_min_percent)s,
        %(fatigue_mdf_low_per_min_percent)s, %(fatigue_mdf_high_per_min_percent)s,
        %(fatigue_mdf_r2)s, %(fatigue_mdf_p)s, %(fatigue_mdf_robust_slope_per_min)s,
        %(fatigue_mdf_robust_slope_per_min_percent)s, %(fatigue_mpf_slope_per_min)s,
        %(fatigue_mpf_intercept)s, %(fatigue_mpf_slope_per_min_percent)s,
        %(fatigue_mpf_low_per_min_percent)s, %(fatigue_mpf_high_per_min_percent)s,
        %(fatigue_mpf_r2)s, %(fatigue_mpf_p)s, %(fatigue_mpf_robust_slope_per_min)s,
        %(fatigue_mpf_robust_slope_per_min_percent)s, %(fatigue_rms_slope_per_min)s,
        %(fatigue_rms_intercept)s, %(fatigue_rms_slope_per_min_percent)s,
        %(fatigue_rms_low_per_min_percent)s, %(fatigue_rms_high_per_min_percent)s,
        %(fatigue_rms_r2)s, %(fatigue_rms_p)s, %(fatigue_rms_robust_slope_per_min)s,
        %(fatigue_rms_robust_slope_per_min_percent)s, %(fatigue_fi_nsm5_slope_per_min)s,
        %(fatigue_fi_nsm5_intercept)s, %(fatigue_fi_nsm5_slope_per_min_percent)s,
        %(fatigue_fi_nsm5_low_per_min_percent)s, %(fatigue_fi_nsm5_high_per_min_percent)s,
        %(fatigue_fi_nsm5_r2)s, %(fatigue_fi_nsm5_p)s, %(fatigue_fi_nsm5_robust_slope_per_min)s,
        %(fatigue_fi_nsm5_robust_slope_per_min_percent)s,
        %(processing_pipeline)s, %(processing_version)s, %(processing_time_ms)s,
        %(method)s, %(protocol_digest)s, %(file_hash)s,"""
    + _OF_MUSCLE
    + """)
    """
)

_INSERT_CONTRACTION = """
    INSERT INTO contractions (
        session_id, channel, number, start_s, end_s, peak, mean, strength, activated_strength,
        time_to_peak_s, rms, mav, iemg, mpf, mdf, fi_nsm5, resolution, masked_share, cut, source,
        edit_id, meets_intensity, meets_duration, is_good, prescribed_intensity,
        prescribed_duration, short)
    VALUES (
        %(session_id)s, %(channel)s, %(number)s, %(start_s)s, %(end_s)s, %(peak)s, %(mean)s,
        %(strength)s, %(activated_strength)s, %(time_to_peak_s)s, %(rms)s, %(mav)s, %(iemg)s,
        %(mpf)s, %(mdf)s, %(fi_nsm5)s, %(resolution)s, %(masked_share)s, %(cut)s, %(source)s,
        %(edit_id)s, %(meets_intensity)s, %(meets_duration)s, %(is_good)s, %(prescribed_intensity)s,
        %(prescribed_duration)s, %(short)s)
    """

_COPY_STATISTICS = (
    "INSERT INTO emg_statistics (session_id,"
    + _MEASURED
    + """
        processing_pipeline, processing_version, method, protocol_digest, file_hash,"""
    + _WORTH
    + """)
    SELECT %(session_id)s,"""
    + _MEASURED
    + """
        processing_pipeline, processing_version, method, protocol_digest, file_hash,"""
    + _OF_MUSCLE
    + """
      FROM emg_statistics
     WHERE session_id = %(source)s AND channel_name = %(label)s
    """
)

_COPY_CONTRACTIONS = """
    INSERT INTO contractions (
        session_id, channel, number, start_s, end_s, peak, mean, strength, activated_strength,
        time_to_peak_s, rms, mav, iemg, mpf, mdf, fi_nsm5, resolution, masked_share, cut, source,
        meets_intensity, meets_duration, is_good, prescribed_intensity, prescribed_duration, short)
    SELECT
        %(session_id)s, c.channel, c.number, c.start_s, c.end_s, c.peak, c.mean, c.strength,
        c.activated_strength, c.time_to_peak_s, c.rms, c.mav, c.iemg, c.mpf, c.mdf, c.fi_nsm5,
        c.resolution, c.masked_share, c.cut, c.source,
        j.meets_intensity, j.meets_duration, j.is_good, j.prescribed_intensity,
        j.prescribed_duration, j.short
      FROM contractions c
      LEFT JOIN jsonb_to_recordset(%(judged)s) AS j (
               channel text, number integer, meets_intensity boolean, meets_duration boolean,
               is_good boolean, prescribed_intensity boolean, prescribed_duration boolean,
               short boolean)
             ON (j.channel, j.number) = (c.channel, c.number)
     WHERE c.session_id = %(source)s
    """
