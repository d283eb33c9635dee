"""Perceived exertion (RPE, 0 to 10) against what the therapy aims at."""

from collections.abc import Mapping

from myograph.errors import BadInput


def effort_score(rpe: float | None, scores: Mapping[int, float]) -> float | None:
    """0..100 by the table of the configuration; None where nobody was asked.

    The scale is a category ratio scale (Borg 1982, Med Sci Sports Exerc 14(5):377-381); its
    wording is licensed, so it is shown as numbers.
    """
    if rpe is None:
        return None
    if rpe not in scores:
        raise BadInput(f"An RPE is a whole number from 0 to 10, not {rpe:g}.")
    return scores[int(rpe)]
