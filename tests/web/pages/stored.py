"""A session as the database would give it back, from a simulated file that really was measured."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from myograph.analysis.measure import METHOD, measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource
from myograph.db.contractions import ContractionRow
from myograph.db.scores import Scores
from myograph.db.sessions import Session, SessionRow
from myograph.db.statistics import ChannelStatistics
from myograph.db.technical import Technical
from myograph.scoring.configuration import DEFAULT as CONFIGURATION
from myograph.scoring.evidence import evidence_of
from myograph.scoring.session import SessionInputs, score_session
from myograph.simulate.presets import Faults, Wish, session
from myograph.simulate.sessions import simulate_session
from myograph.web.pages.loaded import Loaded

SESSION = UUID("0b5a1d3e-0000-4000-8000-000000000007")
START = datetime(2025, 3, 10, 11, 46)  # noqa: DTZ001 - as the file has it: no zone
SEED = 3


@dataclass(frozen=True)
class Recorded:
    content: bytes
    source: BytesSource


@cache
def recorded(preset: str = "holds", seconds: float = 60.0, dropouts: int = 0) -> Recorded:
    wish = Wish(preset=preset, seconds=seconds, faults=Faults(dropouts=dropouts))
    content, _ = simulate_session(session(wish, start=START, seed=SEED), SEED)
    return Recorded(content, BytesSource(content))


def blank(of: type, **known: Any) -> Any:
    """A row with nothing in it but what is given."""
    return of(**{f.name: known.get(f.name) for f in fields(of)})


def stored_session(**known: Any) -> Session:
    always = {
        "id": SESSION,
        "patient_id": "P001",
        "file_path": "P001/Ghostly_Emg_20250310_11-46-23-0823.c3d",
        "storage_bucket": "emg_data",
        "started_local": START,
        "processing_status": "completed",
        "processing_version": METHOD,
        "recovered": False,
        "attempt": 1,
        "tries": 1,
        "created_at": START.replace(tzinfo=UTC),
        "updated_at": START.replace(tzinfo=UTC),
        "findings": [],
    }
    return blank(Session, **(always | known))


def list_row(**known: Any) -> SessionRow:
    always = {
        "id": SESSION,
        "patient_id": "P001",
        "started_local": START,
        "processing_status": "completed",
        "sorted_at": START.replace(tzinfo=UTC),
        "created_at": START.replace(tzinfo=UTC),
    }
    return blank(SessionRow, **(always | known))


def stored(
    preset: str = "holds",
    *,
    sides: tuple[str | None, str | None] = ("left", "right"),
    inputs: SessionInputs | None = None,
    seconds: float = 60.0,
    dropouts: int = 0,
    **known: Any,
) -> Loaded:
    """The whole way of a recording through measuring and scoring, as rows."""
    inputs = inputs or SessionInputs(rpe=7, rpe_source="person")
    recording = read_recording(recorded(preset, seconds, dropouts).source)
    measured = measure(recording, DEFAULT)
    muscles = ["quadriceps" if side else None for side in sides]
    channels = [
        evidence_of(m, muscle=muscle, side=side, game_mvc_v=None)
        for m, muscle, side in zip(measured.channels, muscles, sides, strict=True)
    ]
    score = score_session(channels, inputs, CONFIGURATION)
    rows = zip(measured.channels, score.muscles, strict=True)
    return Loaded(
        session=stored_session(**known),
        technical=_technical(recording.facts),
        channels=[_statistics(m, s, inputs) for m, s in rows],
        contractions=[
            row
            for m, s in zip(measured.channels, score.muscles, strict=True)
            for row in _contractions(m, s)
        ],
        scores=_scores(score, inputs),
        settings=None,
    )


def _technical(facts: Any) -> Technical:
    return blank(
        Technical,
        sampling_rate=facts.rate.used_hz,
        original_sampling_rate=facts.rate.original_hz,
        duration_seconds=facts.duration_s,
        emg_labels=list(facts.emg_labels),
    )


def _statistics(measured: Any, scored: Any, inputs: SessionInputs) -> ChannelStatistics:
    clinical, quality = measured.clinical, measured.quality
    return blank(
        ChannelStatistics,
        channel_name=measured.label,
        muscle=scored.muscle,
        side=scored.side,
        mvc_peak_value=scored.mvc.value_v,
        mvc_calculation_method=scored.mvc.source,
        mvc_confidence_score=scored.mvc.confidence,
        total_contractions=scored.total,
        target_contractions=scored.target,
        good_contractions_intensity=scored.good_intensity,
        good_contractions_duration=scored.good_duration,
        good_contractions_both=scored.good_both,
        completion_rate=scored.completion,
        intensity_rate=scored.intensity,
        duration_rate=scored.duration,
        muscle_compliance_score=scored.compliance,
        left_out=dict(scored.left_out),
        compliance_reason=scored.reason,
        **_numbers(clinical),
        **{f"whole_{name}": value for name, value in _numbers(measured.whole).items()},
        **_temporal(measured.temporal),
        detection_threshold=measured.threshold_v,
        game_contractions=measured.game.count if measured.game else None,
        game_matched=measured.game.matched if measured.game else None,
        game_missed=measured.game.missed if measured.game else None,
        game_extra=measured.game.extra if measured.game else None,
        game_on_artefact=measured.game.on_artefact if measured.game else None,
        signal_quality_score=quality.score,
        quality_verdict=quality.verdict,
        quality_reasons=list(quality.reasons),
        masked_share=quality.masked_share,
        dropouts=quality.dropouts,
        saturated_share=quality.saturated_share,
        repeats=quality.repeats,
        spikes=quality.spikes,
        snr_db=quality.snr_db,
        noise_level=quality.noise_level_v,
        noise_level_db=quality.noise_level_db,
        powerline_share=quality.powerline_share,
        powerline_hz=quality.powerline_hz,
        motion_share=quality.motion_share,
        fatigue=measured.fatigue,
        protocol_digest=DEFAULT.digest,
        mvc_threshold_percentage=inputs.mvc_share,
        duration_threshold_seconds=inputs.hold_s,
    )


def _numbers(of: Any) -> dict[str, Any]:
    return {
        "rms": of.rms_v,
        "mav": of.mav_v,
        "iemg": of.iemg_vs,
        "mpf": of.mpf_hz,
        "mdf": of.mdf_hz,
        "fi_nsm5": of.fi_nsm5,
        "spectral_resolution": of.resolution_hz,
    }


def _temporal(of: Any) -> dict[str, Any]:
    if of is None:
        return {}
    names = {"mean": "mean", "sd": "sd", "min": "minimum", "max": "maximum", "cv": "cv"}
    spreads = {
        f"{number}_{part}": getattr(getattr(of, number), name)
        for number in ("rms", "mav", "mpf", "mdf", "fi_nsm5")
        for part, name in names.items()
    }
    return spreads | {"temporal_window_s": of.window_s, "temporal_windows": of.windows}


def _contractions(measured: Any, scored: Any) -> list[ContractionRow]:
    return [
        blank(
            ContractionRow,
            channel=measured.label,
            number=c.number,
            start_s=c.start_s,
            end_s=c.end_s,
            peak=c.peak_v,
            mean=c.mean_v,
            strength=c.strength_v,
            time_to_peak_s=c.time_to_peak_s,
            rms=c.rms_v,
            fi_nsm5=c.fi_nsm5,
            masked_share=c.masked_share,
            cut=c.cut,
            source=c.source,
            meets_intensity=j.meets_intensity,
            meets_duration=j.meets_duration,
            is_good=j.is_good,
            prescribed_intensity=j.prescribed_intensity,
            prescribed_duration=j.prescribed_duration,
            short=j.short,
        )
        for c, j in zip(measured.contractions, scored.judgements, strict=True)
    ]


def _scores(score: Any, inputs: SessionInputs) -> Scores:
    return blank(
        Scores,
        overall_performance_score=score.overall,
        compliance_score=score.compliance,
        symmetry_score=score.symmetry,
        effort_score=score.effort,
        game_score=score.game,
        category=score.category,
        performance_weights=dict(score.weights),
        configuration_name="Default",
        targets=score.targets,
        configuration_version=1,
        missing=[m.component for m in score.missing],
        missing_reasons={m.component: m.reason for m in score.missing},
        one_side_only=score.one_side_only,
        pressure_verified=score.pressure_verified,
        bfr_compliance_gate=score.bfr_gate,
        rpe_post_session=inputs.rpe,
        game_points_achieved=inputs.game_points,
        game_points_maximum=inputs.game_maximum,
        input_sources={"rpe": inputs.rpe_source, "target": "default"},
    )


def with_channel(loaded: Loaded, **changes: Any) -> Loaded:
    """The same with every channel changed alike."""
    return replace(loaded, channels=[replace(c, **changes) for c in loaded.channels])
