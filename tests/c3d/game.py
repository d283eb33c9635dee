"""Recordings as the game writes them, for tests."""

from datetime import datetime

import numpy as np

from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession, ghostly_bytes
from myograph.recording import Signal

START = datetime.fromisoformat("2025-03-10T11:46")
LABELS = ("CH1 Raw", "CH2 Raw", "CH1 activated", "CH2 activated")


def channels(frames, *, samples_per_frame=30, labels=LABELS) -> dict[str, Signal]:
    """Noise of 50 uV that float32 holds exactly."""
    noise = np.random.default_rng(7).normal(0, 5e-5, (len(labels), frames * samples_per_frame))
    return dict(zip(labels, noise.astype(np.float32).astype(float), strict=True))


def game_source(frames=100, *, newer=None, labels=LABELS, samples_per_frame=30, **session):
    """A finished file; 100 frames of 30 samples are 3 s."""
    facts = GameSession(START, newer=newer or {}, **session)
    written = channels(frames, samples_per_frame=samples_per_frame, labels=labels)
    data = ghostly_bytes(
        facts,
        written,
        samples_per_frame=samples_per_frame,
        frames_per_second=990 // samples_per_frame,
    )
    return BytesSource(data)
