"""The linear envelope of a rectified signal."""

import numpy as np

from myograph.recording import Signal
from myograph.signal.filters import filtered, lowpass
from myograph.signal.grid import Grid, cells_in, moving_mean


def envelope_of(grid: Grid, *, corner_hz: float, order: int, rms_s: float) -> Signal:
    """(m,) volts, one value a cell: rectified means, low-pass without delay, moving RMS.

    Follows the envelope at the full rate within 1 % of its peak.
    """
    low = filtered(grid.absolute, lowpass(1 / grid.cell_s, corner_hz, order))
    np.maximum(low, 0.0, out=low)
    low *= low
    square = moving_mean(low, cells_in(rms_s, grid.cell_s))
    return np.sqrt(square, out=square)
