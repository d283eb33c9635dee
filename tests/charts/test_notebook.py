"""The table below a drawing in a notebook."""

from myograph.charts.notebook import html_of
from myograph.charts.svg import element

CONTRACTION = {
    "label": "CH<1>",
    "side": None,
    "number": 3,
    "start_s": 2.0,
    "duration_s": 1.5,
    "peak": 92.3e-6,
    "rms": None,
    "mdf": None,
    "masked_share": 0.25,
}


def test_what_was_not_measured_is_a_dash_and_names_are_escaped():
    shown = html_of(element("svg"), [CONTRACTION])
    assert shown.startswith("<svg/><table><tr><th>channel</th>")
    assert (
        "<tr><td>CH&lt;1&gt;</td><td>3</td><td>2.00 s</td><td>1.50 s</td><td>92.3</td><td>–</td>"
        "<td>–</td><td>25 %</td></tr></table>"
    ) in shown


def test_what_was_measured_is_shown():
    whole = {**CONTRACTION, "side": "left", "rms": 50e-6, "mdf": 80.2, "masked_share": 0.0}
    shown = html_of("No & none.", [whole])
    assert shown.startswith("<p>No &amp; none.</p>")
    assert "<td>50.0</td><td>80</td><td/></tr>" in shown
