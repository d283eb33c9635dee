"""Where the bytes of a file come from: read by ranges, never mapped.

A file that is cut short while it is mapped kills the process with SIGBUS; a short read does not.
"""

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from myograph.errors import NotFound, NotReadable


class Source(Protocol):
    """An object of known size that can be read anywhere, from several threads at once."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """The `length` bytes from `offset` on; fewer only where the object ends."""
        ...


class BytesSource:
    """Bytes that are in memory already."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class FileSource:
    """A local file, open until it is closed or nobody holds it any more."""

    def __init__(self, path: str | Path) -> None:
        self._descriptor = -1
        self._descriptor = _open(path)
        status = os.fstat(self._descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise NotReadable(f"{path} is a folder, not a file.")
        self.size = status.st_size

    def read(self, offset: int, length: int) -> bytes:
        data = os.pread(self._descriptor, length, offset)
        if len(data) == length or not data:
            return data
        return data + self.read(offset + len(data), length - len(data))

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _open(path: str | Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise NotFound(f"There is no file {path}.") from exc
    except OSError as exc:
        raise NotReadable(f"{path} cannot be opened: {exc.strerror}.") from exc
