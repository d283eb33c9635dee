from xml.etree import ElementTree as ET

import pytest

from myograph.charts.svg import Svg, element, group, percent


def test_text_and_attributes_from_outside_cannot_become_markup():
    made = element("text", '<script>"&', data_label="\"'><script>")
    read = ET.fromstring(made)  # noqa: S314 - our own drawing
    assert read.text == '<script>"&'
    assert read.attrib == {"data-label": "\"'><script>"}


def test_elements_within_elements_are_kept_as_they_are():
    assert element("g", element("line", x1=0)) == '<g><line x1="0"/></g>'


def test_text_beside_elements_is_escaped_in_a_group_too():
    assert group(element("b"), "<") == "<b/>&lt;"


def test_an_attribute_that_is_none_is_left_out():
    assert element("a", href=None, class_="x", aria_label="y") == '<a class="x" aria-label="y"/>'


@pytest.mark.parametrize(
    ("value", "written"),
    [(12, "12"), (100.0, "100"), (0.5, "0.5"), (-0.5, "-0.5"), (-0.001, "0"), (12.346, "12.35")],
)
def test_numbers_are_written_as_short_as_a_screen_needs(value, written):
    assert element("r", x=value) == f'<r x="{written}"/>'


def test_a_place_is_finer_than_a_pixel():
    assert percent(1 / 3) == "33.33%"


def test_markup_says_so_to_templates():
    assert Svg("<g/>").__html__() == "<g/>"
