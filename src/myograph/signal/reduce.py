"""Many samples in few columns, without losing an extreme."""

import numpy as np

from myograph.errors import BadInput
from myograph.recording import Signal


def extremes(x: Signal, columns: int) -> tuple[Signal, Signal]:
    """The lowest and the highest sample of each column, exactly.

    x    (n,) any unit

    Column c holds the samples from c * n // columns to (c + 1) * n // columns, so every sample lies
    in one column and none in two. With no more samples than columns each sample is a column of its
    own: both answers are then `x` itself. NaN is left out; a column of nothing else is NaN.
    """
    if columns < 1:
        raise BadInput(f"a signal cannot be drawn in {columns} columns")
    if x.size <= columns:
        return x, x
    starts = np.arange(columns) * x.size // columns
    return np.fmin.reduceat(x, starts), np.fmax.reduceat(x, starts)
