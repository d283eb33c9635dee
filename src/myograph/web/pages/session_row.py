"""One session as a line of a list, and what of it asks for a person's attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from myograph.db.sessions import SessionRow
from myograph.web.pages import words

UNASSIGNED: Final = "not assigned"


@dataclass(frozen=True, slots=True)
class ListRow:
    """`muscles` is the dose per muscle: ("left", "Left", "5 good of 12")."""

    row: SessionRow
    title: str
    patient: str | None
    muscles: tuple[tuple[str, str, str], ...]
    overall: float | None
    compliance: float | None
    pressure: str
    state: tuple[str, str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class Concern:
    """A rule that fired on stored numbers: which session, and the sentence with the number."""

    row: SessionRow
    title: str
    patient: str | None
    sentence: str


def rows_of(rows: Sequence[SessionRow]) -> list[ListRow]:
    return [_row(row) for row in rows]


def concerns_of(rows: Sequence[SessionRow]) -> list[Concern]:
    return [
        Concern(row, words.title_of(row), words.patient_of(row), sentence)
        for row in rows
        if row.superseded_by is None
        for sentence in _concerns(row)
    ]


def _row(row: SessionRow) -> ListRow:
    cache = row.analytics_cache or {}
    failed = row.processing_status == "failed"
    return ListRow(
        row=row,
        title=words.title_of(row),
        patient=words.patient_of(row),
        muscles=tuple(_muscle(m) for m in _muscles(cache)),
        overall=cache.get("overall"),
        compliance=cache.get("compliance"),
        pressure=_pressure(cache),
        state=words.STATES[row.processing_status],
        problem=(row.processing_error_message or "") if failed else "",
    )


def _muscles(cache: dict[str, Any]) -> list[dict[str, Any]]:
    return list(cache.get("contractions") or [])


def _muscle(muscle: dict[str, Any]) -> tuple[str, str, str]:
    side = muscle.get("side")
    name = words.short_name(str(muscle.get("channel")), side)
    of = f" of {muscle['target']}" if muscle.get("target") else ""
    good = muscle.get("good")
    done = f"{muscle.get('total')} done{of}" if good is None else f"{good} good{of}"
    return side or "neither", name, done


def _pressure(cache: dict[str, Any]) -> str:
    gate = cache.get("bfr_gate")
    return {1: "✓ in range", 0: "✕ out of range"}.get(gate, "not measured") if cache else ""


def _concerns(row: SessionRow) -> Iterator[str]:
    if row.processing_status == "failed":
        yield words.sentence(row.processing_error_message or "The recording could not be read")
        return
    cache = row.analytics_cache
    if not cache:
        return
    if row.patient_id is None and row.pseudonym is None:
        yield "No patient is assigned."
    if cache.get("bfr_gate") == 0:
        yield "Cuff pressure outside the safe range of 45 to 55 %."
    quality = cache.get("quality") or {}
    poor = sorted(label for label, verdict in quality.items() if verdict == "poor")
    if poor:
        yield f"Signal quality is poor on {' and '.join(poor)}."
    sides = {m.get("side") for m in _muscles(cache)}
    if not sides & {"left", "right"}:
        yield "Which channel lay on which leg is not known, so there is no score."
