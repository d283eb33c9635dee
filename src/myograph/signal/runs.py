"""Runs of true values: where they start and stop, joining and filtering them.

A run is [start, stop); runs are rows of an array (k, 2), in order and apart from each other.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Runs: TypeAlias = npt.NDArray[np.int64]  # (k, 2)
Mask: TypeAlias = npt.NDArray[np.bool_]  # (n,)

NONE: Runs = np.empty((0, 2), np.int64)


def runs_of(on: Mask) -> Runs:
    """The runs of true values."""
    padded = np.zeros(on.size + 2, np.int8)
    padded[1:-1] = on
    return np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)


def lengths(runs: Runs) -> npt.NDArray[np.int64]:
    return runs[:, 1] - runs[:, 0]


def at_least(runs: Runs, length: float) -> Runs:
    """Those of `length` and more."""
    return runs[lengths(runs) >= length]


def filled(runs: Runs, size: int) -> Mask:
    """(size,) true inside the runs, which may overlap."""
    step = np.zeros(size + 1, np.int32)
    np.add.at(step, runs[:, 0], 1)
    np.add.at(step, runs[:, 1], -1)
    return np.cumsum(step, dtype=np.int32, out=step)[:-1] > 0


def widened(runs: Runs, by: int, size: int) -> Runs:
    """Each longer by `by` on both sides, within 0..size; they may overlap afterwards."""
    return np.clip(runs + np.array([-by, by]), 0, size)


def merged(runs: Runs, gap: float) -> Runs:
    """Joined where the gap between two is at most `gap`."""
    if not len(runs):
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] > gap
    starts = runs[np.concatenate(([True], apart)), 0]
    stops = runs[np.concatenate((apart, [True])), 1]
    return np.column_stack((starts, stops))


def united(*several: Runs) -> Runs:
    """All of them in order, joined where they touch or overlap."""
    runs = np.concatenate(several)
    runs = runs[np.argsort(runs[:, 0], kind="stable")]
    return merged(np.column_stack((runs[:, 0], np.maximum.accumulate(runs[:, 1]))), 0)


def holding(runs: Runs, on: Mask) -> Runs:
    """Those in which at least one value of `on` is true."""
    if not len(runs):
        return runs
    within_and_between = np.logical_or.reduceat(np.append(on, False), runs.ravel())
    return runs[within_and_between[::2]]


def covered_before(runs: Runs, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many of the values before each place lie in a run; runs in order and apart."""
    total = np.concatenate(([0], np.cumsum(lengths(runs))))
    begun = np.searchsorted(runs[:, 0], places)
    stops = np.concatenate(([0], runs[:, 1]))[begun]
    return total[begun] - np.maximum(stops - places, 0)
