"""Words for scores. They name; they advise nothing."""

_OVERALL = (
    (90.0, "target achieved"),
    (80.0, "adequate"),
    (70.0, "below target"),
    (60.0, "poor"),
    (0.0, "inadequate"),
)
_SYMMETRY = (
    (90.0, "within normal limits"),
    (80.0, "acceptable"),
    (70.0, "moderate"),
    (0.0, "significant"),
)
_ADHERENCE = (
    (85.0, "excellent"),
    (70.0, "good"),
    (50.0, "moderate"),
    (0.0, "poor"),
)


def overall_category(score: float) -> str:
    return _category(score, _OVERALL)


def symmetry_category(score: float) -> str:
    """The word for the asymmetry that a symmetry score of 0..100 means."""
    return _category(score, _SYMMETRY)


def adherence_category(percent: float) -> str:
    return _category(percent, _ADHERENCE)


def as_shown(score: float) -> float:
    """With one decimal, as people read it: nobody sees a 90.0 that is not yet 90."""
    return float(f"{score:.1f}")


def _category(score: float, table: tuple[tuple[float, str], ...]) -> str:
    return next(word for least, word in table if as_shown(score) >= least)
