"""How the data section is laid out: what header, parameters and the size of the file say together.

Per frame: four words per point, then for each analog sample the values of all channels. Header and
parameters contradict each other in one public file of ten; neither is always right. The data
section is padded to a block, so where they differ the size of the file settles it.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from myograph.c3d.header import BLOCK, Header
from myograph.c3d.parameters import Parameters
from myograph.errors import Contradictory
from myograph.recording import Finding

COUNT_LIMIT = 65_535  # of points, channels and samples per frame
_FRAMES_LIMIT = 1 << 31
_RATIO_SLACK = 0.01  # rates are rounded
_WRAP = 1 << 16  # frame counts are 16 bits wide
_PADDING = 2 * BLOCK  # some writers pad the data section to two blocks
_VALUES_PER_POINT = 4
_INTEGER_BYTES, _FLOAT_BYTES = 2, 4


@dataclass(frozen=True, slots=True)
class Layout:
    """The shape of the data section.

    frames            to be read: as declared, as far as they are there
    declared_frames   as the file says; 0 where it was never finished
    frames_in_file    whole frames between the data start and the end of the object
    spare_bytes       behind the declared frames; negative: so many are missing
    frame_rate_hz, analog_rate_hz   0 where the file states none
    contradiction     what header and parameters disagree on and no size could settle, or nothing
    """

    points: int
    channels: int
    samples_per_frame: int
    floats: bool
    point_scale: float
    data_offset: int
    frames: int
    declared_frames: int
    frames_in_file: int
    spare_bytes: int
    frame_rate_hz: float
    analog_rate_hz: float
    contradiction: str = ""

    @property
    def word_bytes(self) -> int:
        return _FLOAT_BYTES if self.floats else _INTEGER_BYTES

    @property
    def point_words(self) -> int:
        return _VALUES_PER_POINT * self.points

    @property
    def frame_words(self) -> int:
        return self.point_words + self.channels * self.samples_per_frame

    @property
    def frame_bytes(self) -> int:
        return self.frame_words * self.word_bytes

    @property
    def samples(self) -> int:
        """Of each analog channel."""
        return self.frames * self.samples_per_frame

    @property
    def unfinalised(self) -> bool:
        """The file declares nothing and holds something: its writer died."""
        return not self.declared_frames and self.frames_in_file > 0 and self.spare_bytes >= _PADDING


class _Shape(NamedTuple):
    """One reading of the counts that may contradict each other. `word`: bytes of one value."""

    frames: int
    samples: int
    points: int
    word: int


@dataclass(frozen=True, slots=True)
class _Claims:
    """What header and parameters say, the likeliest first where they may disagree.

    samples          per frame: as many as there are sources for it
    scales           of points; negative: the data are floats
    data_block       0 where nobody says
    frame_rate_hz    0 where nobody says
    analog_rate_hz   as ANALOG:RATE has it
    """

    channels: int
    frames: list[int]
    samples: list[int]
    points: list[int]
    scales: list[float]
    data_block: int
    frame_rate_hz: float
    analog_rate_hz: float


def read_layout(
    header: Header, parameters: Parameters, size: int
) -> tuple[Layout, tuple[Finding, ...]]:
    """The layout of an object of `size` bytes, and what had to be decided for it."""
    claims = _claims(header, parameters)
    shapes = _shapes(claims)
    data_offset = header.offset_of_block(claims.data_block or _block_behind_parameters(header))
    room = max(0, size - data_offset)
    fitting = _fitting(shapes, claims.channels, room)
    shape = fitting or shapes[0]
    frame_bytes = _frame_bytes(shape, claims.channels)
    _refuse_what_no_file_holds(claims.channels, frame_bytes, size)
    in_file = room // frame_bytes if frame_bytes else 0
    declared = _unwrapped(shape.frames, in_file, header) if frame_bytes else 0
    layout = Layout(
        points=shape.points,
        channels=claims.channels,
        samples_per_frame=shape.samples,
        floats=shape.word == _FLOAT_BYTES,
        point_scale=claims.scales[0],
        data_offset=data_offset,
        frames=min(declared, in_file),
        declared_frames=declared,
        frames_in_file=in_file,
        spare_bytes=size - data_offset - declared * frame_bytes,
        frame_rate_hz=claims.frame_rate_hz,
        analog_rate_hz=_analog_rate(claims, shape.samples),
        contradiction="" if fitting else _contradiction(claims),
    )
    return layout, (*_disagreements(layout, claims, header), *_size_findings(layout, header))


def _claims(header: Header, parameters: Parameters) -> _Claims:
    channels = _channels(header, parameters)
    frame_rate_hz = _frame_rate(header, parameters)
    analog_rate_hz = parameters.number("ANALOG", "RATE") or 0.0
    if not 0 < analog_rate_hz < math.inf:
        analog_rate_hz = 0.0
    return _Claims(
        channels=channels,
        frames=_frame_counts(header, parameters),
        samples=_sample_votes(header, channels, analog_rate_hz, frame_rate_hz),
        points=_point_counts(header, parameters),
        scales=_scales(header, parameters),
        data_block=_data_block(header, parameters),
        frame_rate_hz=frame_rate_hz,
        analog_rate_hz=analog_rate_hz,
    )


def _channels(header: Header, parameters: Parameters) -> int:
    used = _count(parameters.count("ANALOG", "USED"))
    if used is not None:
        return used
    return header.analog_values // header.samples_per_frame if header.samples_per_frame else 0


def _refuse_what_no_file_holds(channels: int, frame_bytes: int, size: int) -> None:
    """Before anything is made per channel: a count may be as wrong as it likes."""
    smallest_frame = max(frame_bytes, channels * _INTEGER_BYTES)
    if channels > COUNT_LIMIT or smallest_frame > size:
        raise Contradictory(
            f"The file declares {channels} analog channels; one frame of its data would be longer"
            f" than its {size} bytes. It is damaged; please copy it again from the device."
        )


def _shapes(claims: _Claims) -> list[_Shape]:
    """All readings of the counts, the likeliest first."""
    words = [_FLOAT_BYTES if scale < 0 else _INTEGER_BYTES for scale in claims.scales]
    # two of three must agree; where none do, the header's word 10 comes first
    samples = sorted(claims.samples, key=lambda vote: -claims.samples.count(vote)) or [0]
    return [
        _Shape(*counts)
        for counts in product(
            _unique(claims.frames), _unique(samples), _unique(claims.points), _unique(words)
        )
    ]


def _fitting(shapes: list[_Shape], channels: int, room: int) -> _Shape | None:
    """The first reading that leaves only padding behind the data: less than a block, or two."""
    for padding in (BLOCK, _PADDING):
        for shape in shapes:
            if 0 <= room - shape.frames * _frame_bytes(shape, channels) < padding:
                return shape
    return None


def _frame_counts(header: Header, parameters: Parameters) -> list[int]:
    """POINT:FRAMES or header; where 16 bits do not do, LONG_FRAMES or the fields of TRIAL.

    https://www.c3d.org/HTML/Documents/longframes.htm
    """
    stated = _count(parameters.count("POINT", "FRAMES")) or 0
    declared = stated or header.frames
    long = _count(parameters.count("POINT", "LONG_FRAMES")) or 0
    if long > declared:
        return [long]
    fields = trial_fields(parameters)
    length = fields[1] - fields[0] + 1 if fields else 0
    if stated in (0, COUNT_LIMIT) and length > declared:
        return [length]
    if declared and header.frames and declared < COUNT_LIMIT:
        return [declared, header.frames]
    return [declared]


def trial_fields(parameters: Parameters) -> tuple[int, int] | None:
    """First and last frame of the raw recording: two words each, the low one first."""
    words = [
        list(parameter.counts(2))
        for name in ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD")
        if (parameter := parameters.find("TRIAL", name)) and parameter.holds_integers
    ]
    if [len(pair) for pair in words] != [2, 2]:
        return None
    first, last = (int(low + _WRAP * high) for low, high in words)
    return first, last


def _sample_votes(
    header: Header, channels: int, analog_rate_hz: float, frame_rate_hz: float
) -> list[int]:
    """Analog samples per frame by header word 10, word 3 / channels and the ratio of the rates."""
    if not channels:
        return []
    whole = header.analog_values % channels == 0
    votes = (
        header.samples_per_frame,
        header.analog_values // channels if whole else 0,
        _whole_ratio(analog_rate_hz, frame_rate_hz),
    )
    return [vote for vote in votes if vote]


def _whole_ratio(analog_rate_hz: float, frame_rate_hz: float) -> int:
    ratio = analog_rate_hz / frame_rate_hz if frame_rate_hz else 0.0
    if ratio > COUNT_LIMIT or abs(ratio - round(ratio)) >= _RATIO_SLACK * max(1.0, ratio):
        return 0
    return round(ratio)


def _point_counts(header: Header, parameters: Parameters) -> list[int]:
    used = _count(parameters.count("POINT", "USED"))
    if used is not None and used > COUNT_LIMIT:
        raise Contradictory(
            f"The file declares {used} points, which no recording has. It is damaged, or not a C3D"
            " file."
        )
    return [header.points] if used is None else [used, header.points]


def _scales(header: Header, parameters: Parameters) -> list[float]:
    """POINT:SCALE by parameter and header, as far as they are numbers."""
    stated = parameters.number("POINT", "SCALE")
    scales = [stated, header.point_scale]
    return [scale for scale in scales if scale and math.isfinite(scale)] or [1.0]


def _block_behind_parameters(header: Header) -> int:
    """Where the data are by custom, if neither header nor parameters say."""
    return 1 + (header.parameter_start - header.start) // BLOCK + header.parameter_blocks


def _data_block(header: Header, parameters: Parameters) -> int:
    """1-based; 0 where nobody says. The header is right, but in files that were never finished."""
    first_possible = 2
    stated = _count(parameters.count("POINT", "DATA_START")) or 0
    parameter_block = 1 + (header.parameter_start - header.start) // BLOCK
    if header.data_block > parameter_block or stated <= parameter_block:
        return header.data_block if header.data_block >= first_possible else 0
    return stated if stated <= COUNT_LIMIT else 0


def _unwrapped(declared: int, in_file: int, header: Header) -> int:
    """The true count where 16 bits were too few and nothing but the size of the file says it.

    Up to one block of padding then counts as frames.
    """
    full = declared == COUNT_LIMIT and in_file > COUNT_LIMIT
    wrapped = header.data_block and in_file > declared and (in_file - declared) % _WRAP == 0
    return in_file if full or wrapped else declared


def _frame_bytes(shape: _Shape, channels: int) -> int:
    return (_VALUES_PER_POINT * shape.points + channels * shape.samples) * shape.word


def _frame_rate(header: Header, parameters: Parameters) -> float:
    stated = parameters.number("POINT", "RATE")
    for rate in (stated, header.frame_rate_hz):
        if rate and math.isfinite(rate) and rate > 0:
            return rate
    return 0.0


def _analog_rate(claims: _Claims, samples: int) -> float:
    """ANALOG:RATE where the frames agree with it, else frame rate times samples per frame.

    It is absent or 0 in some files, and 1000 for a true 1020 in others.
    """
    by_frames = claims.frame_rate_hz * samples
    if not by_frames or _same_rate(claims.analog_rate_hz, by_frames):
        return claims.analog_rate_hz
    return by_frames


def _same_rate(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-3)


def _contradiction(claims: _Claims) -> str:
    """What nothing settles: no reading of the counts fits the size of the file."""
    if len(set(claims.points)) > 1:
        return "how many points there are"
    if len(set(claims.samples)) == len(claims.samples) > 1:
        return "how many samples a frame holds"
    if len({scale < 0 for scale in claims.scales}) > 1:
        return "whether its values are whole numbers"
    return "" if claims.data_block else "where its data begin"


def _disagreements(layout: Layout, claims: _Claims, header: Header) -> Iterator[Finding]:
    points, frames, votes = claims.points, claims.frames, _unique(claims.samples)
    if len(set(points)) > 1:
        yield Finding(
            "points_disagree",
            f"The parameters count {points[0]} points, the header {header.points};"
            f" {layout.points} were taken.",
        )
    if len(votes) > 1:
        yield Finding(
            "samples_disagree",
            f"A frame could hold {' or '.join(map(str, votes))} analog samples;"
            f" {layout.samples_per_frame} were taken.",
        )
    if len(set(frames)) > 1:
        yield Finding(
            "frames_disagree",
            f"The parameters count {frames[0]} frames, the header {header.frames};"
            f" {layout.declared_frames} were taken.",
        )
    if layout.declared_frames not in frames and layout.frame_bytes:
        yield Finding(
            "frames_by_size",
            f"The file counts {frames[0]} frames, as far as 16 bits go; by its size there are"
            f" {layout.declared_frames}.",
        )
    stated = claims.analog_rate_hz
    if layout.samples_per_frame and layout.analog_rate_hz and not stated:
        yield Finding(
            "rate_absent",
            f"The file states no analog rate; its frames hold {layout.analog_rate_hz:g} samples a"
            " second, which was taken.",
        )
    elif stated and layout.analog_rate_hz and not _same_rate(stated, layout.analog_rate_hz):
        yield Finding(
            "rate_disagrees",
            f"ANALOG:RATE is {stated:g} Hz; the frames hold {layout.analog_rate_hz:g} samples a"
            " second, which was taken.",
        )


def _size_findings(layout: Layout, header: Header) -> Iterator[Finding]:
    declared, present = layout.declared_frames, layout.frames_in_file
    if layout.data_offset != header.offset_of_block(header.data_block):
        yield Finding(
            "data_start_corrected",
            f"The header puts the data at block {header.data_block}; they begin at byte"
            f" {layout.data_offset}.",
        )
    if declared > present:
        sentence = f"The file declares {declared} frames and holds {present}."
        yield Finding("truncated", sentence)
    elif layout.unfinalised:
        sentence = f"The file was never finished: it declares no frames and holds {present}."
        yield Finding("unfinalised", sentence)
    elif layout.spare_bytes >= _PADDING:
        sentence = f"{layout.spare_bytes} bytes follow the declared data, unread."
        yield Finding("bytes_after_data", sentence)


def _count(value: float | None) -> int | None:
    """A count as the file states it, None where it is no count at all."""
    if value is None or not 0 <= value <= _FRAMES_LIMIT:
        return None
    return int(value)


def _unique(values: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(values))
