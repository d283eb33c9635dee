"""One number out of four, over what is known."""

from collections.abc import Mapping

from myograph.scoring.results import Component


def overall_score(
    components: Mapping[Component, float | None], weights: Mapping[Component, float]
) -> tuple[float | None, Mapping[Component, float]]:
    """The weighted mean, and the weights as used: those of missing components go to the rest.

    Without compliance there is no overall score, and no weights.
    """
    known: dict[Component, float] = {
        name: value for name, value in components.items() if value is not None
    }
    total = sum(weights[name] for name in known)
    if "compliance" not in known or total <= 0:
        return None, {}
    used: dict[Component, float] = {name: weights[name] / total for name in known}
    return sum(used[name] * value for name, value in known.items()), used
