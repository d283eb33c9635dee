import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.c3d.processor import DEC, INTEL, MIPS, vax_to_float
from tests.c3d import build

NORMAL = st.floats(width=32, min_value=2.0**-120, max_value=2.0**120)


@given(NORMAL, st.booleans())
def test_a_vax_float_is_read_exactly(value, negative):
    value = -value if negative else value
    assert list(DEC.floats(build.float_bytes([value], build.DEC))) == [value]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ((0x4080, 0x0000), 1.0),  # VAX architecture handbook: 1.0 is 0x4080
        ((0xC080, 0x0000), -1.0),
        ((0x4049, 0x0FDB), 3.14159274 / 4),
        ((0x0000, 0x1234), 0.0),  # exponent 0 is the number 0, whatever follows
        ((0x0080, 0x0000), 2.0**-128),  # below what a normal float32 can be
        ((0x7FFF, 0xFFFF), (2 - 2**-23) * 2.0**126),  # the largest there is
    ],
)
def test_known_vax_floats(words, value):
    stored = np.array([words[0] | words[1] << 16], np.uint32)
    assert vax_to_float(stored)[0] == pytest.approx(value, rel=1e-7, abs=0)


def test_integers_and_floats_follow_the_processor():
    assert INTEL.unsigned(b"\x01\x02", 0) == 0x0201
    assert MIPS.unsigned(b"\x01\x02", 0) == 0x0102
    assert list(MIPS.integers(b"\xff\xfe\x00\x01!", "h")) == [-2, 1]
    assert list(INTEL.integers(b"\xff\xfe", "H")) == [0xFEFF]
    assert list(MIPS.floats(struct.pack(">ff", 1.5, -2))) == [1.5, -2]
    assert list(INTEL.floats(struct.pack("<f", 1.5) + b"rest")[:1]) == [1.5]
