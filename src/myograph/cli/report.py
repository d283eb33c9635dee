"""A recording as a person reads it in the terminal: in microvolts, and why a number is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from myograph.analysis.protocol_text import changes_of
from myograph.analysis.results import (
    ChannelMeasurement,
    Contraction,
    Fatigue,
    Quadrant,
    Regression,
    Temporal,
)
from myograph.api import NOWHERE, Leg, Result
from myograph.charts.numbers import clock, decimal, duration, microvolts
from myograph.cli.quality_report import quality_line
from myograph.cli.scores_report import criteria_lines, muscle_lines, mvc_line, scores
from myograph.recording import Facts, Finding, GameFacts
from myograph.scoring.results import Judgement, MuscleScore
from myograph.scoring.session import SessionInputs

_BARS = "▁▂▃▄▅▆▇█"
_VERDICT_STYLE = {"good": "green", "usable": "yellow", "poor": "red"}
_QUADRANTS: Mapping[Quadrant | None, str] = {
    "fatigue": "; frequency down and amplitude up, as in fatigue",
    "less_force": "; frequency and amplitude down, as with less force",
    "more_force": "; frequency and amplitude up, as with more force",
    "recovery": "; frequency up and amplitude down, as in recovery",
}
_NARROW = 72
_NO_NUMBER = "–"


def report(result: Result, sketches: Mapping[str, Sequence[float]], width: int) -> Group:
    """Facts, then each channel, then the scores.

    sketches   the envelope of each channel in volts, more columns than `width` has
    """
    parts: list[RenderableType] = [about(result.file, result.facts)]
    parts += _remarks(result.measurement.findings)
    measured = result.measurement
    parts.append(
        Text(f"method {measured.method}, parameters {measured.protocol_digest[:16]}…", style="dim")
    )
    parts += [Text(f"protocol: {change}") for change in changes_of(result.protocol)]
    for channel in result.measurement.channels:
        leg = result.legs.get(channel.label, NOWHERE)
        sketch = sketches.get(channel.label, ())
        parts += [Text(), _channel(result, channel, leg, sketch, width)]
    parts += _remarks(result.measurement.refused)
    return Group(*parts, Text(), scores(result), Text())


def about(file: str, facts: Facts) -> Group:
    """The recording's facts and what its reader had to decide."""
    lines = [Text(Path(file).name, style="bold"), Text(_facts_line(facts))]
    if facts.game:
        lines.append(Text(_game_line(facts.game)))
    if facts.recoverable_samples is not None and facts.timed and not facts.recovered:
        there_s = facts.recoverable_samples / facts.rate.used_hz
        sentence = f"! It breaks off; `myograph analyse --recover` reads {duration(there_s)}."
        lines.append(Text(sentence, style="yellow"))
    return Group(*lines, *_remarks(facts.findings))


def shown(console: Console, renderable: RenderableType) -> str:
    """As the console would print it, less the blanks with which tables fill their lines."""
    with console.capture() as captured:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def sparkline(values: Sequence[float], width: int) -> str:
    """The highest of each column as a bar; all against the highest of them."""
    columns = _columns(values, width)
    top = max(columns, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[min(int(v / top * len(_BARS)), len(_BARS) - 1)] for v in columns)


def _columns(values: Sequence[float], width: int) -> list[float]:
    count = min(width, len(values))
    edges = [len(values) * k // max(count, 1) for k in range(count + 1)]
    return [max(values[a:b]) for a, b in pairwise(edges)]


def _facts_line(facts: Facts) -> str:
    if not facts.timed:
        return "no analog samples, so no rate and no duration"
    rate = f"{facts.rate.used_hz:g} Hz"
    if facts.rate.used_hz != facts.rate.original_hz:
        rate += f" (the file declares {facts.rate.original_hz:g})"
    parts = [duration(facts.duration_s), rate, f"{facts.sample_count} samples"]
    if facts.recovered:
        parts.append("recovered")
    return " · ".join([*parts, ", ".join(facts.emg_labels)])


def _game_line(game: GameFacts) -> str:
    level = game.level_name or (None if game.level is None else f"{game.level}")
    parts = (
        game.name,
        f"{game.start:%d %b %Y %H:%M}" if game.start else None,
        f"level {level}" if level else None,
        None if game.score is None else f"score {game.score:g}",
        f"player {game.player}" if game.player else None,
        None if game.rpe is None else f"RPE {game.rpe:g}",
    )
    return " · ".join(p for p in parts if p)


def _remarks(findings: Iterable[Finding]) -> Iterator[Text]:
    for finding in findings:
        named = finding.channel is None or finding.channel in finding.sentence
        where = "" if named else f"{finding.channel}: "
        yield Text(f"! {where}{finding.sentence}", style="yellow")


def _without_repeats(channel: ChannelMeasurement) -> Iterator[Finding]:
    """Why the quality is what it is, then what else was noticed."""
    reasons = channel.quality.reasons
    yield from (Finding("quality", reason, channel.label) for reason in reasons)
    yield from (finding for finding in channel.findings if finding.sentence not in reasons)


def _channel(
    result: Result,
    channel: ChannelMeasurement,
    leg: Leg,
    sketch: Sequence[float],
    width: int,
) -> Group:
    muscle = next(m for m in result.score.muscles if m.label == channel.label)
    peak_v = max((c.peak_v for c in channel.contractions), default=None)
    parts: list[RenderableType] = [
        _verdict(channel, leg),
        Text(sparkline(sketch, width - 4), style="cyan", no_wrap=True),
        *_remarks(_without_repeats(channel)),
        Text(quality_line(channel.quality, result.protocol), style="dim"),
        _statistics(channel),
        *(Text(line, style="dim") for line in _why_no_numbers(channel)),
        *(Text(line) for line in _temporal_lines(channel.temporal)),
        Text(_contractions_line(channel, peak_v)),
    ]
    if channel.contractions:
        judged = {j.number: j for j in muscle.judgements}
        parts.append(_contractions(channel.contractions, judged, narrow=width < _NARROW))
        parts += (Text(line, style="dim") for line in _legend(channel, muscle, result.inputs))
    parts += [Text(line) for line in _fatigue_lines(channel.fatigue)]
    parts += [Text(mvc_line(muscle)), *(Text(line) for line in muscle_lines(muscle))]
    return Group(parts[0], Padding(Group(*parts[1:]), (0, 0, 0, 2)))


def _verdict(channel: ChannelMeasurement, leg: Leg) -> Text:
    quality = channel.quality
    where = ", ".join(filter(None, (leg.side, leg.muscle)))
    text = Text(channel.label, style="bold").append(f" ({where})" if where else "", style="bold")
    text.append("  signal ").append(quality.verdict, style=_VERDICT_STYLE[quality.verdict])
    return text.append(f" ({quality.score:.2f})", style="dim").append(_noise(channel), style="dim")


def _noise(channel: ChannelMeasurement) -> str:
    quality = channel.quality
    parts = (
        None if quality.snr_db is None else f"SNR {quality.snr_db:.0f} dB",
        None if quality.noise_level_v is None else f"rest {microvolts(quality.noise_level_v)} µV",
        f"{100 * quality.masked_share:.1f} % masked" if quality.masked_share else None,
    )
    return "".join(f" · {p}" for p in parts if p)


def _statistics(channel: ChannelMeasurement) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading, right in (("", False), ("contractions", True), ("whole recording", True)):
        table.add_column(heading, justify="right" if right else "left")
    clinical, whole = channel.clinical, channel.whole
    table.add_row("RMS", _uv(clinical.rms_v), _uv(whole.rms_v))
    table.add_row("mean rectified value (MAV)", _uv(clinical.mav_v), _uv(whole.mav_v))
    table.add_row("integral (iEMG)", _uvs(clinical.iemg_vs), _uvs(whole.iemg_vs))
    table.add_row("mean frequency (MPF)", _hz(clinical.mpf_hz), _hz(whole.mpf_hz))
    table.add_row("median frequency (MDF)", _hz(clinical.mdf_hz), _hz(whole.mdf_hz))
    table.add_row("Dimitrov's index (FInsm5)", _index(clinical.fi_nsm5), _index(whole.fi_nsm5))
    return table


def _temporal_lines(temporal: Temporal | None) -> Iterator[str]:
    """How the contractions vary within; mean and SD over windows."""
    if temporal is None:
        return
    rms, mdf = temporal.rms, temporal.mdf
    yield (
        f"over {temporal.windows} windows of {temporal.window_s:g} s: "
        f"RMS {microvolts(rms.mean)} ± {microvolts(rms.sd)} µV, "
        f"MDF {decimal(mdf.mean, 0)} ± {decimal(mdf.sd, 0)} Hz"
    )


def _why_no_numbers(channel: ChannelMeasurement) -> Iterator[str]:
    clinical = channel.clinical
    if not channel.contractions:
        yield f"{_NO_NUMBER} not measured: there is no contraction to measure it on"
    elif clinical.rms_v is None:
        yield f"{_NO_NUMBER} not measured: every contraction is masked"
    elif clinical.mdf_hz is None:
        yield f"{_NO_NUMBER} not measured: a spectrum needs 2 s of contractions in all"
    elif channel.whole.mdf_hz is None:
        yield f"{_NO_NUMBER} not measured: too little of the recording is free of faults"


def _legend(
    channel: ChannelMeasurement, muscle: MuscleScore, inputs: SessionInputs
) -> Iterator[str]:
    if any(j.meets_duration is not None for j in muscle.judgements):
        yield from criteria_lines(muscle, inputs)
    if any(c.mdf_hz is None for c in channel.contractions):
        yield f"{_NO_NUMBER} MDF not measured: a spectrum needs 0.25 s without faults, above rest"
    if any(j.meets_duration is None for j in muscle.judgements):
        yield f"{_NO_NUMBER} not judged: {muscle.reason or 'more than 10 % of it is masked'}"


def _contractions_line(channel: ChannelMeasurement, peak_v: float | None) -> str:
    count = len(channel.contractions)
    line = "1 contraction" if count == 1 else f"{count} contractions"
    if peak_v is not None:
        line += f", highest peak {microvolts(peak_v)} µV"
    game = channel.game
    if game is None:
        return f"{line}; the game's own detector was not recorded"
    line += f"; the game saw {game.count}, {game.matched} of them found here too"
    if game.on_artefact:
        line += f", {game.on_artefact} faults of the signal"
    return line + (f"; {game.extra} found here alone" if game.extra else "")


def _contractions(
    found: Sequence[Contraction], judged: Mapping[int, Judgement], *, narrow: bool
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    headings = ["#", "start", "held", "peak µV", "RMS µV", "MDF Hz", "strong", "long", "note"]
    left_out = {"RMS µV", "note"} if narrow else set[str]()
    for heading in headings:
        if heading not in left_out:
            table.add_column(heading, justify="left" if heading == "note" else "right")
    for c in found:
        judgement = judged[c.number]
        cells = {
            "#": f"{c.number}",
            "start": clock(c.start_s, 2),
            "held": duration(c.duration_s),
            "peak µV": microvolts(c.peak_v),
            "RMS µV": _NO_NUMBER if c.rms_v is None else microvolts(c.rms_v),
            "MDF Hz": _NO_NUMBER if c.mdf_hz is None else decimal(c.mdf_hz, 0),
            "strong": _met(judgement.meets_intensity),
            "long": _met(judgement.meets_duration),
            "note": _note(c, judgement),
        }
        table.add_row(*(cells[h] for h in headings if h not in left_out))
    return table


def _note(contraction: Contraction, judgement: Judgement) -> str:
    notes = (
        f"{100 * contraction.masked_share:.0f} % masked" if contraction.masked_share else None,
        "cut by the recording" if contraction.cut else None,
        "short" if judgement.short else None,
    )
    return ", ".join(n for n in notes if n)


def _met(met: bool | None) -> str:  # noqa: FBT001 - a value to show, not a switch
    return {True: "yes", False: "no", None: _NO_NUMBER}[met]


def _fatigue_lines(fatigue: Fatigue) -> Iterator[str]:
    """The verdict, then what stands beside it and carries none."""
    if fatigue.sentence is None:
        yield f"fatigue not measured: {fatigue.reason}"
        return
    yield fatigue.sentence
    trends = {"RMS": fatigue.rms, "MPF": fatigue.mpf, "FInsm5": fatigue.fi_nsm5}
    beside = [f"{name} {_change(trend)}" for name, trend in trends.items() if trend is not None]
    yield f"per minute: {', '.join(beside)}{_QUADRANTS.get(fatigue.quadrant, '')}"


def _change(trend: Regression) -> str:
    if trend.slope_per_min_percent is None:
        return _NO_NUMBER
    sign = "+" if trend.slope_per_min_percent > 0 else ""
    return f"{sign}{decimal(trend.slope_per_min_percent, 1)} %"


def _uv(volts: float | None) -> str:
    return _NO_NUMBER if volts is None else f"{microvolts(volts)} µV"


def _uvs(volt_seconds: float | None) -> str:
    return _NO_NUMBER if volt_seconds is None else f"{microvolts(volt_seconds)} µV s"


def _hz(hertz: float | None) -> str:
    return _NO_NUMBER if hertz is None else f"{decimal(hertz, 0)} Hz"


def _index(seconds_6: float | None) -> str:
    """In s⁶; never rounded to nothing."""
    return _NO_NUMBER if seconds_6 is None else f"{seconds_6:.2e} s⁶"
