"""What in a channel is no signal of a muscle: found before any filter can smear it."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from myograph.recording import Signal, Stretch
from myograph.signal import blocks
from myograph.signal.blocks import bridged, equal_runs, runs_where
from myograph.signal.runs import (
    NONE,
    Mask,
    Runs,
    at_least,
    filled,
    lengths,
    merged,
    runs_of,
    united,
    widened,
)

_FEWEST_CELLS = 40  # fewer do not tell what is usual in a channel
_LONGEST_SPIKE_CELLS = 2
_USUAL_QUANTILE = 0.995


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as an artefact; times in seconds, see analysis/protocol.py for the defaults.

    full_scale_v    of the sensor, None where not known
    repeat_block    samples in a block that the sensor may repeat, None where it never does
    """

    equal_samples: int
    dropout_s: float
    saturation_samples: int
    saturation_share: float
    flat_s: float
    spike_cell_s: float
    spike_ratio: float
    spike_alone_s: float
    spike_neighbour_share: float
    settle_s: float
    full_scale_v: float | None = None
    repeat_block: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Artefacts:
    """Runs in samples, by the first rule that fits, and what they leave.

    limit_samples   samples at the sensor's limit outside drop-outs, in runs or not
    masked          not measured; in order and apart
    unusable        the same, widened by the settling time of the filter
    """

    dropouts: Runs
    saturated: Runs
    repeats: Runs
    flat: Runs
    spikes: Runs
    non_finite: int
    limit_samples: int
    masked: Runs
    unusable: Runs


def find_artefacts(x: Stretch, rate_hz: float, rules: Rules) -> Artefacts:
    """Non-finite samples, drop-outs, saturation, repeated blocks, flat lines and spikes.

    x    (n,) volts as recorded; may hold NaN

    Our own rules, drawn from recordings of the GHOSTLY sensor; docs/methods.md gives them.
    """
    missing = runs_where(lambda start, stop: ~np.isfinite(x[start:stop]), x.size)
    extremes = _extremes(x, missing)
    dropouts, held, flat = _equal_runs(x, rate_hz, extremes, rules)
    saturated, limit_samples = held, int(lengths(held).sum())
    if rules.full_scale_v is not None:
        limit_v = rules.saturation_share * rules.full_scale_v
        if max(map(abs, extremes)) > limit_v:
            over = _beyond(x, limit_v, dropouts)
            saturated = at_least(over, rules.saturation_samples)
            limit_samples = int(lengths(over).sum())
    repeats = NONE if rules.repeat_block is None else _repeats(x, rules.repeat_block)
    masked = united(missing, dropouts, saturated, repeats, flat)
    spikes = _spikes(x, masked, rate_hz, rules)
    masked = united(masked, spikes)
    settle = round(rules.settle_s * rate_hz)
    return Artefacts(
        dropouts=dropouts,
        saturated=saturated,
        repeats=repeats,
        flat=flat,
        spikes=spikes,
        non_finite=int(lengths(missing).sum()),
        limit_samples=limit_samples,
        masked=masked,
        unusable=united(widened(masked, settle, x.size)),
    )


def _extremes(x: Stretch, missing: Runs) -> tuple[float, float]:
    """The least and the greatest finite sample; 0 where there is none."""
    lows, highs = list[float](), list[float]()
    for start, stop in blocks.blocks(x.size):
        part = x[start:stop]
        if len(missing):
            part = part[np.isfinite(part)]
        if part.size:
            lows.append(float(part.min()))
            highs.append(float(part.max()))
    return min(lows, default=0.0), max(highs, default=0.0)


def _beyond(x: Stretch, limit_v: float, dropouts: Runs) -> Runs:
    """Runs of samples over the limit, outside drop-outs."""

    def over(start: int, stop: int) -> Mask:
        part = x[start:stop]
        lost = np.clip(dropouts - start, 0, stop - start)
        return np.isfinite(part) & (np.abs(part) > limit_v) & ~filled(lost, stop - start)

    return runs_where(over, x.size)


def _equal_runs(
    x: Stretch, rate_hz: float, extremes: tuple[float, float], rules: Rules
) -> tuple[Runs, Runs, Runs]:
    """Runs of equal samples: drop-outs and shorter ones at the extremes, flat lines elsewhere."""
    runs, values = equal_runs(x, rules.equal_samples)
    finite = np.isfinite(values)
    runs, values = runs[finite], values[finite]
    at_extreme = np.isin(values, extremes)
    dropout = at_extreme & (lengths(runs) >= rules.dropout_s * rate_hz)
    flat = at_least(runs[~at_extreme], rules.flat_s * rate_hz)
    return runs[dropout], runs[at_extreme & ~dropout], flat


def _repeats(x: Stretch, block: int) -> Runs:
    """Blocks of samples that repeat exactly the block before, unless they are constant."""

    def again(start: int, stop: int) -> Mask:
        part = x[start : stop + block]
        return part[block:] == part[:-block]

    runs = runs_where(again, x.size - block, block) + block
    parts = (x[start : start + block] for start in runs[:, 0].tolist())
    varying = [bool(np.any(part != part[0])) for part in parts]
    return runs[np.array(varying, dtype=np.bool_)]


def _spikes(x: Stretch, masked: Runs, rate_hz: float, rules: Rules) -> Runs:
    """Excursions of at most two cells that tower over the whole channel and stand alone."""
    width = max(2, round(rules.spike_cell_s * rate_hz))
    count = x.size // width
    if count < _FEWEST_CELLS or int(lengths(masked).sum()) == x.size:
        return NONE
    reach = round(rules.spike_alone_s / rules.spike_cell_s)
    height = _cell_heights(x, masked, width, reach)
    usual = min(_USUAL_QUANTILE, 1 - _LONGEST_SPIKE_CELLS / (count - 1))  # not the spike itself
    limit = rules.spike_ratio * float(np.quantile(height, usual))
    if not height.max() > limit > 0:
        return NONE
    alone = [
        run
        for run in runs_of(height > limit)
        if run[1] - run[0] <= _LONGEST_SPIKE_CELLS
        and _stands_alone(height, run, reach, rules.spike_neighbour_share)
    ]
    if not alone:
        return NONE
    return merged(widened(np.array(alone), 1, count), 0) * width


def _cell_heights(x: Stretch, masked: Runs, width: int, reach: int) -> Signal:
    """How far each cell reaches from the running median of its surroundings; 0 at the mask."""
    count = x.size // width
    high, low = np.empty(count), np.empty(count)
    y, per_block = bridged(x, masked), max(1, blocks.BLOCK // width)
    for first in range(0, count, per_block):
        last = min(count, first + per_block)
        cells = y[first * width : last * width].reshape(last - first, width)
        high[first:last], low[first:last] = cells.max(axis=1), cells.min(axis=1)
    middle = median_filter((high + low) / 2, 2 * reach + 1)
    height = np.maximum(high - middle, middle - low)
    if len(masked):
        cells = np.column_stack((masked[:, 0] // width, -(-masked[:, 1] // width)))
        whole = cells[cells[:, 0] < count]
        height[filled(widened(whole, 2, count), count)] = 0.0
    return height


def _stands_alone(height: Signal, run: Runs, reach: int, share: float) -> bool:
    """Whether nothing beside it (its direct neighbours apart) reaches `share` of it."""
    start, stop = int(run[0]), int(run[1])
    before = height[max(0, start - reach) : max(0, start - 1)]
    after = height[stop + 1 : stop + reach]
    beside = np.concatenate((before, after))
    return bool(beside.size and beside.max() < share * height[start:stop].max())
