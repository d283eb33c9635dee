"""Deliveries in words: what came, and what became of it."""

from dataclasses import dataclass
from typing import Final

from myograph.db.outbox import Stuck
from myograph.db.upload_events import Outcome, UploadEvent
from myograph.web.pages import words

OUTCOMES: Final[dict[Outcome, str]] = {
    "created": "new session",
    "duplicate": "known already",
    "renamed": "moved",
    "restored": "there again",
    "late": "an older version, told late",
    "gone": "removed from the store",
    "ignored": "ignored",
}
REASONS: Final = {
    "other_bucket": "not one of our buckets",
    "not_c3d": "not a .c3d file",
    "unchanged": "the file did not change",
    "not_an_object": "not about a file",
    "other_event": "neither stored nor removed",
    "moved": "the other half of a move",
    "bad_name": "a name that cannot be read",
    "no_such_object": "not in the store",
    "still_there": "still in the store",
}
SHAPES: Final = {
    "database_webhook": "Supabase",
    "s3": "S3",
    "cloudevents": "CloudEvents",
    "storage_webhook": "Supabase Storage",
    "page": "upload page",
    "outbox": "outbox",
    "sweep": "sweep",
    "simulate": "simulation",
    "cli": "command",
}
TASKS: Final = {
    "analyse_session": "analyses",
    "extract_metadata": "headers to read",
    "rescore_session": "new scorings",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery. `state`: class, glyph and words of its session; None: it has none."""

    event: UploadEvent
    how: str
    outcome: str
    state: tuple[str, str, str] | None
    sentence: str


def line(event: UploadEvent) -> Line:
    outcome = OUTCOMES[event.outcome]
    if event.outcome == "ignored" and event.reason:
        outcome = f"{outcome}: {REASONS.get(event.reason, event.reason)}"
    return Line(
        event=event,
        how=SHAPES.get(event.shape or "", event.shape or ""),
        outcome=outcome,
        state=words.STATES[event.session_status] if event.session_status else None,
        sentence=words.sentence(event.sentence or "") if event.session_status == "failed" else "",
    )


_CHANGES: Final = {"INSERT": "stored", "UPDATE": "overwritten or moved", "DELETE": "removed"}


def change(stuck: Stuck) -> tuple[Stuck, str, str]:
    """With what happened to the file, and why that could not be dealt with."""
    return stuck, _CHANGES[stuck.operation], words.sentence(stuck.problem)
