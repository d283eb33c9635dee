"""What others were told of sessions, in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from myograph.db.outgoing import Outgoing, State, Type

_STATES: Final[dict[State, tuple[str, str, str]]] = {
    "waiting": ("", "…", "Waiting"),
    "sent": ("good", "✓", "Taken"),
    "dead": ("alert", "✕", "Given up"),
}
_TOLD: Final[dict[Type, str]] = {"session.analysed": "analysed", "session.failed": "not processed"}


@dataclass(frozen=True, slots=True)
class Line:
    """One event. state: class, glyph and words. again: it may be sent once more."""

    event: Outgoing
    what: str
    state: tuple[str, str, str]
    again: bool


def lines(events: Sequence[Outgoing], targets: Collection[str]) -> list[Line]:
    """Whoever is told no longer is not offered to be told again: it would wait for ever."""
    return [
        Line(
            event=event,
            what=_TOLD[event.type],
            state=_STATES[event.state],
            again=event.state == "dead" and event.target in targets,
        )
        for event in events
    ]
