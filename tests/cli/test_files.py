"""Files, folders and patterns."""

import pytest

from myograph.cli.files import named


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("b.c3d", "a.C3D", "note.txt", "deep/er/c.c3d", "mit Blank/ä ö.c3d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.c3d").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*given):
    return [name for name, problem in named(given) if problem is None]


def problems(*given):
    return [(name, problem.sentence) for name, problem in named(given) if problem is not None]


def test_a_folder_gives_the_recordings_in_and_below_it_and_nothing_else(folder):
    assert names(".") == ["a.C3D", "b.c3d", "deep/er/c.c3d", "mit Blank/ä ö.c3d"]


def test_a_pattern_gives_what_matches_in_order(folder):
    assert names("*.c3d") == ["b.c3d"]
    assert names("**/*.c3d") == ["b.c3d", "deep/er/c.c3d", "mit Blank/ä ö.c3d"]
    assert names(f"{folder}/mit*/*") == [f"{folder}/mit Blank/ä ö.c3d"]


def test_a_file_may_have_any_name_even_one_that_looks_like_a_pattern(folder):
    (folder / "[1].c3d").write_bytes(b"")
    assert names("[1].c3d", "note.txt") == ["[1].c3d", "note.txt"]


def test_each_file_comes_once_however_often_it_is_named(folder):
    assert names("b.c3d", "./b.c3d", "*.c3d", str(folder / "b.c3d"), "a.C3D") == ["b.c3d", "a.C3D"]


def test_what_names_nothing_says_so_and_does_not_stop_the_others(folder):
    (folder / "empty").mkdir()
    assert problems("empty", "x*.c3d", "b.c3d") == [
        ("empty", "There is no .c3d file in empty."),
        ("x*.c3d", "No file matches x*.c3d."),
    ]


def test_a_file_that_is_not_there_is_left_to_its_reader(folder):
    assert names("nothing.c3d") == ["nothing.c3d"]
