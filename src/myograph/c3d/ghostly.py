"""What the GHOSTLY game writes into its files, in all the spellings of its builds.

Keys are read without regard to case and to a stray ")" at their end. Values that mean "absent"
become None, and so does every value that cannot be, with a finding.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from myograph.c3d.layout import Layout
from myograph.c3d.parameters import Parameter, Parameters
from myograph.recording import Finding, GameChannel, GameFacts, Rate

FULL_SCALE_V = 5.5e-3  # of the game's sensor
REPEAT_BLOCK = 15  # samples that newer builds may write twice
RAW = re.compile(r"(CH\d+) Raw", re.IGNORECASE)

_ABSENT = ("", "---", "N/A", "DEFAULT")
_DECLARED_HZ, _TRUE_HZ = 990.0, 1000.0
_SHOWN_AT_TRUE_RATE = (33.0, 30)  # frames per second x samples, of the recordings with evidence
_ASSUMED_LIKEWISE = (66.0, 15)
_PERCENT = 100.0
_MILLISECONDS_FROM = 100.0  # no hold or rest lasts so many seconds
_EXPONENT_LIMIT = 30
_RPE_LIMIT, _LEVELS = 10, 27
_OF_CHANNEL = re.compile(r"(?P<key>.+)_(?P<channel>CH\d+)(?P<part>_SIGNIFICAND|_EXPONENT)?")


def is_ghostly(parameters: Parameters) -> bool:
    system = parameters.text("INFO", "SYSTEM") or ""
    name = parameters.text("INFO", "GAME_NAME") or ""
    return system.strip().casefold() == "openfeasyo" or name.strip().casefold() == "ghostly"


def game_facts(parameters: Parameters) -> tuple[GameFacts | None, tuple[Finding, ...]]:
    """What the game says, and what of it cannot be; None for files of other systems."""
    if not is_ghostly(parameters):
        return None, ()
    info = _Info(_normalised(parameters.group("INFO")))
    subjects = _Info(_normalised(parameters.group("SUBJECTS")))
    facts = GameFacts(
        system=info.text("SYSTEM"),
        name=info.text("GAME_NAME"),
        version=info.text("VERSION"),
        level=_at_least(0, info.whole("GAME_LEVEL")),
        level_name=info.text("GAME_LEVEL_NAME"),
        score=subjects.number("GAME_SCORE"),
        duration_seconds=_at_least(1, info.count("DURATION")),
        start=_start(info),
        player=subjects.text("PLAYER_NAME"),
        therapist=info.text("THERAPIST_ID"),
        group=info.text("GROUP_ID"),
        language=info.text("LANGUAGE"),
        left_sensor=info.text("LEFT_SENSOR"),
        right_sensor=info.text("RIGHT_SENSOR"),
        rpe=_within(0, _RPE_LIMIT, info.number("RPE_POST_SESSION")),
        difficulty_level=_level(info.whole("DIFFICULTY_LEVEL")),
        prescribed_mvc_share=_share(info.number("DIFFICULTY_LEVEL_MVC")),
        prescribed_hold_s=_seconds(info.first_number(*_HOLD)),
        prescribed_rest_s=_seconds(info.first_number(*_REST)),
        channels=_channels(info),
    )
    return facts, tuple(_impossible(info, facts))


_HOLD = ("DIFFICULTY_LEVEL_CONTRACTIONDURATION", "DIFFICULTY_LEVEL_CONTRACTION_DURATION")
_REST = ("DIFFICULTY_LEVEL_REST", "DIFFICULTY_LEVEL_REST_DURATION")


def used_rate(layout: Layout, game: GameFacts | None) -> tuple[Rate, tuple[Finding, ...]]:
    """The rate everything is computed with. The game declares 990 Hz; its sensor runs at 1000 Hz.

    Evidence: mains lines at 49.5 Hz of the declared rate, and the whole seconds the game counts,
    in recordings of 33 frames of 30 samples. For 66 frames of 15 it is assumed until the seconds of
    the very file show it.
    """
    declared_hz = layout.analog_rate_hz
    shape = (layout.frame_rate_hz, layout.samples_per_frame)
    known = shape in (_SHOWN_AT_TRUE_RATE, _ASSUMED_LIKEWISE)
    if game is None or declared_hz != _DECLARED_HZ or not known:
        return Rate(declared_hz, declared_hz), ()
    evidence = _Evidence(layout.samples, game.duration_seconds)
    shown = shape == _SHOWN_AT_TRUE_RATE or evidence.only_true_rate
    correction = (
        f"The game declares {layout.frame_rate_hz:g} frames of {layout.samples_per_frame} samples a"
        f" second, {_DECLARED_HZ:g} Hz; its sensor runs at {_TRUE_HZ:g} Hz. {evidence.sentence}"
    )
    rate = Rate(_DECLARED_HZ, _TRUE_HZ, correction, assumed=not shown)
    return rate, (_corrected(rate), *evidence.contradiction())


def _corrected(rate: Rate) -> Finding:
    if rate.assumed:
        return Finding("rate_assumed", f"{rate.correction} The correction is assumed.")
    return Finding("rate_corrected", str(rate.correction))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The game's own clock, which counts whole seconds, against the samples."""

    samples: int
    clock_s: int | None

    @property
    def true_s(self) -> int:
        return int(self.samples / _TRUE_HZ)

    @property
    def declared_s(self) -> int:
        return int(self.samples / _DECLARED_HZ)

    @property
    def only_true_rate(self) -> bool:
        return self.clock_s == self.true_s != self.declared_s

    @property
    def sentence(self) -> str:
        if self.clock_s is None:
            return "The file does not say how long the game lasted."
        if self.only_true_rate:
            return f"The game's clock says so too: {self.clock_s} s, not {self.declared_s} s."
        if self.clock_s == self.true_s:
            return f"The game's clock fits both: {self.clock_s} s."
        return f"The game's clock says {self.clock_s} s, the samples {self.true_s} s."

    def contradiction(self) -> tuple[Finding, ...]:
        if self.clock_s is None or self.clock_s == self.true_s:
            return ()
        return (
            Finding(
                "duration_disagrees",
                f"The game's clock says {self.clock_s} s, but the samples last"
                f" {self.samples / _TRUE_HZ:.1f} s at {_TRUE_HZ:g} Hz.",
            ),
        )


@dataclass(frozen=True, slots=True)
class _Info:
    """Values by normalised key; None where absent, or meant to be."""

    values: Mapping[str, Parameter]

    def text(self, key: str) -> str | None:
        """Numbers too, as the text they would be."""
        texts = self._texts(key, 1)
        text = texts[0] if texts else self._number_as_text(key)
        return None if text.upper() in _ABSENT else text

    def texts(self, key: str, at_most: int) -> list[str]:
        return self._texts(key, at_most)

    def number(self, key: str) -> float | None:
        """Text too, where it is a number."""
        parameter = self.values.get(key)
        numbers = parameter.numbers(1) if parameter else ()
        value = numbers[0] if numbers else _number_in(self._texts(key, 1))
        return value if math.isfinite(value) else None

    def first_number(self, *keys: str) -> float | None:
        return next((self.number(key) for key in keys if key in self.values), None)

    def whole(self, key: str) -> int | None:
        value = self.number(key)
        return None if value is None or value != int(value) else int(value)

    def count(self, key: str) -> int | None:
        """As `whole`; stored integers are unsigned."""
        parameter = self.values.get(key)
        if parameter and parameter.holds_integers:
            return int(parameter.counts(1)[0]) if parameter.counts(1) else None
        return self.whole(key)

    def _texts(self, key: str, at_most: int) -> list[str]:
        parameter = self.values.get(key)
        return [text.strip() for text in parameter.texts(at_most)] if parameter else []

    def _number_as_text(self, key: str) -> str:
        value = self.number(key)
        return "" if value is None else f"{value:g}"


def _normalised(group: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {name.rstrip(") "): parameter for name, parameter in reversed(list(group.items()))}


def _number_in(texts: list[str]) -> float:
    try:
        return float(texts[0]) if texts else math.nan
    except ValueError:
        return math.nan


def _start(info: _Info) -> datetime | None:
    """TIME: year, month, day, hour and minute as five strings; their zone is not stated."""
    parts = info.texts("TIME", 5)
    try:
        year, month, day, hour, minute = (int(part) for part in parts)
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the file names no zone
    except ValueError:
        return None


def _channels(info: _Info) -> dict[str, GameChannel]:
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for key, channel, value in _channel_values(info):
        values[channel].setdefault(key, value)
    return {
        channel: GameChannel(
            mvc_v=_volts(known.get("MAX_MVC")),
            activation_threshold_v=_volts(known.get("ACTIVATION_THRESHOLD")),
            bfr_target_share=_within(0, 1, _first(known, *_BFR_TARGET)),
            target_contractions_raw=known.get("TARGET_CONTRACTIONS"),
        )
        for channel, known in sorted(values.items())
    }


_BFR_TARGET = ("BFR_TARGET_LOP_PERCENTAGE", "BFR_TARGET_VOP_PERCENTAGE")
_CHANNEL_KEYS = ("MAX_MVC", "ACTIVATION_THRESHOLD", "TARGET_CONTRACTIONS", *_BFR_TARGET)


def _channel_values(info: _Info) -> Iterator[tuple[str, str, float]]:
    """(MAX_MVC, CH1, value) of everything that is known of single channels."""
    for name in info.values:
        match = _OF_CHANNEL.fullmatch(name)
        if match is None or match["key"] not in _CHANNEL_KEYS or match["part"] == "_EXPONENT":
            continue
        value = info.number(name)
        if value is not None and match["part"]:
            value = _scientific(value, info.number(name.replace("_SIGNIFICAND", "_EXPONENT")))
        if value is not None:
            yield match["key"], match["channel"], value


def _scientific(significand: float, exponent: float | None) -> float | None:
    if exponent is None or abs(exponent) > _EXPONENT_LIMIT:
        return None
    return significand * 10.0**exponent


def _impossible(info: _Info, facts: GameFacts) -> Iterator[Finding]:
    """Values that are there and were not believed."""
    judged = {
        "RPE_POST_SESSION": facts.rpe,
        "DIFFICULTY_LEVEL": facts.difficulty_level,
        "DIFFICULTY_LEVEL_MVC": facts.prescribed_mvc_share,
    }
    for key, taken in judged.items():
        stated = info.number(key)
        if stated is not None and taken is None:
            yield _not_believed(key, f"{stated:g}")
    if facts.start is None and any(info.texts("TIME", 5)):
        yield _not_believed("TIME", " ".join(info.texts("TIME", 5)))
    for key, channel, value in _channel_values(info):
        if key in _BFR_TARGET and _within(0, 1, value) is None:
            yield _not_believed(f"{key}_{channel}", f"{value:g}")


def _not_believed(key: str, value: str) -> Finding:
    return Finding("game_value_impossible", f"The game wrote {key} = {value}, which cannot be.")


def _first(values: Mapping[str, float], *keys: str) -> float | None:
    return next((values[key] for key in keys if key in values), None)


def _at_least(low: int, value: int | None) -> int | None:
    return value if value is not None and value >= low else None


def _within(low: float, high: float, value: float | None) -> float | None:
    return value if value is not None and low <= value <= high else None


def _level(value: int | None) -> int | None:
    return value if value is not None and 1 <= value <= _LEVELS else None


def _share(value: float | None) -> float | None:
    """A fraction of MVC up to 1, else percent."""
    if value is None or not 0 < value <= _PERCENT:
        return None
    return value if value <= 1 else value / _PERCENT


def _seconds(value: float | None) -> float | None:
    """Seconds below 100, else milliseconds."""
    if value is None or value <= 0:
        return None
    return value if value < _MILLISECONDS_FROM else value / 1000


def _volts(value: float | None) -> float | None:
    """0 is what a build writes that has measured none."""
    return value if value is not None and value > 0 else None
