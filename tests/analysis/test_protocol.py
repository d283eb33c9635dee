import dataclasses
import json
import math

import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.protocol import BOUNDS, DEFAULT, Protocol
from myograph.errors import BadInput
from tests.signals import Burst, Scene, recording

SCENE = Scene(12, [Burst(2, 4, 1e-4), Burst(6, 6.4, 1e-4)])


def test_a_protocol_survives_json():
    changed = dataclasses.replace(DEFAULT, band_hz=(10.0, 400.0), detector="activated", notch=True)
    assert Protocol.from_dict(json.loads(json.dumps(changed.to_dict()))) == changed


def test_what_is_not_named_keeps_its_default():
    assert Protocol.from_dict({}) == DEFAULT
    assert Protocol.from_dict({"merge_ms": 300.0}).flat_ms == DEFAULT.flat_ms


def test_whole_and_decimal_numbers_are_the_same_protocol():
    assert Protocol.from_dict({"merge_ms": 200}).digest == DEFAULT.digest
    assert Protocol.from_dict({"band_hz": [20, 450]}).digest == DEFAULT.digest
    assert Protocol.from_dict({"band_order": 4.0}).digest == DEFAULT.digest


def another(name, value):
    """Another value that is allowed."""
    if name in ("detector", "notch"):
        return {"detector": "activated", "notch": True}[name]
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        return (value[0] * 0.99, value[1])
    low = BOUNDS[name][0]
    return (low + value) / 2 if value > low else value + 0.5


def test_any_other_parameter_is_another_digest():
    digests = {DEFAULT.digest}
    for field in dataclasses.fields(Protocol):
        other = another(field.name, getattr(DEFAULT, field.name))
        digests.add(dataclasses.replace(DEFAULT, **{field.name: other}).digest)
    assert len(digests) == 1 + len(dataclasses.fields(Protocol))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"colour": 1, "band": 2}, "The protocol knows no band, colour."),
        ({"merge_ms": "long"}, "merge_ms cannot be 'long'; the default is 200.0."),
        ({"merge_ms": True}, "merge_ms cannot be True; the default is 200.0."),
        ({"merge_ms": "200"}, "merge_ms cannot be '200'; the default is 200.0."),
        ({"merge_ms": 10**400}, "merge_ms cannot be 1000000"),
        ({"band_order": True}, "band_order cannot be True; the default is 4."),
        ({"band_order": math.inf}, "band_order cannot be inf; the default is 4."),
        ({"band_order": math.nan}, "band_order cannot be nan; the default is 4."),
        ({"band_hz": ["20", 450]}, "band_hz cannot be ['20', 450]"),
        ({"band_hz": 20}, "band_hz cannot be 20; the default is (20.0, 450.0)."),
        ({"band_hz": [20, 450, 500]}, "band_hz cannot be [20, 450, 500]"),
        ({"band_order": 4.5}, "band_order cannot be 4.5; the default is 4."),
        ({"notch": 1}, "notch cannot be 1; the default is False."),
        ({"detector": 1}, "detector cannot be 1; the default is 'envelope'."),
        ({"detector": "eye"}, "detector is one of envelope, activated, not 'eye'."),
        ({"merge_ms": -1}, "merge_ms lies between 0 and 10000; it cannot be -1.0."),
        ({"merge_ms": math.nan}, "merge_ms lies between 0 and 10000; it cannot be nan."),
        ({"snr_db_limits": [5, 101]}, "snr_db_limits lies between 0 and 100"),
        ({"masked_limits": [0.1, 0.1]}, "masked_limits: the two must differ."),
        ({"band_hz": [80.1, 450]}, "band_hz: the band holds at least 80 to 100 Hz."),
        ({"band_hz": [20, 99.9]}, "band_hz: the band holds at least 80 to 100 Hz."),
        ({"threshold_db": [3.1, 3]}, "threshold_db: the least lies below the most."),
        ({"segment_ms": 1000.1}, "segment_ms: a segment is no longer than a window."),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_sentence(values, sentence):
    with pytest.raises(BadInput) as refusal:
        Protocol.from_dict(values)
    assert refusal.value.sentence.startswith(sentence)


def at_bound(name, which):
    """A protocol with one parameter at its bound, and what it needs beside to hold together."""
    bound = BOUNDS[name][which]
    default = getattr(DEFAULT, name)
    if name == "band_hz":
        return {"band_hz": (1.0, 450.0) if which == 0 else (20.0, 10_000.0)}
    if name.endswith("_limits"):
        return {name: (bound, default[1]) if bound != default[1] else (default[0], bound)}
    if isinstance(default, tuple):
        return {name: (bound, bound)}
    more = {"window_ms": 4000.0} if name == "segment_ms" else {}
    return {name: type(default)(bound), **more}


def test_every_number_has_bounds():
    numbers = {f.name for f in dataclasses.fields(Protocol)} - {"detector", "notch"}
    assert set(BOUNDS) == numbers


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", BOUNDS)
def test_a_recording_is_measured_at_every_bound(name, which):
    protocol = Protocol(**at_bound(name, which))
    samples = SCENE.at(1000.0)
    samples[9000:9270] = -5.5e-3
    activated = np.where(np.abs(samples) > 2e-5, 1e-6, 0.0)
    known = {"full_scale_v": 5.5e-3, "repeat_block": 15}
    result = measure(recording(samples, activated=activated, **known), protocol)
    assert result.protocol_digest == protocol.digest
    assert len(result.channels) + len(result.refused) == 1


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", BOUNDS)
def test_beyond_a_bound_a_parameter_is_refused(name, which):
    bound, default = BOUNDS[name][which], getattr(DEFAULT, name)
    beyond = bound + (1 if which else -1)
    values = (beyond, beyond + 1) if isinstance(default, tuple) else beyond
    with pytest.raises(BadInput, match=f"{name} lies between"):
        Protocol(**{name: values})
