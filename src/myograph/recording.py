"""What a recording is, whatever file it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Signal: TypeAlias = npt.NDArray[np.float64]  # (n,) unless a docstring says otherwise


class Stretch(Protocol):
    """Samples in memory or still in their file: how many, and any part of them.

    An array is one.
    """

    @property
    def size(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Signal: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reader had to decide or an analysis noticed, for the person who reads the result.

    code       stable, for programs: "rate_corrected"
    sentence   for people: "The file declares 990 Hz; the sensor runs at 1000 Hz."
    channel    the label it is about, None: the whole recording
    """

    code: str
    sentence: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Samples per second: what the file declares, and what times and frequencies are made with.

    correction   why the two differ; None where they do not
    assumed      nothing has shown yet that files of this kind need the correction
    """

    original_hz: float
    used_hz: float
    correction: str | None = None
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One analog channel as the file names it; `unit` is None where the file states none."""

    label: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class GameChannel:
    """What the game wrote about one channel ("CH1"). Targets are not measurements.

    mvc_v, activation_threshold_v   in the domain of the *activated* channel, never of the raw one
    bfr_target_share                fraction of arterial occlusion pressure that was asked for
    target_contractions_raw         kept as written, used for nothing
    """

    mvc_v: float | None = None
    activation_threshold_v: float | None = None
    bfr_target_share: float | None = None
    target_contractions_raw: float | None = None


@dataclass(frozen=True, slots=True)
class GameFacts:
    """What the game says of itself. None: it does not say, or says "---", "N/A" or "Default"."""

    system: str | None = None
    name: str | None = None
    version: str | None = None
    level: int | None = None
    level_name: str | None = None
    score: float | None = None  # 0 is a real score
    duration_seconds: int | None = None  # None where the game did not end properly
    start: datetime | None = None  # local time, no zone: the file has none
    player: str | None = None
    therapist: str | None = None
    group: str | None = None
    language: str | None = None
    left_sensor: str | None = None
    right_sensor: str | None = None
    rpe: float | None = None  # 0 to 10
    difficulty_level: int | None = None  # 1 to 27
    prescribed_mvc_share: float | None = None  # fraction of MVC
    prescribed_hold_s: float | None = None
    prescribed_rest_s: float | None = None
    channels: Mapping[str, GameChannel] = field(default_factory=dict[str, GameChannel])  # by "CH1"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a recording without reading its samples.

    frame_count          3D frames in the file, None where it has no such thing
    sample_count         per analog channel, as far as they are in the file
    emg_labels           the channels that are EMG, in file order: "CH1" for "CH1 Raw"
    recoverable_samples  of a file that was never finalised, breaks off or contradicts itself, which
                         is read only by recovery; None for a whole one
    full_scale_v         of the sensor, None where not known
    repeat_block         samples in one block of the sensor, where it may repeat blocks
    """

    size_bytes: int
    rate: Rate
    sample_count: int
    frame_count: int | None
    channels: tuple[ChannelInfo, ...]
    emg_labels: tuple[str, ...]
    game: GameFacts | None
    findings: tuple[Finding, ...]
    recovered: bool = False
    recoverable_samples: int | None = None
    full_scale_v: float | None = None
    repeat_block: int | None = None

    @property
    def timed(self) -> bool:
        """False for a file without analog samples: it has no rate and no duration."""
        return self.rate.used_hz > 0

    @property
    def duration_s(self) -> float:
        return self.sample_count / self.rate.used_hz if self.sample_count else 0.0

    @property
    def original_duration_s(self) -> float:
        return self.sample_count / self.rate.original_hz if self.sample_count else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One EMG channel as recorded: unfiltered.

    samples     (n,) volts; may hold NaN where the file does
    activated   (n,) the game's own detector, 0 where it saw no contraction; None: not recorded
    """

    label: str
    samples: Signal
    activated: Signal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """The same channel, its samples read part by part where it is too long to be held."""

    label: str
    samples: Stretch
    activated: Stretch | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """The EMG channels of one exercise, in file order.

    channels    each may be loaded only when it is asked for, so iterate once and let go
    parts       the same, for those who never need the whole of one; None: they are in memory
    """

    facts: Facts
    channels: Sequence[Channel]
    parts: Sequence[Lead] | None = None

    @property
    def leads(self) -> Sequence[Lead | Channel]:
        """The channels, held or not."""
        return self.channels if self.parts is None else self.parts

    def to_mne(self) -> Any:  # noqa: ANN401 - MNE may not be there
        """The EMG channels as an `mne.io.RawArray` in volts; needs MNE, and holds all of them."""
        if find_spec("mne") is None:
            raise ImportError("to_mne needs MNE, and it is not installed: pip install mne")
        mne = import_module("mne")
        channels = list(self.channels)
        labels = [channel.label for channel in channels]
        info = mne.create_info(labels, self.facts.rate.used_hz, "emg")
        samples = np.stack([channel.samples for channel in channels])
        return mne.io.RawArray(samples, info, verbose="error")
