"""What else in a recording speaks of its sampling rate."""

from collections.abc import Sequence

import numpy as np

from myograph.analysis.protocol import Protocol
from myograph.analysis.results import RateEvidence
from myograph.recording import Facts, Finding, Stretch
from myograph.signal.grid import Grid
from myograph.signal.mains import Line, Search, clear_line

_EARLIEST_S, _LATEST_S = -1.0, 2.0  # the game's clock starts and stops within these


def line_of(samples: Stretch, grid: Grid, protocol: Protocol) -> Line | None:
    """The channel's mains line where it is clear, sought in the quieter half of its windows.

    samples    (n,) unfiltered, bridged
    """
    cells = round(protocol.line_window_s / grid.cell_s)
    firsts = np.arange(0, grid.size - cells + 1, max(1, cells // 2))
    power = np.zeros(grid.size + 1)
    np.cumsum(grid.square, out=power[1:])
    quietest = np.argsort(power[firsts + cells] - power[firsts], kind="stable")
    firsts = firsts[quietest[: max(3, firsts.size // 2)]]
    return clear_line(
        samples,
        grid.samples_at(firsts),
        round(protocol.line_window_s * grid.rate_hz),
        rate_hz=grid.rate_hz,
        search=Search(protocol.mains_hz, protocol.line_search, protocol.line_db),
    )


def rate_evidence(facts: Facts, implied_hz: float | None, protocol: Protocol) -> RateEvidence:
    game_s = None if facts.game is None else facts.game.duration_seconds
    used_hz = facts.rate.used_hz
    return RateEvidence(
        game_duration_s=game_s,
        duration_s=facts.duration_s,
        duration_agrees=(
            None if game_s is None else _EARLIEST_S <= facts.duration_s - game_s <= _LATEST_S
        ),
        implied_rate_hz=implied_hz,
        implied_rate_agrees=(
            None
            if implied_hz is None
            else abs(implied_hz - used_hz) <= protocol.rate_tolerance * used_hz
        ),
    )


def clearest(lines: Sequence[Line]) -> float | None:
    """The rate that the clearest line of all channels implies."""
    best = max(lines, key=lambda line: line.above_db, default=None)
    return None if best is None else best.implied_rate_hz


def contradictions(evidence: RateEvidence, facts: Facts) -> tuple[Finding, ...]:
    """One finding for each witness that speaks against the rate used."""
    used_hz = facts.rate.used_hz
    found: list[Finding] = []
    if evidence.duration_agrees is False:
        found.append(
            Finding(
                "duration_contradicts_rate",
                f"The game says it lasted {evidence.game_duration_s} s; at {used_hz:g} Hz the "
                f"recording lasts {evidence.duration_s:.1f} s.",
            )
        )
    if evidence.implied_rate_agrees is False:
        found.append(
            Finding(
                "mains_contradicts_rate",
                f"The mains hum lies where a rate of {evidence.implied_rate_hz:.0f} Hz would put "
                f"it, not {used_hz:g} Hz.",
            )
        )
    return tuple(found)
