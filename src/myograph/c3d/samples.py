"""From the bytes of the data section to numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from myograph.c3d.layout import Layout
from myograph.c3d.parameters import Parameters
from myograph.c3d.processor import Processor, vax_to_float
from myograph.recording import Finding, Signal

_OFFSET_BINARY = -16384  # no signed 16-bit converter has its zero below this


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Value = (stored - offset) x scale, for floats too.

    https://www.c3d.org/HTML/Documents/analogdatafloatingpointformat.htm

    offsets, scales   one per channel; SCALE x GEN_SCALE, which may be -1
    unsigned          stored integers are unsigned
    """

    offsets: Sequence[float]
    scales: Sequence[float]
    unsigned: bool

    @property
    def changes_nothing(self) -> bool:
        return not any(self.offsets) and all(scale == 1 for scale in self.scales)


def read_calibration(
    parameters: Parameters, channels: int
) -> tuple[Calibration, tuple[Finding, ...]]:
    """Missing SCALE is 1, missing OFFSET 0; lists may be shorter than the channels."""
    stated = (parameters.text("ANALOG", "FORMAT") or "").strip().upper() == "UNSIGNED"
    offsets = _series(parameters, "OFFSET", channels, unsigned=stated)
    # 16-bit converters with their zero at 32768: FORMAT is absent or says SIGNED, yet -32768 can
    # only be meant unsigned (c3d.org samples 16bitanalog, Analysis)
    found = not stated and any(offset <= _OFFSET_BINARY for offset in offsets)
    if found:
        offsets = [offset + (1 << 16) if offset < 0 else offset for offset in offsets]
    general = parameters.number("ANALOG", "GEN_SCALE")
    if general is None or not math.isfinite(general):
        general = 1.0
    scales = _series(parameters, "SCALE", channels, unsigned=False)
    findings = (
        *_assumed("scale_assumed", "SCALE", channels - len(scales), "1"),
        *_assumed("offset_assumed", "OFFSET", channels - len(offsets), "0"),
        *((Finding("offset_unsigned", _UNSIGNED_SENTENCE),) if found else ()),
    )
    scales += [1.0] * (channels - len(scales))
    offsets += [0.0] * (channels - len(offsets))
    scales = [scale * general for scale in scales]
    return Calibration(offsets, scales, stated or found), findings


def _assumed(code: str, name: str, channels: int, value: str) -> tuple[Finding, ...]:
    if not channels:
        return ()
    return (Finding(code, f"{channels} channels have no ANALOG:{name}; {value} was taken."),)


_UNSIGNED_SENTENCE = (
    "The analog zero lies at the end of the signed range, so the stored integers were read as"
    " unsigned."
)


def analog_samples(
    data: bytes,
    layout: Layout,
    calibration: Calibration,
    processor: Processor,
    channels: slice | list[int],
    *,
    out: npt.NDArray[np.float64],
) -> None:
    """Decode the whole frames in `data` into `out`, (channels, frames, samples per frame)."""
    stored = _analog_words(data, layout, calibration, processor)[:, :, channels]
    with np.errstate(all="ignore"):  # a NaN in the file is kept, and an overflow is infinite
        # one strided pass: byte order, widening and de-interleaving
        out[...] = _decoded(stored, layout, processor).transpose(2, 0, 1)
        if not calibration.changes_nothing:
            out -= np.array(calibration.offsets)[channels][:, None, None]
            out *= np.array(calibration.scales)[channels][:, None, None]


def point_samples(data: bytes, layout: Layout, processor: Processor) -> Signal:
    """(frames, points, 4): x, y, z and residual of the whole frames in `data`.

    Units of the file. A point that was not seen has a negative residual, and NaN for a place.
    """
    frames = len(data) // layout.frame_bytes
    words = np.ndarray(
        (frames, layout.points, 4),
        _stored_type(layout, processor, unsigned=False),
        data,
        0,
        (layout.frame_bytes, 4 * layout.word_bytes, layout.word_bytes),
    )
    with np.errstate(all="ignore"):
        values = _decoded(words, layout, processor).astype(np.float64)
        if not layout.floats:
            values[:, :, :3] *= layout.point_scale
        values[:, :, 3] = _residuals(values[:, :, 3], abs(layout.point_scale))
    values[values[:, :, 3] < 0, :3] = np.nan
    return values


def _residuals(words: Signal, scale: float) -> Signal:
    """The low byte of the fourth word, scaled; the high byte tells which cameras saw the point."""
    whole = np.where((words >= 0) & (words < 1 << 15), words, 0).astype(np.int32)
    return np.where(words < 0, -1.0, (whole & 0xFF) * scale)


def _analog_words(
    data: bytes, layout: Layout, calibration: Calibration, processor: Processor
) -> npt.NDArray[Any]:
    """(frames, samples per frame, channels) as stored, without a copy."""
    word = layout.word_bytes
    return np.ndarray(
        (len(data) // layout.frame_bytes, layout.samples_per_frame, layout.channels),
        _stored_type(layout, processor, unsigned=calibration.unsigned),
        data,
        layout.point_words * word,
        (layout.frame_bytes, layout.channels * word, word),
    )


def _stored_type(layout: Layout, processor: Processor, *, unsigned: bool) -> str:
    if layout.floats:
        return "<u4" if processor.vax_floats else f"{processor.order}f4"
    return f"{processor.order}{'u' if unsigned else 'i'}2"


def _decoded(stored: npt.NDArray[Any], layout: Layout, processor: Processor) -> npt.NDArray[Any]:
    return vax_to_float(stored) if layout.floats and processor.vax_floats else stored


def _series(parameters: Parameters, name: str, channels: int, *, unsigned: bool) -> list[float]:
    """At most one per channel of a list that may run on in NAME2, NAME3, ..."""
    values: list[float] = []
    for parameter in parameters.series("ANALOG", name):
        wanted = channels - len(values)
        values += parameter.counts(wanted) if unsigned else parameter.numbers(wanted)
    return values
