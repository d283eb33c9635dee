"""The EMG channels of a file, whole or part by part: read when they are asked for, and not kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

from myograph.c3d.reader import C3DFile
from myograph.recording import Channel, Lead, Signal

HELD = 1 << 22  # samples of a channel; a longer one is read anew for every look at it


@dataclass(frozen=True, slots=True)
class Place:
    """Where one EMG channel lies: its analog channel, the game's detector, the size of its unit."""

    label: str
    raw: int
    activated: int | None
    volts: float


class Channels(Sequence[Channel]):
    """Each is whole."""

    def __init__(self, file: C3DFile, places: Sequence[Place]) -> None:
        self._file = file
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Channel: ...
    @overload
    def __getitem__(self, index: slice) -> "Channels": ...
    def __getitem__(self, index: int | slice) -> "Channel | Channels":
        if isinstance(index, slice):
            return Channels(self._file, self._places[index])
        return self._read(self._places[index], 0, self._file.layout.frames)

    def part(self, index: int, start: int, stop: int) -> Channel:
        """Only the samples from `start` to `stop`, as far as they exist."""
        place = self._places[index]
        channel = self._read(place, *_frames_of(self._file, start, stop))
        inner = _within(self._file, start, stop)
        activated = None if channel.activated is None else channel.activated[inner]
        return replace(channel, samples=channel.samples[inner], activated=activated)

    @property
    def parts(self) -> "Parts":
        return Parts(self, self._file, self._places)

    def _read(self, place: Place, first_frame: int, stop_frame: int) -> Channel:
        wanted = [place.raw] if place.activated is None else [place.raw, place.activated]
        rows = self._file.channels(wanted, first_frame, stop_frame)
        if place.volts != 1:
            rows *= place.volts
        activated: Signal | None = rows[1] if place.activated is not None else None
        return Channel(place.label, rows[0], activated)


class Parts(Sequence[Lead]):
    """The same channels; whole only where they are short."""

    def __init__(self, channels: Channels, file: C3DFile, places: Sequence[Place]) -> None:
        self._channels = channels
        self._file = file
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Lead: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Lead]: ...
    def __getitem__(self, index: int | slice) -> Lead | Sequence[Lead]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = self._places[index]
        if self._file.layout.samples <= HELD:
            whole = self._channels[index]
            return Lead(whole.label, whole.samples, whole.activated)
        activated = None
        if place.activated is not None:
            activated = _Stored(self._file, place.activated, place.volts)
        return Lead(place.label, _Stored(self._file, place.raw, place.volts), activated)


@dataclass(frozen=True, slots=True)
class _Stored:
    """One analog channel as it lies in the file, in volts."""

    file: C3DFile
    index: int
    volts: float

    @property
    def size(self) -> int:
        return self.file.layout.samples

    def __getitem__(self, part: slice, /) -> Signal:
        start, stop, _ = part.indices(self.size)
        first_frame, stop_frame = _frames_of(self.file, start, stop)
        samples = self.file.channels([self.index], first_frame, stop_frame)[0]
        if self.volts != 1:
            samples *= self.volts
        return samples[_within(self.file, start, stop)]


def _frames_of(file: C3DFile, start: int, stop: int) -> tuple[int, int]:
    """The first frame that holds a sample of start..stop, and the one after the last."""
    start, stop = _clamped(file, start, stop)
    per_frame = file.layout.samples_per_frame
    return start // per_frame, -(-stop // per_frame)


def _within(file: C3DFile, start: int, stop: int) -> slice:
    """Where the samples start..stop lie in what these frames hold."""
    start, stop = _clamped(file, start, stop)
    skipped = start // file.layout.samples_per_frame * file.layout.samples_per_frame
    return slice(start - skipped, stop - skipped)


def _clamped(file: C3DFile, start: int, stop: int) -> tuple[int, int]:
    stop = max(0, min(stop, file.layout.samples))
    return max(0, min(start, stop)), stop
