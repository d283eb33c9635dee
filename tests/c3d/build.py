"""Small C3D files of every kind, built byte by byte, right or wrong on purpose.

Shares no code with the reader.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

INTEL, DEC, MIPS = 84, 85, 86
ABSENT = object()  # in place of a parameter: leave it out


@dataclass(frozen=True)
class Raw:
    """A parameter whose type, dimensions and bytes are given as they shall stand."""

    kind: int
    dimensions: tuple[int, ...]
    values: bytes


def small(value: int) -> Raw:
    """A number of one byte."""
    return Raw(1, (), bytes([value]))


def stored_values(frames=20, samples=5, channels=2, seed=0):
    """(frames, samples, channels) whole numbers that fit in 16 bits."""
    return np.random.default_rng(seed).integers(-2000, 2000, (frames, samples, channels))


def c3d(
    stored=None,
    points=None,
    *,
    processor: int = INTEL,
    floats: bool = True,
    rate_hz: float = 100.0,
    point_scale: float = 0.5,
    parameters: Mapping[str, Any] | None = None,
    header: Mapping[int, int] | None = None,
    parameter_block: int = 2,
    section_blocks: int | None = None,
    event_block: bytes = b"",
    extra_records: bytes = b"",
) -> bytes:
    """A file.

    stored       (frames, samples, channels) as they stand in the data section
    points       (frames, points, 4)
    parameters   "GROUP:NAME" -> value, beside and instead of the usual ones; ABSENT leaves one out
    header       words (1-based) of the header that shall hold something else
    """
    stored = stored_values() if stored is None else np.asarray(stored)
    frames, samples, channels = stored.shape
    points = np.zeros((frames, 1, 4)) if points is None else np.asarray(points)
    scale = -abs(point_scale) if floats else point_scale
    values = {
        "POINT:USED": points.shape[1],
        "POINT:SCALE": scale,
        "POINT:RATE": float(rate_hz),
        "POINT:FRAMES": frames,
        "POINT:DATA_START": 0,
        "POINT:LABELS": [f"P{i + 1}" for i in range(points.shape[1])],
        "ANALOG:USED": channels,
        "ANALOG:RATE": float(rate_hz * samples),
        "ANALOG:LABELS": [f"A{i + 1}" for i in range(channels)][:255],
        "ANALOG:UNITS": ["V"] * min(channels, 255),
        "ANALOG:GEN_SCALE": 1.0,
        "ANALOG:SCALE": [1.0] * min(channels, 255),
        "ANALOG:OFFSET": [0] * min(channels, 255),
        **(parameters or {}),
    }
    body = extra_records + records(values, processor) + b"\0\0"
    blocks = -(-(4 + len(body)) // 512)
    data_block = parameter_block + blocks
    if values["POINT:DATA_START"] == 0:
        body = extra_records + records({**values, "POINT:DATA_START": data_block}, processor)
    count = blocks if section_blocks is None else section_blocks
    section = (bytes([1, 0x50, count, processor]) + body).ljust(512 * blocks, b"\0")
    words = {
        2: points.shape[1],
        3: samples * channels,
        4: 1,
        5: min(frames, 65535),
        9: data_block,
        10: samples,
        **(header or {}),
    }
    first = _header(parameter_block, words, scale, rate_hz, processor, event_block)
    gap = bytes(512 * (parameter_block - 2))
    return first + gap + section + data_section(stored, points, processor, floats)


def padded(data: bytes) -> bytes:
    """To whole blocks, as most systems write."""
    return data.ljust(-(-len(data) // 512) * 512, b"\0")


def data_section(stored, points, processor: int, floats: bool) -> bytes:
    frames = len(stored)
    rows = np.concatenate([points.reshape(frames, -1), stored.reshape(frames, -1)], axis=1)
    if not floats:
        order = ">" if processor == MIPS else "<"
        return (rows.astype(np.int64) & 0xFFFF).astype(f"{order}u2").tobytes()
    return float_bytes(rows, processor)


def float_bytes(values, processor: int) -> bytes:
    values = np.asarray(values, np.float32)
    if processor == MIPS:
        return values.astype(">f4").tobytes()
    if processor == INTEL:
        return values.astype("<f4").tobytes()
    bits = values.view(np.uint32)
    vax = np.where(values == 0, 0, bits + np.uint32(2 << 23)).astype(np.uint32)
    return ((vax >> 16) | (vax << 16)).astype("<u4").tobytes()


def records(values: Mapping[str, Any], processor: int) -> bytes:
    """Groups and their parameters, numbered in the order of their first appearance."""
    numbers: dict[str, int] = {}
    written = b""
    for key, value in values.items():
        group, name = key.split(":")
        if value is ABSENT:
            continue
        if group not in numbers:
            numbers[group] = len(numbers) + 1
            written += group_record(group, numbers[group], processor)
        written += parameter_record(name, numbers[group], value, processor)
    return written


def group_record(name: str, number: int, processor: int = INTEL, *, text: bytes = b"") -> bytes:
    offset = struct.pack(_order(processor) + "h", 3 + len(text))
    start = struct.pack("<bb", len(name), -number) + name.encode("latin-1")
    return start + offset + bytes([len(text)]) + text


def parameter_record(
    name: str,
    number: int,
    value: Any,
    processor: int = INTEL,
    *,
    locked: bool = False,
    offset: int | None = None,
    text: bytes = b"",
) -> bytes:
    raw = value if isinstance(value, Raw) else encoded(value, processor)
    body = struct.pack("<bB", raw.kind, len(raw.dimensions)) + bytes(raw.dimensions) + raw.values
    body += bytes([len(text)]) + text
    length = -len(name) if locked else len(name)
    start = struct.pack("<bb", length, number) + name.encode("latin-1")
    jump = 2 + len(body) if offset is None else offset
    return start + struct.pack(_order(processor) + "H", jump) + body


def encoded(value: Any, processor: int) -> Raw:
    if isinstance(value, str):
        text = value.encode()
        return Raw(-1, (len(text),), text)
    if isinstance(value, int):
        return Raw(2, (), struct.pack(_order(processor) + "H", value & 0xFFFF))
    if isinstance(value, float):
        return Raw(4, (), float_bytes([value], processor))
    return _encoded_list(value, processor)


def _encoded_list(values: Sequence[Any], processor: int) -> Raw:
    if values and isinstance(values[0], str):
        texts = [value.encode() for value in values]
        width = max(map(len, texts))
        return Raw(-1, (width, len(texts)), b"".join(text.ljust(width) for text in texts))
    if values and isinstance(values[0], float):
        return Raw(4, (len(values),), float_bytes(values, processor))
    packed = (struct.pack(_order(processor) + "H", value & 0xFFFF) for value in values)
    return Raw(2, (len(values),), b"".join(packed))


def _header(parameter_block, words, scale, rate_hz, processor, event_block) -> bytes:
    block = bytearray(512)
    block[0:2] = bytes([parameter_block, 0x50])
    block[12:16] = float_bytes([scale], processor)
    block[20:24] = float_bytes([rate_hz], processor)
    for word, value in words.items():
        struct.pack_into(_order(processor) + "H", block, 2 * (word - 1), value)
    block[298 : 298 + len(event_block)] = event_block
    return bytes(block)


def event_block(
    times_s: Sequence[float], labels: Sequence[str], processor: int = INTEL, *, count=None
) -> bytes:
    """Words 150 on: mark, count, times and four-character labels."""
    count = len(times_s) if count is None else count
    start = struct.pack(_order(processor) + "HHH", 12345, count, 0)
    times = float_bytes(times_s, processor).ljust(72, b"\0")
    flags = bytes(18 + 2)
    return start + times + flags + b"".join(label.encode().ljust(4) for label in labels)


def _order(processor: int) -> str:
    return ">" if processor == MIPS else "<"
