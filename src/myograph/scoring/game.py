"""Points won in the game."""


def game_score(points: float | None, maximum: float | None) -> float | None:
    """0..100 of the maximum; None where either is unknown. 0 points are a real score."""
    if points is None or maximum is None or maximum <= 0:
        return None
    return min(100.0, max(0.0, points / maximum * 100))


def why_no_game_score(points: float | None) -> str:
    """Of a game without a score."""
    if points is None:
        return "the points are not known"
    return f"{points:g} points, of a maximum that is not known"
