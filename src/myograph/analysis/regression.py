"""A straight line through few points, how sure its slope is, and a slope no outlier can turn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from myograph.recording import Signal

FEWEST_POINTS = 3  # two give a line and no idea how sure it is
MOST_FOR_ALL_PAIRS = 2000  # 2 million pairs, 16 MB

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Line:
    """y = intercept + slope x, in the units of both.

    slope_95            low and high end of the slope's 95 % interval
    r2                  share of the variance that the line explains; 0 where y does not vary
    p                   two-sided, of a slope of 0
    robust_slope        median slope of all pairs, with the intercept that goes with it
    """

    n: int
    slope: float
    intercept: float
    slope_95: tuple[float, float]
    r2: float
    p: float
    robust_slope: float
    robust_intercept: float


def straight_line(x: Signal, y: Signal) -> Line:
    """Least squares beside Theil and Sen.

    x    (n,) never falling, at least three and not all alike
    y    (n,)

    Sen 1968, doi 10.1080/01621459.1968.10480934, for the robust slope. The interval and p are those
    of Student's t with n - 2 degrees of freedom: they take the points as independent.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - whoever fits no line does without scipy

    off_x, off_y = x - x.mean(), y - y.mean()
    spread_x, spread_y = float((off_x**2).sum()), float((off_y**2).sum())
    slope = float((off_x * off_y).sum()) / spread_x
    missed = float(((off_y - slope * off_x) ** 2).sum())
    freedom = x.size - 2
    error = float(np.sqrt(missed / freedom / spread_x))
    reach = float(stdtrit(freedom, (1 + _CONFIDENCE) / 2)) * error
    robust = _median_slope(x, y)
    return Line(
        n=x.size,
        slope=slope,
        intercept=float(y.mean() - slope * x.mean()),
        slope_95=(slope - reach, slope + reach),
        r2=1 - missed / spread_y if spread_y > 0 else 0.0,
        p=_two_sided(slope, error, freedom),
        robust_slope=robust,
        robust_intercept=float(np.median(y) - robust * np.median(x)),
    )


def _two_sided(slope: float, error: float, freedom: int) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - as above

    if error == 0:
        return 1.0 if slope == 0 else 0.0
    return 2 * float(stdtr(freedom, -abs(slope) / error))


def _median_slope(x: Signal, y: Signal) -> float:
    first, second = _pairs(x.size)
    apart = x[second] > x[first]
    first, second = first[apart], second[apart]
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))


def _pairs(n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All of them, or each point with the one half of the series later (Theil's incomplete way)."""
    if n <= MOST_FOR_ALL_PAIRS:
        return np.triu_indices(n, 1)
    half = (n + 1) // 2
    first = np.arange(n - half)
    return first, first + half
