"""How far a recording is, as four steps that people understand."""

from dataclasses import dataclass
from typing import Literal

from myograph.db.sessions import State

Progress = Literal["done", "now", "waiting", "stopped"]
GLYPH: dict[Progress, str] = {"done": "✓", "now": "…", "waiting": "○", "stopped": "✕"}


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    progress: Progress

    @property
    def glyph(self) -> str:
        return GLYPH[self.progress]

    @property
    def words(self) -> str:
        """For who does not see the glyph."""
        return {"done": "done", "now": "now", "waiting": "not yet", "stopped": "stopped here"}[
            self.progress
        ]


def stages(status: State, *, has_technical: bool) -> tuple[Stage, ...]:
    """received, read, processed, scored: up to the first that is not done.

    has_technical   the file's first blocks were read
    """
    done = {"completed": 4, "reprocessing": 3}.get(status, 2 if has_technical else 1)
    following: Progress = "stopped" if status == "failed" else "now"
    names = ("received", "read", "processed", "scored")
    return tuple(
        Stage(name, "done" if i < done else following if i == done else "waiting")
        for i, name in enumerate(names)
    )
