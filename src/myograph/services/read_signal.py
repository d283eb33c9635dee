"""A window of a recording, just in time from its file.

The first look at a session reads the whole recording once and keeps its outline: the envelope as
the analysis sees it, what is masked, the raw signal in few columns, and where the recording is
short the samples themselves. Every window after that costs what the window costs.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor, isfinite
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from myograph.analysis.protocol import Protocol
from myograph.c3d.recording import read_recording, read_samples
from myograph.c3d.source import Source
from myograph.charts.signal_view import Span, Trace
from myograph.errors import NotReadable
from myograph.recording import Channel, Facts, Signal
from myograph.signal.reduce import extremes

MOST_COLUMNS = 4000
FEWEST_COLUMNS = 100
SHORTEST_SAMPLES = 20
STRIP_COLUMNS = 400
KEPT_SAMPLES = 1_000_000  # of all channels; 4 MB


@dataclass(frozen=True, slots=True, eq=False)
class ChannelOutline:
    """One channel of a whole recording, small enough to keep.

    strip      (low, high) of the raw signal in `STRIP_COLUMNS` columns, volts
    envelope   (k,) volts, on its grid of `envelope_rate_hz`
    masked     what no statistic uses
    largest_v  of the raw signal outside the mask, either sign
    samples    (n,) as the file has them; None where the recording is too long to keep
    """

    label: str
    strip: tuple[Signal, Signal]
    envelope: Signal
    envelope_rate_hz: float
    masked: tuple[Span, ...]
    largest_v: float
    samples: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    facts: Facts
    recovered: bool
    channels: tuple[ChannelOutline, ...]

    @property
    def whole(self) -> Span:
        return Span(0.0, self.facts.duration_s)

    @property
    def shortest_s(self) -> float:
        """Nothing shorter is ever shown."""
        return SHORTEST_SAMPLES / self.facts.rate.used_hz


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What is drawn: one trace per channel of the outline, in its order."""

    span: Span
    columns: int
    traces: tuple[Trace, ...]


def outline_key(object_key: str, etag: str | None, *, recovered: bool, protocol: Protocol) -> str:
    """Names the bytes and the way they are read, so that it never stands for anything else."""
    return f"{object_key} {etag} {recovered} {protocol.digest}"


class Outlines:
    """The outlines of the recordings looked at last, `most` of them. Safe between threads."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._kept: OrderedDict[str, Outline] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], Outline]) -> Outline:
        """`key` names file and processing version: what belongs to it never changes."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()  # outside the lock: two may make the same one, nobody waits for a stranger
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


def read_outline(source: Source, protocol: Protocol, *, recover: bool = False) -> Outline:
    """The whole recording, one channel in memory at a time."""
    recording = read_recording(source, recover=recover)
    facts = recording.facts
    keep = facts.sample_count * len(facts.emg_labels) <= KEPT_SAMPLES
    outlined = tuple(_outline(c, facts, protocol, keep=keep) for c in recording.channels)
    return Outline(facts, recover, outlined)


def read_window(
    source: Source,
    outline: Outline,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
    columns: int = 1152,
) -> Window:
    """The window as it can be shown: inside the recording, on whole samples, 4000 columns at most.

    Up to two samples per column are given one by one, more as the exact extremes of each column.
    """
    rate_hz, count = outline.facts.rate.used_hz, outline.facts.sample_count
    first, last = _clamped(start_s, stop_s, rate_hz, count)
    span = Span(first / rate_hz, last / rate_hz)
    columns = min(max(columns, FEWEST_COLUMNS), MOST_COLUMNS)
    traces = tuple(
        _trace(_samples(source, outline, channel, first, last), channel, span, columns)
        for channel in outline.channels
    )
    return Window(span, columns, traces)


def _clamped(
    start_s: float | None, stop_s: float | None, rate_hz: float, count: int
) -> tuple[int, int]:
    start = floor(start_s * rate_hz + 1e-6) if _is_moment(start_s, rate_hz) else 0
    stop = ceil(stop_s * rate_hz - 1e-6) if _is_moment(stop_s, rate_hz) else count
    least = min(SHORTEST_SAMPLES, count)
    start = min(max(start, 0), count - least)
    return start, min(max(stop, start + least), count)


def _is_moment(seconds: float | None, rate_hz: float) -> TypeGuard[float]:
    """Its sample has a number: that of 1e308 seconds has none."""
    return seconds is not None and isfinite(seconds * rate_hz)


def _outline(channel: Channel, facts: Facts, protocol: Protocol, *, keep: bool) -> ChannelOutline:
    # The web does without scipy until somebody looks at a signal.
    from myograph.analysis.processed import processed  # noqa: PLC0415, see above

    x, rate_hz = channel.samples, facts.rate.used_hz
    try:
        done = processed(channel, facts, protocol)
    except (
        NotReadable
    ):  # the analysis refuses this channel alone; it is drawn, and all of it masked
        envelope, envelope_rate_hz, mask = np.empty(0), rate_hz, np.ones(x.size, bool)
    else:
        envelope, envelope_rate_hz = done.envelope, done.envelope_rate_hz
        mask = np.zeros(x.size, bool) if done.mask is None else done.mask
    usable = x if mask.all() else x[~mask]
    return ChannelOutline(
        label=channel.label,
        strip=extremes(x, STRIP_COLUMNS),
        envelope=envelope,
        envelope_rate_hz=envelope_rate_hz,
        masked=tuple(Span(a / rate_hz, b / rate_hz) for a, b in _runs(mask)),
        largest_v=float(np.fmax.reduce(np.abs(usable), initial=0.0)),
        samples=x.astype(np.float32) if keep else None,
    )


def _runs(mask: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    yield from ((int(a), int(b)) for a, b in edges.reshape(-1, 2))


def _samples(
    source: Source, outline: Outline, channel: ChannelOutline, first: int, last: int
) -> Signal:
    if channel.samples is not None:
        return channel.samples[first:last].astype(np.float64)
    read = read_samples(source, channel.label, first, last, recover=outline.recovered)
    return read.samples


def _trace(x: Signal, channel: ChannelOutline, span: Span, columns: int) -> Trace:
    low, high = (x, x) if x.size <= 2 * columns else extremes(x, columns)
    rate_hz = channel.envelope_rate_hz
    # One cell more on either side: a line through the middles of cells must reach both edges.
    first = max(floor(span.start_s * rate_hz) - 1, 0)
    last = ceil(span.stop_s * rate_hz) + 1
    cells = channel.envelope[first:last]
    return Trace(
        low=low,
        high=high,
        envelope=extremes(cells, columns)[1] if cells.size else cells,
        envelope_span=Span(first / rate_hz, (first + cells.size) / rate_hz),
        masked=channel.masked,
    )
