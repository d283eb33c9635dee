"""What is rest and what stands above it: the levels between which contractions are found."""

from dataclasses import dataclass
from math import log10

import numpy as np

from myograph.analysis.protocol import Protocol
from myograph.recording import Signal
from myograph.signal.runs import Mask

_BINS = 256
_STRONG_QUANTILE = 0.95
_ONE_SD_BELOW = 0.16  # quantile
_STRETCH_S = 30.0  # in each of which a muscle rests now and then
_QUIET_QUANTILE = 0.03
_LEAST_QUIET_S = 0.5


@dataclass(frozen=True, slots=True)
class Levels:
    """All in dB re 1 V of RMS.

    rest_db     the middle of the quieter class
    on_db       where a contraction begins to be one
    off_db      where its edges lie
    """

    rest_db: float
    on_db: float
    off_db: float

    @property
    def rest_v(self) -> float:
        return volts(self.rest_db)

    @property
    def threshold_v(self) -> float:
        return volts(self.on_db)


def levels_of(level_db: Signal, protocol: Protocol) -> Levels:
    """Rest and thresholds of a channel, from the level of its usable cells.

    Otsu's cut names the quieter class and no more: as the threshold itself it fails where a muscle
    works most of the time. The spread of rest is that of its lower half, which activity never
    reaches.
    """
    quieter = level_db[level_db <= two_class_cut(level_db)]
    rest_db, low_db = map(float, np.quantile(quieter, (0.5, _ONE_SD_BELOW)))
    least_db, most_db = protocol.threshold_db
    above_db = protocol.threshold_spreads * (rest_db - low_db)
    on_db = rest_db + min(max(above_db, least_db), most_db)
    active = level_db[level_db > on_db]
    if active.size:
        strong_db = float(np.quantile(active, _STRONG_QUANTILE))
        on_db = max(on_db, strong_db + 20 * log10(protocol.threshold_share))
    rest_v, on_v = volts(rest_db), volts(on_db)
    off_v = rest_v + protocol.off_share * (on_v - rest_v)
    return Levels(rest_db, on_db, 20 * log10(off_v))


def rest_range_db(level_db: Signal, free: Mask, cell_s: float) -> float:
    """How far apart rest lies in the quietest and the loudest 30 s; 0 where there is one alone.

    level_db    (m,) of all cells
    free        (m,) cells that are usable and lie outside contractions

    Rest is the 3rd percentile here: white noise keeps it within 0.1 dB, and holds that leave a
    second of pause in ten within 0.8 dB.
    """
    stretches = max(1, round(level_db.size * cell_s / _STRETCH_S))
    parts = zip(np.array_split(level_db, stretches), np.array_split(free, stretches), strict=True)
    quiet = [part[use] for part, use in parts if np.count_nonzero(use) * cell_s >= _LEAST_QUIET_S]
    rests_db = [float(np.quantile(levels_db, _QUIET_QUANTILE)) for levels_db in quiet]
    return max(rests_db) - min(rests_db) if rests_db else 0.0


def two_class_cut(values: Signal) -> float:
    """The cut that separates two classes best (Otsu 1979, doi 10.1109/TSMC.1979.4310076).

    The middle of the cut where several are equally good.
    """
    counts, edges = np.histogram(values, _BINS)
    below = np.cumsum(counts) / counts.sum()
    moment = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2) / counts.sum()
    weight = below * (1 - below)
    between = np.divide(
        (moment[-1] * below - moment) ** 2, weight, out=np.zeros(_BINS), where=weight > 0
    )
    best = between >= between.max() * (1 - 1e-9)
    return float(edges[1:][best].mean())


def volts(level_db: float) -> float:
    return 10 ** (level_db / 20)
