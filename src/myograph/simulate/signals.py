"""Surface EMG whose right answer is known, because it was built from it.

A muscle is noise of a known spectrum behind gates of known edges; on top lie rest noise and what is
to go wrong. All is in volts and seconds at the sensor's true 1000 samples per second, and all of it
follows from the seed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from myograph.errors import BadInput
from myograph.recording import Signal

RATE_HZ = 1000.0
ADC_MINIMUM_V = -5.500084e-3
ADC_STEP_V = -ADC_MINIMUM_V / 32768  # 16 bit: 0.1678 uV
MEDIAN_BAND_HZ = (20.0, 450.0)  # the band whose power the stated median frequency halves
MEDIAN_LIMITS_HZ = (30.0, 200.0)
EDGE_SHARE = 0.10  # a burst begins and ends where its gate passes this share of its plateau

REPEAT_SAMPLES = 15  # the blocks in which newer builds send

_KNOT_S = 5.0
_MARGIN = 512  # samples; the shaping filters have died away long before


@dataclass(frozen=True, slots=True)
class Burst:
    """One contraction. start_s and end_s: where its gate passes 10 % of its plateau of `rms_v`."""

    start_s: float
    end_s: float
    rms_v: float
    ramp_s: float = 0.05


@dataclass(frozen=True, slots=True)
class Fatigue:
    """Change per minute since the first burst, in per cent of its value there."""

    median_percent_per_min: float = 0.0
    rms_percent_per_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Mains:
    """Hum of the line. `hz` is true; a file that declares 990 for 1000 shows 50 at 49.5."""

    hz: float
    rms_v: float
    harmonics: int = 3  # odd ones, each a third of the last


@dataclass(frozen=True, slots=True)
class Wander:
    """Slow swinging of the baseline."""

    hz: float
    rms_v: float


@dataclass(frozen=True, slots=True)
class Spike:
    """A knock on the cable: 4 ms up, 4 ms down."""

    at_s: float
    peak_v: float


@dataclass(frozen=True, slots=True)
class Overload:
    """An electrode lets go: the input drifts to `peak_v` and back, and the ADC clips it."""

    start_s: float
    end_s: float
    peak_v: float


@dataclass(frozen=True, slots=True)
class Dropout:
    """The radio link fails: the ADC's minimum, 9 frames of it in the real recordings."""

    start_sample: int
    samples: int = 270


@dataclass(frozen=True, slots=True)
class Muscle:
    """Everything that makes one channel.

    median_hz      of the spectrum within 20 to 450 Hz, at the first burst
    noise_rms_v    white, always there
    tonic_rms_v    activity that never stops, of the muscle's own spectrum
    repeats        samples at which a block of 15 repeats the 15 before it
    """

    bursts: tuple[Burst, ...]
    median_hz: float = 75.0
    noise_rms_v: float = 3e-6
    tonic_rms_v: float = 0.0
    fatigue: Fatigue = Fatigue()
    offset_v: float = 0.0
    mains: Mains | None = None
    wander: Wander | None = None
    spikes: tuple[Spike, ...] = ()
    overloads: tuple[Overload, ...] = ()
    dropouts: tuple[Dropout, ...] = ()
    repeats: tuple[int, ...] = ()

    def since_first_burst_min(self, t_s: Signal) -> Signal:
        first_s = self.bursts[0].start_s if self.bursts else 0.0
        return np.maximum(t_s - first_s, 0.0) / 60.0

    def median_at_hz(self, t_s: Signal) -> Signal:
        change = 1 + self.fatigue.median_percent_per_min / 100 * self.since_first_burst_min(t_s)
        return self.median_hz * change

    def gain_at(self, t_s: Signal) -> Signal:
        return 1 + self.fatigue.rms_percent_per_min / 100 * self.since_first_burst_min(t_s)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What was made of a muscle.

    clean   (n,) volts, the EMG alone
    raw     (n,) volts, as the ADC hands it on
    """

    clean: Signal
    raw: Signal


def record(muscle: Muscle, samples: int, rng: np.random.Generator) -> Recorded:
    """The muscle's channel: EMG, noise and faults through the ADC."""
    _check(muscle, samples / RATE_HZ)
    clean = _emg(muscle, samples, rng)
    volts = clean + muscle.noise_rms_v * rng.standard_normal(samples)
    volts += muscle.offset_v + _disturbances(muscle, samples, rng)
    return Recorded(clean, _link_faults(digitise(volts), muscle))


def digitise(volts: Signal) -> Signal:
    """`volts` as a 16 bit converter of +-5.5 mV gives them."""
    return np.clip(np.round(volts / ADC_STEP_V), -32768, 32767) * ADC_STEP_V


def gate(bursts: Sequence[Burst], samples: int) -> Signal:
    """The plateau RMS the muscle follows, in volts: raised cosines up and down."""
    level = np.zeros(samples)
    t = np.arange(samples) / RATE_HZ
    for burst in bursts:
        lead_s = burst.ramp_s * math.acos(1 - 2 * EDGE_SHARE) / math.pi
        begin_s, finish_s = burst.start_s - lead_s, burst.end_s + lead_s
        here = slice(max(math.floor(begin_s * RATE_HZ), 0), math.ceil(finish_s * RATE_HZ) + 1)
        away_s = np.minimum(t[here] - begin_s, finish_s - t[here])
        rise = (1 - np.cos(np.pi * np.clip(away_s / burst.ramp_s, 0, 1))) / 2
        level[here] = np.maximum(level[here], burst.rms_v * rise)
    return level


def spectrum(f_hz: Signal, median_hz: float) -> Signal:
    """(n,) power density of unit variance over 0 to 500 Hz.

    `median_hz` halves its power within 20 to 450 Hz. The shape is the one commonly given to surface
    EMG, f^2 / ((f^2 + l^2) (f^2 + h^2)^2), with h = 2 l.
    """
    low_hz = _corner_hz(median_hz)
    grid = np.linspace(0, RATE_HZ / 2, 1001)
    return _shape(f_hz, low_hz) / np.trapezoid(_shape(grid, low_hz), grid)


def _check(muscle: Muscle, seconds: float) -> None:
    for burst in muscle.bursts:
        if not 0 <= burst.start_s < burst.end_s <= seconds:
            raise BadInput(
                f"A burst from {burst.start_s:g} to {burst.end_s:g} s"
                f" does not lie within a recording of {seconds:g} s."
            )
    for earlier, later in zip(muscle.bursts, muscle.bursts[1:], strict=False):
        if later.start_s - earlier.end_s < (earlier.ramp_s + later.ramp_s) / 2:
            raise BadInput(
                f"The bursts at {earlier.start_s:g} and {later.start_s:g} s run together"
            )
    ends = muscle.median_at_hz(np.array([0.0, seconds]))
    low_hz, high_hz = MEDIAN_LIMITS_HZ
    if ends.min() < low_hz or ends.max() > high_hz:
        raise BadInput(
            f"The median frequency would go from {ends[0]:.0f} to {ends[1]:.0f} Hz;"
            f" a muscle stays within {low_hz:g} and {high_hz:g} Hz."
        )
    if muscle.gain_at(np.array([seconds])).min() <= 0:
        raise BadInput("The amplitude would fall to nothing before the recording ends.")


def _emg(muscle: Muscle, samples: int, rng: np.random.Generator) -> Signal:
    white = rng.standard_normal(samples)
    level = np.hypot(gate(muscle.bursts, samples), muscle.tonic_rms_v)
    if muscle.fatigue.rms_percent_per_min:
        level *= muscle.gain_at(np.arange(samples) / RATE_HZ)
    if muscle.fatigue.median_percent_per_min:
        return level * _changing(white, muscle)
    return level * _shaped(white, muscle.median_hz)


def _shaped(white: Signal, median_hz: float) -> Signal:
    """White noise of unit variance given the muscle's spectrum, its variance kept."""
    n = 1 << (white.size - 1).bit_length()
    density = spectrum(np.linspace(0, RATE_HZ / 2, n // 2 + 1), median_hz) * (RATE_HZ / 2)
    return np.fft.irfft(np.fft.rfft(white, n) * np.sqrt(density), n)[: white.size]


def _changing(white: Signal, muscle: Muscle) -> Signal:
    """`white` through a filter that changes: neighbouring filters faded into each other."""
    step = round(_KNOT_S * RATE_HZ)
    shaped = np.zeros(white.size)
    for knot in range(0, white.size + step, step):
        begin, end = max(knot - step, 0), min(knot + step, white.size)
        wide = slice(max(begin - _MARGIN, 0), end + _MARGIN)
        median_hz = float(muscle.median_at_hz(np.array([knot / RATE_HZ]))[0])
        part = _shaped(white[wide], median_hz)[begin - wide.start : end - wide.start]
        shaped[begin:end] += part * (1 - np.abs(np.arange(begin, end) - knot) / step)
    return shaped


def _disturbances(muscle: Muscle, samples: int, rng: np.random.Generator) -> Signal:
    t = np.arange(samples) / RATE_HZ
    volts = np.zeros(samples)
    if muscle.mains:
        volts += _hum(muscle.mains, t, rng.uniform(0, 2 * np.pi))
    if muscle.wander:
        phase = rng.uniform(0, 2 * np.pi)
        swing = np.sin(2 * np.pi * muscle.wander.hz * t + phase)
        volts += math.sqrt(2) * muscle.wander.rms_v * swing
    for start_s, width_s, peak_v in _pulses(muscle):
        _add_pulse(volts, start_s, width_s, peak_v)
    return volts


def _hum(mains: Mains, t: Signal, phase: float) -> Signal:
    orders = [1 + 2 * k for k in range(mains.harmonics)]
    below_nyquist = [k for k in orders if k * mains.hz < RATE_HZ / 2]
    shares = np.array([3.0**-k for k in range(len(below_nyquist))])
    shares /= np.sqrt(np.sum(shares**2))
    waves = [np.sin(k * (2 * np.pi * mains.hz * t + phase)) for k in below_nyquist]
    return math.sqrt(2) * mains.rms_v * np.sum(shares[:, None] * np.array(waves), axis=0)


def _pulses(muscle: Muscle) -> Iterator[tuple[float, float, float]]:
    """Start, width and height of each."""
    for spike in muscle.spikes:
        yield spike.at_s, 0.004, spike.peak_v
        yield spike.at_s + 0.004, 0.004, -spike.peak_v
    for overload in muscle.overloads:
        yield overload.start_s, overload.end_s - overload.start_s, overload.peak_v


def _add_pulse(volts: Signal, start_s: float, width_s: float, peak_v: float) -> None:
    """Half a sine, added in place."""
    first = max(math.ceil(start_s * RATE_HZ), 0)
    here = volts[first : math.ceil((start_s + width_s) * RATE_HZ)]
    since_s = (first + np.arange(here.size)) / RATE_HZ - start_s
    here += peak_v * np.sin(np.pi * since_s / width_s)


def _link_faults(raw: Signal, muscle: Muscle) -> Signal:
    """`raw` is ours alone, so it may be written to."""
    for start in muscle.repeats:
        raw[start : start + REPEAT_SAMPLES] = raw[start - REPEAT_SAMPLES : start]
    for dropout in muscle.dropouts:
        raw[dropout.start_sample : dropout.start_sample + dropout.samples] = ADC_MINIMUM_V
    return raw


def _shape(f_hz: Signal, low_hz: float) -> Signal:
    return f_hz**2 / ((f_hz**2 + low_hz**2) * (f_hz**2 + 4 * low_hz**2) ** 2)


def _corner_hz(median_hz: float) -> float:
    medians, corners = _corners()
    return float(np.interp(median_hz, medians, corners))


@cache
def _corners() -> tuple[Signal, Signal]:
    """The median frequency within the band for each lower corner, both rising."""
    corners = np.geomspace(8.0, 400.0, 400)
    f = np.linspace(*MEDIAN_BAND_HZ, 1721)
    return np.array([_median_hz(f, _shape(f, corner)) for corner in corners]), corners


def _median_hz(f_hz: Signal, power: Signal) -> float:
    total: Signal = np.zeros(power.size)
    total[1:] = np.cumsum((power[1:] + power[:-1]) / 2)
    return float(np.interp(float(total[-1]) / 2, total, f_hz))
