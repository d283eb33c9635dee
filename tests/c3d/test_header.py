import pytest

from myograph.c3d.header import NeedMore, read_header
from myograph.errors import EmptyFile, NotC3D, Truncated
from tests.c3d import build

FILE = build.c3d()


def header_of(data: bytes, prefix: int = 16 * 1024):
    return read_header(data[:prefix], len(data))


def test_the_header_says_what_its_words_hold():
    header = header_of(FILE)
    assert (header.points, header.analog_values, header.samples_per_frame) == (1, 10, 5)
    assert (header.first_frame, header.last_frame, header.frames) == (1, 20, 20)
    assert (header.point_scale, header.frame_rate_hz) == (-0.5, 100.0)
    assert header.offset_of_block(header.data_block) == len(FILE) - 20 * 14 * 4


@pytest.mark.parametrize("processor", [build.INTEL, build.DEC, build.MIPS])
def test_the_byte_order_is_that_of_the_parameter_section(processor):
    header = header_of(build.c3d(processor=processor))
    assert (header.last_frame, header.frame_rate_hz, header.point_scale) == (20, 100.0, -0.5)


def test_zeros_before_the_header_are_passed_over():
    header = header_of(bytes(512) + FILE)
    assert header.start == 512
    assert header.last_frame == 20


def test_frames_that_make_no_sense_are_none():
    assert header_of(build.c3d(header={4: 0, 5: 0})).frames == 0
    assert header_of(build.c3d(header={4: 30, 5: 20})).frames == 0


@pytest.mark.parametrize("parameter_block", [2, 3, 11, 200])
def test_the_parameter_section_is_where_the_header_says(parameter_block):
    data = build.c3d(parameter_block=parameter_block)
    header = read_header(data, len(data))
    assert header.parameter_start == 512 * (parameter_block - 1)
    assert header.last_frame == 20


@pytest.mark.parametrize(
    ("data", "error", "sentence"),
    [
        (b"", EmptyFile, "is empty"),
        (b"\x02", NotC3D, "not a C3D file"),
        (b"This is a letter, renamed.", NotC3D, "whatever its name says"),
        (bytes(20_000), NotC3D, "not a C3D file"),
        (bytes(100), NotC3D, "not a C3D file"),
        (b"\x00" * 8191 + b"\x02", NotC3D, "not a C3D file"),
        (b"\x02\x50" + bytes(300), Truncated, "breaks off after 302 bytes"),
        (FILE[:514], Truncated, "breaks off after 514 bytes"),
        (b"\x01\x50" + FILE[2:], NotC3D, "no place for the parameters"),
        (FILE[:515] + b"\x53" + FILE[516:], NotC3D, "no processor"),
    ],
)
def test_what_is_no_c3d_file_is_refused_with_a_sentence(data, error, sentence):
    with pytest.raises(error, match=sentence):
        header_of(data)


@pytest.mark.parametrize("prefix", [0, 1, 100, 511, 515])
def test_a_short_prefix_asks_for_more_and_that_is_enough(prefix):
    with pytest.raises(NeedMore) as more:
        header_of(FILE, prefix)
    assert prefix < more.value.size <= len(FILE)
    assert header_of(FILE, more.value.size).last_frame == 20


def test_a_section_far_away_is_asked_for_with_all_it_may_hold():
    data = build.c3d(parameter_block=250) + bytes(400_000)
    with pytest.raises(NeedMore) as more:
        header_of(data)
    assert more.value.size == 249 * 512 + 256 * 512
    assert header_of(data, more.value.size).last_frame == 20
