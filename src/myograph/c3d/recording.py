"""From a C3D file to what can be analysed: facts and EMG in volts, or a sentence saying why not."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from myograph.c3d.channels import Channels, Place
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
    facts, channels = _opened(source, recover=recover, emg_labels=emg_labels)
    return Recording(facts, channels, channels.parts)


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


def _opened(
    source: Source, *, recover: bool, emg_labels: Sequence[str] | None
) -> tuple[Facts, Channels]:
    file = C3DFile.open(source)
    problem = _problem(file.metadata)
    if problem is not None and not recover:
        raise problem
    facts = _facts(file.metadata, source.size, recover=recover)
    places = _places(file.metadata) if emg_labels is None else _named(file.metadata, emg_labels)
    _refuse_what_cannot_be_analysed(facts, places)
    facts = replace(
        facts,
        emg_labels=tuple(place.label for place in places),
        findings=(*facts.findings, *_unit_findings(file.metadata, places, facts)),
    )
    return facts, Channels(replace(file, metadata=_recovered(file.metadata)), places)


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
        emg_labels=tuple(place.label for place in _places(metadata)),
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


def _places(metadata: Metadata) -> list[Place]:
    """The game's raw channels, matched by label, never by position; else all channels in volts."""
    raw = [
        Place(match[1].upper(), index, _activated(metadata, match[1]), volts)
        for index, label in enumerate(metadata.labels)
        if (match := RAW.fullmatch(label)) and (volts := _volts(metadata.units[index] or "V"))
    ]
    if raw or is_ghostly(metadata.parameters):
        return _told_apart(raw)
    return _told_apart(
        Place(label, index, None, volts)
        for index, (label, unit) in enumerate(zip(metadata.labels, metadata.units, strict=True))
        if (volts := _volts(unit or ""))
    )


def _named(metadata: Metadata, names: Sequence[str]) -> list[Place]:
    """The channels a person named, in their order; "CH1" stands for "CH1 Raw" too."""
    places = {place.raw: place for place in (_place(metadata, name) for name in names)}
    return _told_apart(places.values())


def _place(metadata: Metadata, name: str) -> Place:
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
        return Place(metadata.labels[index], index, None, volts)
    return Place(match[1].upper(), index, _activated(metadata, match[1]), volts)


def _activated(metadata: Metadata, channel: str) -> int | None:
    labels = [label.casefold() for label in metadata.labels]
    return _position(labels, f"{channel} activated".casefold())


def _position(labels: Sequence[str], *names: str) -> int | None:
    return next((labels.index(name) for name in names if name in labels), None)


def _volts(unit: str) -> float | None:
    return _VOLTS.get(unit.strip().casefold())


def _told_apart(places: Iterable[Place]) -> list[Place]:
    """The same places; the second "EMG" is "EMG (2)"."""
    apart: list[Place] = []
    seen: Counter[str] = Counter()
    for place in places:
        seen[place.label] += 1
        number = seen[place.label]
        apart.append(place if number == 1 else replace(place, label=f"{place.label} ({number})"))
    return apart


def _unit_findings(metadata: Metadata, places: Sequence[Place], facts: Facts) -> Iterator[Finding]:
    """The game's channels are in volts without saying so; of others that is marked."""
    for place in places:
        if metadata.units[place.raw] is None and facts.game is None:
            sentence = f"Channel {place.label} states no unit; it was taken to be in volts."
            yield Finding("unit_assumed", sentence, place.label)


def _refuse_what_cannot_be_analysed(facts: Facts, places: Sequence[Place]) -> None:
    if not places:
        raise NoEmgChannel(_without_emg(facts.channels))
    if len(places) > CHANNEL_LIMIT:
        raise TooManyChannels(
            f"The file has {len(places)} EMG channels; at most {CHANNEL_LIMIT} are analysed."
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
