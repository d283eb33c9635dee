from xml.etree import ElementTree as ET

import numpy as np
import pytest

from myograph.charts.bars import bar, sparkline
from tests.charts.path_points import points


@pytest.mark.parametrize(
    ("share", "width"), [(0.0, "0%"), (0.872, "87.2%"), (1.0, "100%"), (1.4, "100%"), (-1, "0%")]
)
def test_a_bar_is_filled_by_its_share_and_no_further(share, width):
    _, filled = ET.fromstring(bar(share, kind="good"))  # noqa: S314 - our own drawing
    assert filled.attrib["width"] == width
    assert filled.attrib["class"] == "filled good"


def test_a_sparkline_reaches_from_top_to_bottom_whatever_the_unit():
    drawn = sparkline(np.array([2e-6, 8e-6, 5e-6]), kind="left", height=20)
    [[first, second, third]] = points(ET.fromstring(drawn)[0].attrib["d"])  # noqa: S314 - our own drawing
    assert (first, second, third) == ((0, 39), (1, 1), (2, 20))


def test_a_flat_sparkline_is_a_flat_line():
    drawn = sparkline(np.full(5, 3e-6), kind="left")
    assert {y for _, y in points(ET.fromstring(drawn)[0].attrib["d"])[0]} == {1}  # noqa: S314 - our own drawing


def test_there_is_no_sparkline_of_nothing_measured():
    assert sparkline(np.array([np.nan, np.nan]), kind="left") == ""
