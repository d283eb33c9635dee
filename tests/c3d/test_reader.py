import tracemalloc
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pytest

from myograph.c3d import reader
from myograph.c3d.reader import C3DFile, read_metadata
from myograph.c3d.source import BytesSource, FileSource
from myograph.errors import BadInput, MyographError, Truncated
from tests.c3d import build
from tests.c3d.build import ABSENT, c3d, parameter_record, stored_values

STORED = stored_values(frames=50, samples=4, channels=5)
BY_CHANNEL = STORED.transpose(2, 0, 1).reshape(5, -1)
FILE = c3d(STORED, np.zeros((50, 2, 4)))


@dataclass
class Watched:
    """A source that remembers what was read of it."""

    data: bytes
    size: int = -1
    reads: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self):
        self.size = len(self.data) if self.size < 0 else self.size

    def read(self, offset, length):
        self.reads.append((offset, length))
        return self.data[offset : offset + length]


@pytest.fixture
def file():
    return C3DFile.open(BytesSource(FILE))


@pytest.fixture
def small_blocks(monkeypatch):
    """Data are read three frames at a time."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 3 * (8 + 20) * 4 + 7)


def test_labels_and_units_are_there_for_every_channel():
    parameters = {"ANALOG:LABELS": ["EMG 1", "", "x"], "ANALOG:UNITS": ["mV", "", " uV"]}
    file = C3DFile.open(BytesSource(c3d(STORED, np.zeros((50, 2, 4)), parameters=parameters)))
    assert file.labels == ("EMG 1", "Channel 2", "x", "Channel 4", "Channel 5")
    assert file.units == ("mV", None, "uV", None, None)
    assert file.parameters.number("POINT", "USED") == file.header.points == 2


@pytest.mark.usefixtures("small_blocks")
def test_blocks_change_nothing(file):
    np.testing.assert_array_equal(file.analogs(), BY_CHANNEL)
    np.testing.assert_array_equal(file.channel(3), BY_CHANNEL[3])
    assert file.points().shape == (50, 2, 4)


@pytest.mark.parametrize("indices", [[2], [0, 2, 4], [4, 1], [1, 1], [0, 1, 4], []])
def test_some_channels_without_the_others(file, indices):
    np.testing.assert_array_equal(file.channels(indices), BY_CHANNEL[indices])


def test_a_channel_by_its_label(file):
    np.testing.assert_array_equal(file.channel("A3"), BY_CHANNEL[2])


@pytest.mark.parametrize("missing", [-1, 5, "A6"])
def test_a_channel_that_is_not_there_is_refused(file, missing):
    with pytest.raises(BadInput, match="There is no channel"):
        file.channel(missing)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("start", "stop"), [(0, 50), (10, 11), (10, 10), (45, 99), (60, 70), (9, 3)]
)
def test_some_frames_without_the_others(file, start, stop):
    expected = BY_CHANNEL[:, 4 * start : 4 * stop]
    np.testing.assert_array_equal(file.channels(range(5), start, stop), expected)
    assert len(file.points(start, stop)) == len(range(50)[start:stop])


def test_a_recording_in_pieces(file):
    blocks = list(file.blocks(16))
    assert [block.first_sample for block in blocks] == [0, 64, 128, 192]
    np.testing.assert_array_equal(np.hstack([b.samples for b in blocks]), BY_CHANNEL)
    one = np.hstack([block.samples for block in file.blocks(7, [4])])
    np.testing.assert_array_equal(one, BY_CHANNEL[4:])


def test_points_in_the_right_place():
    points = np.arange(50 * 2 * 4).reshape(50, 2, 4)
    points[:, :, 3] = 0
    file = C3DFile.open(BytesSource(c3d(STORED, points)))
    np.testing.assert_array_equal(file.points(20, 23), points[20:23])


def test_without_points_or_channels_nothing_is_read_for_them():
    source = Watched(c3d(STORED, np.zeros((50, 0, 4))))
    file = C3DFile.open(source)
    before = len(source.reads)
    assert file.points().shape == (50, 0, 4)
    assert len(source.reads) == before
    file = C3DFile.open(BytesSource(c3d(np.zeros((50, 4, 0)), np.zeros((50, 1, 4)))))
    assert file.analogs().shape == (0, 0)


def test_a_file_that_breaks_off_yields_the_part_that_exists():
    file = C3DFile.open(BytesSource(FILE[: -(8 + 20) * 4 * 30 - 5]))
    np.testing.assert_array_equal(file.analogs(), BY_CHANNEL[:, : 19 * 4])


def test_a_file_that_was_never_finished_is_read_to_its_end_on_request():
    data = c3d(STORED, np.zeros((50, 2, 4)), header={5: 0}, parameters={"POINT:FRAMES": 0})
    file = C3DFile.open(BytesSource(data))
    assert file.analogs().shape == (5, 0)
    np.testing.assert_array_equal(file.with_all_frames().analogs(), BY_CHANNEL)


class TestReads:
    def test_one_read_of_16_kb_is_enough_for_most(self):
        source = Watched(FILE + bytes(100_000))
        read_metadata(source)
        assert source.reads == [(0, 16 * 1024)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"extra_records": parameter_record("BIG", 1, build.Raw(-1, (200, 200), bytes(40_000)))},
            {"parameter_block": 200},
            {"parameter_block": 200, "section_blocks": 0},
            {"parameter_block": 250, "processor": build.MIPS},
        ],
    )
    def test_never_more_than_two(self, changes):
        source = Watched(c3d(STORED, **changes, points=np.zeros((50, 2, 4))) + bytes(300_000))
        assert read_metadata(source).labels[0] == "A1"
        assert len(source.reads) == 2
        assert source.reads[1][0] == 16 * 1024

    def test_one_channel_reads_only_the_frames_it_wants(self):
        source = Watched(FILE)
        file = C3DFile.open(source)
        file.channels([1], 10, 12)
        frame_bytes = (8 + 20) * 4
        start = len(FILE) - 50 * frame_bytes
        assert source.reads[1:] == [(start + 10 * frame_bytes, 2 * frame_bytes)]

    def test_an_object_that_shrank_is_refused_not_filled_with_garbage(self):
        source = Watched(FILE)
        file = C3DFile.open(source)
        source.data = FILE[:-100]
        with pytest.raises(Truncated, match="became shorter"):
            file.analogs()
        with pytest.raises(Truncated, match="became shorter"):
            read_metadata(Watched(FILE[:600], size=len(FILE)))
        far = c3d(STORED, parameter_block=200, points=np.zeros((50, 2, 4)))
        with pytest.raises(Truncated, match="became shorter"):
            read_metadata(Watched(far[:20_000], size=len(far)))

    def test_need_more_never_escapes(self):
        for size in range(0, len(FILE), 7):
            with suppress(MyographError):
                read_metadata(BytesSource(FILE[:size]))


def test_blocks_of_a_large_file_take_bounded_memory(tmp_path):
    path = tmp_path / "large.c3d"
    stored = np.tile(stored_values(frames=1000, samples=20, channels=8), (60, 1, 1))
    path.write_bytes(c3d(stored, np.zeros((60_000, 1, 4))))
    assert path.stat().st_size > 38e6
    with FileSource(path) as source:
        file = C3DFile.open(source)
        tracemalloc.start()
        try:
            total = sum(block.samples.sum() for block in file.blocks(500))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert total == stored.sum()
    assert peak < 4e6


def test_a_count_of_no_points_and_a_format_of_no_text_do_no_harm():
    parameters = {"ANALOG:FORMAT": 3, "POINT:LABELS": ABSENT}
    file = C3DFile.open(BytesSource(c3d(STORED, np.zeros((50, 2, 4)), parameters=parameters)))
    np.testing.assert_array_equal(file.analogs(), BY_CHANNEL)
