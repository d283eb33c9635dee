"""What pages say: sentences about what was measured against which target. They advise nothing."""

from collections.abc import Sequence
from typing import Any, Final

from myograph.charts.numbers import decimal
from myograph.charts.signal_view import Reached
from myograph.db.contractions import ContractionRow
from myograph.db.sessions import Session, SessionRow, State
from myograph.db.statistics import ChannelStatistics
from myograph.scoring.results import Side

STATES: Final[dict[State, tuple[str, str, str]]] = {
    "pending": ("", "…", "Waiting"),
    "processing": ("", "…", "Being analysed"),
    "completed": ("good", "✓", "Processed"),
    "failed": ("alert", "✕", "Not processed"),
    "reprocessing": ("", "…", "Being analysed again"),
}
VERDICTS: Final = {
    "good": ("good", "✓", "good"),
    "usable": ("watch", "▲", "usable"),
    "poor": ("alert", "✕", "poor"),
}
SOURCES: Final = {
    "person": "entered by a person",
    "session": "set for this session",
    "baseline": "from a baseline session",
    "patient": "set for this patient",
    "file": "from the file",
    "default": "default",
    "none": "",
}
SHAPES: Final = {"left": "dot", "right": "square"}
SHORT_PSEUDONYM: Final = 8
MASKED_SHARE: Final = 0.1  # above it a contraction is not judged


def patient_of(session: Session | SessionRow) -> str | None:
    """Who it is about, as far as this person may know; None: nobody is assigned."""
    if session.patient_id:
        return session.patient_id
    return session.pseudonym[:SHORT_PSEUDONYM] if session.pseudonym else None


def title_of(session: Session | SessionRow) -> str:
    """The heading of a session: when it was played, else its file's code, else when it came."""
    if session.started_local:
        at = session.started_local
        return f"Session of {at.day} {at:%B %Y}, {at:%H:%M}"
    if session.session_id:
        return f"Session {session.session_id}"
    return f"Session received {session.created_at.day} {session.created_at:%B %Y}"


def muscle_of(label: str, muscle: str | None, side: Side | None) -> str:
    """ "Left quadriceps", or the channel's label where nobody said what it is."""
    if side is None:
        return label
    return f"{side.capitalize()} {muscle or 'leg'}"


def short_name(label: str, side: Side | None) -> str:
    return side.capitalize() if side else label


def reached(row: ContractionRow) -> Reached:
    """Which of the two targets it met; where strength could not be judged, none can be counted."""
    if row.meets_intensity is None or row.meets_duration is None:
        return "unjudged"
    met = (row.meets_intensity, row.meets_duration)
    return "both" if all(met) else "one" if any(met) else "none"


def targets_met(row: ContractionRow) -> str:
    """Which it reached, in words."""
    if row.masked_share > MASKED_SHARE:
        return f"not judged, {decimal(row.masked_share * 100, 0)} % unusable"
    return _TARGETS_MET[row.meets_intensity, row.meets_duration]


_TARGETS_MET: Final[dict[tuple[bool | None, bool | None], str]] = {
    (True, True): "both",
    (True, False): "strength only",
    (True, None): "strength; hold not judged",
    (False, True): "hold only",
    (False, False): "neither",
    (False, None): "hold not judged",
    (None, True): "hold; strength not judged",
    (None, False): "strength not judged",
    (None, None): "not judged",
}


def contraction_name(channel: ChannelStatistics, row: ContractionRow) -> str:
    """The sentence of its mark: "Left contraction 4: at 32.2 s, held 2.2 s, one of two targets"."""
    counted = {
        "both": "both targets",
        "one": "one of two targets",
        "none": "neither target",
        "unjudged": "not judged by both targets",
    }[reached(row)]
    who = short_name(channel.channel_name, channel.side)
    return (
        f"{who} contraction {row.number}: at {decimal(row.start_s, 1)} s, "
        f"held {decimal(row.duration_s, 1)} s, {counted}"
    )


def dose(channel: ChannelStatistics) -> str:
    """The plain dose, which no score may hide: "5 good of 12"."""
    target = channel.target_contractions
    of = "" if target is None else f" of {target}"
    if channel.good_contractions_both is None:
        return f"{channel.total_contractions} done{of}, not judged"
    return f"{channel.good_contractions_both} good{of}"


def none_met_both(channels: Sequence[ChannelStatistics]) -> bool:
    """Contractions were judged, and not one was both strong and long enough."""
    judged = [c.good_contractions_both for c in channels if c.good_contractions_both is not None]
    return bool(judged) and sum(judged) == 0 and any(c.total_contractions for c in channels)


def estimated(channels: Sequence[ChannelStatistics]) -> bool:
    return any(c.mvc_calculation_method == "backend_95percentile" for c in channels)


def source_of(sources: dict[str, Any], name: str) -> str:
    """Where an input came from, in words; nothing where that is not recorded."""
    said = sources.get(name)
    return SOURCES.get(str(said), str(said)) if said else ""


def sentence(text: str) -> str:
    """With a capital and a full stop, as a sentence on a page begins and ends."""
    stripped = text.strip()
    if not stripped:
        return ""
    ended = stripped if stripped[-1] in ".!?" else f"{stripped}."
    return ended[0].upper() + ended[1:]
