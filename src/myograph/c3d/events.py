"""What was marked in a recording: in the header, in a group of parameters, or in both.

The two are kept apart, since files hold both and they differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from myograph.c3d.header import Header
from myograph.c3d.layout import Layout, trial_fields
from myograph.c3d.parameters import Parameters

EVENT_LIMIT = 10_000
_FOUR_CHARACTERS = 12345  # word 150: labels are four characters long
_HEADER_EVENTS = 18
_GROUPS = ("EVENT", "EVENTS")  # BKIN writes the second


@dataclass(frozen=True, slots=True)
class Event:
    """`time_s` counts from the first stored frame."""

    label: str
    context: str
    time_s: float
    source: Literal["header", "group"]


def read_events(header: Header, parameters: Parameters, layout: Layout) -> tuple[Event, ...]:
    return (*_header_events(header), *_group_events(header, parameters, layout))


def _header_events(header: Header) -> list[Event]:
    """Words 153 on hold the times, words 199 on the labels; 18 at most, whatever word 151 says."""
    processor, block = header.processor, header.block
    if processor.unsigned(block, 298) != _FOUR_CHARACTERS:
        return []
    count = min(processor.unsigned(block, 300), _HEADER_EVENTS)
    times = processor.floats(block[304 : 304 + 4 * count])
    labels = [block[396 + 4 * i : 400 + 4 * i] for i in range(count)]
    return [
        Event(label.decode("latin-1").strip("\0 "), "", time_s, "header")
        for label, time_s in zip(labels, times, strict=True)
        if math.isfinite(time_s)
    ]


def _group_events(header: Header, parameters: Parameters, layout: Layout) -> list[Event]:
    group = next((name for name in _GROUPS if parameters.group(name)), "")
    times = _times(parameters, group)
    labels = parameters.texts(group, "LABELS", len(times))
    contexts = parameters.texts(group, "CONTEXTS", len(times))
    start_s = _start_of_times(times, header, parameters, layout)
    return [
        Event(label, context, time_s - start_s, "group")
        for time_s, label, context in zip(times, labels, contexts, strict=True)
        if math.isfinite(time_s)
    ]


def _times(parameters: Parameters, group: str) -> list[float]:
    """Seconds. TIMES, and TIMES2 for more than 255 events, hold minutes and seconds in turn."""
    stored: list[float] = []
    for parameter in parameters.series(group, "TIMES"):
        stored += parameter.numbers(2 * EVENT_LIMIT - len(stored))
    return [60 * minutes + s for minutes, s in zip(stored[::2], stored[1::2], strict=False)]


def _start_of_times(
    times: Sequence[float], header: Header, parameters: Parameters, layout: Layout
) -> float:
    """What to take off the times of the group.

    The guide does not say what they count from. In the files of Vicon and Qualisys it is frame 1 of
    the raw recording, of which the stored frames may be a later part. So that is taken off where it
    brings every event into the recording, and nothing where they lie in it already.
    """
    if not layout.frame_rate_hz:
        return 0.0
    fields = trial_fields(parameters)
    first = fields[0] if fields else header.first_frame
    start_s = max(0, first - 1) / layout.frame_rate_hz
    end_s = layout.declared_frames / layout.frame_rate_hz
    slack_s = 1.5 / layout.frame_rate_hz  # a frame, and the rounding of float32
    within = all(-slack_s <= time_s - start_s <= end_s + slack_s for time_s in times)
    return start_s if within else 0.0
