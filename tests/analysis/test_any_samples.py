"""Whatever a file holds: a channel is measured in finite numbers, or refused with a sentence."""

import dataclasses
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from tests.signals import Burst, Scene, recording

ANY = npst.arrays(np.float32, st.integers(1000, 1300), elements=st.floats(width=32))
TELLING = [0.0, 1.0, -1.0, 1e-40, 3.4e38, -3.4e38, np.nan, np.inf, -np.inf, 5.5e-3, 1e-6]


def numbers(value):
    """Every float in nested dataclasses, tuples and so on."""
    if dataclasses.is_dataclass(value):
        value = [getattr(value, f.name) for f in dataclasses.fields(value)]
    if isinstance(value, list | tuple):
        return [n for v in value for n in numbers(v)]
    return [value] if isinstance(value, float) else []


def assert_finite(*samples, activated=None, **known):
    result = measure(recording(*samples, activated=activated, **known), DEFAULT)
    assert all(math.isfinite(n) for n in numbers(result))
    assert len(result.channels) + len(result.refused) == len(samples)
    for channel in result.channels:
        assert 0 <= channel.quality.score <= 1
        for contraction in channel.contractions:
            assert contraction.start_s < contraction.end_s
            assert 0 <= contraction.masked_share <= 1


@settings(max_examples=25, deadline=None)
@given(ANY, ANY)
def test_any_floats_at_all(x, activated):
    size = min(x.size, activated.size)
    ghostly = {"full_scale_v": 5.5e-3, "repeat_block": 15}
    assert_finite(x[:size].astype(float), activated=activated[:size].astype(float), **ghostly)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_recording_with_anything_pasted_into_it(data):
    x = Scene(8, [Burst(2, 4, 1e-4), Burst(6, 6.4, 1e-4)]).at(1000.0)
    activated = np.where(np.abs(x) > 2e-5, 1e-6, 0.0)
    for _ in range(data.draw(st.integers(1, 6))):
        start, length = data.draw(st.integers(0, 7999)), data.draw(st.integers(1, 4000))
        target = data.draw(st.sampled_from([x, activated]))
        target[start : start + length] = data.draw(st.sampled_from(TELLING))
    assert_finite(x, activated=activated, full_scale_v=5.5e-3, repeat_block=15)


@settings(max_examples=20, deadline=None)
@given(st.floats(200, 5000), st.integers(0, 3))
def test_any_rate(rate_hz, seed):
    x = np.random.default_rng(seed).standard_normal(round(rate_hz * 4) + 1)
    x[x.size // 3 : x.size // 2] *= 20
    assert_finite(x, rate_hz=rate_hz)
