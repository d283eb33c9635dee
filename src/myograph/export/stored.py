"""Stored numbers of many sessions: which columns stand in which table of an export.

What a column means is said by the database itself.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final, Literal, TypeAlias

from myograph.export.tables import Column

Type = Literal["statistics_only", "performance_report", "bfr_safety_report"]
Comments: TypeAlias = Mapping[str, str]  # of a column, by the names of its table and its own

COMMENTED: Final = (
    "therapy_sessions",
    "c3d_technical_data",
    "emg_statistics",
    "contractions",
    "performance_scores",
    "bfr_monitoring",
)


def session_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    """`row` has `technical` and `scores`."""
    of_session = partial(_named, comments, "therapy_sessions", "session")
    of_file = partial(_named, comments, "c3d_technical_data", "row.technical")
    of_scores = partial(_named, comments, "performance_scores", "row.scores")
    named = (
        *of_session("", "session_id file_path"),
        Column("findings", "", comments["therapy_sessions.findings"], "session.findings"),
    )
    return (
        *_whose(comments, identifiers=identifiers),
        *(named if identifiers else ()),
        *of_session("", "session_date started_local session_type recovered"),
        *of_session("", "duplicate duplicate_of superseded_by object_gone_at"),
        *of_session("", "file_hash"),
        *of_session("B", "file_size_bytes"),
        *of_file("Hz", "sampling_rate original_sampling_rate"),
        *of_file("", "rate_correction rate_assumed"),
        *of_file("s", "duration_seconds original_duration_seconds"),
        *of_file("", "original_sample_count channel_count"),
        *of_scores("", "method protocol_digest"),
        *of_session("", "processing_status processed_at"),
    )


def channel_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    """`row` is what is stored of a channel."""
    of = partial(_named, comments, "emg_statistics", "row")
    return (
        *_which_channel(comments, identifiers=identifiers),
        *of("", "quality_verdict"),
        *of("0..1", "signal_quality_score"),
        *of("", "quality_reasons"),
        *of("0..1", "masked_share saturated_share"),
        *of("", "dropouts repeats spikes artifacts_detected"),
        *of("dB", "snr_db"),
        *of("V", "noise_level"),
        *of("dB", "noise_level_db"),
        *of("0..1", "powerline_share"),
        *of("Hz", "powerline_hz"),
        *of("0..1", "motion_share"),
        *of("V", "rms mav"),
        *of("V s", "iemg"),
        *of("Hz", "mpf mdf"),
        *of("s^6", "fi_nsm5"),
        *of("Hz", "spectral_resolution"),
        *of("V", "whole_rms whole_mav"),
        *of("V s", "whole_iemg"),
        *of("Hz", "whole_mpf whole_mdf"),
        *of("s^6", "whole_fi_nsm5"),
        *of("Hz", "whole_spectral_resolution"),
        *of("s", "temporal_window_s"),
        *of("", "temporal_windows"),
        *(c for name, unit in _VALUES for c in _spread_columns(comments, name, unit)),
        *of("V", "mvc_peak_value mvc_rms_value game_mvc"),
        *of("", "mvc_calculation_method"),
        *of("0..1", "mvc_confidence_score"),
        *of("V", "envelope_p95 activated_p95 rest_level detection_threshold"),
        *of("Hz", "implied_rate"),
        *of("", "total_contractions"),
        *of("", "game_contractions game_matched game_missed game_extra game_on_artefact"),
        *_fatigue_columns(comments),
        *of("", "processing_pipeline processing_version"),
        *of("", "method protocol_digest file_hash processed_at"),
    )


def muscle_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    """What a muscle was judged by, and how well it did."""
    of = partial(_named, comments, "emg_statistics", "row")
    left_out = "why it is not counted in the compliance"
    return (
        *_which_channel(comments, identifiers=identifiers),
        *of("", "total_contractions target_contractions"),
        *of("", "good_contractions_intensity good_contractions_duration good_contractions_both"),
        *of("0..1", "completion_rate intensity_rate duration_rate muscle_compliance_score"),
        *(
            Column(f"{part}_left_out", "", left_out, f"row.left_out.{part}")
            for part in ("completion", "intensity", "duration")
        ),
        *of("", "compliance_reason"),
        *of("0..1", "mvc_threshold_percentage"),
        *of("s", "duration_threshold_seconds"),
        *of("V", "mvc_peak_value"),
        *of("", "mvc_calculation_method"),
        *of("0..1", "mvc_confidence_score"),
        *of("", "quality_verdict method protocol_digest"),
    )


def contraction_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    of = partial(_named, comments, "contractions", "row")
    return (
        *_which_channel(comments, identifiers=identifiers),
        *of("", "number"),
        *of("s", "start_s end_s"),
        *of("V", "peak mean strength activated_strength"),
        *of("s", "time_to_peak_s"),
        *of("V", "rms mav"),
        *of("V s", "iemg"),
        *of("Hz", "mpf mdf"),
        *of("s^6", "fi_nsm5"),
        *of("Hz", "resolution"),
        *of("0..1", "masked_share"),
        *of("", "cut source edit_id meets_intensity meets_duration is_good"),
        *of("", "prescribed_intensity prescribed_duration short"),
    )


def score_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    of = partial(_named, comments, "performance_scores", "row")
    return (
        *_whose(comments, identifiers=identifiers),
        *of("0..100", "overall_performance_score compliance_score symmetry_score"),
        *of("0..100", "effort_score game_score"),
        *of("", "category symmetry_category one_side_only"),
        *(
            Column(f"weight_{part}", "0..1", f"weight of {part}", f"row.performance_weights.{part}")
            for part in ("compliance", "symmetry", "effort", "game")
        ),
        *of("", "configuration_id configuration_version configuration_scope targets"),
        *_gate_columns(comments),
        *of("0..10", "rpe_post_session"),
        *of("", "game_points_achieved game_points_maximum"),
        *of("min", "session_duration_minutes"),
        *(
            c
            for side in ("left", "right")
            for c in of(
                "0..1",
                f"{side}_muscle_completion_rate {side}_muscle_intensity_rate"
                f" {side}_muscle_duration_rate",
            )
        ),
        *(
            Column(f"source_{name}", "", f"where {said} came from", f"row.input_sources.{name}")
            for name, said in _INPUTS
        ),
        *of("", "method protocol_digest calculated_at"),
    )


def missing_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    """`row` is a pair of a component and why it has no value."""
    return (
        *_whose(comments, identifiers=identifiers),
        Column("component", "", "what has no value", "row.component"),
        Column("reason", "", "why it has none", "row.reason"),
    )


def gate_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    """Of the scores: what the cuffs made of the compliance."""
    return (
        *_whose(comments, identifiers=identifiers),
        *_gate_columns(comments),
        Column(
            "source_bfr_enabled",
            "",
            "who said whether cuffs were worn",
            "row.input_sources.bfr_enabled",
        ),
        Column("not_gated", "", "why there is no gate", "row.missing_reasons.bfr"),
        *_named(comments, "performance_scores", "row", "", "method protocol_digest"),
    )


def cuff_columns(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    of = partial(_named, comments, "bfr_monitoring", "row")
    return (
        *_whose(comments, identifiers=identifiers),
        *of("", "leg"),
        *of("% AOP", "target_pressure_aop actual_pressure_aop"),
        *of("", "pressure_stability_coefficient safety_gate_status safety_violations_count"),
        *of("s", "safety_violations_duration_seconds"),
        *of("% AOP", "max_pressure_deviation_aop"),
        *of("mmHg", "patient_aop_baseline_mmhg"),
        *of("cm", "patient_limb_circumference_cm"),
        *(of("", "cuff_size cuff_position monitoring_device") if identifiers else ()),
        *of("", "device_calibration_date"),
        *of("min", "bfr_session_duration_minutes"),
        *of("Hz", "monitoring_frequency_hz"),
        *of("", "measurement_method"),
    )


_VALUES: Final = (("rms", "V"), ("mav", "V"), ("mpf", "Hz"), ("mdf", "Hz"), ("fi_nsm5", "s^6"))
_TRENDS: Final = (("mdf", "Hz"), ("mpf", "Hz"), ("rms", "V"), ("fi_nsm5", "s^6"))
_INPUTS: Final = (
    ("sides", "the legs of the channels"),
    ("target", "the number of contractions asked for"),
    ("hold", "the hold asked for"),
    ("mvc_share", "the share of the maximum asked for"),
    ("mvc_left", "the maximum of the left leg"),
    ("mvc_right", "the maximum of the right leg"),
    ("rpe", "the perceived exertion"),
    ("game_points", "the points"),
    ("game_maximum", "the most the game gives"),
    ("bfr_enabled", "whether cuffs were worn"),
    ("pressures", "the pressures"),
    ("weights", "the weights"),
)


def _named(
    comments: Comments, of_table: str, place: str, unit: str, names: str
) -> Iterator[Column]:
    """Columns that are called as in the database."""
    for name in names.split():
        yield Column(name, unit, comments[f"{of_table}.{name}"], f"{place}.{name}")


def _whose(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    code = Column("patient_code", "", comments["therapy_sessions.patient_id"], "session.patient_id")
    return (
        Column("session", "", "the session, the same in all tables", "session.id"),
        Column("patient", "", comments["therapy_sessions.pseudonym"], "session.pseudonym"),
        *((code,) if identifiers else ()),
    )


def _which_channel(comments: Comments, *, identifiers: bool) -> tuple[Column, ...]:
    usual = "" if identifiers else " Without identifiers the usual names alone."
    return (
        *_whose(comments, identifiers=identifiers),
        Column("channel", "", "label of the channel." + usual, "channel"),
        Column("muscle", "", comments["emg_statistics.muscle"] + usual, "muscle"),
        Column("side", "", comments["emg_statistics.side"], "side"),
    )


def _spread_columns(comments: Comments, name: str, unit: str) -> Iterator[Column]:
    for part in ("mean", "sd", "min", "max"):
        yield from _named(comments, "emg_statistics", "row", unit, f"{name}_{part}")
    yield from _named(comments, "emg_statistics", "row", "", f"{name}_cv")


def _fatigue_columns(comments: Comments) -> Iterator[Column]:
    def column(name: str, unit: str, place: str) -> Column:
        return Column(name, unit, comments[f"emg_statistics.{name}"], f"row.fatigue.{place}")

    yield column("fatigue_contractions", "", "mdf.n")
    yield column("fatigue_level", "", "level")
    yield column("mdf_falls", "", "mdf_falls")
    yield column("fatigue_quadrant", "", "quadrant")
    yield column("fatigue_reason", "", "reason")
    for trend, unit in _TRENDS:
        for part, of_part in (
            ("slope_per_min", f"{unit}/min"),
            ("intercept", unit),
            ("slope_per_min_percent", "%/min"),
            ("low_per_min_percent", "%/min"),
            ("high_per_min_percent", "%/min"),
            ("r2", "0..1"),
            ("p", "0..1"),
            ("robust_slope_per_min", f"{unit}/min"),
            ("robust_slope_per_min_percent", "%/min"),
        ):
            yield column(f"fatigue_{trend}_{part}", of_part, f"{trend}.{part}")


def _gate_columns(comments: Comments) -> Iterator[Column]:
    of = partial(_named, comments, "performance_scores", "row")
    yield from of("% AOP", "bfr_pressure_aop")
    yield from of("", "bfr_compliance_gate pressure_verified")
