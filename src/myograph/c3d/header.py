"""The first block of a C3D file: 256 words of 16 bits. Word n lies at byte 2 (n - 1).

https://www.c3d.org/HTML/Documents/theheadersection.htm. Nothing here can be trusted alone:
layout.py weighs it against the parameters and the size of the file.
"""

import struct
from dataclasses import dataclass

from myograph.c3d.processor import PROCESSORS, Processor
from myograph.errors import EmptyFile, NotC3D, Truncated

BLOCK = 512
FIRST_READ = 16 * 1024  # one range read that serves four files of five
SECTION_LIMIT = 4 << 20  # no parameter section is followed beyond this many bytes
_MAGIC = b"\x50"
_WORDS = "2x4H2x4s2H4s"  # words 2 to 5, 7 and 8, 9 and 10, 11 and 12
_PADDING_LIMIT = 16 * BLOCK  # zeros that some Vicon files have before the header


class NeedMore(Exception):
    """The prefix is too short: give the first `size` bytes, and that will be enough.

    Never meant for a person: whoever reads a prefix catches it and reads again.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the first {size} bytes are needed")
        self.size = size


@dataclass(frozen=True, slots=True)
class Header:
    """What the header block says, with the two facts of the parameter section that explain it.

    start               byte where the header block begins: 0 but for files with zeros in front
    parameter_start     byte where the parameter section begins
    parameter_blocks    the section's own count of its blocks, which may be wrong either way
    analog_values       analog values per frame: channels x samples
    point_scale         negative: the data are floats
    data_block          1-based, 0 where the file was never finished
    block               the 512 bytes, for the events in them
    """

    start: int
    processor: Processor
    parameter_start: int
    parameter_blocks: int
    points: int
    analog_values: int
    first_frame: int
    last_frame: int
    point_scale: float
    data_block: int
    samples_per_frame: int
    frame_rate_hz: float
    block: bytes

    @property
    def frames(self) -> int:
        """First to last frame; 0 where they make no sense. Only 16 bits wide."""
        return max(0, self.last_frame - self.first_frame + 1) if self.last_frame else 0

    def offset_of_block(self, block: int) -> int:
        """The byte where a 1-based block begins."""
        return self.start + (block - 1) * BLOCK


def read_header(prefix: bytes, size: int) -> Header:
    """The header of an object of `size` bytes that begins with `prefix`."""
    start = _start(prefix, size)
    if start + BLOCK > len(prefix):
        raise _missing(start + BLOCK, size, FIRST_READ)
    block = prefix[start : start + BLOCK]
    parameter_start = start + (block[0] - 1) * BLOCK
    if block[0] <= 1:
        raise NotC3D("This is not a C3D file: its header names no place for the parameters.")
    if parameter_start + 4 > len(prefix):
        enough = _far_section(block, start, parameter_start)
        raise _missing(parameter_start + 4, size, enough)
    mark = prefix[parameter_start : parameter_start + 4]
    processor = PROCESSORS.get(mark[3])
    if processor is None:
        raise NotC3D("This is not a C3D file: it was written by no processor that C3D knows.")
    return _parse(block, processor, start, parameter_start, mark[2])


def _start(prefix: bytes, size: int) -> int:
    if size == 0:
        raise EmptyFile("The file is empty. Please copy it again from the device.")
    start = 0
    if prefix[:1] == b"\0":
        padding = prefix[:_PADDING_LIMIT]
        start = len(padding) - len(padding.lstrip(b"\0"))
    if start + 2 > len(prefix) and len(prefix) < min(size, FIRST_READ):
        raise NeedMore(min(size, FIRST_READ))
    if prefix[start + 1 : start + 2] != _MAGIC:
        raise NotC3D("This is not a C3D file, whatever its name says.")
    return start


def _missing(stop: int, size: int, enough: int) -> NeedMore | Truncated:
    """Why the prefix does not reach to `stop`."""
    if stop <= size:
        return NeedMore(min(size, enough))
    return Truncated(
        f"The file breaks off after {size} bytes, before its data begin."
        " Please copy it again from the device."
    )


def _far_section(block: bytes, start: int, parameter_start: int) -> int:
    """Bytes that surely hold a parameter section of which nothing has been seen.

    The byte order is not known yet, so the data start is read both ways.
    """
    data_blocks = (int.from_bytes(block[16:18], order) for order in ("little", "big"))
    ends = [start + count * BLOCK for count in data_blocks]
    near = [end for end in ends if end - parameter_start <= SECTION_LIMIT]
    return max([parameter_start + 256 * BLOCK, *near])


def _parse(
    block: bytes, processor: Processor, start: int, parameter_start: int, blocks: int
) -> Header:
    points, analog, first, last, scale, data_block, samples, rate = struct.unpack_from(
        processor.order + _WORDS, block
    )
    return Header(
        start=start,
        processor=processor,
        parameter_start=parameter_start,
        parameter_blocks=blocks,
        points=points,
        analog_values=analog,
        first_frame=first,
        last_frame=last,
        point_scale=processor.floats(scale)[0],
        data_block=data_block,
        samples_per_frame=samples,
        frame_rate_hz=processor.floats(rate)[0],
        block=block,
    )
