"""Ways people play: muscles for a session, by the name of what is to be seen in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from myograph.c3d.write import GameSession
from myograph.errors import BadInput
from myograph.simulate.sessions import SimulatedSession
from myograph.simulate.signals import (
    RATE_HZ,
    REPEAT_SAMPLES,
    Burst,
    Dropout,
    Fatigue,
    Mains,
    Muscle,
    Overload,
    Spike,
    Wander,
)

FIRST_BURST_S = 1.5  # the game learns its threshold while the muscle rests
SHORTEST_S = 4.0
OFFSETS_V = (-17e-6, -2.7e-6)  # of CH1 and CH2 in every real recording
FRAME_SAMPLES = 30
DEFAULT_SNR_DB = 26.0

_TIMELINE = 1  # a chance of its own, apart from the samples'
_FULL_V = 90e-6


@dataclass(frozen=True, slots=True)
class Faults:
    """What is to go wrong on top of a preset; shares are of the strongest plateau.

    dropouts   on the first channel, 270 samples each, at whole frames
    repeats    on the first channel, blocks of 15 samples sent twice
    spikes     on each channel
    """

    dropouts: int = 0
    repeats: int = 0
    mains_hz: float | None = None
    mains_share: float = 0.05
    spikes: int = 0
    wander_share: float = 0.0
    tonic_share: float = 0.0

    def __post_init__(self) -> None:
        counts = (self.dropouts, self.repeats, self.spikes)
        if min(*counts, self.mains_share, self.wander_share, self.tonic_share) < 0:
            raise BadInput(
                "What goes wrong is counted and measured by numbers that are not negative."
            )


@dataclass(frozen=True, slots=True)
class Preset:
    """`sentence` says to people what is in it; `muscle` makes one channel."""

    sentence: str
    muscle: Callable[[float, np.random.Generator], Muscle]
    snr_db: float = DEFAULT_SNR_DB


@dataclass(frozen=True, slots=True)
class Wish:
    """A session as somebody asks for it.

    snr_db   plateau RMS of the strongest burst over the RMS of the rest noise; None: the preset's
    """

    preset: str = "game"
    seconds: float = 60.0
    snr_db: float | None = None
    faults: Faults = Faults()
    frames: Literal["33x30", "66x15"] = "33x30"
    finalised: bool = True


def session(wish: Wish, *, start: datetime, seed: int) -> SimulatedSession:
    """What `wish` comes to with the chance of `seed`."""
    muscles = _muscles(wish, np.random.default_rng((seed, _TIMELINE)))
    game = GameSession(start=start, score=float(sum(len(m.bursts) for m in muscles)), level=1)
    return SimulatedSession(wish.seconds, muscles, game, wish.frames, wish.finalised)


def _muscles(wish: Wish, rng: np.random.Generator) -> tuple[Muscle, Muscle]:
    preset = PRESETS.get(wish.preset)
    if preset is None:
        raise BadInput(f"There is no preset {wish.preset!r}; there are {', '.join(PRESETS)}.")
    if wish.seconds < SHORTEST_S:
        raise BadInput(
            f"A session of {wish.seconds:g} s is too short; the least is {SHORTEST_S:g} s."
        )
    snr_db = preset.snr_db if wish.snr_db is None else wish.snr_db
    first, second = (
        replace(
            _with_faults(preset.muscle(wish.seconds, rng), wish.seconds, snr_db, wish.faults, rng),
            offset_v=offset_v,
        )
        for offset_v in OFFSETS_V
    )
    dropouts = _dropouts(wish.faults.dropouts, wish.seconds, rng)
    return replace(first, dropouts=dropouts, repeats=_repeats(wish, rng)), second


def timeline(
    seconds: float,
    rng: np.random.Generator,
    *,
    lasting_s: tuple[float, float],
    resting_s: tuple[float, float],
    plateau_v: tuple[float, float],
    most: int | None = None,
) -> tuple[Burst, ...]:
    """Bursts one after another, each length, rest and plateau drawn evenly from its range."""
    bursts: list[Burst] = []
    start_s = FIRST_BURST_S + rng.uniform(0, min(resting_s[0], seconds / 8))
    while most is None or len(bursts) < most:
        end_s = start_s + rng.uniform(*lasting_s)
        if end_s > seconds - 1.0:
            break
        bursts.append(Burst(round(start_s, 3), round(end_s, 3), rng.uniform(*plateau_v)))
        start_s = end_s + rng.uniform(*resting_s)
    return tuple(bursts)


def _game(seconds: float, rng: np.random.Generator) -> Muscle:
    return Muscle(
        timeline(
            seconds,
            rng,
            lasting_s=(0.15, 0.8),
            resting_s=(0.6, 2.5),
            plateau_v=(0.8 * _FULL_V, _FULL_V),
        )
    )


def _holds(seconds: float, rng: np.random.Generator) -> Muscle:
    longest_s = min(10.0, max(2.2, seconds / 4))
    return Muscle(
        timeline(
            seconds,
            rng,
            lasting_s=(2.0, longest_s),
            resting_s=(2.5, 5.0),
            plateau_v=(0.8 * _FULL_V, _FULL_V),
        )
    )


def _sparse(seconds: float, rng: np.random.Generator) -> Muscle:
    return Muscle(
        timeline(
            seconds,
            rng,
            lasting_s=(0.3, 1.0),
            resting_s=(seconds / 6, seconds / 4),
            plateau_v=(0.8 * _FULL_V, _FULL_V),
            most=3,
        )
    )


def _unequal(seconds: float, rng: np.random.Generator) -> Muscle:
    return Muscle(
        timeline(
            seconds,
            rng,
            lasting_s=(0.4, 1.5),
            resting_s=(0.8, 2.5),
            plateau_v=(0.2 * _FULL_V, _FULL_V),
        )
    )


def _tired(seconds: float, rng: np.random.Generator) -> Muscle:
    """Falls and rises as a biceps did over 127 s of flexions: MDF by 11 %/min."""
    bursts = timeline(
        seconds,
        rng,
        lasting_s=(2.2, 3.5),
        resting_s=(2.0, 3.5),
        plateau_v=(0.85 * _FULL_V, _FULL_V),
    )
    return Muscle(bursts, median_hz=82.0, fatigue=Fatigue(-11.0, 12.0))


def _loose(seconds: float, rng: np.random.Generator) -> Muscle:
    """Strong hum, and three times a second the input at its limit: about 5 % of all samples."""
    starts = np.sort(rng.uniform(0, seconds - 1, round(3 * seconds)))
    overloads = tuple(
        Overload(float(s), float(s) + 0.03, float(rng.choice([-1, 1])) * 9e-3) for s in starts
    )
    return replace(_game(seconds, rng), mains=Mains(50.0, 0.5e-3), overloads=overloads)


def _weak(seconds: float, rng: np.random.Generator) -> Muscle:
    bursts = timeline(
        seconds, rng, lasting_s=(0.3, 0.8), resting_s=(0.8, 2.5), plateau_v=(8e-6, 10e-6)
    )
    return Muscle(bursts, mains=Mains(50.0, 11e-6))


PRESETS: Mapping[str, Preset] = {
    "game": Preset("bursts of 0.15 to 0.8 s, as the game asks for", _game),
    "holds": Preset("contractions held for 2 to 10 s", _holds),
    "sparse": Preset("three contractions at most in the whole session", _sparse),
    "unequal": Preset("contractions of 20 to 100 % of the strongest", _unequal),
    "tired": Preset("a muscle that tires: frequency falls, amplitude rises", _tired),
    "loose": Preset("an electrode off the skin: hum, and the input at its limit", _loose),
    "weak": Preset("bursts of some 10 uV under hum", _weak, snr_db=10.0),
}


def _with_faults(
    muscle: Muscle, seconds: float, snr_db: float, faults: Faults, rng: np.random.Generator
) -> Muscle:
    strongest_v = max((b.rms_v for b in muscle.bursts), default=_FULL_V)
    mains, wander = muscle.mains, muscle.wander
    if faults.mains_hz is not None:
        mains = Mains(faults.mains_hz, faults.mains_share * strongest_v)
    if faults.wander_share:
        wander = Wander(0.4, faults.wander_share * strongest_v)
    spikes = rng.uniform(0.5, seconds - 0.5, faults.spikes)
    return replace(
        muscle,
        noise_rms_v=strongest_v / 10 ** (snr_db / 20),
        tonic_rms_v=faults.tonic_share * strongest_v,
        mains=mains,
        wander=wander,
        spikes=tuple(Spike(float(at_s), 25 * strongest_v) for at_s in np.sort(spikes)),
    )


def _dropouts(count: int, seconds: float, rng: np.random.Generator) -> tuple[Dropout, ...]:
    """At whole frames, a frame or more apart, anywhere after the first second."""
    length = 9 + 1
    places = (int(seconds * RATE_HZ) // FRAME_SAMPLES - 34) // length
    chosen = _choice(rng, places, count, f"drop-outs do not fit into {seconds:g} s")
    return tuple(Dropout(int(34 + length * place) * FRAME_SAMPLES) for place in chosen)


def _repeats(wish: Wish, rng: np.random.Generator) -> tuple[int, ...]:
    places = int(wish.seconds * RATE_HZ) // REPEAT_SAMPLES - 1
    sentence = f"repeats do not fit into {wish.seconds:g} s"
    chosen = _choice(rng, places, wish.faults.repeats, sentence)
    return tuple(int(block + 1) * REPEAT_SAMPLES for block in chosen)


def _choice(
    rng: np.random.Generator, places: int, count: int, sentence: str
) -> npt.NDArray[np.int64]:
    if count > places:
        raise BadInput(f"{count} {sentence}; at most {places} do.")
    return np.sort(rng.choice(places, count, replace=False))
