"""Short files of the game whose bursts are known, for tests that need a recording to work on."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from myograph.c3d.write import GameSession, file_name
from myograph.simulate.sessions import SimulatedSession, simulate_session
from myograph.simulate.signals import Burst, Muscle

START = datetime(2025, 3, 10, 11, 46, 23, 823_000)  # noqa: DTZ001 - the file has no zone
NAME = file_name(START)
EMPTY: Mapping[str, Any] = MappingProxyType({})


def game_file(
    *,
    player: str = "Default",
    bursts: int = 3,
    newer: Mapping[str, Any] = EMPTY,
    start: datetime = START,
    seed: int = 1,
    finalised: bool = True,
) -> bytes:
    """A file with two channels of `bursts` bursts of 2.5 s each, 4 s apart."""
    return _made(player, bursts, tuple(newer.items()), start, seed, finalised)


@lru_cache(maxsize=64)
def _made(
    player: str,
    bursts: int,
    newer: tuple[tuple[str, Any], ...],
    start: datetime,
    seed: int,
    finalised: bool,
) -> bytes:
    made = tuple(Burst(2.0 + 4.0 * i, 4.5 + 4.0 * i, rms_v=50e-6) for i in range(bursts))
    muscle = Muscle(made)
    content, _ = simulate_session(
        SimulatedSession(
            seconds=4.0 + 4.0 * bursts,
            muscles=(muscle, muscle),
            game=GameSession(start=start, score=12.0, player=player, newer=dict(newer)),
            finalised=finalised,
        ),
        seed,
    )
    return content
