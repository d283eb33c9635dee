"""What the cuff of a leg did, in words."""

from collections.abc import Iterator

from myograph.charts.numbers import decimal, duration
from myograph.scoring.pressure import TARGET_PERCENT, CuffPressure
from myograph.scoring.results import Side


def cuff_lines(side: Side, percent: float | None, cuff: CuffPressure | None) -> Iterator[str]:
    """In per cent of occlusion pressure.

    percent    None: not measured
    cuff       of a series; None: the pressure was entered by hand
    """
    if cuff is not None:
        yield from _series_lines(side, cuff)
    elif percent is not None:
        yield f"{side} cuff: {decimal(percent, 1)} % of occlusion pressure, as entered"


def _series_lines(side: Side, cuff: CuffPressure) -> Iterator[str]:
    yield (
        f"{side} cuff: {decimal(cuff.percent, 1)} % of occlusion pressure in the middle of "
        f"{duration(cuff.inflated_s)}, stability {decimal(cuff.stability, 3)}, "
        f"at most {decimal(cuff.deviation_percent, 1)} % off {TARGET_PERCENT:g} %"
    )
    if cuff.violations:
        times = "once" if cuff.violations == 1 else f"{cuff.violations} times"
        word = ": a violation" if cuff.violated else ""
        share = f"{decimal(100 * cuff.outside_share, 0)} % of the time"
        yield f"{side} cuff: outside {times} for {duration(cuff.violation_s)}, {share}{word}"
