"""How a recording is measured: every parameter of the method, frozen, in one place."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

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
        for name, value in self._items():
            _check(name, value)
        if self.band_hz[0] >= self.band_hz[1]:
            raise BadInput("band_hz: the lower corner must lie below the upper one.")

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
            return (float(low), float(high))
        if isinstance(default, bool | str):
            return _of_type(type(default), value)
        return _whole(value) if isinstance(default, int) else float(value)
    except (TypeError, ValueError) as e:
        raise BadInput(f"{name} cannot be {value!r}; the default is {default!r}.") from e


def _of_type(kind: type, value: object) -> object:
    if type(value) is not kind:
        raise TypeError
    return value


def _whole(value: Any) -> int:  # noqa: ANN401, whatever stands in the file
    if int(value) != value:
        raise ValueError
    return int(value)


def _check(name: str, value: float | str | Range) -> None:
    if isinstance(value, str):
        if value not in get_args(Detector):
            raise BadInput(f"{name} is one of {', '.join(get_args(Detector))}, not {value!r}.")
    elif not all(math.isfinite(v) and v >= 0 for v in _numbers(value)):
        raise BadInput(f"{name} must be finite and not negative, not {value!r}.")


def _numbers(value: float | Range) -> Range | tuple[float]:
    return value if isinstance(value, tuple) else (value,)


DEFAULT = Protocol()
