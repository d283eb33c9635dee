"""A protocol as a file: what is printed loads back, what cannot be right is refused by name."""

import dataclasses
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.analysis.protocol import BOUNDS, DEFAULT, Protocol
from myograph.analysis.protocol_text import PARAMETERS, changes_of, protocol_of, text_of
from myograph.errors import BadInput

NAMES = [field.name for field in dataclasses.fields(Protocol)]


def test_every_parameter_is_explained_in_the_order_of_the_protocol():
    assert [name for section in PARAMETERS.values() for name in section] == NAMES


def test_what_is_printed_loads_back_equal():
    assert protocol_of(text_of(DEFAULT), "my.toml") == DEFAULT


@given(
    st.floats(1, 80),
    st.floats(0, 1),
    st.integers(1, 10),
    st.booleans(),
    st.sampled_from(["envelope", "activated"]),
)
def test_any_protocol_loads_back_to_the_last_bit(low_hz, share, order, notch, detector):
    changed = dataclasses.replace(
        DEFAULT,
        band_hz=(low_hz, 450.0),
        off_share=share,
        band_order=order,
        notch=notch,
        detector=detector,
    )
    assert protocol_of(text_of(changed), "my.toml") == changed


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_stands_under_its_unit_and_bounds(name):
    lines = text_of(DEFAULT).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
    above = lines[at - 1]
    assert above.startswith("# ")
    if name in BOUNDS:
        low, high = BOUNDS[name]
        assert above.endswith(f"; {low:g} to {high:g}")
    for ending, unit in (("_ms", "[ms]"), ("_hz", "[Hz]"), ("_db", "[dB]"), ("_s", "[s]")):
        if name.endswith(ending):
            assert unit in above
    assert max(map(len, lines)) <= 100


def test_commented_out_it_is_the_default():
    lines = [line for line in text_of(DEFAULT).splitlines() if line.startswith("#")]
    assert protocol_of("\n".join(lines), "my.toml") == DEFAULT


def test_what_is_changed_is_named_beside_its_default():
    changed = protocol_of('merge_ms = 300\ndetector = "activated"', "my.toml")
    assert changes_of(changed) == [
        'detector "activated" (default "envelope")',
        "merge_ms 300.0 (default 200.0)",
    ]
    assert changes_of(DEFAULT) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("merge_ms = ", "my.toml is no TOML: Invalid value (at end of document)."),
        ("merge_ms = 1\nmerge_ms = 2", "my.toml is no TOML: Cannot overwrite a value"),
        ("merge = 1", "my.toml: The protocol knows no merge."),
        ("[contractions]\nmerge_ms = 1", "my.toml: The protocol knows no contractions."),
        ("merge_ms = -1", "my.toml: merge_ms lies between 0 and 10000; it cannot be -1.0."),
        ("merge_ms = 2020-01-01", "my.toml: merge_ms cannot be datetime.date(2020, 1, 1)"),
        ("band_hz = [90, 450]", "my.toml: band_hz: the band holds at least 80 to 100 Hz."),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_name_of_the_file(text, sentence):
    with pytest.raises(BadInput) as refusal:
        protocol_of(text, "my.toml")
    assert refusal.value.sentence.startswith(sentence)


def test_the_text_is_toml_of_the_very_values():
    assert tomllib.loads(text_of(DEFAULT)) == DEFAULT.to_dict()
