"""What a person says of a session. It goes before what the file says, and before any default."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from myograph.errors import BadInput
from myograph.scoring.pressure import CuffPressure
from myograph.scoring.results import Side
from myograph.scoring.session import SessionInputs

Source = Literal["person", "file", "default", "none"]


@dataclass(frozen=True, slots=True)
class Entered:
    """None, or a leg that is not there: nobody said so.

    mvc_v         volts of the linear envelope
    pressures     measured by hand, per cent of arterial occlusion pressure
    series        measured by a sensor; None: that leg's cuff was never inflated
    bfr_enabled   False: no cuff was worn
    """

    rpe: int | None = None
    game_maximum: float | None = None
    target: int | None = None
    mvc_v: Mapping[Side, float] = field(default_factory=dict[Side, float])
    bfr_enabled: bool | None = None
    pressures: Mapping[Side, float] = field(default_factory=dict[Side, float])
    series: Mapping[Side, CuffPressure | None] = field(
        default_factory=dict[Side, CuffPressure | None]
    )

    def __post_init__(self) -> None:
        maximum = self.game_maximum
        if maximum is not None and not (math.isfinite(maximum) and maximum > 0):
            raise BadInput("The maximum of the game lies above 0 points.")
        if self.bfr_enabled is False and (self.pressures or self.series):
            raise BadInput("Without blood flow restriction there is no pressure to enter.")
        for side in self.series:
            if side in self.pressures:
                raise BadInput(
                    f"The pressure of the {side} leg is entered, and a series gives it as well."
                )


NOTHING_ENTERED = Entered()


def with_entered(inputs: SessionInputs, entered: Entered) -> SessionInputs:
    """The inputs of a file, and before them what a person entered."""
    measured = {
        side: None if cuff is None else cuff.percent for side, cuff in entered.series.items()
    }
    said = inputs
    if entered.rpe is not None:
        said = replace(said, rpe=entered.rpe, rpe_source="entered")
    if entered.game_maximum is not None:
        said = replace(said, game_maximum=entered.game_maximum)
    if entered.target is not None:
        said = replace(said, target=entered.target)
    if entered.bfr_enabled is not None:
        said = replace(said, bfr_enabled=entered.bfr_enabled)
    return replace(
        said,
        user_mvc_v={**said.user_mvc_v, **entered.mvc_v},
        pressures={**said.pressures, **measured, **entered.pressures},
    )


def sources_of(inputs: SessionInputs, entered: Entered) -> Mapping[str, Source]:
    """Who says what a session is scored with."""
    return {
        "target": "default" if entered.target is None else "person",
        "rpe": _source(entered.rpe, inputs.rpe),
        "game_points": _source(None, inputs.game_points),
        "game_maximum": _source(entered.game_maximum, inputs.game_maximum),
        "mvc": "person" if entered.mvc_v else "none",
        "bfr_enabled": _source(entered.bfr_enabled, inputs.bfr_enabled),
        "pressures": "person" if entered.pressures or entered.series else "none",
    }


def _source(said: float | None, known: float | None) -> Source:
    if said is not None:
        return "person"
    return "none" if known is None else "file"
