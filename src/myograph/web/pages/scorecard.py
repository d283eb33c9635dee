"""The scorecard: one number, the sum it comes from, and a tile for each part of that sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from myograph.charts.bars import bar
from myograph.charts.numbers import decimal
from myograph.charts.svg import Svg
from myograph.db.scores import Scores
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages.words import none_met_both, sentence, source_of

Kind = Literal["good", "watch", "alert", "plain"]
GLYPHS: Final[dict[Kind, str]] = {"good": "✓", "watch": "▲", "alert": "✕", "plain": ""}
NAMES: Final = {
    "compliance": "Compliance",
    "symmetry": "Symmetry",
    "effort": "Effort (RPE 0 to 10)",
    "game": "Game",
}
ACHIEVED: Final = 90.0
POOR: Final = 70.0


@dataclass(frozen=True, slots=True)
class Tile:
    """One component. `value` None: not known, and `lines` say why."""

    key: str
    name: str
    value: float | None
    kind: Kind
    lines: tuple[str, ...]
    weight: str

    @property
    def glyph(self) -> str:
        return GLYPHS[self.kind]

    @property
    def drawn(self) -> Svg:
        return Svg() if self.value is None else bar(self.value / 100, kind=self.kind)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """verdict   the category, or what is said in its place
    written      the sum as shown, to be added up again by whoever doubts it
    """

    overall: float | None
    kind: Kind
    verdict: str
    written: str
    tiles: tuple[Tile, ...]
    configuration: str

    @property
    def glyph(self) -> str:
        return GLYPHS[self.kind]


def scorecard(scores: Scores, channels: Sequence[ChannelStatistics]) -> Scorecard:
    values = _values(scores)
    return Scorecard(
        overall=scores.overall_performance_score,
        kind=_overall_kind(scores, channels),
        verdict=_verdict(scores, channels),
        written=_written(scores, values),
        tiles=tuple(_tile(key, values[key], scores, channels) for key in NAMES),
        configuration=f"{scores.configuration_name}, version {scores.configuration_version}",
    )


def kind_of(value: float | None) -> Kind:
    """By the limits of the categories, on the value as shown."""
    if value is None:
        return "plain"
    shown = round(value, 1)
    return "good" if shown >= ACHIEVED else "watch" if shown >= POOR else "alert"


def _values(scores: Scores) -> dict[str, float | None]:
    return {
        "compliance": scores.compliance_score,
        "symmetry": scores.symmetry_score,
        "effort": scores.effort_score,
        "game": scores.game_score,
    }


def _overall_kind(scores: Scores, channels: Sequence[ChannelStatistics]) -> Kind:
    if scores.bfr_compliance_gate == 0:
        return "alert"
    if none_met_both(channels):
        return "watch"
    return kind_of(scores.overall_performance_score)


def _verdict(scores: Scores, channels: Sequence[ChannelStatistics]) -> str:
    if scores.overall_performance_score is None:
        return sentence(scores.missing_reasons.get("overall", "compliance is not known"))
    if scores.bfr_compliance_gate == 0:
        return "Pressure outside the safe range"
    if none_met_both(channels):
        return "No contraction met both targets"
    return (scores.category or "").capitalize()


def _written(scores: Scores, values: dict[str, float | None]) -> str:
    """ "0.50 × 72.2 + 0.25 × 96.2 + 0.25 × 80.0 = 80.1" """
    if scores.overall_performance_score is None:
        return ""
    parts = [
        f"{_weight(scores.performance_weights[key])} × {decimal(value, 1)}"
        for key, value in values.items()
        if value is not None and scores.performance_weights.get(key)
    ]
    return f"{' + '.join(parts)} = {decimal(scores.overall_performance_score, 1)}"


def _weight(weight: float) -> str:
    """Two digits where that is exact, else three: 0.4 / 0.65 is 0.615."""
    return decimal(weight, 2 if abs(weight - round(weight, 2)) < 1e-9 else 3)  # noqa: PLR2004 - rounding of a sum


def _tile(
    key: str, value: float | None, scores: Scores, channels: Sequence[ChannelStatistics]
) -> Tile:
    weight = scores.performance_weights.get(key)
    if value is None:
        reason = scores.missing_reasons.get(key, "not known")
        return Tile(key, NAMES[key], None, "plain", (sentence(reason),), _left_out(scores))
    lines = {
        "compliance": _compliance_lines,
        "symmetry": _symmetry_lines,
        "effort": _effort_lines,
        "game": _game_lines,
    }[key](scores, channels)
    kind: Kind = "plain" if key == "game" else kind_of(value)
    counted = "" if scores.overall_performance_score is None else _counted(weight)
    return Tile(key, NAMES[key], value, kind, lines, counted)


def _counted(weight: float | None) -> str:
    return f"weight {_weight(weight)}" if weight else "not weighted"


def _left_out(scores: Scores) -> str:
    if scores.overall_performance_score is None:
        return ""
    return "left out of the overall score"


def _compliance_lines(scores: Scores, channels: Sequence[ChannelStatistics]) -> tuple[str, ...]:
    judged = [c for c in channels if c.side and c.muscle_compliance_score is not None]
    done = sum(c.total_contractions for c in judged)
    target = sum(c.target_contractions or 0 for c in judged)
    lines = [f"{done} done, {target} asked for{_counts(judged)}"]
    if any("intensity" in c.left_out for c in judged):
        lines.append("strength not counted: " + _why_left_out(judged, "intensity"))
    if scores.one_side_only:
        lines.append(f"{scores.one_side_only} leg only")
    if scores.bfr_compliance_gate == 0:
        lines.append("set to 0: pressure outside the safe range")
    elif not scores.pressure_verified:
        lines.append("pressure not verified")
    return tuple(lines)


def _counts(channels: Sequence[ChannelStatistics]) -> str:
    strong = [
        c.good_contractions_intensity for c in channels if c.good_contractions_intensity is not None
    ]
    held = [
        c.good_contractions_duration for c in channels if c.good_contractions_duration is not None
    ]
    words = f", {sum(strong)} strong enough" if strong else ""
    return words + (f", {sum(held)} held long enough" if held else "")


def _why_left_out(channels: Sequence[ChannelStatistics], part: str) -> str:
    reasons = [c.left_out[part] for c in channels if part in c.left_out]
    return reasons[0].split(",")[0]


def _symmetry_lines(_: Scores, channels: Sequence[ChannelStatistics]) -> tuple[str, ...]:
    sides = [
        f"{c.side}\N{NO-BREAK SPACE}{decimal(100 * c.muscle_compliance_score, 0)}"
        for c in sorted(channels, key=lambda c: c.side or "")
        if c.side and c.muscle_compliance_score is not None
    ]
    return (f"compliance {', '.join(sides)}",) if sides else ()


def _effort_lines(scores: Scores, _: Sequence[ChannelStatistics]) -> tuple[str, ...]:
    if scores.rpe_post_session is None:
        return ()
    source = source_of(scores.input_sources, "rpe")
    said = f"reported {decimal(scores.rpe_post_session, 0)}, target 4 to 6"
    return (said, source) if source else (said,)


def _game_lines(scores: Scores, _: Sequence[ChannelStatistics]) -> tuple[str, ...]:
    if scores.game_points_achieved is None or scores.game_points_maximum is None:
        return ()
    won, most = (decimal(p, 0) for p in (scores.game_points_achieved, scores.game_points_maximum))
    return (f"{won} of {most} points",)
