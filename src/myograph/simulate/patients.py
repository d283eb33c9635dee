"""Three patients who do not exist, over two weeks of therapy: what the demonstration shows.

P001 grows stronger and holds longer, P002 spares the right leg, P003 tires within each session.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal

import numpy as np

from myograph.c3d.write import GameSession, Value, file_name, scientific
from myograph.simulate.detector import expected_activity
from myograph.simulate.presets import FIRST_BURST_S, FRAME_SAMPLES, OFFSETS_V
from myograph.simulate.sessions import SimulatedSession, simulate_session
from myograph.simulate.signals import RATE_HZ, Burst, Dropout, Fatigue, Mains, Muscle, Wander

SESSIONS = 10
DAYS = 14
SIDES: Mapping[str, Literal["left", "right"]] = {"CH1": "left", "CH2": "right"}

_NOON = 12
_FIRST_PATIENT, _APART = time(10, 0), timedelta(minutes=20)
_LEAST_S, _MOST_S = 60.0, 120.0
_NOISE_V = 4e-6
_HUM_V = 1.5e-6
_MEDIANS_HZ = (72.0, 76.0)  # of CH1 and CH2; a thigh under some fat


@dataclass(frozen=True, slots=True)
class DemoSession:
    """One session of the demonstration, as a therapist would upload it.

    started_local   as the file has it, no zone
    sides           the leg of each channel, by its label
    truth           see `simulate_session`
    """

    patient_code: str
    number: int
    file_name: str
    content: bytes
    started_local: datetime
    sides: Mapping[str, Literal["left", "right"]]
    truth: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Day:
    """How both legs work on one day, and the game around it.

    strengths_v, holds_s, counts   of CH1 and CH2
    mvc_v                          plateau of the strongest contraction the patient can make
    """

    strengths_v: tuple[float, float]
    holds_s: tuple[float, float]
    counts: tuple[int, int]
    mvc_v: tuple[float, float]
    fatigue: Fatigue
    rpe: int
    level: int
    dropouts: tuple[int, int] = (0, 0)
    mains: Mains | None = None
    new_build: bool = True
    finished: bool = True


def demo_sessions(seed: int, *, now: datetime) -> Iterator[DemoSession]:
    """The patients' sessions in the order they were played, the last of them on the day of `now`.

    now   local time of the place; before noon the last day is the day before
    """
    last_day = (now - timedelta(hours=_NOON)).date()
    for number in range(1, SESSIONS + 1):
        day = last_day - timedelta(days=(SESSIONS - number) * (DAYS - 1) // (SESSIONS - 1))
        for place, code in enumerate(_STORIES):
            rng = np.random.default_rng((seed, place, number))
            late_ms = int(rng.integers(15 * 60_000))
            at = datetime.combine(day, _FIRST_PATIENT) + place * _APART
            yield _session(code, number, at + timedelta(milliseconds=late_ms), rng)


def _session(code: str, number: int, start: datetime, rng: np.random.Generator) -> DemoSession:
    day = _STORIES[code](number)
    muscles = [_muscle(day, leg, rng) for leg in (0, 1)]
    last_s = max(m.bursts[-1].end_s for m in muscles)
    seconds = min(max(last_s + 4.0, _LEAST_S), _MOST_S)
    muscles = [_with_dropouts(m, day.dropouts[leg], seconds) for leg, m in enumerate(muscles)]
    session = SimulatedSession(seconds, tuple(muscles), _game(code, day, start, muscles))
    content, truth = simulate_session(session, int(rng.integers(2**63)))
    return DemoSession(code, number, file_name(start), content, start, SIDES, truth)


def _muscle(day: _Day, leg: int, rng: np.random.Generator) -> Muscle:
    return Muscle(
        _bursts(day.counts[leg], day.holds_s[leg], day.strengths_v[leg], rng),
        median_hz=_MEDIANS_HZ[leg],
        noise_rms_v=_NOISE_V,
        fatigue=day.fatigue,
        offset_v=OFFSETS_V[leg],
        mains=day.mains if day.mains and leg == 0 else Mains(50.0, _HUM_V * rng.uniform(0.3, 1.5)),
        wander=Wander(1.5, rng.uniform(2e-6, 9e-6)),
    )


def _bursts(
    count: int, hold_s: float, strength_v: float, rng: np.random.Generator
) -> tuple[Burst, ...]:
    """As many as fit; the rests shrink where many long ones were asked for."""
    rest_s = min(5.0, (_MOST_S - 8.0) / count - 1.3 * hold_s)
    bursts: list[Burst] = []
    start_s = FIRST_BURST_S + rng.uniform(0.0, 2.0)
    for _ in range(count):
        end_s = start_s + hold_s * rng.uniform(0.75, 1.2)
        bursts.append(
            Burst(round(start_s, 3), round(end_s, 3), strength_v * rng.uniform(0.7, 1.1), 0.12)
        )
        start_s = end_s + rest_s * rng.uniform(0.75, 1.05)
    return tuple(bursts)


def _with_dropouts(muscle: Muscle, count: int, seconds: float) -> Muscle:
    """Evenly spread, at whole frames."""
    starts = np.linspace(0.3, 0.8, count) * seconds * RATE_HZ // FRAME_SAMPLES * FRAME_SAMPLES
    return replace(muscle, dropouts=tuple(Dropout(int(start)) for start in starts))


def _game(code: str, day: _Day, start: datetime, muscles: list[Muscle]) -> GameSession:
    return GameSession(
        start=start,
        score=float(sum(len(m.bursts) for m in muscles)),
        level=day.level,
        player=code,
        therapist="T01" if day.new_build else "---",
        duration_s=None if day.finished else 0,
        newer=_newer_keys(day, muscles) if day.new_build else {},
    )


def _newer_keys(day: _Day, muscles: list[Muscle]) -> dict[str, Value]:
    """As the newest build spells them. The pressure is one asked for, not one measured."""
    keys: dict[str, Value] = {
        "rpe_post_session": day.rpe,
        "difficulty_level": 14,
        "difficulty_level_MVC": 0.45,
        "difficulty_level_contractionDuration": 3.0,
        "difficulty_level_rest": 6.0,
        "LANGUAGE": "nl",
    }
    for leg, muscle in enumerate(muscles):
        mvc = expected_activity(day.mvc_v[leg], muscle.median_hz)
        keys |= scientific(f"MAX_MVC_CH{leg + 1}", mvc)
        keys[f"BFR_TARGET_VOP_PERCENTAGE_CH{leg + 1}"] = 0.5
    return keys


def _stronger(number: int) -> _Day:
    """P001: the knee heals. The first days were still played on an old build of the game."""
    updated, radio_trouble = 4, 4
    done = (number - 1) / (SESSIONS - 1)
    return _Day(
        strengths_v=(38e-6 + 26e-6 * done, 44e-6 + 23e-6 * done),
        holds_s=(1.7 + 0.8 * done, 1.9 + 0.7 * done),
        counts=(8 + round(4 * done), 9 + round(3 * done)),
        mvc_v=(66e-6, 70e-6),
        fatigue=Fatigue(-2.0, 1.0),
        rpe=7 - round(2 * done),
        level=191 + (number - 1) % 3,
        dropouts=(2, 0) if number == radio_trouble else (0, 0),
        new_build=number >= updated,
    )


def _sparing(number: int) -> _Day:
    """P002: the right leg is spared, a little less by the end; one day an electrode hung loose."""
    loose_electrode, app_closed = 6, 8
    done = (number - 1) / (SESSIONS - 1)
    return _Day(
        strengths_v=(58e-6 + 6e-6 * done, 24e-6 + 10e-6 * done),
        holds_s=(2.5, 1.5 + 0.6 * done),
        counts=(12, 5 + round(3 * done)),
        mvc_v=(64e-6, 38e-6),
        fatigue=Fatigue(-3.0, 2.0),
        rpe=6 if number % 3 else 8,
        level=194 + (number - 1) % 3,
        mains=Mains(50.0, 30e-6) if number == loose_electrode else None,
        finished=number != app_closed,
    )


def _tiring(number: int) -> _Day:
    """P003: frequency falls by 10 to 14 %/min within each session while amplitude rises."""
    radio_trouble = 7
    done = (number - 1) / (SESSIONS - 1)
    return _Day(
        strengths_v=(46e-6, 43e-6),
        holds_s=(2.5, 2.4),
        counts=(13, 12),
        mvc_v=(58e-6, 55e-6),
        fatigue=Fatigue(-14.0 + 4.0 * done, 10.0 - 3.0 * done),
        rpe=9 - round(3 * done),
        level=197 + (number - 1) % 3,
        dropouts=(0, 1) if number == radio_trouble else (0, 0),
        new_build=number % 2 == 1,
    )


_STORIES: Mapping[str, Callable[[int], _Day]] = {
    "P001": _stronger,
    "P002": _sparing,
    "P003": _tiring,
}

PATIENTS = tuple(_STORIES)  # their codes
