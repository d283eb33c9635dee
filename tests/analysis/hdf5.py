"""The one thing we need of HDF5: uncompressed datasets of one column of 16 bit numbers, in chunks.

After the HDF5 File Format Specification 3.0, III.A.1 (version 1 B-trees): it spares a dependency.
"""

import struct
from pathlib import Path

import numpy as np

_HEAD = struct.Struct("<4sBBHQQ")  # TREE, kind, level, entries, neighbours
_ENTRY = struct.Struct("<II3QQ")  # bytes, filters, offsets, address
_OF_CHUNKS = 1


def chunked_columns(file: Path) -> list[np.ndarray]:
    """Those of more than 64 chunks, as they stand in the file; the last chunk is padded."""
    content = file.read_bytes()
    roots = [at for at in _trees(content) if _head(content, at) == (_OF_CHUNKS, 1)]
    return [np.frombuffer(_joined(content, at), "<u2") for at in roots]


def _joined(content: bytes, root: int) -> bytes:
    leaves = [address for _, address in _entries(content, root)]
    chunks = [entry for leaf in leaves for entry in _entries(content, leaf)]
    return b"".join(content[address : address + size] for size, address in chunks)


def _trees(content: bytes) -> list[int]:
    found, at = [], content.find(b"TREE")
    while at >= 0:
        found.append(at)
        at = content.find(b"TREE", at + 1)
    return found


def _head(content: bytes, at: int) -> tuple[int, int]:
    """Kind and level."""
    return content[at + 4], content[at + 5]


def _entries(content: bytes, at: int) -> list[tuple[int, int]]:
    """Size and address of what each entry points to, in the order of the rows."""
    count = _HEAD.unpack_from(content, at)[3]
    places = (at + _HEAD.size + i * _ENTRY.size for i in range(count))
    return [(entry[0], entry[-1]) for entry in (_ENTRY.unpack_from(content, p) for p in places)]
