import gc
import os

import pytest

from myograph.c3d.source import BytesSource, FileSource
from myograph.errors import NotFound, NotReadable


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ä file.c3d"
    path.write_bytes(bytes(range(100)))
    return path


@pytest.fixture(params=["bytes", "file"])
def source(request, path):
    return FileSource(path) if request.param == "file" else BytesSource(path.read_bytes())


def test_a_range_is_read_and_only_the_end_makes_it_shorter(source):
    assert source.size == 100
    assert source.read(10, 5) == bytes(range(10, 15))
    assert source.read(95, 50) == bytes(range(95, 100))
    assert source.read(100, 5) == b""


def test_a_read_that_the_system_cuts_short_is_continued(path, monkeypatch):
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, length, offset: pread(fd, min(length, 7), offset))
    with FileSource(path) as source:
        assert source.read(3, 50) == bytes(range(3, 53))


def test_a_file_that_shrinks_while_it_is_open_gives_less_and_kills_nothing(path):
    with FileSource(path) as source:
        path.write_bytes(b"short")
        assert source.read(0, 100) == b"short"


def test_what_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no file"):
        FileSource(tmp_path / "none.c3d")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(NotReadable, match="is a folder"):
        FileSource(tmp_path)


def test_what_cannot_be_opened_says_why(path):
    with pytest.raises(NotReadable, match="Not a directory"):
        FileSource(path / "below")


def test_closing_twice_is_closing_once(path):
    source = FileSource(path)
    source.close()
    source.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        source.read(0, 1)


def test_a_forgotten_file_is_closed(path):
    source = FileSource(path)
    descriptor = source._descriptor
    del source
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
