"""Whether a muscle tired within a recording: how its contractions change with time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from myograph.analysis.protocol import Protocol
from myograph.analysis.regression import straight_line
from myograph.analysis.results import (
    ChannelMeasurement,
    Contraction,
    Fatigue,
    Quadrant,
    Regression,
    Verdict,
)
from myograph.recording import Signal

_MINUTE_S = 60.0


def fatigue_of(
    label: str,
    contractions: Sequence[Contraction],
    *,
    verdict: Verdict,
    rest_rms_v: float | None,
    protocol: Protocol,
) -> Fatigue:
    """The trend of MDF, MPF, RMS and FInsm5 over the contractions that can carry one.

    rest_rms_v    RMS of what lies between the contractions; None: there is nothing between

    Falling frequencies with a rising amplitude are what fatigue looks like in a muscle that keeps
    its force (Luttmann, Jager and Laurig 2000, Int J Ind Ergon 25:645-660).
    """
    if verdict == "poor":
        return Fatigue(reason=f"the signal of {label} is poor")
    used = [c for c in contractions if _can_be_used(c, rest_rms_v, protocol)]
    if len(used) < protocol.fatigue_fewest:
        return Fatigue(reason=_too_few(len(used), protocol))
    minutes = np.array([(c.start_s + c.end_s) / 2 for c in used]) / _MINUTE_S
    minutes -= minutes[0]
    mdf = _trend(minutes, [c.mdf_hz for c in used])
    rms = _trend(minutes, [c.rms_v for c in used])
    return Fatigue(
        mdf=mdf,
        mpf=_trend(minutes, [c.mpf_hz for c in used]),
        rms=rms,
        fi_nsm5=_trend(minutes, [c.fi_nsm5 for c in used]),
        quadrant=_quadrant(mdf.slope_per_min, rms.slope_per_min),
    )


def with_verdicts(
    channels: Sequence[ChannelMeasurement], protocol: Protocol
) -> tuple[ChannelMeasurement, ...]:
    """One test for each muscle, MDF falling, at a level shared among the muscles tested."""
    tested = sum(channel.fatigue.mdf is not None for channel in channels)
    level = protocol.fatigue_level / max(tested, 1)
    return tuple(replace(c, fatigue=_judged(c.fatigue, level)) for c in channels)


def _can_be_used(contraction: Contraction, rest_rms_v: float | None, protocol: Protocol) -> bool:
    """With its spectrum, long, clear of rest, and hardly masked."""
    if contraction.mdf_hz is None or contraction.rms_v is None or not rest_rms_v:
        return False
    clear = contraction.rms_v >= rest_rms_v * 10 ** (protocol.fatigue_snr_db / 20)
    long = contraction.duration_s >= protocol.fatigue_from_ms / 1e3
    return clear and long and contraction.masked_share <= protocol.fatigue_masked_share


def _too_few(count: int, protocol: Protocol) -> str:
    return (
        f"{count} contractions can be used and {protocol.fatigue_fewest} are needed, each of "
        f"{protocol.fatigue_from_ms / 1e3:g} s and more, {protocol.fatigue_snr_db:g} dB above rest"
    )


def _trend(minutes: Signal, values: Sequence[float | None]) -> Regression:
    line = straight_line(minutes, np.array(values, np.float64))
    low, high = (_percent_of(end, line.intercept) for end in line.slope_95)
    return Regression(
        n=line.n,
        slope_per_min=line.slope,
        intercept=line.intercept,
        slope_per_min_percent=_percent_of(line.slope, line.intercept),
        low_per_min_percent=low,
        high_per_min_percent=high,
        r2=line.r2,
        p=line.p,
        robust_slope_per_min=line.robust_slope,
        robust_slope_per_min_percent=_percent_of(line.robust_slope, line.robust_intercept),
    )


def _percent_of(slope: float, start: float) -> float | None:
    """None where the line begins at nothing: there is no share of nothing."""
    return 100 * slope / start if start > 0 else None


def _quadrant(mdf: float, rms: float) -> Quadrant | None:
    """By the signs alone: how sure they are is said by the intervals."""
    if mdf == 0 or rms == 0:
        return None
    if mdf < 0:
        return "fatigue" if rms > 0 else "less_force"
    return "more_force" if rms > 0 else "recovery"


def _judged(fatigue: Fatigue, level: float) -> Fatigue:
    mdf = fatigue.mdf
    if mdf is None:
        return fatigue
    falls = mdf.slope_per_min < 0 and mdf.p < level
    return replace(fatigue, level=level, mdf_falls=falls, sentence=_sentence(mdf, falls=falls))


def _sentence(mdf: Regression, *, falls: bool) -> str:
    change, low, high = (
        mdf.slope_per_min_percent,
        mdf.low_per_min_percent,
        mdf.high_per_min_percent,
    )
    if change is None or low is None or high is None:
        return "MDF falls." if falls else "No fall of MDF is shown."
    if falls:
        interval = f"95 % CI {one_decimal(-high)} to {one_decimal(-low)}"
        return f"MDF falls by {one_decimal(-change)} %/min ({interval})."
    interval = f"95 % CI {one_decimal(low)} to {one_decimal(high)}"
    return f"No fall of MDF is shown: {one_decimal(change)} %/min ({interval})."


def one_decimal(value: float) -> str:
    """With a true minus sign."""
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")
