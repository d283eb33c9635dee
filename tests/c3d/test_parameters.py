import struct

import pytest

from myograph.c3d.header import NeedMore, read_header
from myograph.c3d.parameters import RECORD_LIMIT, read_parameters
from myograph.errors import Contradictory, Truncated
from tests.c3d import build
from tests.c3d.build import Raw, c3d, group_record, parameter_record


def parameters_of(data: bytes, prefix: int = 16 * 1024):
    part = data[:prefix]
    return read_parameters(part, len(data), read_header(part, len(data)))


def codes(parameters):
    return [finding.code for finding in parameters.findings]


@pytest.mark.parametrize("processor", [build.INTEL, build.DEC, build.MIPS])
def test_values_are_read_by_their_type(processor):
    parameters = parameters_of(
        c3d(
            processor=processor,
            parameters={
                "TEST:WORD": -2,
                "TEST:BYTE": build.small(254),
                "TEST:REAL": -1.25,
                "TEST:TEXT": "two words  ",
                "TEST:LIST": ["a", "three", "b"],
                "TEST:REALS": [1.0, 2.5],
            },
        )
    )
    assert parameters.number("TEST", "WORD") == -2
    assert parameters.count("TEST", "WORD") == 65534
    assert parameters.number("TEST", "BYTE") == -2
    assert parameters.count("TEST", "BYTE") == 254
    assert parameters.number("TEST", "REAL") == -1.25
    assert parameters.text("TEST", "TEXT") == "two words"
    assert parameters.find("TEST", "LIST").texts(9) == ["a", "three", "b"]
    assert parameters.find("TEST", "LIST").texts(2) == ["a", "three"]
    assert list(parameters.find("TEST", "REALS").numbers(9)) == [1.0, 2.5]
    assert parameters.findings == ()


def test_what_is_absent_or_of_another_type_is_none():
    parameters = parameters_of(c3d(parameters={"TEST:TEXT": "x", "TEST:EMPTY": Raw(4, (0,), b"")}))
    assert parameters.number("NO", "SUCH") is None
    assert parameters.count("TEST", "SUCH") is None
    assert parameters.text("TEST", "SUCH") is None
    assert parameters.number("TEST", "TEXT") is None
    assert parameters.number("TEST", "EMPTY") is None
    assert parameters.text("POINT", "USED") is None


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain   ", "plain"),
        (b"nul\0rest", "nul"),
        ("Grad °".encode(), "Grad °"),
        ("Grad °".encode("latin-1"), "Grad °"),
    ],
)
def test_texts_are_padded_and_encoded_as_writers_like(raw, text):
    parameters = parameters_of(c3d(parameters={"TEST:TEXT": Raw(-1, (len(raw),), raw)}))
    assert parameters.text("TEST", "TEXT") == text


def test_strings_of_no_width_are_none():
    data = c3d(
        parameters={"TEST:TEXT": Raw(-1, (0, 9), b""), "TEST:ONE": Raw(-1, (0,), b"")},
    )
    assert parameters_of(data).find("TEST", "TEXT").texts(9) == []
    assert parameters_of(data).text("TEST", "ONE") is None


def test_names_are_read_without_regard_to_case_lock_and_order():
    early = parameter_record("Late", 9, 7) + group_record("Later", 9, text=b"a group")
    parameters = parameters_of(c3d(extra_records=early))
    assert parameters.number("LATER", "LATE") == 7
    locked = parameter_record("LOCKED", 1, 8, locked=True)
    assert parameters_of(c3d(extra_records=locked)).number("POINT", "LOCKED") == 8


def test_a_description_longer_than_127_bytes_is_passed_over():
    long = parameter_record("LONG", 1, 5, text=b"d" * 163)
    parameters = parameters_of(c3d(extra_records=long))
    assert parameters.number("POINT", "LONG") == 5
    assert parameters.number("ANALOG", "USED") == 2


def test_a_record_longer_than_32767_bytes_is_passed_over():
    big = parameter_record("BIG", 1, Raw(-1, (200, 200), bytes(40_000)))
    data = c3d(extra_records=big)
    parameters = parameters_of(data, len(data))
    assert parameters.number("ANALOG", "USED") == 2
    assert len(parameters.find("POINT", "BIG").texts(999)) == 200


def test_an_orphan_keeps_its_number_for_a_name():
    assert parameters_of(c3d(extra_records=parameter_record("X", 77, 3))).number("#77", "X") == 3


def test_the_first_of_two_parameters_counts_and_is_a_finding():
    twice = parameter_record("USED", 2, 4) + parameter_record("USED", 2, 6)
    parameters = parameters_of(c3d(extra_records=twice))
    assert parameters.number("ANALOG", "USED") == 4
    assert codes(parameters) == ["duplicate_parameter"]
    assert "2 parameters of group ANALOG" in parameters.findings[0].sentence


def test_two_groups_of_one_name_become_one():
    twice = group_record("ANALOG", 50) + parameter_record("MORE", 50, 1)
    twice += parameter_record("USED", 50, 3)
    parameters = parameters_of(c3d(extra_records=twice))
    assert parameters.number("ANALOG", "MORE") == 1
    assert parameters.number("ANALOG", "USED") == 3
    assert codes(parameters) == ["duplicate_group"]


def test_lists_run_on_under_numbered_names():
    names = {"ANALOG:LABELS": ["a", "b"], "ANALOG:LABELS2": ["c"], "ANALOG:LABELS4": ["e"]}
    series = parameters_of(c3d(parameters=names)).series("ANALOG", "LABELS")
    assert [parameter.texts(9) for parameter in series] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    "bomb",
    [
        Raw(2, (255,) * 7, b""),  # 10^16 values
        Raw(3, (), b"abc"),  # a type that does not exist
        Raw(2, (1,) * 8, b"ab"),  # a dimension too many
        Raw(4, (3,), b"four"),  # more values than room before the next record
    ],
)
def test_an_impossible_parameter_is_left_out_and_is_a_finding(bomb):
    parameters = parameters_of(c3d(extra_records=parameter_record("BOMB", 1, bomb)))
    assert parameters.find("POINT", "BOMB") is None
    assert parameters.number("ANALOG", "USED") == 2
    assert codes(parameters) == ["parameter_unreadable"]
    assert "BOMB" in parameters.findings[0].sentence


def test_of_many_impossible_parameters_five_are_named():
    bombs = b"".join(parameter_record(f"B{i}", 1, Raw(3, (), b"")) for i in range(7))
    sentence = parameters_of(c3d(extra_records=bombs)).findings[0].sentence
    assert sentence.startswith("7 parameters")
    assert sentence.endswith("B0, B1, B2, B3, B4 and more.")


def test_records_are_followed_past_the_declared_count_of_blocks_to_the_data():
    fill = b"".join(parameter_record(f"F{i}", 1, "x" * 100) for i in range(20))
    data = c3d(extra_records=fill, section_blocks=1)
    assert parameters_of(data).number("ANALOG", "USED") == 2
    assert parameters_of(c3d(section_blocks=0)).number("ANALOG", "USED") == 2


def test_a_count_of_blocks_beyond_the_end_of_the_file_does_no_harm():
    assert parameters_of(c3d(section_blocks=255)).number("ANALOG", "USED") == 2


def test_a_data_start_beyond_all_reason_bounds_nothing():
    data = c3d(header={9: 65_000}) + bytes(1000)
    assert parameters_of(data).number("ANALOG", "USED") == 2


def test_a_section_without_an_end_mark_ends_with_its_blocks():
    start = group_record("POINT", 1)
    data = _file_with_section(start + _filler(508 - len(start)), blocks=1)
    assert parameters_of(data).number("POINT", "FILLER") == 3


def test_a_last_record_that_says_so_ends_the_section():
    last = group_record("POINT", 1) + parameter_record("LAST", 1, 9, offset=0)
    parameters = parameters_of(_file_with_section(last + b"\x01\x01garbage", blocks=1))
    assert parameters.number("POINT", "LAST") == 9


@pytest.mark.parametrize(
    "tail",
    [
        b"\x7f\x01",  # a name longer than the section
        b"\x01\x01X\x02\x00",  # no room for type and dimensions
        b"\x01\x01X\x09\x00\x02\x07\x01",  # nor for the dimensions themselves
        b"\x01\x01X\x09\x00\x02\x01\x64",  # nor for the values
    ],
)
def test_a_record_that_runs_out_of_the_section_is_left_out(tail):
    start = group_record("POINT", 1) + parameter_record("USED", 1, 3)
    filler = _filler(508 - len(start) - len(tail))
    parameters = parameters_of(_file_with_section(start + filler + tail, blocks=1))
    assert parameters.number("POINT", "USED") == 3
    assert parameters.find("POINT", "X") is None


def test_a_cut_anywhere_in_the_parameters_is_refused_never_half_read():
    data = c3d()
    end = data.index(b"OFFSET") + 16 + 2  # the last record and the mark behind it
    for size in range(516, end):
        with pytest.raises(Truncated, match=f"breaks off after {size} bytes"):
            parameters_of(data[:size])
    assert parameters_of(data[:end]).number("ANALOG", "USED") == 2


@pytest.mark.parametrize("prefix", range(516, 740, 31))
def test_a_short_prefix_asks_for_all_the_section(prefix):
    data = c3d()
    with pytest.raises(NeedMore) as more:
        parameters_of(data, prefix)
    assert more.value.size == 1024
    assert parameters_of(data, more.value.size).number("ANALOG", "USED") == 2


def test_no_more_is_asked_for_than_there_is():
    data = c3d(section_blocks=255)
    with pytest.raises(NeedMore) as more:
        parameters_of(data, 600)
    assert more.value.size == len(data)


def test_parameters_that_end_before_the_prefix_does_need_no_more():
    assert (
        parameters_of(c3d(section_blocks=255) + bytes(200_000), 1024).number("POINT", "USED") == 1
    )


def test_more_records_than_any_recording_has_are_refused():
    record = b"\x01\xffG\x02\x00"
    section = record * (RECORD_LIMIT + 1)
    data = _file_with_section(section, blocks=-(-len(section) // 512))
    with pytest.raises(Contradictory, match="more than 20000 parameters"):
        parameters_of(data, len(data))


def _filler(length: int) -> bytes:
    """A parameter that takes exactly so many bytes."""
    name = "FILLER"
    record = parameter_record(name, 1, 3, offset=length - 2 - len(name))
    return record.ljust(length, b"x")


def _file_with_section(section: bytes, *, blocks: int) -> bytes:
    """A header block and nothing but this section; data start behind it."""
    header = bytearray(512)
    header[:2] = b"\x02\x50"
    struct.pack_into("<H", header, 16, 2 + blocks)
    start = bytes([1, 0x50, min(blocks, 255), build.INTEL])
    return bytes(header) + (start + section).ljust(512 * blocks, b"\0") + bytes(512)
