"""C3D files of any system, read by ranges: what is asked for, and no more.

The low level: whatever part of a file exists can be had here. What may be analysed is decided in
recording.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Self

import numpy as np

from myograph.c3d.events import Event, read_events
from myograph.c3d.header import FIRST_READ, Header, NeedMore, read_header
from myograph.c3d.layout import Layout, read_layout
from myograph.c3d.parameters import Parameters, read_parameters
from myograph.c3d.samples import Calibration, analog_samples, point_samples, read_calibration
from myograph.c3d.source import Source
from myograph.errors import BadInput, Truncated
from myograph.recording import Finding, Signal

BLOCK_BYTES = 1 << 20  # of the data section, held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """Everything a file says before its data.

    labels, units   one per analog channel; a unit that is not stated is None
    """

    header: Header
    parameters: Parameters
    layout: Layout
    calibration: Calibration
    labels: tuple[str, ...]
    units: tuple[str | None, ...]
    findings: tuple[Finding, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        return read_events(self.header, self.parameters, self.layout)

    def with_all_frames(self) -> Self:
        """The same, with every whole frame that is there, whatever count is declared."""
        layout = replace(self.layout, frames=self.layout.frames_in_file)
        return replace(self, layout=layout)


def metadata_of_prefix(prefix: bytes, size: int) -> Metadata:
    """The metadata of an object of `size` bytes that begins with `prefix`; may raise NeedMore."""
    header = read_header(prefix, size)
    parameters = read_parameters(prefix, size, header)
    layout, settled = read_layout(header, parameters, size)
    calibration, assumed = read_calibration(parameters, layout.channels)
    units = parameters.texts("ANALOG", "UNITS", layout.channels)
    return Metadata(
        header=header,
        parameters=parameters,
        layout=layout,
        calibration=calibration,
        labels=tuple(_labels(parameters, layout.channels)),
        units=tuple(unit.strip() or None for unit in units),
        findings=(*parameters.findings, *settled, *assumed),
    )


def read_metadata(source: Source) -> Metadata:
    """At most two reads, whatever the size of the object."""
    prefix = _read(source, 0, min(FIRST_READ, source.size))
    try:
        return metadata_of_prefix(prefix, source.size)
    except NeedMore as more:
        prefix += _read(source, len(prefix), more.size - len(prefix))
        return metadata_of_prefix(prefix, source.size)


def _read(source: Source, offset: int, length: int) -> bytes:
    """Exactly `length` bytes of an object that was long enough when its size was asked."""
    data = source.read(offset, length)
    if len(data) < length:
        raise Truncated("The file became shorter while it was read. Please send it again.")
    return data


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive samples of some channels.

    first_sample   of the recording
    samples        (channels, n)
    """

    first_sample: int
    samples: Signal


@dataclass(frozen=True, slots=True, eq=False)
class C3DFile:
    """A file and what it says of itself. The source stays open as long as samples are wanted."""

    source: Source
    metadata: Metadata = field(repr=False)

    @classmethod
    def open(cls, source: Source) -> Self:
        return cls(source, read_metadata(source))

    @property
    def header(self) -> Header:
        return self.metadata.header

    @property
    def parameters(self) -> Parameters:
        return self.metadata.parameters

    @property
    def layout(self) -> Layout:
        return self.metadata.layout

    @property
    def labels(self) -> tuple[str, ...]:
        return self.metadata.labels

    @property
    def units(self) -> tuple[str | None, ...]:
        return self.metadata.units

    @property
    def events(self) -> tuple[Event, ...]:
        return self.metadata.events

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.metadata.findings

    def with_all_frames(self) -> Self:
        """The same file, read to its end whatever count it declares."""
        return replace(self, metadata=self.metadata.with_all_frames())

    def channel(self, channel: int | str) -> Signal:
        """(samples,) of one analog channel, by index or label, in its unit."""
        return self.channels([self._index(channel)])[0]

    def analogs(self) -> Signal:
        """(channels, samples), each channel in its unit."""
        return self._analogs(slice(None), 0, self.layout.frames)

    def channels(
        self, indices: Sequence[int], start_frame: int = 0, stop_frame: int | None = None
    ) -> Signal:
        """(channels, samples) of these channels in these frames."""
        stop_frame = self.layout.frames if stop_frame is None else stop_frame
        return self._analogs(_evenly(indices), start_frame, min(stop_frame, self.layout.frames))

    def blocks(self, frames: int, indices: Sequence[int] | None = None) -> Iterator[Block]:
        """The recording in pieces of so many frames, one in memory at a time."""
        chosen = slice(None) if indices is None else _evenly(indices)
        for start in range(0, self.layout.frames, frames):
            stop = min(start + frames, self.layout.frames)
            first_sample = start * self.layout.samples_per_frame
            yield Block(first_sample, self._analogs(chosen, start, stop))

    def points(self, start_frame: int = 0, stop_frame: int | None = None) -> Signal:
        """(frames, points, 4): x, y, z and residual. NaN, and a residual below 0: not seen."""
        layout = self.layout
        stop_frame = layout.frames if stop_frame is None else min(stop_frame, layout.frames)
        frames = max(0, stop_frame - start_frame)
        points = np.empty((frames, layout.points, 4))
        for first, data in self._frames(start_frame, start_frame + frames if layout.points else 0):
            piece = point_samples(data, layout, self.header.processor)
            points[first - start_frame :][: len(piece)] = piece
        return points

    def _index(self, channel: int | str) -> int:
        if isinstance(channel, str):
            if channel not in self.labels:
                raise BadInput(
                    f"There is no channel {channel!r}; the file has {', '.join(self.labels)}."
                )
            return self.labels.index(channel)
        if not 0 <= channel < self.layout.channels:
            raise BadInput(f"There is no channel {channel}; the file has {self.layout.channels}.")
        return channel

    def _analogs(self, channels: slice | list[int], start_frame: int, stop_frame: int) -> Signal:
        layout = self.layout
        count = (
            len(range(layout.channels)[channels]) if isinstance(channels, slice) else len(channels)
        )
        frames = max(0, stop_frame - start_frame) if layout.channels else 0
        samples = np.empty((count, frames, layout.samples_per_frame))
        for first, data in self._frames(start_frame, start_frame + frames):
            done = first - start_frame
            analog_samples(
                data,
                layout,
                self.metadata.calibration,
                self.header.processor,
                channels,
                out=samples[:, done : done + len(data) // layout.frame_bytes],
            )
        return samples.reshape(count, frames * layout.samples_per_frame)

    def _frames(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """The bytes of whole frames, a block at a time, with the number of the first."""
        layout = self.layout
        step = max(1, BLOCK_BYTES // (layout.frame_bytes or 1))
        for first in range(start, stop, step):
            length = (min(first + step, stop) - first) * layout.frame_bytes
            yield first, _read(self.source, layout.data_offset + first * layout.frame_bytes, length)


def _evenly(indices: Sequence[int]) -> slice | list[int]:
    """Evenly spaced channels as a slice, which NumPy reads twice as quickly as a list."""
    if len(indices) == 1:
        return slice(indices[0], indices[0] + 1)
    steps = {later - earlier for earlier, later in pairwise(indices)}
    if len(steps) != 1 or min(steps) < 1:
        return list(indices)
    return slice(indices[0], indices[-1] + 1, steps.pop())


def _labels(parameters: Parameters, channels: int) -> Iterator[str]:
    for number, label in enumerate(parameters.texts("ANALOG", "LABELS", channels), 1):
        yield label.strip() or f"Channel {number}"
