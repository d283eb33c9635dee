"""Signals as path data in few characters: one unit of x per column, relative steps, whole heights.

Rest is flat, so runs of equal height become one `h`. What is drawn is off by at most half a unit of
y, and the caller chooses units of half a pixel.
"""

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from myograph.recording import Signal


def line(y: Signal) -> str:
    """A line through the points; y (n,) in units, NaN breaks it."""
    return "".join(_open(start, points) for start, points in _stretches(y))


def ribbon(low: Signal, high: Signal) -> str:
    """The area between two lines; both (n,) in units, NaN in `low` breaks it."""
    parts: list[str] = []
    for start, below in _stretches(low):
        above = _whole(high[start : start + below.size])
        back = below[::-1]
        parts.append(f"{_open(start, above)}v{below[-1] - above[-1]}{_steps(np.diff(back), -1)}z")
    return "".join(parts)


def _stretches(y: Signal) -> Iterator[tuple[int, np.ndarray]]:
    """The runs without NaN: where each starts, and its heights as whole units."""
    known = np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield start, _whole(y[start:stop])


def _whole(y: Signal) -> np.ndarray:
    return np.rint(y).astype(np.int64)


def _open(start: int, y: np.ndarray) -> str:
    return f"M{start} {y[0]}{_steps(np.diff(y), 1)}" if y.size > 1 else f"M{start} {y[0]}h0"


def _steps(rises: np.ndarray, dx: int) -> str:
    parts: list[str] = []
    for flat, run in groupby(rises.tolist(), key=lambda rise: rise == 0):
        if flat:
            parts.append(f"h{dx * sum(1 for _ in run)}")
        else:
            steps = (f"{dx}{rise}" if rise < 0 else f"{dx} {rise}" for rise in run)
            parts.append(
                "l" + "".join(s if s[0] == "-" or not i else f" {s}" for i, s in enumerate(steps))
            )
    return "".join(parts)
