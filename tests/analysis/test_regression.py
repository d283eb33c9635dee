"""A straight line against SciPy's own."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from myograph.analysis import regression
from myograph.analysis.regression import straight_line


def points(n, seed, noise=1.0, scale=1.0):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.05, 1, n))
    return x, scale * (5 - 0.3 * x + noise * rng.standard_normal(n))


@pytest.mark.parametrize("n", [3, 6, 7, 40])
@pytest.mark.parametrize("scale", [1.0, 1e-13])
def test_the_line_is_scipys(n, scale):
    x, y = points(n, seed=n, scale=scale)
    line, least, robust = straight_line(x, y), stats.linregress(x, y), stats.theilslopes(y, x)
    reach = stats.t.ppf(0.975, n - 2) * least.stderr
    assert line.n == n
    assert line.slope == pytest.approx(least.slope, rel=1e-9)
    assert line.intercept == pytest.approx(least.intercept, rel=1e-9)
    assert line.r2 == pytest.approx(least.rvalue**2, rel=1e-9)
    assert line.p == pytest.approx(least.pvalue, rel=1e-9)
    assert line.slope_95 == pytest.approx((least.slope - reach, least.slope + reach), rel=1e-9)
    assert line.robust_slope == pytest.approx(robust.slope, rel=1e-9)
    assert line.robust_intercept == pytest.approx(robust.intercept, rel=1e-9)


def test_points_at_one_moment_say_nothing_of_the_slope():
    x, y = np.array([0.0, 1, 1, 2, 5]), np.array([1.0, 2, 4, 4, 5])
    line, least, robust = straight_line(x, y), stats.linregress(x, y), stats.theilslopes(y, x)
    assert line.slope == pytest.approx(least.slope)
    assert line.p == pytest.approx(least.pvalue)
    assert line.robust_slope == pytest.approx(robust.slope)


def test_an_exact_line_leaves_no_doubt():
    line = straight_line(np.arange(6.0), 3 - 2 * np.arange(6.0))
    assert (line.slope, line.intercept, line.r2, line.p) == (-2, 3, 1, 0)
    assert line.slope_95 == (-2, -2)


def test_what_does_not_change_has_no_slope():
    line = straight_line(np.arange(6.0), np.full(6, 7.0))
    assert (line.slope, line.r2, line.p, line.robust_slope) == (0, 0, 1, 0)


def test_an_outlier_turns_the_line_and_not_the_robust_slope():
    x = np.arange(20.0)
    y = 50 - x
    y[-1] = 500
    line = straight_line(x, y)
    assert line.slope > 0
    assert line.robust_slope == pytest.approx(-1)


def test_very_many_points_need_no_memory_for_all_pairs():
    n = regression.MOST_FOR_ALL_PAIRS + 1
    x, y = points(n, seed=1)
    assert len(regression._pairs(n)[0]) == n // 2
    all_pairs = stats.theilslopes(y, x).slope
    assert straight_line(x, y).robust_slope == pytest.approx(all_pairs, rel=1e-3)


@given(
    st.integers(3, 12),
    st.integers(0, 1000),
    st.floats(1e-3, 1e3),
    st.floats(-100, 100),
)
def test_units_change_the_slope_alone(n, seed, factor, offset):
    x, y = points(n, seed)
    line, other = straight_line(x, y), straight_line(x, factor * y + offset)
    assert other.slope == pytest.approx(factor * line.slope, rel=1e-6, abs=1e-9 * factor)
    assert other.p == pytest.approx(line.p, rel=1e-4, abs=1e-9)


def test_lines_need_nothing_of_scipy_stats():
    code = "import sys, myograph.analysis.regression; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
