"""A session of the game that nobody played: its C3D file, and the truth about it."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from myograph.c3d.write import GameSession, ghostly_bytes, unfinalised_ghostly_bytes
from myograph.errors import BadInput
from myograph.recording import Signal
from myograph.simulate.detector import activated
from myograph.simulate.signals import (
    ADC_MINIMUM_V,
    ADC_STEP_V,
    RATE_HZ,
    Burst,
    Muscle,
    Recorded,
    record,
)

DECLARED_RATE_HZ = 990
TRUTH_SCHEMA = "myograph.truth/1"

_SATURATED_V = 0.995 * 5.5e-3
_FRAMES = {"33x30": (33, 30), "66x15": (66, 15)}  # per second, samples in each


@dataclass(frozen=True, slots=True)
class SimulatedSession:
    """Everything but the chance of it.

    seconds    true ones, at 1000 samples per second; rounded down to whole frames
    muscles    CH1, CH2, ...
    game       what the game writes about itself
    frames     the older build's 33 frames a second of 30 samples, or the newer one's 66 of 15
    finalised  False: the game was closed while it wrote
    """

    seconds: float
    muscles: tuple[Muscle, ...]
    game: GameSession
    frames: Literal["33x30", "66x15"] = "33x30"
    finalised: bool = True


def simulate_session(session: SimulatedSession, seed: int) -> tuple[bytes, dict[str, Any]]:
    """The bytes of the C3D file and what is true of it, as JSON knows it. Same seed, same bytes."""
    per_second, per_frame = _FRAMES[session.frames]
    frames = math.floor(session.seconds * RATE_HZ / per_frame)
    if frames < 1:
        raise BadInput(f"A session of {session.seconds:g} s is too short for a single frame.")
    rng = np.random.default_rng(seed)
    recorded = [record(muscle, frames * per_frame, rng) for muscle in session.muscles]
    write = ghostly_bytes if session.finalised else unfinalised_ghostly_bytes
    content = write(
        session.game,
        _channels(recorded),
        positions=_positions(frames, rng),
        frames_per_second=per_second,
        samples_per_frame=per_frame,
    )
    truth = _truth(session, seed, frames * per_frame, recorded)
    return content, json.loads(json.dumps(truth))  # tuples are lists there


def _channels(recorded: list[Recorded]) -> dict[str, Signal]:
    """In the game's order: the raw channels first, then what its detector made of each."""
    raw = {f"CH{k} Raw": r.raw for k, r in enumerate(recorded, 1)}
    return raw | {f"CH{k} activated": activated(r.raw) for k, r in enumerate(recorded, 1)}


def _positions(frames: int, rng: np.random.Generator) -> Signal:
    """(frames, 4) x, y in pixels, z as the game writes it, residual: a figure that hops about."""
    steps = rng.integers(-3, 4, (frames, 2)).cumsum(axis=0)
    positions = np.empty((frames, 4))
    positions[:, :2] = np.array([330.0, 360.0]) + np.abs(steps % 160 - 80)
    positions[:, 2:] = -3.0, 0.0
    return positions


def _truth(
    session: SimulatedSession, seed: int, samples: int, recorded: list[Recorded]
) -> dict[str, Any]:
    game = asdict(session.game)
    return {
        "schema": TRUTH_SCHEMA,
        "seed": seed,
        "rate_hz": RATE_HZ,
        "declared_rate_hz": DECLARED_RATE_HZ,
        "samples": samples,
        "seconds": samples / RATE_HZ,
        "frames": session.frames,
        "finalised": session.finalised,
        "game": game | {"start": session.game.start.isoformat(timespec="milliseconds")},
        "adc": {"minimum_v": ADC_MINIMUM_V, "step_v": ADC_STEP_V},
        "channels": [
            {"label": f"CH{k}"} | _muscle_truth(muscle, made)
            for k, (muscle, made) in enumerate(zip(session.muscles, recorded, strict=True), 1)
        ],
    }


def _muscle_truth(muscle: Muscle, made: Recorded) -> dict[str, Any]:
    described = asdict(muscle)
    bursts = [_burst_truth(burst, muscle, made.clean) for burst in muscle.bursts]
    at_limit = np.abs(made.raw) > _SATURATED_V
    for dropout in muscle.dropouts:
        at_limit[dropout.start_sample : dropout.start_sample + dropout.samples] = False
    return described | {"bursts": bursts, "saturated_share": float(at_limit.mean())}


def _burst_truth(burst: Burst, muscle: Muscle, clean: Signal) -> dict[str, float | None]:
    """Edges: the gate at 10 % of its plateau. plateau_rms_v as meant, rms_v as it fell out."""
    middle_s = np.array([(burst.start_s + burst.end_s) / 2])
    plateau_v = math.hypot(burst.rms_v, muscle.tonic_rms_v) * float(muscle.gain_at(middle_s)[0])
    noise_v = muscle.noise_rms_v
    inside = clean[round(burst.start_s * RATE_HZ) : round(burst.end_s * RATE_HZ)]
    return {
        "start_s": burst.start_s,
        "end_s": burst.end_s,
        "plateau_rms_v": plateau_v,
        "rms_v": float(np.sqrt(np.mean(inside**2))),
        "median_hz": float(muscle.median_at_hz(middle_s)[0]),
        "snr_db": 20 * math.log10(plateau_v / noise_v) if noise_v else None,
    }
