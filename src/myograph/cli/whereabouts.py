"""Where the service of a data directory answers, for commands that run beside it."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

FILE: Final = "address"


@contextlib.contextmanager
def noted(data_dir: Path) -> Generator[Callable[[str], None]]:
    """A function that takes the address; it is forgotten with the end of the block.

    A folder that takes no file, because its disk is full, keeps no service from answering.
    """
    path = data_dir / FILE

    def note(address: str) -> None:
        with contextlib.suppress(OSError):
            path.write_text(address, "utf-8")

    try:
        yield note
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def address_of(data_dir: Path, host: str, port: int) -> str:
    """Of the service that runs there, else where it would answer by its settings."""
    try:
        return (data_dir / FILE).read_text("utf-8")
    except OSError:
        return written(host, port)


def written(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
