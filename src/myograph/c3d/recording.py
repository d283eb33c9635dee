"""From a C3D file to what can be analysed: facts and EMG in volts, or a sentence saying why not."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import overload

from myograph.c3d.ghostly import (
    FULL_SCALE_V,
    RAW,
    REPEAT_BLOCK,
    game_facts,
    is_ghostly,
    used_rate,
)
from myograph.c3d.header import NeedMore
from myograph.c3d.reader import C3DFile, Metadata, metadata_of_prefix, read_metadata
from myograph.c3d.source import Source
from myograph.errors import (
    BadInput,
    Contradictory,
    NoEmgChannel,
    NotFound,
    NotReadable,
    RateTooLow,
    TooManyChannels,
    TooShort,
    Truncated,
    Unfinalised,
)
from myograph.recording import (
    Channel,
    ChannelInfo,
    Facts,
    Finding,
    GameFacts,
    Recording,
    Signal,
)

__all__ = [
    "CHANNEL_LIMIT",
    "NeedMore",
    "facts_of_prefix",
    "parse_upload_name",
    "read_facts",
    "read_recording",
    "read_samples",
]

CHANNEL_LIMIT = 64
LOWEST_RATE_HZ = 200
SHORTEST_S = 1
_VOLTS = {"v": 1.0, "mv": 1e-3, "uv": 1e-6, "μv": 1e-6}  # as casefold() leaves them
_SHOWN = 10
_UPLOAD_NAME = re.compile(r"Ghostly_Emg_(\d{8}_\d\d-\d\d-\d\d)-0?(\d{3})\.c3d", re.IGNORECASE)


def facts_of_prefix(prefix: bytes, size_bytes: int, *, recover: bool = False) -> Facts:
    """All that is known of an object of `size_bytes` from its first bytes.

    Raises NeedMore where the prefix is too short; a prefix of the size it names is enough. Of a
    file that is truncated or was never finished it says what is there; `read_recording` refuses
    it.
    """
    return _facts(metadata_of_prefix(prefix, size_bytes), size_bytes, recover=recover)


def read_facts(source: Source, *, recover: bool = False) -> Facts:
    """As `facts_of_prefix`, in at most two reads."""
    return _facts(read_metadata(source), source.size, recover=recover)


def read_recording(
    source: Source, *, recover: bool = False, emg_labels: Sequence[str] | None = None
) -> Recording:
    """The EMG of a file; each channel is read when it is asked for, so the source must stay open.

    recover      read what is there of a file that is truncated or was never finished
    emg_labels   the analog channels that are EMG, where a person knows; None: the game's raw
                 channels, else all channels in volts
    """
    return Recording(*_opened(source, recover=recover, emg_labels=emg_labels))


def read_samples(
    source: Source,
    label: str,
    start: int,
    stop: int,
    *,
    recover: bool = False,
    emg_labels: Sequence[str] | None = None,
) -> Channel:
    """Samples `start` to `stop` of one EMG channel; only the frames that hold them are read."""
    facts, channels = _opened(source, recover=recover, emg_labels=emg_labels)
    if label not in facts.emg_labels:
        raise NotFound(
            f"There is no EMG channel {label!r} in this recording;"
            f" it has {', '.join(facts.emg_labels)}."
        )
    return channels.part(facts.emg_labels.index(label), start, stop)


def parse_upload_name(name: str) -> datetime | None:
    """When the game started, to the millisecond, by the name it gives its files; no zone."""
    match = _UPLOAD_NAME.fullmatch(PurePosixPath(name).name)
    if match is None:
        return None
    try:
        start = datetime.strptime(match[1], "%Y%m%d_%H-%M-%S")  # noqa: DTZ007 - names no zone
    except ValueError:
        return None
    return start.replace(microsecond=1000 * int(match[2]))


@dataclass(frozen=True, slots=True)
class _Lead:
    """Where one EMG channel lies: its analog channel, the game's detector, the size of its unit."""

    label: str
    raw: int
    activated: int | None
    volts: float


class _Channels(Sequence[Channel]):
    """EMG channels that are read when they are asked for, and not kept."""

    def __init__(self, file: C3DFile, leads: Sequence[_Lead]) -> None:
        self._file = file
        self._leads = leads

    def __len__(self) -> int:
        return len(self._leads)

    @overload
    def __getitem__(self, index: int) -> Channel: ...
    @overload
    def __getitem__(self, index: slice) -> "_Channels": ...
    def __getitem__(self, index: int | slice) -> "Channel | _Channels":
        if isinstance(index, slice):
            return _Channels(self._file, self._leads[index])
        return self._read(self._leads[index], 0, self._file.layout.frames)

    def part(self, index: int, start: int, stop: int) -> Channel:
        """Only the samples from `start` to `stop`, as far as they exist."""
        per_frame = self._file.layout.samples_per_frame
        stop = max(0, min(stop, self._file.layout.samples))
        start = max(0, min(start, stop))
        first_frame = start // per_frame
        channel = self._read(self._leads[index], first_frame, -(-stop // per_frame))
        inner = slice(start - first_frame * per_frame, stop - first_frame * per_frame)
        activated = None if channel.activated is None else channel.activated[inner]
        return replace(channel, samples=channel.samples[inner], activated=activated)

    def _read(self, lead: _Lead, first_frame: int, stop_frame: int) -> Channel:
        wanted = [lead.raw] if lead.activated is None else [lead.raw, lead.activated]
        rows = self._file.channels(wanted, first_frame, stop_frame)
        if lead.volts != 1:
            rows *= lead.volts
        activated: Signal | None = rows[1] if lead.activated is not None else None
        return Channel(lead.label, rows[0], activated)


def _opened(
    source: Source, *, recover: bool, emg_labels: Sequence[str] | None
) -> tuple[Facts, _Channels]:
    file = C3DFile.open(source)
    problem = _problem(file.metadata)
    if problem is not None and not recover:
        raise problem
    facts = _facts(file.metadata, source.size, recover=recover)
    leads = _leads(file.metadata) if emg_labels is None else _named(file.metadata, emg_labels)
    _refuse_what_cannot_be_analysed(facts, leads)
    facts = replace(
        facts,
        emg_labels=tuple(lead.label for lead in leads),
        findings=(*facts.findings, *_unit_findings(file.metadata, leads, facts)),
    )
    return facts, _Channels(replace(file, metadata=_recovered(file.metadata)), leads)


def _facts(metadata: Metadata, size: int, *, recover: bool) -> Facts:
    layout = _recovered(metadata).layout
    broken = _problem(metadata) is not None
    game, game_findings = _game(metadata)
    rate, rate_findings = used_rate(layout, game)
    if layout.samples and not rate.used_hz:
        raise RateTooLow("The file does not say how many samples a second it holds.")
    ghostly = is_ghostly(metadata.parameters)
    return Facts(
        size_bytes=size,
        rate=rate,
        sample_count=layout.samples,
        frame_count=layout.frames,
        channels=tuple(map(ChannelInfo, metadata.labels, metadata.units)),
        emg_labels=tuple(lead.label for lead in _leads(metadata)),
        game=game,
        findings=(*metadata.findings, *game_findings, *rate_findings),
        recovered=recover and broken,
        recoverable_samples=layout.samples if broken else None,
        full_scale_v=FULL_SCALE_V if ghostly else None,
        repeat_block=REPEAT_BLOCK if ghostly else None,
    )


def _game(metadata: Metadata) -> tuple[GameFacts | None, tuple[Finding, ...]]:
    game, findings = game_facts(metadata.parameters)
    if game is not None and metadata.layout.unfinalised:
        game = replace(game, score=None)  # the 0 in the file is what the game began with
    return game, findings


def _problem(metadata: Metadata) -> NotReadable | None:
    """Why the file is not whole; None where it is."""
    layout = metadata.layout
    contradiction = _contradiction(metadata)
    if contradiction:
        return Contradictory(
            f"The file contradicts itself: {contradiction}. Please copy it again from the device."
        )
    if layout.unfinalised:
        writer = "game" if is_ghostly(metadata.parameters) else "program"
        return Unfinalised(
            f"The {writer} was closed before it finished this file."
            f" {_seconds(metadata, layout.frames_in_file)} of signal can be recovered."
        )
    if layout.declared_frames > layout.frames_in_file:
        return Truncated(
            f"The file breaks off: it should hold {_seconds(metadata, layout.declared_frames)} of"
            f" signal and holds {_seconds(metadata, layout.frames_in_file)}. Please copy it again"
            " from the device, or what it holds can be recovered."
        )
    return None


def _contradiction(metadata: Metadata) -> str:
    """What cannot be true of the file at once, or nothing."""
    layout = metadata.layout
    if layout.contradiction and layout.channels:
        return (
            f"header and parameters disagree on {layout.contradiction}, and its size fits neither"
        )
    if _holds_uncounted_frames(metadata):
        return (
            f"it declares {_seconds(metadata, layout.declared_frames)} of signal and holds"
            f" {_seconds(metadata, layout.frames_in_file)}"
        )
    return ""


def _holds_uncounted_frames(metadata: Metadata) -> bool:
    """The game pads nothing: its files end with their last frame. Others add what they like."""
    layout = metadata.layout
    counted = 0 < layout.declared_frames < layout.frames_in_file
    return counted and is_ghostly(metadata.parameters)


def _recovered(metadata: Metadata) -> Metadata:
    """With all frames of the file, where its own count is what is wrong."""
    if metadata.layout.unfinalised or _holds_uncounted_frames(metadata):
        return metadata.with_all_frames()
    return metadata


def _seconds(metadata: Metadata, frames: int) -> str:
    layout = metadata.layout
    rate, _ = used_rate(layout, game_facts(metadata.parameters)[0])
    if not rate.used_hz:
        return f"{frames} frames"
    return f"{frames * layout.samples_per_frame / rate.used_hz:.1f} seconds"


def _leads(metadata: Metadata) -> list[_Lead]:
    """The game's raw channels, matched by label, never by position; else all channels in volts."""
    raw = [
        _Lead(match[1].upper(), index, _activated(metadata, match[1]), volts)
        for index, label in enumerate(metadata.labels)
        if (match := RAW.fullmatch(label)) and (volts := _volts(metadata.units[index] or "V"))
    ]
    if raw or is_ghostly(metadata.parameters):
        return _told_apart(raw)
    return _told_apart(
        _Lead(label, index, None, volts)
        for index, (label, unit) in enumerate(zip(metadata.labels, metadata.units, strict=True))
        if (volts := _volts(unit or ""))
    )


def _named(metadata: Metadata, names: Sequence[str]) -> list[_Lead]:
    """The channels a person named, in their order; "CH1" stands for "CH1 Raw" too."""
    leads = {lead.raw: lead for lead in (_lead(metadata, name) for name in names)}
    return _told_apart(leads.values())


def _lead(metadata: Metadata, name: str) -> _Lead:
    labels = [label.casefold() for label in metadata.labels]
    index = _position(labels, name.casefold(), f"{name} Raw".casefold())
    if index is None:
        raise BadInput(
            f"There is no channel {name!r} in this file; it has {_some(metadata.labels)}."
        )
    unit = metadata.units[index]
    volts = _volts(unit or "V")
    if not volts:
        raise BadInput(f"Channel {name!r} is in {unit}, so it is no EMG: that is in V, mV or uV.")
    match = RAW.fullmatch(metadata.labels[index])
    if match is None:
        return _Lead(metadata.labels[index], index, None, volts)
    return _Lead(match[1].upper(), index, _activated(metadata, match[1]), volts)


def _activated(metadata: Metadata, channel: str) -> int | None:
    labels = [label.casefold() for label in metadata.labels]
    return _position(labels, f"{channel} activated".casefold())


def _position(labels: Sequence[str], *names: str) -> int | None:
    return next((labels.index(name) for name in names if name in labels), None)


def _volts(unit: str) -> float | None:
    return _VOLTS.get(unit.strip().casefold())


def _told_apart(leads: Iterable[_Lead]) -> list[_Lead]:
    """The same leads; the second "EMG" is "EMG (2)"."""
    apart: list[_Lead] = []
    seen: Counter[str] = Counter()
    for lead in leads:
        seen[lead.label] += 1
        number = seen[lead.label]
        apart.append(lead if number == 1 else replace(lead, label=f"{lead.label} ({number})"))
    return apart


def _unit_findings(metadata: Metadata, leads: Sequence[_Lead], facts: Facts) -> Iterator[Finding]:
    """The game's channels are in volts without saying so; of others that is marked."""
    for lead in leads:
        if metadata.units[lead.raw] is None and facts.game is None:
            sentence = f"Channel {lead.label} states no unit; it was taken to be in volts."
            yield Finding("unit_assumed", sentence, lead.label)


def _refuse_what_cannot_be_analysed(facts: Facts, leads: Sequence[_Lead]) -> None:
    if not leads:
        raise NoEmgChannel(_without_emg(facts.channels))
    if len(leads) > CHANNEL_LIMIT:
        raise TooManyChannels(
            f"The file has {len(leads)} EMG channels; at most {CHANNEL_LIMIT} are analysed."
            " Name those you want."
        )
    if facts.sample_count and facts.rate.used_hz < LOWEST_RATE_HZ:
        raise RateTooLow(
            f"The file holds {facts.rate.used_hz:g} samples a second; EMG needs {LOWEST_RATE_HZ} or"
            " more. It may hold an envelope instead of the signal."
        )
    if facts.duration_s < SHORTEST_S:
        raise TooShort(
            f"The recording lasts {facts.duration_s:.2f} seconds; at least {SHORTEST_S} is needed."
        )


def _without_emg(channels: Sequence[ChannelInfo]) -> str:
    if not channels:
        return "The file holds no analog channels, so there is no EMG in it."
    shown = _some([f"{channel.label} ({channel.unit or 'no unit'})" for channel in channels])
    return f"No channel of the file is EMG, which is in V, mV or uV. It has {shown}."


def _some(names: Sequence[str]) -> str:
    """The first ten, so that a sentence stays one."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
