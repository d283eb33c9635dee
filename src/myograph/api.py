"""The public Python API: a file in, frozen results out. The same functions the service uses.

import myograph
result = myograph.analyse("file.c3d")
"""

import hashlib
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.analysis.results import (
    ChannelMeasurement,
    Contraction,
    Fatigue,
    Measurement,
    Statistics,
)
from myograph.c3d.recording import read_facts, read_recording
from myograph.c3d.source import FileSource
from myograph.errors import BadInput, MyographError
from myograph.recording import Facts, Finding, GameFacts, Recording
from myograph.scoring import configuration as scoring
from myograph.scoring.entered import NOTHING_ENTERED, Entered, sources_of, with_entered
from myograph.scoring.evidence import ChannelEvidence, evidence_of
from myograph.scoring.mvc import SAID
from myograph.scoring.pressure import CuffPressure
from myograph.scoring.results import Judgement, MuscleScore, SessionScore, Side
from myograph.scoring.session import SessionInputs, inputs_of_file, score_session

if TYPE_CHECKING:
    from myograph.charts.recording_drawing import Course
    from myograph.charts.svg import Svg

INFO_SCHEMA = "myograph.info/1"
ANALYSIS_SCHEMA = "myograph.analysis/1"

StrPath: TypeAlias = str | os.PathLike[str]
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Leg:
    """Which muscle and leg a channel lies on, as a person says; the file does not know."""

    side: Side | None = None
    muscle: str | None = None


NOWHERE = Leg()


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one recording once it is analysed.

    file      as it was named by the caller
    legs      by channel label, only those that somebody assigned
    inputs    what it was scored with; entered: what of it a person said
    """

    file: str
    sha256: str
    facts: Facts
    protocol: Protocol
    measurement: Measurement
    score: SessionScore
    legs: Mapping[str, Leg]
    inputs: SessionInputs = field(default_factory=SessionInputs)
    entered: Entered = NOTHING_ENTERED

    def to_dict(self) -> Json:
        """The JSON of `myograph analyse --json`: volts, seconds, hertz; null is not measured."""
        muscles = {muscle.label: muscle for muscle in self.score.muscles}
        return _finite(
            {
                "schema": ANALYSIS_SCHEMA,
                "file": self.file,
                "sha256": self.sha256,
                "method": self.measurement.method,
                "protocol": self.protocol.to_dict(),
                "protocol_digest": self.measurement.protocol_digest,
                "recording": info_dict(self.file, self.facts),
                "channels": [
                    _channel(channel, muscles[channel.label], self.legs.get(channel.label, NOWHERE))
                    for channel in self.measurement.channels
                ],
                "refused_channels": [_finding(f) for f in self.measurement.refused],
                "findings": [_finding(f) for f in self.measurement.findings],
                "rate_evidence": _plain(self.measurement.rate),
                "inputs": _inputs(self.inputs, self.entered),
                "scores": _scores(self.score),
            }
        )

    def to_frame(self) -> Any:  # noqa: ANN401 - a frame of whichever library is there
        """One row for each contraction, as a frame of polars, else of pandas."""
        return _frame_of(_contraction_rows(self.to_dict()))

    def plot(self) -> "Svg":
        """The recording as an SVG document: signal, envelope, contractions, masked stretches.

        Reads the file again, since a result holds no signal; refused where it has changed.
        """
        recording = read(self.file, recover=self.facts.recovered)
        if sha256_of(self.file) != self.sha256:
            raise BadInput(f"{self.file} is no longer the file that was analysed.")
        return drawing_of(self, courses_of(self, recording))

    def _repr_html_(self) -> str:
        """For notebooks: the drawing, and below it the contractions."""
        from myograph.charts.notebook import html_of  # noqa: PLC0415 - charts need SciPy

        rows = _contraction_rows(self.to_dict())
        try:
            return html_of(self.plot(), rows)
        except MyographError as problem:
            return html_of(problem.sentence, rows)


def facts(path: StrPath) -> Facts:
    """All that is known without the samples, from the file's first blocks."""
    with FileSource(Path(path)) as source:
        return read_facts(source)


def read(path: StrPath, *, recover: bool = False) -> Recording:
    """The recording; its channels load one at a time when they are asked for.

    recover    read what there is of a file that was never finalised
    """
    return read_recording(FileSource(Path(path)), recover=recover)


def analyse(
    path: StrPath,
    *,
    protocol: Protocol = DEFAULT,
    recover: bool = False,
    legs: Mapping[str, Leg] | None = None,
    rpe: int | None = None,
    entered: Entered = NOTHING_ENTERED,
) -> Result:
    """Everything from one file: facts, measurement, and the scores that can be had.

    legs    by channel label ("CH1"); without them there is no left and right to score
    rpe     perceived exertion, 0 to 10, as told by the patient; goes before what the file says
    entered  what else a person says of the session: target, MVC, pressures, maximum of the game
    """
    recording = read(path, recover=recover)
    return result_of(
        recording,
        file=os.fspath(path),
        sha256=sha256_of(path),
        protocol=protocol,
        legs=legs,
        rpe=rpe,
        entered=entered,
    )


def result_of(
    recording: Recording,
    *,
    file: str,
    sha256: str,
    protocol: Protocol = DEFAULT,
    legs: Mapping[str, Leg] | None = None,
    rpe: int | None = None,
    entered: Entered = NOTHING_ENTERED,
) -> Result:
    """As `analyse`, of a recording that was read already."""
    from myograph.analysis.measure import measure  # noqa: PLC0415 - SciPy takes a second to import

    assigned = _assigned(legs or {}, recording.facts.emg_labels)
    measurement = measure(recording, protocol)
    said = entered if rpe is None else replace(entered, rpe=rpe)
    inputs = with_entered(inputs_of_file(recording.facts.game), said)
    evidence = [_evidence(c, recording.facts.game, assigned) for c in measurement.channels]
    score = score_session(evidence, inputs, scoring.DEFAULT)
    return Result(
        file, sha256, recording.facts, protocol, measurement, score, assigned, inputs, said
    )


def courses_of(result: Result, recording: Recording) -> "Mapping[str, Course]":
    """What is drawn of each channel that was measured; one channel is held at a time."""
    from myograph.charts.recording_drawing import course_of  # noqa: PLC0415 - as above

    measured = {channel.label for channel in result.measurement.channels}
    return {
        channel.label: course_of(channel, recording.facts, result.protocol)
        for channel in recording.channels
        if channel.label in measured
    }


def drawing_of(result: Result, courses: "Mapping[str, Course]") -> "Svg":
    from myograph.charts.recording_drawing import drawing  # noqa: PLC0415 - as above

    return drawing(
        Path(result.file).name,
        result.facts.duration_s,
        result.measurement.channels,
        result.score.muscles,
        courses,
    )


def sha256_of(path: StrPath) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def info_dict(file: str, known: Facts) -> Json:
    """The JSON of `myograph info --json`."""
    return _finite(
        {
            "schema": INFO_SCHEMA,
            "file": file,
            "size_bytes": known.size_bytes,
            "sampling_rate": known.rate.used_hz if known.timed else None,
            "original_sampling_rate": known.rate.original_hz if known.timed else None,
            "rate_correction": known.rate.correction,
            "rate_assumed": known.rate.assumed,
            "sample_count": known.sample_count,
            "frame_count": known.frame_count,
            "duration_seconds": known.duration_s if known.timed else None,
            "original_duration_seconds": known.original_duration_s if known.timed else None,
            "channels": [{"label": c.label, "unit": c.unit} for c in known.channels],
            "emg_channels": list(known.emg_labels),
            "recovered": known.recovered,
            "recoverable_samples": known.recoverable_samples,
            "game": _game(known.game),
            "findings": [_finding(f) for f in known.findings],
        }
    )


def _contraction_rows(document: Json) -> list[Json]:
    """One for each contraction, with the channel it is of."""
    return [
        {"file": document["file"], **{k: c[k] for k in ("label", "side", "muscle")}, **contraction}
        for c in document["channels"]
        for contraction in c["contractions"]
    ]


def _frame_of(rows: list[Json]) -> Any:  # noqa: ANN401 - see to_frame
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    for library in ("polars", "pandas"):
        if find_spec(library) is not None:
            return import_module(library).DataFrame(columns)
    raise ImportError("to_frame needs polars or pandas, and neither is installed.")


def _assigned(legs: Mapping[str, Leg], labels: Iterable[str]) -> Mapping[str, Leg]:
    known = list(labels)
    for label in legs:
        if label not in known:
            raise BadInput(f"There is no channel {label}; the recording has {', '.join(known)}.")
    return dict(legs)


def _evidence(
    channel: ChannelMeasurement, game: GameFacts | None, legs: Mapping[str, Leg]
) -> ChannelEvidence:
    leg = legs.get(channel.label, NOWHERE)
    said = game.channels.get(channel.label) if game else None
    return evidence_of(
        channel,
        muscle=leg.muscle,
        side=leg.side,
        game_mvc_v=said.mvc_v if said else None,
    )


def _game(game: GameFacts | None) -> Json | None:
    if game is None:
        return None
    return asdict(game) | {"start": game.start.isoformat() if game.start else None}


def _channel(channel: ChannelMeasurement, muscle: MuscleScore, leg: Leg) -> Json:
    judged = {j.number: j for j in muscle.judgements}
    quality = channel.quality
    return {
        "label": channel.label,
        "muscle": leg.muscle,
        "side": leg.side,
        "statistics": _statistics(channel.clinical),
        "whole_recording": _statistics(channel.whole),
        "temporal": _plain(channel.temporal),
        "contractions": [_contraction(c, judged[c.number]) for c in channel.contractions],
        "game_contractions": _plain(channel.game),
        "mvc": {
            "value": muscle.mvc.value_v,
            "source": muscle.mvc.source,
            "confidence": muscle.mvc.confidence,
            "said": None if muscle.mvc.source is None else SAID[muscle.mvc.source],
        },
        "fatigue": _fatigue(channel.fatigue),
        "quality": {
            "verdict": quality.verdict,
            "score": quality.score,
            "reasons": list(quality.reasons),
            "masked_share": quality.masked_share,
            "dropouts": quality.dropouts,
            "saturated_share": quality.saturated_share,
            "repeats": quality.repeats,
            "spikes": quality.spikes,
            "snr_db": quality.snr_db,
            "noise_level": quality.noise_level_v,
            "noise_level_db": quality.noise_level_db,
            "powerline_share": quality.powerline_share,
            "powerline_hz": quality.powerline_hz,
            "motion_share": quality.motion_share,
        },
        "envelope_p95": channel.envelope_p95_v,
        "rest_level": channel.rest_v,
        "threshold": channel.threshold_v,
        "pipeline": channel.pipeline,
        "findings": [_finding(f) for f in channel.findings],
    }


def _fatigue(fatigue: Fatigue) -> Json:
    """Amplitudes in volts and frequencies in hertz, per minute."""
    return {
        "mdf": _plain(fatigue.mdf),
        "mpf": _plain(fatigue.mpf),
        "rms": _plain(fatigue.rms),
        "fi_nsm5": _plain(fatigue.fi_nsm5),
        "quadrant": fatigue.quadrant,
        "significance_level": fatigue.level,
        "mdf_falls": fatigue.mdf_falls,
        "sentence": fatigue.sentence,
        "reason": fatigue.reason,
    }


def _statistics(statistics: Statistics) -> Json:
    return {
        "rms": statistics.rms_v,
        "mav": statistics.mav_v,
        "iemg": statistics.iemg_vs,
        "mpf": statistics.mpf_hz,
        "mdf": statistics.mdf_hz,
        "fi_nsm5": statistics.fi_nsm5,
        "resolution_hz": statistics.resolution_hz,
    }


def _contraction(contraction: Contraction, judgement: Judgement) -> Json:
    return {
        "number": contraction.number,
        "start_s": contraction.start_s,
        "end_s": contraction.end_s,
        "duration_s": contraction.duration_s,
        "peak": contraction.peak_v,
        "mean": contraction.mean_v,
        "strength": contraction.strength_v,
        "activated_strength": contraction.activated_strength_v,
        "time_to_peak_s": contraction.time_to_peak_s,
        "rms": contraction.rms_v,
        "mav": contraction.mav_v,
        "iemg": contraction.iemg_vs,
        "mpf": contraction.mpf_hz,
        "mdf": contraction.mdf_hz,
        "fi_nsm5": contraction.fi_nsm5,
        "resolution_hz": contraction.resolution_hz,
        "meets_intensity": judgement.meets_intensity,
        "meets_duration": judgement.meets_duration,
        "is_good": judgement.is_good,
        "prescribed_intensity": judgement.prescribed_intensity,
        "prescribed_duration": judgement.prescribed_duration,
        "short": judgement.short,
        "masked_share": contraction.masked_share,
        "cut": contraction.cut,
        "source": contraction.source,
    }


def _inputs(inputs: SessionInputs, entered: Entered) -> Json:
    """What the session was scored with, and who said so; amplitudes in volts."""
    return {
        "target": inputs.target,
        "hold_s": inputs.hold_s,
        "mvc_share": inputs.mvc_share,
        "mvc": dict(inputs.user_mvc_v),
        "prescribed_mvc_share": inputs.prescribed_mvc_share,
        "prescribed_hold_s": inputs.prescribed_hold_s,
        "rpe": inputs.rpe,
        "game_points": inputs.game_points,
        "game_maximum": inputs.game_maximum,
        "bfr_enabled": inputs.bfr_enabled,
        "pressures": dict(inputs.pressures),
        "pressure_series": {side: _cuff(cuff) for side, cuff in entered.series.items()},
        "sources": dict(sources_of(inputs, entered)),
    }


def _cuff(cuff: CuffPressure | None) -> Json | None:
    return None if cuff is None else asdict(cuff) | {"violated": cuff.violated}


def _scores(score: SessionScore) -> Json:
    muscles = [_muscle(m) for m in score.muscles]
    return {**asdict(score), "missing": [asdict(m) for m in score.missing], "muscles": muscles}


def _muscle(muscle: MuscleScore) -> Json:
    """Its judgements stand with the contractions and its reference with the channel."""
    return {k: v for k, v in asdict(muscle).items() if k not in {"judgements", "mvc"}}


def _finding(finding: Finding) -> Json:
    return asdict(finding)


def _plain(value: Any) -> Json | None:  # noqa: ANN401 - any of the frozen results
    return None if value is None else asdict(value)


def _finite(value: Json) -> Json:
    """JSON knows no NaN and no infinity: what is not a number was not measured."""
    return {key: _finite_value(v) for key, v in value.items()}


def _finite_value(value: Any) -> Any:  # noqa: ANN401 - whatever JSON may hold
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return _finite(dict(cast("Mapping[str, Any]", value)))
    if isinstance(value, list | tuple):
        return [_finite_value(v) for v in cast("list[Any]", value)]
    return value
