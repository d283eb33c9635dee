"""The results of `myograph analyse` as tables."""

from collections.abc import Iterator, Sequence

from myograph.api import Json
from myograph.export.tables import Column, Table, codebook, table


def tables_of(documents: Sequence[Json]) -> tuple[Table, ...]:
    """Every table of these results, refused files and the codebook included.

    documents    as `myograph analyse --json` gives them, one for each file
    """
    analysed = [d for d in documents if "error" not in d]
    tables = (
        table("recordings", _RECORDING, analysed),
        table("channels", _CHANNEL, [row for d in analysed for row in _channels(d)]),
        table("contractions", _CONTRACTION, [row for d in analysed for row in _contractions(d)]),
        table("refused", _REFUSED, [d for d in documents if "error" in d]),
    )
    return (*tables, codebook(tables))


def _channels(document: Json) -> Iterator[Json]:
    """Each channel beside what its muscle scored."""
    scored = {muscle["label"]: muscle for muscle in document["scores"]["muscles"]}
    for channel in document["channels"]:
        yield {"file": document["file"], "score": scored[channel["label"]], **channel}


def _contractions(document: Json) -> Iterator[Json]:
    for channel in document["channels"]:
        for contraction in channel["contractions"]:
            yield {"file": document["file"], "channel": channel["label"], **contraction}


_FILE = Column("file", "", "the file as it was named", "file")


def _cuff_columns(side: str) -> tuple[Column, ...]:
    """Per cent of arterial occlusion pressure; all but the first need a series."""
    parts = (
        ("stability", "", "SD over mean while inflated", "stability"),
        ("inflated", "s", "time above 10 mmHg", "inflated_s"),
        ("outside", "0..1", "of that time outside 45 to 55 %", "outside_share"),
        ("violations", "", "stretches outside", "violations"),
        ("violation_duration", "s", "their time in all", "violation_s"),
        ("deviation", "%", "largest distance from 50 %", "deviation_percent"),
    )
    return (
        Column(f"pressure_{side}", "%", f"{side} cuff, as scored", f"inputs.pressures.{side}"),
        *(
            Column(
                f"pressure_{side}_{name}",
                unit,
                f"{side} cuff: {meaning}",
                f"inputs.pressure_series.{side}.{place}",
            )
            for name, unit, meaning, place in parts
        ),
    )


_RECORDING = (
    _FILE,
    Column("sha256", "", "SHA-256 of the file's bytes", "sha256"),
    Column("method", "", "version of the method of analysis", "method"),
    Column("protocol_digest", "", "SHA-256 of the method's parameters", "protocol_digest"),
    Column("size_bytes", "B", "size of the file", "recording.size_bytes"),
    Column(
        "sampling_rate", "Hz", "all times and frequencies rest on it", "recording.sampling_rate"
    ),
    Column(
        "original_sampling_rate", "Hz", "as the file declares", "recording.original_sampling_rate"
    ),
    Column("sample_count", "", "samples of each channel", "recording.sample_count"),
    Column("duration_seconds", "s", "length of the recording", "recording.duration_seconds"),
    Column("recovered", "", "the file was never finalised", "recording.recovered"),
    Column("start", "", "local time, no zone", "recording.game.start"),
    Column("player", "", "as the game says", "recording.game.player"),
    Column("level", "", "level of the game", "recording.game.level"),
    Column("game_points", "", "points of the game", "recording.game.score"),
    Column("rpe", "", "perceived exertion 0 to 10, as the file says", "recording.game.rpe"),
    Column("scored_rpe", "", "perceived exertion that was scored", "inputs.rpe"),
    Column("target", "", "contractions asked for, per leg", "inputs.target"),
    Column("game_maximum", "", "the most the game gives", "inputs.game_maximum"),
    Column(
        "prescribed_mvc_share", "0..1", "of the MVC, by the level", "inputs.prescribed_mvc_share"
    ),
    Column("prescribed_hold_s", "s", "hold, by the level", "inputs.prescribed_hold_s"),
    Column("targets", "", "whose criteria scored: fixed or prescribed", "scores.targets"),
    Column("mvc_left", "V", "entered for the left leg, of the envelope", "inputs.mvc.left"),
    Column("mvc_right", "V", "entered for the right leg, of the envelope", "inputs.mvc.right"),
    Column("bfr_enabled", "", "cuffs were worn; empty: not known", "inputs.bfr_enabled"),
    *(c for side in ("left", "right") for c in _cuff_columns(side)),
    Column("overall", "0..100", "overall score", "scores.overall"),
    Column("compliance", "0..100", "compliance of both legs", "scores.compliance"),
    Column("symmetry", "0..100", "left against right", "scores.symmetry"),
    Column("effort", "0..100", "from the perceived exertion", "scores.effort"),
    Column("game", "0..100", "points of their maximum", "scores.game"),
    Column(
        "bfr_gate", "", "1: pressure in range, 0: outside, empty: not measured", "scores.bfr_gate"
    ),
    Column("category", "", "name of the overall score's range", "scores.category"),
    Column("symmetry_category", "", "name of the symmetry's range", "scores.symmetry_category"),
    Column("one_side_only", "", "the leg, where only one was scored", "scores.one_side_only"),
    Column(
        "pressure_verified", "", "every cuff was measured, or none worn", "scores.pressure_verified"
    ),
    Column("missing", "", "components without a value, and why", "scores.missing"),
    Column("findings", "", "what the reader had to decide", "recording.findings"),
)

_TRENDS = (("mdf", "Hz"), ("mpf", "Hz"), ("rms", "V"), ("fi_nsm5", "s^6"))


def _trend_columns(name: str, unit: str) -> tuple[Column, ...]:
    """The line through one value of the contractions."""
    parts = (
        ("slope_per_min", f"{unit}/min", "change with time"),
        ("intercept", unit, "the line at the first contraction"),
        ("slope_per_min_percent", "%/min", "change in per cent of the line's start"),
        ("low_per_min_percent", "%/min", "low end of its 95 % interval"),
        ("high_per_min_percent", "%/min", "high end of its 95 % interval"),
        ("r2", "0..1", "variance that the line explains"),
        ("p", "0..1", "of no change"),
        ("robust_slope_per_min_percent", "%/min", "by Theil and Sen"),
    )
    return tuple(
        Column(f"fatigue_{name}_{part}", unit, f"{name}: {meaning}", f"fatigue.{name}.{part}")
        for part, unit, meaning in parts
    )


_CHANNEL = (
    _FILE,
    Column("channel", "", "label of the channel", "label"),
    Column("muscle", "", "as somebody assigned it", "muscle"),
    Column("side", "", "left or right, as somebody assigned it", "side"),
    Column("verdict", "", "good, usable or poor signal", "quality.verdict"),
    Column("quality", "0..1", "score of the signal", "quality.score"),
    Column("quality_reasons", "", "why it is not better", "quality.reasons"),
    Column("snr_db", "dB", "contractions over rest", "quality.snr_db"),
    Column("noise_level", "V", "RMS of rest", "quality.noise_level"),
    Column("noise_level_db", "dB", "the same, over 1 microvolt", "quality.noise_level_db"),
    Column("masked_share", "0..1", "of the samples, used by no number", "quality.masked_share"),
    Column("dropouts", "", "stretches at the converter's limit", "quality.dropouts"),
    Column("repeats", "", "blocks that repeat the one before", "quality.repeats"),
    Column("spikes", "", "single peaks that no muscle makes", "quality.spikes"),
    Column("saturated_share", "0..1", "of the samples", "quality.saturated_share"),
    Column("powerline_share", "0..1", "of the power, at 50 or 60 Hz", "quality.powerline_share"),
    Column("motion_share", "0..1", "of the power, at 1 to 20 Hz", "quality.motion_share"),
    Column("rms", "V", "root mean square of the contractions", "statistics.rms"),
    Column("mav", "V", "mean absolute value of the contractions", "statistics.mav"),
    Column("iemg", "V s", "integral of the contractions", "statistics.iemg"),
    Column("mpf", "Hz", "mean power frequency of the contractions", "statistics.mpf"),
    Column("mdf", "Hz", "median frequency of the contractions", "statistics.mdf"),
    Column("fi_nsm5", "s^6", "Dimitrov's index of the contractions", "statistics.fi_nsm5"),
    Column("whole_rms", "V", "root mean square of the recording", "whole_recording.rms"),
    Column("whole_mav", "V", "mean absolute value of the recording", "whole_recording.mav"),
    Column("whole_iemg", "V s", "integral of the recording", "whole_recording.iemg"),
    Column("whole_mpf", "Hz", "mean power frequency of the recording", "whole_recording.mpf"),
    Column("whole_mdf", "Hz", "median frequency of the recording", "whole_recording.mdf"),
    Column("whole_fi_nsm5", "s^6", "Dimitrov's index of the recording", "whole_recording.fi_nsm5"),
    Column("mvc", "V", "reference of intensity, in the domain of its source", "mvc.value"),
    Column("mvc_source", "", "where the reference is from", "mvc.source"),
    Column("mvc_said", "", "the same in words", "mvc.said"),
    Column("mvc_confidence", "0..1", "how far it can be trusted", "mvc.confidence"),
    Column("contractions", "", "how many were found", "score.total"),
    Column("target", "", "how many were asked for", "score.target"),
    Column("good_intensity", "", "strong enough", "score.good_intensity"),
    Column("good_duration", "", "long enough", "score.good_duration"),
    Column("good_both", "", "both", "score.good_both"),
    Column("completion", "0..1", "contractions of the target", "score.completion"),
    Column("intensity", "0..1", "strong enough of those judged", "score.intensity"),
    Column("duration", "0..1", "long enough of those judged", "score.duration"),
    Column("compliance", "0..1", "weighted mean of the three", "score.compliance"),
    Column(
        "intensity_left_out",
        "",
        "why intensity is not in the compliance",
        "score.left_out.intensity",
    ),
    Column(
        "duration_left_out", "", "why duration is not in the compliance", "score.left_out.duration"
    ),
    Column("not_scored", "", "why there is no compliance", "score.reason"),
    Column("fatigue_contractions", "", "used for the trends of fatigue", "fatigue.mdf.n"),
    *(c for trend in _TRENDS for c in _trend_columns(*trend)),
    Column("mdf_falls", "", "the verdict: MDF falls, p below the level", "fatigue.mdf_falls"),
    Column(
        "fatigue_level", "", "0.05 shared among the muscles tested", "fatigue.significance_level"
    ),
    Column("fatigue_quadrant", "", "by the signs of the slopes of MDF and RMS", "fatigue.quadrant"),
    Column("fatigue_reason", "", "why fatigue was not measured", "fatigue.reason"),
    Column("game_count", "", "contractions the game saw", "game_contractions.count"),
    Column("game_matched", "", "of them, also found here", "game_contractions.matched"),
    Column("game_missed", "", "of them, not found here", "game_contractions.missed"),
    Column(
        "game_on_artefact",
        "",
        "of the missed, faults of the signal",
        "game_contractions.on_artefact",
    ),
    Column("game_extra", "", "found here, not seen by the game", "game_contractions.extra"),
)

_CONTRACTION = (
    _FILE,
    Column("channel", "", "label of the channel", "channel"),
    Column("number", "", "in the order of time", "number"),
    Column("start_s", "s", "start", "start_s"),
    Column("end_s", "s", "end", "end_s"),
    Column("duration_s", "s", "length", "duration_s"),
    Column("peak", "V", "highest value of the envelope", "peak"),
    Column("mean", "V", "mean of the envelope", "mean"),
    Column("strength", "V", "highest mean of the envelope over 500 ms", "strength"),
    Column("time_to_peak_s", "s", "from start to peak", "time_to_peak_s"),
    Column("rms", "V", "root mean square", "rms"),
    Column("mav", "V", "mean absolute value", "mav"),
    Column("iemg", "V s", "integral", "iemg"),
    Column("mpf", "Hz", "mean power frequency", "mpf"),
    Column("mdf", "Hz", "median frequency", "mdf"),
    Column("fi_nsm5", "s^6", "Dimitrov's index", "fi_nsm5"),
    Column("meets_intensity", "", "strong enough", "meets_intensity"),
    Column("meets_duration", "", "long enough", "meets_duration"),
    Column("is_good", "", "both", "is_good"),
    Column(
        "prescribed_intensity", "", "strong enough for the game's level", "prescribed_intensity"
    ),
    Column("prescribed_duration", "", "long enough for the game's level", "prescribed_duration"),
    Column("short", "", "under 0.5 s, so its strength reads lower", "short"),
    Column("masked_share", "0..1", "of its time, used by no number", "masked_share"),
    Column("cut", "", "touches an end of the recording", "cut"),
    Column("source", "", "detector that gave the edges", "source"),
)

_REFUSED = (
    _FILE,
    Column("code", "", "reason, for programs", "error.code"),
    Column("sentence", "", "reason, for people", "error.sentence"),
)
