"""A result in a notebook: its drawing, and its contractions as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from myograph.charts.numbers import clock, decimal, duration, microvolts
from myograph.charts.svg import Svg, element, group

_HEADINGS = ("channel", "#", "start", "held", "peak µV", "RMS µV", "MDF Hz", "masked")
_NO_NUMBER = "–"


def html_of(picture: str, contractions: Sequence[Mapping[str, Any]]) -> str:
    """picture: an SVG document, or a sentence that says why there is none."""
    head = element("tr", *(element("th", heading) for heading in _HEADINGS))
    rows = [element("tr", *(element("td", cell) for cell in _cells(c))) for c in contractions]
    return group(_picture(picture), element("table", head, *rows))


def _picture(picture: str) -> Svg:
    return picture if isinstance(picture, Svg) else element("p", picture)


def _cells(contraction: Mapping[str, Any]) -> tuple[str, ...]:
    rms_v, mdf_hz, masked = (contraction[name] for name in ("rms", "mdf", "masked_share"))
    return (
        " ".join(filter(None, (contraction["label"], contraction["side"]))),
        f"{contraction['number']}",
        clock(contraction["start_s"], 2),
        duration(contraction["duration_s"]),
        microvolts(contraction["peak"]),
        _NO_NUMBER if rms_v is None else microvolts(rms_v),
        _NO_NUMBER if mdf_hz is None else decimal(mdf_hz, 0),
        f"{decimal(100 * masked, 0)} %" if masked else "",
    )
