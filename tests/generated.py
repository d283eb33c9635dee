"""Recordings for tests, made here, with their truth."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from myograph.c3d.write import GameSession, Value, file_name
from myograph.simulate.sessions import SimulatedSession, simulate_session
from myograph.simulate.signals import Burst, Muscle

START = datetime(2026, 3, 4, 10, 20, 30, 456_000)  # noqa: DTZ001 - the file has no zone
LEFT = Muscle((Burst(2, 4.5, 80e-6), Burst(7, 9.6, 70e-6), Burst(12, 12.5, 75e-6)))
RIGHT = Muscle((Burst(3, 5.8, 60e-6), Burst(10, 12.2, 66e-6)))


@dataclass(frozen=True)
class Made:
    """A session of 15 s, unless told otherwise: three contractions on CH1, two on CH2."""

    muscles: tuple[Muscle, ...] = (LEFT, RIGHT)
    seconds: float = 15.0
    newer: dict[str, Value] = field(default_factory=dict)
    finalised: bool = True
    seed: int = 1
    start: datetime = START


def content_of(made: Made = Made()) -> tuple[bytes, dict[str, Any]]:
    game = GameSession(made.start, score=5.0, level=191, player="P001", newer=made.newer)
    session = SimulatedSession(made.seconds, made.muscles, game, finalised=made.finalised)
    return simulate_session(session, made.seed)


def recording_in(folder: Path, made: Made = Made(), name: str | None = None) -> Path:
    path = folder / (name or file_name(made.start))
    path.write_bytes(content_of(made)[0])
    return path
