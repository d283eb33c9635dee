"""How a recording is measured: every parameter of the method, frozen, in one place."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from myograph.errors import BadInput

Detector = Literal["envelope", "activated"]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Protocol:
    """The parameters of docs/methods.md. Stored with every result; never an environment variable.

    detector             whose edges the contractions have; "activated": the game's own channel
    *_limits             full marks up to the first number, none from the second on
    """

    detector: Detector = "envelope"

    # artefacts
    equal_samples: int = 5  # at the extreme of the recording: saturation
    dropout_ms: float = 20.0  # ... and from this length on a drop-out
    saturation_samples: int = 3
    saturation_share: float = 0.995  # of full scale
    flat_ms: float = 50.0
    spike_cell_ms: float = 10.0
    spike_ratio: float = 4.0  # of the 99.5th percentile of all cells
    spike_alone_ms: float = 100.0
    spike_neighbour_share: float = 0.25
    settle_ms: float = 50.0

    # filter and envelope
    band_hz: Range = (20.0, 450.0)
    band_order: int = 4
    notch: bool = False  # for the eye: no default number is made with it
    notch_share: float = 0.10  # of the power in the band
    notch_width_hz: float = 5 / 3
    mains_hz: Range = (50.0, 60.0)
    cell_ms: float = 5.0
    envelope_hz: float = 10.0
    envelope_order: int = 4
    envelope_rms_ms: float = 50.0

    # contractions
    level_ms: float = 150.0  # decides
    edge_ms: float = 50.0  # places the edges
    threshold_spreads: float = 3.0
    threshold_db: Range = (3.0, 10.0)  # above rest, at least and at most
    threshold_share: float = 0.15  # of the strong activity, in volts
    off_share: float = 0.45  # of the way from rest to the threshold, in volts
    separation_db: float = 5.0  # median peak above rest
    separation_sd: float = 3.0  # one Gaussian cut in two gives 2.65
    separation_wide_db: float = 8.0
    merge_ms: float = 200.0
    shortest_ms: float = 100.0
    refractory_ms: float = 0.0
    least_peak_v: float = 0.0  # of the envelope
    doubtful_s: float = 15.0  # nobody holds so long: the noise may have risen

    # numbers of a contraction
    strength_ms: float = 500.0
    game_memory_ms: float = 100.0  # the game's detector averages this far back

    # spectrum
    segment_ms: float = 500.0
    spectrum_from_ms: float = 250.0
    clinical_spectrum_from_s: float = 2.0
    window_ms: float = 1000.0
    short_window_ms: float = 250.0
    quiet_share: float = 0.2  # of the windows: the spectrum of rest

    # fatigue
    fatigue_fewest: int = 6  # contractions
    fatigue_from_ms: float = 500.0  # each
    fatigue_snr_db: float = 10.0  # its RMS over that of rest
    fatigue_masked_share: float = 0.10
    fatigue_level: float = 0.05  # of the test, shared among the muscles tested

    # quality
    masked_limits: Range = (0.01, 0.10)
    saturated_limits: Range = (0.001, 0.02)
    powerline_limits: Range = (0.05, 0.40)
    motion_limits: Range = (0.20, 0.80)
    snr_db_limits: Range = (15.0, 5.0)
    good_from: float = 0.75
    usable_from: float = 0.35
    nothing_found_cap: float = 0.5

    # evidence of the rate
    line_window_s: float = 8.0
    line_search: float = 0.03
    line_db: float = 10.0
    rate_tolerance: float = 0.005  # mains itself strays by less

    def __post_init__(self) -> None:
        if self.detector not in get_args(Detector):
            raise BadInput(
                f"detector is one of {', '.join(get_args(Detector))}, not {self.detector!r}."
            )
        for name, bounds in BOUNDS.items():
            _check(name, getattr(self, name), bounds)
        low_hz, high_hz = self.band_hz
        if low_hz > NARROWEST_BAND_HZ[0] or high_hz < NARROWEST_BAND_HZ[1]:
            raise BadInput("band_hz: the band holds at least 80 to 100 Hz.")
        if self.threshold_db[0] > self.threshold_db[1]:
            raise BadInput("threshold_db: the least lies below the most.")
        if self.segment_ms > self.window_ms:
            raise BadInput("segment_ms: a segment is no longer than a window.")

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it: pairs are lists."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in self._items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Protocol":
        """What is not named keeps its default; a name we do not know is refused."""
        known = {f.name: f.default for f in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise BadInput(f"The protocol knows no {', '.join(unknown)}.")
        return cls(**{name: _as(known[name], name, value) for name, value in values.items()})

    def _items(self) -> "list[tuple[str, float | str | Range]]":
        return list(asdict(self).items())

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: the same parameters, the same digest."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _as(default: Any, name: str, value: Any) -> Any:  # noqa: ANN401, the fields differ in type
    """`value` in the type of the default: TOML writes 200 where we mean 200.0."""
    try:
        if isinstance(default, tuple):
            low, high = value
            return (_number(low), _number(high))
        if isinstance(default, bool | str):
            return _of_type(type(default), value)
        return _whole(value) if isinstance(default, int) else _number(value)
    except (TypeError, ValueError, OverflowError) as e:
        raise BadInput(f"{name} cannot be {value!r}; the default is {default!r}.") from e


def _of_type(kind: type, value: object) -> object:
    if type(value) is not kind:
        raise TypeError
    return value


def _number(value: object) -> float:
    """Of an int or a float; true is no number, and neither is the text "200"."""
    if type(value) not in (int, float):
        raise TypeError
    return float(cast("float", value))


def _whole(value: object) -> int:
    number = _number(value)
    if int(number) != number:
        raise ValueError
    return int(number)


def _check(name: str, value: float | Range, bounds: Range) -> None:
    low, high = bounds
    values = value if isinstance(value, tuple) else (value,)
    if not all(low <= v <= high for v in values):
        raise BadInput(f"{name} lies between {low:g} and {high:g}; it cannot be {value!r}.")
    if name.endswith("_limits") and len(set(values)) == 1:
        raise BadInput(f"{name}: the two must differ.")


# At the lowest rate the band ends at 90 Hz; mains hum and its surroundings must lie below.
NARROWEST_BAND_HZ: Range = (80.0, 100.0)

# Beyond these a step cannot be taken, or no longer means what its name says.
BOUNDS: Mapping[str, Range] = {
    "equal_samples": (2, 1000),
    "dropout_ms": (1, 10_000),
    "saturation_samples": (1, 1000),
    "saturation_share": (0.5, 1),
    "flat_ms": (1, 10_000),
    "spike_cell_ms": (1, 100),
    "spike_ratio": (1, 1000),
    "spike_alone_ms": (10, 1000),
    "spike_neighbour_share": (0, 1),
    "settle_ms": (0, 1000),
    "band_hz": (1, 10_000),
    "band_order": (1, 10),
    "notch_share": (0, 1),
    "notch_width_hz": (0.1, 10),
    "mains_hz": (45, 65),
    "cell_ms": (5, 10),
    "envelope_hz": (1, 40),
    "envelope_order": (1, 10),
    "envelope_rms_ms": (0, 1000),
    "level_ms": (20, 2000),
    "edge_ms": (5, 1000),
    "threshold_spreads": (0, 100),
    "threshold_db": (0, 100),
    "threshold_share": (0.001, 1),
    "off_share": (0, 1),
    "separation_db": (0, 100),
    "separation_sd": (0, 100),
    "separation_wide_db": (0, 100),
    "merge_ms": (0, 10_000),
    "shortest_ms": (0, 10_000),
    "refractory_ms": (0, 60_000),
    "least_peak_v": (0, 1),
    "doubtful_s": (0, 3600),
    "strength_ms": (10, 10_000),
    "game_memory_ms": (0, 1000),
    "segment_ms": (100, 4000),
    "spectrum_from_ms": (50, 10_000),
    "clinical_spectrum_from_s": (0, 1000),
    "window_ms": (1000, 4000),
    "short_window_ms": (100, 4000),
    "quiet_share": (0.01, 1),
    "fatigue_fewest": (3, 1000),
    "fatigue_from_ms": (50, 10_000),
    "fatigue_snr_db": (0, 100),
    "fatigue_masked_share": (0, 1),
    "fatigue_level": (0.0001, 0.5),
    "masked_limits": (0, 1),
    "saturated_limits": (0, 1),
    "powerline_limits": (0, 1),
    "motion_limits": (0, 1),
    "snr_db_limits": (0, 100),
    "good_from": (0, 1),
    "usable_from": (0, 1),
    "nothing_found_cap": (0, 1),
    "line_window_s": (4, 60),
    "line_search": (0.005, 0.05),
    "line_db": (3, 60),
    "rate_tolerance": (0, 0.1),
}

DEFAULT = Protocol()
