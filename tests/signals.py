"""EMG whose truth is known: shaped noise behind a gate, the same activity at any sampling rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from myograph.recording import Channel, ChannelInfo, Facts, GameFacts, Rate, Recording, Signal

REST_V = 3e-6
RAMP_S = 0.06
TENTH_OF_RAMP_S = RAMP_S * np.arccos(1 - 2 * 0.1) / np.pi  # where the gate passes 10 %


@dataclass(frozen=True)
class Burst:
    """A contraction: its gate opens at `start_s`, is closed at `stop_s`; `rms_v` on the plateau."""

    start_s: float
    stop_s: float
    rms_v: float

    @property
    def edges_s(self) -> tuple[float, float]:
        return self.start_s + TENTH_OF_RAMP_S, self.stop_s - TENTH_OF_RAMP_S


@dataclass(frozen=True)
class Scene:
    """One channel. Noise is band-limited to 450 Hz, so every rate above 900 Hz sees the same."""

    duration_s: float
    bursts: Sequence[Burst] = ()
    rest_v: float = REST_V
    tonic_v: float = 0.0
    seed: int = 0
    hum_v: float = 0.0
    hum_hz: float = 50.0
    wander_v: float = 0.0

    def at(self, rate_hz: float) -> Signal:
        rng = np.random.default_rng(self.seed)
        size = round(self.duration_s * rate_hz)
        t = np.arange(size) / rate_hz
        x = self.rest_v * shaped_noise(rng, self.duration_s, size, flat)
        muscle = shaped_noise(rng, self.duration_s, size, muscle_shape)
        x += muscle * (self.tonic_v + gate(t, self.bursts))
        x += self.hum_v * np.sqrt(2) * np.sin(2 * np.pi * self.hum_hz * t)
        return x + self.wander_v * np.sin(2 * np.pi * 0.3 * t)


def gate(t: Signal, bursts: Sequence[Burst]) -> Signal:
    """Raised-cosine flanks of 60 ms; where bursts overlap, the stronger one."""
    g = np.zeros(t.size)
    for b in bursts:
        rise = np.clip((t - b.start_s) / RAMP_S, 0, 1)
        fall = np.clip((b.stop_s - t) / RAMP_S, 0, 1)
        g = np.maximum(g, b.rms_v * 0.5 * (1 - np.cos(np.pi * np.minimum(rise, fall))))
    return g


def shaped_noise(rng: np.random.Generator, duration_s: float, size: int, shape) -> Signal:
    """Gaussian noise of RMS 1 with amplitude `shape(hz)` up to 450 Hz, sampled `size` times."""
    hz = np.arange(1, int(450 * duration_s)) / duration_s
    lines = (rng.standard_normal(hz.size) + 1j * rng.standard_normal(hz.size)) * shape(hz)
    lines /= 2 * np.sqrt(np.sum(shape(hz) ** 2))
    padded = np.zeros(size // 2 + 1, complex)
    used = min(lines.size, padded.size - 1)
    padded[1 : used + 1] = lines[:used]
    return np.fft.irfft(padded * size, size)


def flat(hz: Signal) -> Signal:
    return np.ones_like(hz)


def muscle_shape(hz: Signal, low_hz: float = 60.0, high_hz: float = 120.0) -> Signal:
    """The usual hump of a surface EMG; its power has its median near 90 Hz."""
    return hz * high_hz**2 / np.sqrt((hz**2 + low_hz**2) * (hz**2 + high_hz**2) ** 2)


def facts(
    size: int,
    rate_hz: float = 1000.0,
    *,
    labels: Sequence[str] = ("CH1",),
    game: GameFacts | None = None,
    full_scale_v: float | None = None,
    repeat_block: int | None = None,
) -> Facts:
    return Facts(
        size_bytes=size * 8,
        rate=Rate(rate_hz, rate_hz),
        sample_count=size,
        frame_count=None,
        channels=tuple(ChannelInfo(label, "V") for label in labels),
        emg_labels=tuple(labels),
        game=game,
        findings=(),
        full_scale_v=full_scale_v,
        repeat_block=repeat_block,
    )


def recording(*samples: Signal, rate_hz: float = 1000.0, activated=None, **known) -> Recording:
    """CH1, CH2, ... of these samples; `activated` goes with CH1."""
    channels = [
        Channel(f"CH{i}", x, activated if i == 1 else None) for i, x in enumerate(samples, 1)
    ]
    labels = [c.label for c in channels]
    return Recording(facts(samples[0].size, rate_hz, labels=labels, **known), channels)
