"""How large a signal is, in the cells that hold no masked sample."""

from dataclasses import dataclass

import numpy as np

from myograph.recording import Signal
from myograph.signal.grid import Grid
from myograph.signal.runs import Mask


@dataclass(frozen=True, slots=True)
class Amplitude:
    """None where no cell is left.

    rms_v     root mean square
    mav_v     mean absolute value
    iemg_vs   integral of the absolute value over the time that was measured
    """

    rms_v: float | None
    mav_v: float | None
    iemg_vs: float | None


def amplitude_of(grid: Grid, use: Mask | slice) -> Amplitude:
    """Over the cells of `use` that are ok."""
    ok = grid.ok[use]
    if not ok.any():
        return Amplitude(None, None, None)
    seconds = grid.seconds(use)[ok]
    measured_s = float(seconds.sum())
    iemg_vs = float((grid.absolute[use][ok] * seconds).sum())
    rms_v = float(np.sqrt((grid.square[use][ok] * seconds).sum() / measured_s))
    return Amplitude(rms_v, iemg_vs / measured_s, iemg_vs)


def strongest(values: Signal, width: int) -> float:
    """The largest mean of `width` neighbours, of all where there are fewer."""
    width = min(width, values.size)
    running = np.concatenate(([0.0], np.cumsum(values)))
    return float((running[width:] - running[:-width]).max()) / width
