"""What is too long to be held is measured part by part, to the same numbers in little memory."""

import dataclasses
import tracemalloc
from datetime import datetime

import numpy as np
import pytest
import scipy.fft

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d import channels
from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession, ghostly_bytes
from myograph.recording import Recording
from myograph.signal import blocks
from tests.signals import Burst, Scene, recording

BLOCK = 20_000


def samples(seconds, seed):
    """Holds, drop-outs (one across the end of a block), a repeat and missing numbers."""
    bursts = [Burst(s, s + 2.5, 6e-5) for s in range(3, int(seconds) - 3, 7)]
    x = Scene(seconds, bursts, seed=seed).at(1000.0)
    for at in (BLOCK - 100, 55_000):
        x[at : at + 270] = -5.5e-3
    x[30_015:30_030] = x[30_000:30_015]
    x[70_000:70_005] = np.nan
    return x


def ghostly(seconds):
    raw = {f"CH{i} Raw": samples(seconds, i) for i in (1, 2)}
    seen = {f"CH{i} activated": np.where(np.abs(raw[f"CH{i} Raw"]) > 2e-5, 1e-6, 0) for i in (1, 2)}
    content = ghostly_bytes(GameSession(datetime(2025, 3, 10, 18)), raw | seen)  # noqa: DTZ001
    return BytesSource(content)


def numbers(value):
    """Every value in nested dataclasses and tuples, in order."""
    if dataclasses.is_dataclass(value):
        value = tuple(getattr(value, f.name) for f in dataclasses.fields(value))
    return [n for v in value for n in numbers(v)] if isinstance(value, tuple) else [value]


def test_part_by_part_the_numbers_are_those_of_the_whole(monkeypatch):
    source = ghostly(120.0)
    held = list(read_recording(source).channels)
    whole = measure(Recording(read_recording(source).facts, held), DEFAULT)
    monkeypatch.setattr(channels, "HELD", 0)
    monkeypatch.setattr(blocks, "BLOCK", BLOCK)
    parts = measure(read_recording(source), DEFAULT)
    assert whole.channels[0].quality.dropouts == 2
    assert len(whole.channels[0].contractions) == 17
    for part, other in zip(numbers(parts), numbers(whole), strict=True):
        assert part == (pytest.approx(other, rel=1e-9) if isinstance(other, float) else other)


def test_a_long_channel_is_never_held(monkeypatch):
    source = ghostly(1200.0)
    monkeypatch.setattr(channels, "HELD", 0)
    monkeypatch.setattr(blocks, "BLOCK", BLOCK)
    one_channel = 1_200_000 * 8
    tracemalloc.start()
    try:
        measure(read_recording(source), DEFAULT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * one_channel


def test_no_spectrum_is_computed_twice(monkeypatch):
    seen = []
    transform = scipy.fft.rfft

    def counted(rows, *arguments, **more):
        seen.extend(row.tobytes() for row in rows)
        return transform(rows, *arguments, **more)

    monkeypatch.setattr(scipy.fft, "rfft", counted)
    x = Scene(60, [Burst(s + 0.3, s + 2.8, 6e-5) for s in range(3, 57, 6)], seed=1).at(1000.0)
    (channel,) = measure(recording(x), DEFAULT).channels
    ours = [c for c in channel.contractions if c.duration_s >= 1]
    segments = sum(int(np.ceil((c.duration_s - 0.5) / 0.25 - 1e-9)) + 1 for c in ours)
    assert len(ours) == 9
    assert channel.temporal is not None
    whole, for_the_line = 119, 7  # of 1 s; of 8 s, in the quieter half of 14
    assert len(seen) == whole + for_the_line + segments + channel.temporal.windows
    assert len(set(seen)) == len(seen)
