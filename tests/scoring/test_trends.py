"""From session to session: what may be compared, and what is said where it hardly may."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from myograph.scoring.trends import Point, alike_overall, trend_of

START = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - local time
POINT = Point(START, 80.0, "2026.2")


def points(*values, **known):
    """One each day."""
    return [
        replace(POINT, at=START + timedelta(days=day), value=value, **known)
        for day, value in enumerate(values)
    ]


def test_the_line_is_per_week():
    trend = trend_of(points(80.0, 81.0, 83.0, 82.0))
    line = stats.linregress(np.arange(4) / 7, [80, 81, 83, 82])
    assert trend.line.n == 4
    assert trend.line.slope == pytest.approx(line.slope)
    assert trend.line.intercept == pytest.approx(line.intercept)
    assert trend.line.p == pytest.approx(line.pvalue)
    assert trend.line.slope_95[0] < line.slope < trend.line.slope_95[1]
    assert (trend.left_out, trend.marks, trend.reason) == (0, (), None)


def test_the_order_in_which_sessions_are_told_is_of_no_matter():
    made = points(80.0, 81.0, 83.0, 82.0)
    assert trend_of(made[::-1]) == trend_of(made)


def test_what_was_not_measured_is_no_point():
    trend = trend_of(points(80.0, None, 84.0, None))
    assert [p.value for p in trend.used] == [80.0, 84.0]
    assert trend.line is None
    assert trend.left_out == 0
    assert trend.reason == "2 sessions can be compared and 3 are needed"
    assert trend_of(points(80.0, None, 84.0, 85.0)).line.n == 3


def test_nothing_measured_is_no_trend():
    trend = trend_of([])
    assert (trend.used, trend.line) == ((), None)
    assert trend.reason == "0 sessions can be compared and 3 are needed"


def test_sessions_of_one_moment_have_no_course():
    trend = trend_of([POINT] * 3)
    assert (trend.line, trend.reason) == (None, "all sessions are of one moment")
    assert trend_of([POINT, POINT, *points(80.0, 81.0)[1:]]).line.n == 3


def test_overall_scores_are_compared_with_those_made_like_the_latest():
    old = alike_overall(["compliance", "game"], "default", 1)
    new = alike_overall(["symmetry", "compliance"], "default", 1)
    made = points(10.0, 90.0, 91.0, 92.0, alike=new)
    made[0] = replace(made[0], alike=old)
    trend = trend_of(made)
    assert trend.line.slope == pytest.approx(7)
    assert trend.left_out == 1
    assert trend.marks == ("1 session is left out: not made like the latest",)
    made[1] = replace(made[1], alike=old)
    assert trend_of(made).marks == ("2 sessions are left out: not made like the latest",)
    assert trend_of(made).line is None


@pytest.mark.parametrize(
    ("components", "configuration", "version", "same"),
    [
        (["compliance", "symmetry"], "default", 1, True),
        (["symmetry", "compliance"], "default", 1, True),
        (["compliance"], "default", 1, False),
        (["compliance", "symmetry"], "ghostly-trial", 1, False),
        (["compliance", "symmetry"], "default", 2, False),
    ],
)
def test_scores_are_alike_by_components_and_configuration(components, configuration, version, same):
    reference = alike_overall(["compliance", "symmetry"], "default", 1)
    assert (alike_overall(components, configuration, version) == reference) is same


def test_other_methods_and_references_are_marked_and_not_left_out():
    made = points(80.0, 81.0, 83.0, mvc_source="user_defined")
    made[0] = replace(made[0], method="2026.1")
    made[2] = replace(made[2], mvc_source=None)
    trend = trend_of(made)
    assert trend.line.n == 3
    assert trend.marks == (
        "methods differ: 2026.1, 2026.2",
        "sources of the MVC differ: none, user_defined",
    )


def test_what_was_left_out_is_no_disagreement():
    made = points(10.0, 90.0, 91.0, 92.0)
    made[0] = replace(made[0], alike="other", method="2025.1")
    assert trend_of(made).marks == ("1 session is left out: not made like the latest",)
