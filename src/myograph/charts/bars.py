"""Small drawings beside numbers."""

import numpy as np

from myograph.charts import paths
from myograph.charts.svg import Svg, element, percent
from myograph.recording import Signal


def bar(share: float, *, kind: str) -> Svg:
    """How much of the whole: 0.872 fills 87.2 %. `kind` is the class that colours it.

    Says nothing by itself to who does not see it: the number stands beside it.
    """
    filled = min(max(share, 0.0), 1.0)
    return element(
        "svg",
        element("rect", width="100%", height=6, rx=3, class_="rail"),
        element("rect", width=percent(filled), height=6, rx=3, class_=f"filled {kind}"),
        class_="bar",
        width="100%",
        height=6,
        aria_hidden="true",
    )


def sparkline(y: Signal, *, kind: str, height: int = 24) -> Svg:
    """The course of `y` (n,) from its lowest to its highest; one column each. NaN leaves a gap."""
    known = y[np.isfinite(y)]
    if not known.size:
        return Svg()
    low, high = float(known.min()), float(known.max())
    span = high - low or 1.0
    units = 1 + (high - y) / span * (2 * height - 2)
    return element(
        "svg",
        element("path", d=paths.line(units)),
        class_=f"sparkline {kind}",
        width="100%",
        height=height,
        viewBox=f"0 0 {max(y.size - 1, 1)} {2 * height}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
