"""What the page of a session shows of corrected contractions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from myograph.analysis.edits import Action
from myograph.db.contraction_edits import EditRow, EditState
from myograph.db.contractions import ContractionRow
from myograph.db.statistics import ChannelStatistics
from myograph.web.pages.loaded import Loaded
from myograph.web.pages.words import sentence, short_name

_DID: Final[dict[Action, str]] = {"add": "Added", "remove": "Removed", "move": "Moved"}
_WANTED: Final[dict[Action, str]] = {"add": "An addition", "remove": "A removal", "move": "A move"}
_STATES: Final[dict[EditState, tuple[str, str]]] = {
    "waiting": ("…", "being applied"),
    "applied": ("✓", "applied"),
    "unsettled": ("▲", "not applied, asks for a decision"),
    "revoked": ("↶", "taken back"),
}
_KEEP: Final = {"not_there": "Keep as an addition", "overlapping": "Use these edges"}
NEW: Final = "new"


@dataclass(frozen=True, slots=True)
class EditLine:
    """One correction in words. keep: how it may be kept where it is unsettled; empty: it cannot."""

    id: str
    side: str
    what: str
    by: str | None
    at: datetime
    reason: str
    state: EditState
    glyph: str
    stands: str
    problem: str
    revoked_by: str | None
    revoked_at: datetime | None
    keep: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be corrected: `value` names it apart from its number, which may change."""

    value: str
    name: str


@dataclass(frozen=True, slots=True)
class SaidEdit:
    """The form as it was filled in."""

    contraction: str = ""
    start: str = ""
    end: str = ""
    reason: str = ""


def edit_lines(loaded: Loaded) -> list[EditLine]:
    """Those that ask for a decision first, then the latest."""
    known = {c.channel_name: c for c in loaded.channels}
    latest = sorted(loaded.edits, key=lambda e: e.at, reverse=True)
    latest.sort(key=lambda e: e.state != "unsettled")
    return [_line(edit, known.get(edit.channel)) for edit in latest]


def signature(loaded: Loaded, row: ContractionRow) -> EditRow | None:
    """The correction that placed this contraction."""
    return next((e for e in loaded.edits if e.id == row.edit_id), None)


def signed(edit: EditRow | None) -> str:
    """ "moved by Thea", where somebody did and may be named."""
    if edit is None:
        return ""
    did = _DID[edit.action].lower()
    return f"{did} by {edit.author}" if edit.author else did


def choices(channels: Sequence[ChannelStatistics], rows: Sequence[ContractionRow]) -> list[Choice]:
    """A new one on each muscle, then each that there is."""
    found: list[Choice] = []
    for channel in channels:
        who = short_name(channel.channel_name, channel.side)
        found.append(Choice(f"{NEW}/{channel.channel_name}", f"{who}: a new contraction"))
        found += [
            Choice(
                f"{row.start_s!r}/{row.end_s!r}/{row.channel}",
                f"{who} {row.number}: {row.start_s:.2f} to {row.end_s:.2f} s",
            )
            for row in rows
            if row.channel == channel.channel_name
        ]
    return found


def _line(edit: EditRow, channel: ChannelStatistics | None) -> EditLine:
    side = channel.side if channel else None
    who = short_name(edit.channel, side)
    glyph, stands = _STATES[edit.state]
    did = _WANTED if edit.state in {"unsettled", "waiting"} else _DID
    return EditLine(
        id=str(edit.id),
        side=side or "neither",
        what=f"{did[edit.action]} on {who}: {_places(edit)}",
        by=edit.author,
        at=edit.at,
        reason=sentence(edit.reason or ""),
        state=edit.state,
        glyph=glyph,
        stands=stands,
        problem=edit.sentence or "",
        revoked_by=edit.revoked_by,
        revoked_at=edit.revoked_at,
        keep=_KEEP.get(edit.problem or "", "") if edit.after_start_s is not None else "",
    )


def _places(edit: EditRow) -> str:
    """ "5.00 to 6.00 s, now 5.20 to 6.00 s" """
    before, after = edit.edit.before, edit.edit.after
    if before is None:
        return str(after)
    return str(before) if after is None else f"{before}, now {after}"
