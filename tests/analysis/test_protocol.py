import dataclasses
import json
import math

import pytest

from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.errors import BadInput


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


def test_any_other_parameter_is_another_digest():
    digests = {DEFAULT.digest}
    for field in dataclasses.fields(Protocol):
        value = getattr(DEFAULT, field.name)
        other = {
            bool: lambda v: not v,
            int: lambda v: v + 1,
            float: lambda v: v + 1,
            str: lambda _: "activated",
            tuple: lambda v: (v[0] + 1, v[1] + 1),
        }[type(value)](value)
        digests.add(dataclasses.replace(DEFAULT, **{field.name: other}).digest)
    assert len(digests) == 1 + len(dataclasses.fields(Protocol))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"colour": 1, "band": 2}, "The protocol knows no band, colour."),
        ({"merge_ms": "long"}, "merge_ms cannot be 'long'; the default is 200.0."),
        ({"band_hz": 20}, "band_hz cannot be 20; the default is (20.0, 450.0)."),
        ({"band_hz": [20, 450, 500]}, "band_hz cannot be [20, 450, 500]"),
        ({"band_order": 4.5}, "band_order cannot be 4.5; the default is 4."),
        ({"notch": 1}, "notch cannot be 1; the default is False."),
        ({"detector": 1}, "detector cannot be 1; the default is 'envelope'."),
        ({"detector": "eye"}, "detector is one of envelope, activated, not 'eye'."),
        ({"merge_ms": -1}, "merge_ms must be finite and not negative, not -1.0."),
        ({"merge_ms": math.nan}, "merge_ms must be finite and not negative, not nan."),
        ({"masked_limits": [0, math.inf]}, "masked_limits must be finite and not negative"),
        ({"band_hz": [450, 450]}, "band_hz: the lower corner must lie below the upper one."),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_sentence(values, sentence):
    with pytest.raises(BadInput) as refusal:
        Protocol.from_dict(values)
    assert refusal.value.sentence.startswith(sentence)
