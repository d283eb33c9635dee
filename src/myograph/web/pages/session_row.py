"""One session as a line of a list, and what of it asks for a person's attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from myograph.db.sessions import SessionRow
from myograph.web.pages import words

UNASSIGNED: Final = "not assigned"


@dataclass(frozen=True, slots=True)
class ListRow:
    """`muscles` is the good contractions of each: ("left", "Left", "5 of 12")."""

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
    """[{label, muscle, side, contractions, target, good}]"""
    return list(cache.get("muscles") or [])


def _muscle(muscle: dict[str, Any]) -> tuple[str, str, str]:
    side = muscle["side"]
    of = f" of {muscle['target']}" if muscle["target"] else ""
    good = muscle["good"]
    done = f"{muscle['contractions']} done" if good is None else f"{good}{of}"
    return side or "neither", words.short_name(muscle["label"], side), done


def _pressure(cache: dict[str, Any]) -> str:
    if not cache:
        return ""
    if cache.get("bfr_off"):
        return "no cuff worn"
    gate = cache.get("bfr_gate")
    if gate is None:
        return "not measured"
    return "✓ in range" if gate else "✕ out of range"


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
        yield "Cuff pressure was outside the safe range of 45 to 55 %."
    if cache.get("quality") == "poor":
        yield "The signal of a muscle is poor, so it has no score."
    if not any(muscle["side"] for muscle in _muscles(cache)):
        yield "Which channel lay on which leg is not known, so there is no score."
