"""The contractions of a session, one row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import kwargs_row

from myograph.db.wording import Wording


@dataclass(frozen=True, slots=True)
class ContractionRow:
    """Times in seconds, amplitudes in volts, frequencies in hertz.

    meets_*, is_good    None where that could not be judged
    """

    channel: str
    number: int
    start_s: float
    end_s: float
    peak: float
    mean: float
    strength: float
    activated_strength: float | None
    time_to_peak_s: float
    rms: float | None
    mav: float | None
    iemg: float | None
    mpf: float | None
    mdf: float | None
    fi_nsm5: float | None
    resolution: float | None
    masked_share: float
    cut: bool
    source: Literal["envelope", "activated"]
    edit_id: UUID | None
    meets_intensity: bool | None
    meets_duration: bool | None
    is_good: bool | None
    prescribed_intensity: bool | None
    prescribed_duration: bool | None
    short: bool | None

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def of_session(
    conn: Connection, session_id: UUID, wording: Wording = "as_written"
) -> list[ContractionRow]:
    """By channel, in time order."""
    return of_sessions(conn, [session_id], wording)[session_id]


def of_sessions(
    conn: Connection, ids: Sequence[UUID], wording: Wording = "as_written"
) -> dict[UUID, list[ContractionRow]]:
    """Of each of these sessions, by channel, in time order."""
    found: dict[UUID, list[ContractionRow]] = {session_id: [] for session_id in ids}
    rows = conn.cursor(row_factory=kwargs_row(_beside_session)).execute(
        _COLUMNS + _OF[wording], [list(ids)]
    )
    for session_id, contraction in rows:
        found[session_id].append(contraction)
    return found


_COLUMNS: LiteralString = """
    SELECT session_id, channel, number, start_s, end_s, peak, mean, strength,
           activated_strength, time_to_peak_s, rms, mav, iemg, mpf, mdf, fi_nsm5, resolution,
           masked_share, cut, source, edit_id, meets_intensity, meets_duration, is_good,
           prescribed_intensity, prescribed_duration, short
      FROM """
_IN_ORDER: LiteralString = """
         WHERE session_id = ANY (%s)
         ORDER BY session_id, channel, number
        """
_OF: dict[Wording, LiteralString] = {
    "as_written": "contractions" + _IN_ORDER,
    "for_research": "research_contractions" + _IN_ORDER,
}


def _beside_session(session_id: UUID, **row: Any) -> tuple[UUID, ContractionRow]:  # noqa: ANN401
    return session_id, ContractionRow(**row)
