"""Write C3D files as the GHOSTLY game writes them, byte for byte.

For simulation, demonstration and tests. Layout: a header block, the parameter section from block 2,
then frames of one point (x, y, z, residual) and the analog samples, all float32, Intel order. The
game leaves two blocks to the parameters, so data begin at byte 1536; where the newer keys need more
room, the section grows by whole blocks.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from myograph.recording import Signal

Value = str | int | float  # written as char, int16 and float32

_BLOCK = 512
_WORD = 0xFFFF  # counts are 16 bits wide in the file, and the game lets them wrap
_CHAR, _INTEGER, _FLOAT = -1, 2, 4
_DATA_TYPES = ("Skeleton", "Accelerometer", "BalanceBoard", "Emg")
_EMG = 3
_LONG_EVENT_LABELS = 12345  # four characters each; the game writes the mark and no events
_POINT_VALUES = 4


@dataclass(frozen=True, slots=True)
class GameSession:
    """What the game says of itself in the file.

    level       -1 where the game does not know it
    duration_s  None: the whole seconds of the samples at 1000 Hz, as the game counts
    newer       keys that newer builds add to INFO, in the spelling to be written, a stray ")"
                included: {"target_contractions_ch1)": 12}; see `scientific` for MVC values
    """

    start: datetime
    score: float = 0.0
    level: int = -1
    level_name: str = " --- "
    player: str = "Default"
    therapist: str = "---"
    group: str = "N/A"
    duration_s: int | None = None
    newer: Mapping[str, Value] = field(default_factory=dict[str, Value])


def scientific(key: str, value: float) -> dict[str, Value]:
    """`value` over two keys, as the game splits it: MAX_MVC_CH1_SIGNIFICAND and _EXPONENT."""
    exponent = math.floor(math.log10(abs(value))) if value else 0
    return {f"{key}_SIGNIFICAND": value / 10**exponent, f"{key}_EXPONENT": exponent}


def file_name(start: datetime) -> str:
    """The name the game gives a file: the seconds and milliseconds of its start stand only here."""
    return f"Ghostly_Emg_{start:%Y%m%d_%H-%M-%S}-{start.microsecond // 1000:04d}.c3d"


def ghostly_bytes(
    session: GameSession,
    channels: Mapping[str, Signal],
    *,
    positions: Signal | None = None,
    frames_per_second: int = 33,
    samples_per_frame: int = 30,
) -> bytes:
    """A finished file.

    channels    by label ("CH1 Raw", ..., "CH1 activated", ...), each (frames x samples_per_frame,)
    positions   (frames, 4) of the player: x, y, z and residual; None: zeros
    newer builds record at 66 frames of 15 samples
    """
    data = _frames(channels, positions, samples_per_frame)
    duration_s = session.duration_s
    if duration_s is None:
        duration_s = len(data) * samples_per_frame // 1000
    rates = _Rates(frames_per_second, samples_per_frame)
    parameters = _parameters(session, tuple(channels), rates, len(data), duration_s)
    header = _header(len(channels), rates, len(data), 2 + len(parameters) // _BLOCK)
    return header + parameters + data.tobytes()


def unfinalised_ghostly_bytes(
    session: GameSession,
    channels: Mapping[str, Signal],
    *,
    positions: Signal | None = None,
    frames_per_second: int = 33,
    samples_per_frame: int = 30,
    partial_bytes: int = 182,
) -> bytes:
    """The same file where the game was closed while it wrote.

    Every count is still 0, the data start in the header too, and the last frame breaks off after
    `partial_bytes`.
    """
    data = _frames(channels, positions, samples_per_frame)
    rates = _Rates(frames_per_second, samples_per_frame)
    parameters = _parameters(session, tuple(channels), rates, 0, 0)
    header = _header(len(channels), rates, 0, 0)
    return header + parameters + data.tobytes() + bytes(partial_bytes)


@dataclass(frozen=True, slots=True)
class _Rates:
    frames_per_second: int
    samples_per_frame: int

    @property
    def samples_per_second(self) -> int:
        return self.frames_per_second * self.samples_per_frame


def _frames(
    channels: Mapping[str, Signal], positions: Signal | None, samples_per_frame: int
) -> Signal:
    """(frames, 4 + samples x channels) float32, as they stand in the file."""
    sizes = {samples.size for samples in channels.values()}
    if len(sizes) != 1:
        raise ValueError(f"channels of one length are needed, not {sorted(sizes)}")
    frames, rest = divmod(sizes.pop(), samples_per_frame)
    if rest:
        raise ValueError(f"{rest} samples more than {frames} whole frames of {samples_per_frame}")
    data = np.zeros((frames, _POINT_VALUES + samples_per_frame * len(channels)), "<f4")
    if positions is not None:
        data[:, :_POINT_VALUES] = positions
    analog = np.stack(
        [samples.reshape(frames, samples_per_frame) for samples in channels.values()], axis=2
    )
    data[:, _POINT_VALUES:] = analog.reshape(frames, samples_per_frame * len(channels))
    return data


def _header(channels: int, rates: _Rates, frames: int, data_block: int) -> bytes:
    words = struct.pack(
        "<BBHHHHHfHHf",
        2,  # the parameter section is in block 2
        0x50,
        1,
        channels * rates.samples_per_frame,
        1,
        frames & _WORD,
        0,
        -1.0,  # negative: the data are floats
        data_block,
        rates.samples_per_frame,
        rates.frames_per_second,
    )
    events = struct.pack("<H", _LONG_EVENT_LABELS).rjust(300 - len(words), b"\0")  # word 150
    return (words + events).ljust(_BLOCK, b"\0")


def _parameters(
    session: GameSession, labels: tuple[str, ...], rates: _Rates, frames: int, duration_s: int
) -> bytes:
    """The section, padded to blocks. Its third byte counts them, so it is laid out twice."""
    blocks = 2
    while True:
        data_block = 2 + blocks
        records = b"".join(
            (
                _point(rates, frames, data_block),
                _analog(labels, rates),
                _subjects(session),
                _info(session, duration_s),
            )
        )
        needed = math.ceil((4 + len(records) + 2) / _BLOCK)  # two zeros end the section
        if needed <= blocks:
            section = bytes((1, 0x50, blocks, 84)) + records
            return section.ljust(blocks * _BLOCK, b"\0")
        blocks = needed


def _point(rates: _Rates, frames: int, data_block: int) -> bytes:
    return b"".join(
        (
            _group(1, "POINT"),
            _integers(1, "USED", 1),
            _texts(1, "LABELS", ("PlayerPosition",)),
            _floats(1, "RATE", rates.frames_per_second),
            _integers(1, "FRAMES", frames),
            _floats(1, "SCALE", -1.0),
            _integers(1, "DATA_START", data_block),
            _texts(1, "DATA_TYPE_LABELS", _DATA_TYPES),
            _integers(1, "DATA_TYPE", _EMG),
        )
    )


def _analog(labels: tuple[str, ...], rates: _Rates) -> bytes:
    return b"".join(
        (
            _group(2, "ANALOG"),
            _integers(2, "USED", len(labels)),
            _texts(2, "LABELS", labels),
            _floats(2, "RATE", rates.samples_per_second),
            _record(2, "SCALE", _FLOAT, (len(labels),), struct.pack("<f", 1.0) * len(labels)),
            _floats(2, "GEN_SCALE", 1.0),
            _record(2, "OFFSET", _INTEGER, (len(labels),), bytes(2 * len(labels))),
        )
    )


def _subjects(session: GameSession) -> bytes:
    return b"".join(
        (
            _group(3, "SUBJECTS"),
            _text(3, "MARKER_SET", "Using ETRO extended marker set"),
            _text(3, "PLAYER_NAME", session.player),
            _floats(3, "GAME_SCORE", session.score),
        )
    )


def _info(session: GameSession, duration_s: int) -> bytes:
    start = session.start
    moment = (start.year, start.month, start.day, start.hour, start.minute)
    return b"".join(
        (
            _group(4, "INFO"),
            _text(4, "SYSTEM", "OpenFeasyo"),
            _text(4, "EVENT", "gameplay"),
            _text(4, "GAME_NAME", "Ghostly"),
            _text(4, "GAME_LEVEL_NAME", session.level_name),
            _integers(4, "GAME_LEVEL", session.level),
            _integers(4, "OPTIMIZED", 0),
            _text(4, "VERSION", "OpenFeasyo.Android"),
            _integers(4, "DURATION", duration_s),
            _text(4, "THERAPIST_ID", session.therapist),
            _text(4, "GROUP_ID", session.group),
            _texts(4, "TIME", [str(part) for part in moment]),
            *(_newer(name, value) for name, value in session.newer.items()),
        )
    )


def _newer(name: str, value: Value) -> bytes:
    if isinstance(value, str):
        return _text(4, name, value)
    return _integers(4, name, value) if isinstance(value, int) else _floats(4, name, value)


def _group(number: int, name: str) -> bytes:
    return struct.pack("<bb", len(name), -number) + name.encode() + struct.pack("<hB", 3, 0)


def _integers(group: int, name: str, value: int) -> bytes:
    return _record(group, name, _INTEGER, (), struct.pack("<H", value & _WORD))


def _floats(group: int, name: str, value: float) -> bytes:
    return _record(group, name, _FLOAT, (), struct.pack("<f", value))


def _text(group: int, name: str, text: str) -> bytes:
    raw = text.encode()
    return _record(group, name, _CHAR, (len(raw),), raw)


def _texts(group: int, name: str, texts: Sequence[str]) -> bytes:
    raws = [text.encode() for text in texts]
    width = max(len(raw) for raw in raws)
    padded = b"".join(raw.ljust(width) for raw in raws)
    return _record(group, name, _CHAR, (width, len(raws)), padded)


def _record(group: int, name: str, kind: int, dimensions: tuple[int, ...], values: bytes) -> bytes:
    """Name, offset to the next record, type, dimensions, values, and a description of no length."""
    body = struct.pack("<bB", kind, len(dimensions)) + bytes(dimensions) + values + b"\0"
    start = struct.pack("<bb", len(name), group) + name.encode()
    return start + struct.pack("<h", 2 + len(body)) + body
