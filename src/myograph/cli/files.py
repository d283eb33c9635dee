"""What a person means by a name: recordings by a file, a folder or a pattern, or a text."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from myograph.errors import BadInput, MyographError, NotFound

_CHUNK_BYTES = 1024 * 1024
Named = tuple[str, MyographError | None]  # a file, or what was named and why it is none


def named(names: Iterable[str]) -> list[Named]:
    """Each file once, in the order named; a folder gives the .c3d files in and below it."""
    seen: set[Path] = set()
    found: list[Named] = []
    for name in names:
        for file, problem in _expanded(name):
            place = Path(file).absolute()
            if place not in seen:
                seen.add(place)
                found.append((file, problem))
    return found


def text_in(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError as problem:
        raise NotFound(f"There is no file {file}.") from problem
    except OSError as problem:
        raise BadInput(f"{file} cannot be read: {problem.strerror}.") from problem
    except UnicodeDecodeError as problem:
        raise BadInput(f"{file} is no text in UTF-8.") from problem


def chunks_in(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            yield from iter(lambda: opened.read(_CHUNK_BYTES), b"")
    except FileNotFoundError as problem:
        raise NotFound(f"There is no file {file}.") from problem
    except OSError as problem:
        raise BadInput(f"{file} cannot be read: {problem.strerror}.") from problem


def _expanded(name: str) -> Iterator[Named]:
    path = Path(name)
    if path.is_dir():
        yield from _of_folder(name, path)
    elif path.exists() or not glob.has_magic(name):
        yield name, None  # what is not there is said by the reader, as for any other file
    else:
        yield from _of_pattern(name)


def _of_folder(name: str, folder: Path) -> Iterator[Named]:
    inside = sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".c3d" and p.is_file())
    if not inside:
        yield name, NotFound(f"There is no .c3d file in {name}.")
    for path in inside:
        yield str(path), None


def _of_pattern(pattern: str) -> Iterator[Named]:
    matching = sorted(p for p in glob.glob(pattern, recursive=True) if Path(p).is_file())  # noqa: PTH207 - a pattern may be absolute
    if not matching:
        yield pattern, NotFound(f"No file matches {pattern}.")
    for name in matching:
        yield name, None
