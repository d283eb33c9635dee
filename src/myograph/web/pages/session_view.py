"""What the page of a session shows, from what is stored of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myograph.charts.numbers import decimal
from myograph.charts.signal_view import GLYPH, Reached
from myograph.db import recovery
from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages import cuffs, fatigue, prescribed, words
from myograph.web.pages.contraction_edits import (
    SaidEdit,
    choices,
    edit_lines,
    signature,
    signed,
)
from myograph.web.pages.contraction_numbers import HEADS, numbers_of
from myograph.web.pages.loaded import Loaded
from myograph.web.pages.more_numbers import tables_of
from myograph.web.pages.muscles import muscle_rows
from myograph.web.pages.quality import quality_rows
from myograph.web.pages.scorecard import scorecard
from myograph.web.pages.scored_with import scored_with
from myograph.web.pages.stages import stages
from myograph.web.pages.windows import Wish, around, written


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table of contractions."""

    key: str
    who: str
    side: str
    row: ContractionRow
    reached: Reached
    glyph: str
    targets: str
    start: str
    stop: str
    address: str
    edited: str
    edited_at: datetime | None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """The form as it was filled in; an empty field says nothing."""

    patient: str = ""
    left: str = ""
    right: str = ""
    rpe: str = ""


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """`open_`: something is missing that this form can fill."""

    said: Said
    codes: Sequence[str]
    labels: Sequence[str]
    open_: bool

    def fills(self, component: str) -> bool:
        """Whether what this component lacks can be said here."""
        if component == "effort":
            return not self.said.rpe
        both = self.said.left and self.said.right
        return component in {"compliance", "symmetry"} and not both


def context_of(loaded: Loaded, wish: Wish) -> dict[str, Any]:
    session = loaded.session
    return {
        "session": session,
        "title": words.title_of(session),
        "patient": words.patient_of(session),
        "technical": loaded.technical,
        "state": words.STATES[session.processing_status],
        "stages": stages(session.processing_status, has_technical=loaded.technical is not None),
        "say": _say(loaded),
        "twins": loaded.twins,
        "card": scorecard(loaded.scores, loaded.channels) if loaded.scores else None,
        "scores": loaded.scores,
        "scored_with": _scored_with(loaded),
        "cuff_lines": cuffs.lines_of(loaded.cuffs),
        "channels": loaded.channels,
        "rows": [
            *muscle_rows(loaded.channels, loaded.contractions),
            *prescribed.rows_of(loaded),
        ],
        "fatigue_lines": fatigue.lines_of(loaded.channels),
        "fatigue_rows": fatigue.rows_of(loaded.channels),
        "more_tables": tables_of(loaded.channels, loaded.contractions),
        "quality_rows": quality_rows(loaded.channels),
        "lines": lines_of(loaded, wish),
        "contraction_numbers": numbers_of(loaded.channels, loaded.contractions),
        "contraction_heads": HEADS,
        "edits": edit_lines(loaded),
        "choices": choices(loaded.channels, loaded.contractions),
        "said_edit": SaidEdit(),
        "edit_problem": "",
        "findings": _findings(loaded),
        "recoverable": recovery.possible(session),
        "wish": wish,
        "words": words,
    }


def lines_of(loaded: Loaded, wish: Wish) -> list[Line]:
    """In time order, across muscles."""
    known = {c.channel_name: c for c in loaded.channels}
    rows = sorted(loaded.contractions, key=lambda row: (row.start_s, row.channel))
    return [_line(loaded, known[row.channel], row, wish) for row in rows]


def form_of(loaded: Loaded, codes: Sequence[str], said: Said | None = None) -> SettingsForm:
    """Filled with what is known already, or with what was just said and refused."""
    sides = {c.side: c.channel_name for c in loaded.channels if c.side}
    rpe = loaded.settings.rpe_post_session if loaded.settings else None
    known = Said(
        patient=loaded.session.patient_id or "",
        left=sides.get("left", ""),
        right=sides.get("right", ""),
        rpe="" if rpe is None else str(rpe),
    )
    scored = loaded.scores
    effort = scored is not None and scored.effort_score is not None
    complete = bool(known.patient and known.left and known.right and effort)
    labels = [c.channel_name for c in loaded.channels]
    return SettingsForm(said or known, codes, labels, open_=said is not None or not complete)


def _line(loaded: Loaded, channel: ChannelStatistics, row: ContractionRow, wish: Wish) -> Line:
    window = around(row, loaded.whole)
    reached = words.reached(row)
    edit = signature(loaded, row)
    return Line(
        key=f"{row.channel}-{row.number}",
        who=f"{words.short_name(channel.channel_name, channel.side)} {row.number}",
        side=channel.side or "neither",
        row=row,
        reached=reached,
        glyph=GLYPH[reached],
        targets=words.targets_met(row),
        start=written(window.start_s),
        stop=written(window.stop_s),
        address=wish.address(f"/sessions/{loaded.session.id}", window),
        edited=signed(edit),
        edited_at=edit.at if edit else None,
        marks=tuple(_marks(row)),
    )


def _marks(row: ContractionRow) -> Iterator[str]:
    """What stands beside the targets that a contraction reached."""
    if row.short:
        yield "under 0.5 s"
    if row.cut:
        yield "cut by the recording's edge"
    said = prescribed.met_in_words(row)
    if said:
        yield said


def _scored_with(loaded: Loaded) -> list[str]:
    if loaded.scores is None:
        return []
    accepted = loaded.settings.accepted_poor_channels if loaded.settings else []
    poor = [c.channel_name for c in loaded.channels if c.quality_verdict == "poor"]
    said = [
        f"poor signal of {label} accepted by a therapist" for label in poor if label in accepted
    ]
    level = prescribed.line_of(loaded)
    lines = scored_with(loaded.scores, loaded.channels)
    return [*lines, *([level] if level else []), *said]


def _findings(loaded: Loaded) -> list[str]:
    """Each once: what is said of a channel begins with its name."""
    found: list[str] = []
    for finding in loaded.session.findings or []:
        text = words.sentence(str(finding.get("sentence", "")))
        channel = finding.get("channel")
        said = f"{channel}: {text}" if channel and str(channel) not in text else text
        if said and said not in found:
            found.append(said)
    return found


def _say(loaded: Loaded) -> str:
    """What is announced when it changes."""
    status = loaded.session.processing_status
    if status == "completed":
        overall = loaded.scores.overall_performance_score if loaded.scores else None
        shown = "not known" if overall is None else f"{decimal(overall, 1)} of 100"
        return f"Processed. Overall score {shown}."
    if status == "failed":
        return f"Not processed. {loaded.session.processing_error_message or ''}".strip()
    return words.STATES[status][2]
