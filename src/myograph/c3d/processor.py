"""How the machine that wrote a file stored its numbers."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Processor:
    """`order` is that of integers; `vax_floats`: F-floats, whose 16-bit halves are swapped."""

    name: str
    order: Literal["<", ">"]
    vax_floats: bool = False

    def unsigned(self, data: bytes, at: int) -> int:
        if self.order == "<":
            return data[at] | data[at + 1] << 8
        return data[at] << 8 | data[at + 1]

    def floats(self, raw: bytes) -> Sequence[float]:
        """As many whole floats as `raw` holds."""
        count = len(raw) // 4
        if self.vax_floats:
            return vax_to_float(np.frombuffer(raw, "<u4", count)).tolist()
        return struct.unpack_from(f"{self.order}{count}f", raw)

    def integers(self, raw: bytes, kind: Literal["h", "H"]) -> Sequence[int]:
        """As many whole 16-bit integers as `raw` holds: "h" signed, "H" unsigned."""
        return struct.unpack_from(f"{self.order}{len(raw) // 2}{kind}", raw)


INTEL = Processor("Intel", "<")
DEC = Processor("DEC", "<", vax_floats=True)
MIPS = Processor("MIPS", ">")

PROCESSORS = {84: INTEL, 85: DEC, 86: MIPS}  # by byte 3 of the parameter section


def vax_to_float(stored: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """VAX F-floats, read as little-endian 32-bit words, as the same numbers, exactly.

    The word that holds sign and exponent comes first. Value = 1.f x 2^(exponent - 129); an exponent
    of 0 is the number 0.
    """
    words = (stored << np.uint32(16)) | (stored >> np.uint32(16))
    exponent = ((words >> np.uint32(23)) & np.uint32(0xFF)).astype(np.int32)
    mantissa = ((words & np.uint32(0x7FFFFF)) | np.uint32(0x800000)).astype(np.float64)
    magnitude = np.ldexp(mantissa, exponent - (129 + 23))
    signed = np.where(words >> np.uint32(31), -magnitude, magnitude)
    return np.where(exponent == 0, 0.0, signed)
