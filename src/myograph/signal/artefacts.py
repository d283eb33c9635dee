"""What in a channel is no signal of a muscle: found before any filter can smear it."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, median_filter

from myograph.recording import Signal
from myograph.signal.runs import (
    NONE,
    Mask,
    Runs,
    at_least,
    filled,
    lengths,
    merged,
    runs_of,
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
    mask            (n,) not measured; None: every sample is good
    unusable        (n,) the same, widened by the settling time of the filter
    """

    dropouts: Runs
    saturated: Runs
    repeats: Runs
    flat: Runs
    spikes: Runs
    non_finite: int
    limit_samples: int
    mask: Mask | None
    unusable: Mask | None


def find_artefacts(x: Signal, rate_hz: float, rules: Rules) -> Artefacts:
    """Non-finite samples, drop-outs, saturation, repeated blocks, flat lines and spikes.

    x    (n,) volts as recorded; may hold NaN

    Our own rules, drawn from recordings of the GHOSTLY sensor; docs/methods.md gives them.
    """
    finite = np.isfinite(x)
    whole = bool(finite.all())
    extremes = _extremes(x if whole else x[finite])
    dropouts, held, flat = _equal_runs(x, rate_hz, extremes, rules)
    saturated, limit_samples = held, int(lengths(held).sum())
    if rules.full_scale_v is not None:
        limit_v = rules.saturation_share * rules.full_scale_v
        if max(map(abs, extremes)) > limit_v:
            over = finite & (np.abs(x) > limit_v) & ~filled(dropouts, x.size)
            saturated = at_least(runs_of(over), rules.saturation_samples)
            limit_samples = int(np.count_nonzero(over))
    repeats = NONE if rules.repeat_block is None else _repeats(x, rules.repeat_block)
    mask = _with(
        None if whole else ~finite, np.concatenate((dropouts, saturated, repeats, flat)), x.size
    )
    spikes = _spikes(x, mask, rate_hz, rules)
    mask = _with(mask, spikes, x.size)
    settle = round(rules.settle_s * rate_hz)
    return Artefacts(
        dropouts=dropouts,
        saturated=saturated,
        repeats=repeats,
        flat=flat,
        spikes=spikes,
        non_finite=x.size - int(np.count_nonzero(finite)),
        limit_samples=limit_samples,
        mask=mask,
        unusable=None if mask is None else widened_mask(mask, settle),
    )


def bridged(x: Signal, mask: Mask | None) -> Signal:
    """`x` with a straight line across each masked run; level at the ends. `x` where no mask is.

    mask    not everywhere true
    """
    if mask is None or not mask.any():
        return x
    runs = runs_of(mask)
    anchors = np.unique(np.column_stack((runs[:, 0] - 1, runs[:, 1])))
    anchors = anchors[(anchors >= 0) & (anchors < x.size)]
    y = x.copy()
    places = np.flatnonzero(mask)
    y[places] = np.interp(places, anchors, x[anchors])
    return y


def widened_mask(mask: Mask, by: int) -> Mask:
    """Every masked run longer by `by` samples on both sides."""
    return filled(widened(runs_of(mask), by, mask.size), mask.size)


def _extremes(x: Signal) -> tuple[float, float]:
    return (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)


def _with(mask: Mask | None, runs: Runs, size: int) -> Mask | None:
    """The mask with the runs in it; None where there is still nothing to mask."""
    if not len(runs):
        return mask
    return filled(runs, size) if mask is None else mask | filled(runs, size)


def _equal_runs(
    x: Signal, rate_hz: float, extremes: tuple[float, float], rules: Rules
) -> tuple[Runs, Runs, Runs]:
    """Runs of equal samples: drop-outs and shorter ones at the extremes, flat lines elsewhere."""
    runs = runs_of(x[1:] == x[:-1])
    runs[:, 1] += 1
    runs = at_least(runs, rules.equal_samples)
    runs = runs[np.isfinite(x[runs[:, 0]])]
    at_extreme = np.isin(x[runs[:, 0]], extremes)
    dropout = at_extreme & (lengths(runs) >= rules.dropout_s * rate_hz)
    flat = at_least(runs[~at_extreme], rules.flat_s * rate_hz)
    return runs[dropout], runs[at_extreme & ~dropout], flat


def _repeats(x: Signal, block: int) -> Runs:
    """Blocks of samples that repeat exactly the block before, unless they are constant."""
    again = at_least(runs_of(x[block:] == x[:-block]), block) + block
    varying = [bool(np.any(x[start : start + block] != x[start])) for start, _ in again]
    return again[np.array(varying, dtype=np.bool_)]


def _spikes(x: Signal, mask: Mask | None, rate_hz: float, rules: Rules) -> Runs:
    """Excursions of at most two cells that tower over the whole channel and stand alone."""
    width = max(2, round(rules.spike_cell_s * rate_hz))
    count = x.size // width
    if count < _FEWEST_CELLS or (mask is not None and mask.all()):
        return NONE
    reach = round(rules.spike_alone_s / rules.spike_cell_s)
    height = _cell_heights(x, mask, width, reach)
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


def _cell_heights(x: Signal, mask: Mask | None, width: int, reach: int) -> Signal:
    """How far each cell reaches from the running median of its surroundings; 0 at the mask."""
    count = x.size // width
    cells = bridged(x, mask)[: count * width].reshape(count, width)
    high, low = cells.max(axis=1), cells.min(axis=1)
    middle = median_filter((high + low) / 2, 2 * reach + 1)
    height = np.maximum(high - middle, middle - low)
    if mask is not None:
        masked: Mask = np.any(mask[: count * width].reshape(count, width), axis=1)
        height[binary_dilation(masked, iterations=2)] = 0.0
    return height


def _stands_alone(height: Signal, run: Runs, reach: int, share: float) -> bool:
    """Whether nothing beside it (its direct neighbours apart) reaches `share` of it."""
    start, stop = int(run[0]), int(run[1])
    before = height[max(0, start - reach) : max(0, start - 1)]
    after = height[stop + 1 : stop + reach]
    beside = np.concatenate((before, after))
    return bool(beside.size and beside.max() < share * height[start:stop].max())
