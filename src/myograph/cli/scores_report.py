"""What a recording is worth against its targets, as a person reads it in the terminal."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from myograph.api import Result
from myograph.charts.cuffs import cuff_lines
from myograph.charts.numbers import decimal, microvolts
from myograph.scoring.mvc import ESTIMATED, SAID
from myograph.scoring.pressure import OUT_OF_RANGE
from myograph.scoring.results import MuscleScore, SessionScore
from myograph.scoring.session import SessionInputs

_NO_NUMBER = "–"


def criteria_lines(muscle: MuscleScore, inputs: SessionInputs) -> Iterator[str]:
    """What a contraction is held against."""
    estimated = muscle.mvc.source == ESTIMATED
    source = ", which is estimated from this session" if estimated else ""
    share = f"{100 * inputs.mvc_share:.0f} % of the MVC{source}"
    yield f"strong: {share}; long: {inputs.hold_s:g} s"
    yield from _prescribed(muscle, inputs)


def _prescribed(muscle: MuscleScore, inputs: SessionInputs) -> Iterator[str]:
    """What the game's level asked for, beside the fixed criteria."""
    judged = muscle.judgements
    share, hold_s = inputs.prescribed_mvc_share, inputs.prescribed_hold_s
    parts = (
        _count_of(f"{100 * share:.0f} % of the MVC", [j.prescribed_intensity for j in judged])
        if share is not None
        else None,
        _count_of(f"{hold_s:g} s", [j.prescribed_duration for j in judged])
        if hold_s is not None
        else None,
    )
    said = "; ".join(part for part in parts if part)
    if said:
        yield f"prescribed by the level: {said}"


def _count_of(asked: str, met: Sequence[bool | None]) -> str:
    known = [m for m in met if m is not None]
    return f"{asked}, met by {sum(known)} of {len(known)}" if known else f"{asked}, not judged"


def mvc_line(muscle: MuscleScore) -> str:
    mvc = muscle.mvc
    if mvc.value_v is None or mvc.source is None:
        return "MVC not measured: nothing to take it from"
    trust = "" if mvc.confidence is None else f", confidence {mvc.confidence:.2f}"
    return f"MVC {microvolts(mvc.value_v)} µV, {SAID[mvc.source]}{trust}"


def muscle_lines(muscle: MuscleScore) -> Iterator[str]:
    """The plain dose before the formulas: it is what an honest score can hide."""
    if muscle.good_both is None:
        yield f"good contractions not known; target {muscle.target}"
    else:
        yield f"{muscle.good_both} good contractions of {muscle.target}"
    if muscle.compliance is None:
        yield f"compliance not measured: {muscle.reason}"
    else:
        parts = {
            "completion": muscle.completion,
            "intensity": muscle.intensity,
            "duration": muscle.duration,
        }
        shares = ", ".join(f"{name} {_percent(value)}" for name, value in parts.items())
        yield f"{shares}; compliance {_percent(muscle.compliance)}"
    for name, reason in muscle.left_out.items():
        yield f"{name} left out of compliance: {reason}"


def scores(result: Result) -> Group:
    score = result.score
    missing = {m.component: m.reason for m in score.missing}
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for name in ("overall", "compliance", "symmetry", "effort", "game"):
        value: float | None = getattr(score, name)
        shown = decimal(value, 1) if value is not None else _NO_NUMBER
        table.add_row(name, shown, _remark(name, value, score, missing))
    pressure = missing.get("bfr")
    notes = [f"blood flow restriction: {pressure}"] if pressure else []
    notes += _cuff_lines(result)
    lines = [Text(f"  {note}") for note in notes]
    return Group(Text("Scores, 0 to 100", style="bold"), table, *lines)


def _cuff_lines(result: Result) -> Iterator[str]:
    """Each leg's cuff, in per cent of its occlusion pressure."""
    series = result.entered.series
    for side, percent in result.inputs.pressures.items():
        cuff = series.get(side)
        if cuff is None and percent is None:
            yield f"{side} cuff: not measured, it was never inflated"
        else:
            yield from cuff_lines(side, percent, cuff)


def _remark(
    name: str, value: float | None, score: SessionScore, missing: Mapping[str, str]
) -> Text:
    if value is None:
        return Text(f"not measured: {missing.get(name, 'unknown')}", style="dim")
    if name == "overall":
        return Text(OUT_OF_RANGE if score.bfr_gate == 0 else score.category or "", style="dim")
    weight = score.weights.get(name)
    parts = (
        None if weight is None else f"weight {100 * weight:.0f} %",
        score.symmetry_category if name == "symmetry" else None,
        f"{score.one_side_only} leg only" if name == "compliance" and score.one_side_only else None,
    )
    return Text(", ".join(part for part in parts if part), style="dim")


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{decimal(100 * share, 0)} %"
