"""Set a patient's maximum voluntary contraction: one that is known, or as a session shows it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from myograph.db import patient_mvc, scoring
from myograph.db.patient_mvc import Maximum
from myograph.db.scoring import KnownBaseline
from myograph.errors import BadInput
from myograph.scoring.results import Side
from myograph.services.choose_inputs import baselines_of

NONE_SET = "No maximum is set for this leg, so there is none to take back."
NO_SESSION = "This patient has no such session."
NOT_ANALYSED = "This session has no results, so it shows no maximum."
LATER = "A maximum holds from today or an earlier day."


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of value_v and session_id, or neither.

    value_v       volts of the envelope
    session_id    as this session shows it. Neither: what is in force is taken back
    since         the first day it holds for. None: from the session on; the first that is ever set
                  for a leg holds for what was played before, too; any other from today on; and
                  what takes back holds for as long as what it takes back
    """

    side: Side
    value_v: float | None = None
    session_id: UUID | None = None
    since: date | None = None
    reason: str | None = None


def set_mvc(
    conn: Connection,
    wanted: Wanted,
    *,
    code: str,
    history: list[Maximum],
    by: UUID,
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Append it to the patient's history; whatever it judges is scored anew.

    history    of this patient, the latest first; the caller holds the patient's row
    """
    before = [maximum for maximum in history if maximum.side == wanted.side]
    value, since = wanted.value_v, _since(before, now.astimezone(zone))
    if wanted.session_id is not None:
        value, since = _shown(conn, code, wanted.session_id, wanted.side)
    elif value is None:
        since = _taken_back(before)
    if wanted.since is not None:
        since = datetime.combine(wanted.since, time(), zone)
    if since is not None and since > now:
        raise BadInput(LATER)
    patient_mvc.add(
        conn,
        code,
        wanted.side,
        value=value,
        session_id=wanted.session_id,
        entered_by=by,
        reason=wanted.reason,
        valid_from=since,
    )


def _since(before: list[Maximum], now: datetime) -> datetime | None:
    return datetime.combine(now.date(), time(), now.tzinfo) if before else None


def _taken_back(before: list[Maximum]) -> datetime | None:
    if not before or before[0].value is None:
        raise BadInput(NONE_SET)
    return before[0].valid_from


def _shown(
    conn: Connection, code: str, session_id: UUID, side: Side
) -> tuple[float, datetime | None]:
    """The strongest effort of this leg, as a baseline is read, and when it was made."""
    played = patient_mvc.played(conn, code, session_id)
    if played is None:
        raise BadInput(NO_SESSION)
    if played.state != "completed":
        raise BadInput(NOT_ANALYSED)
    channels = scoring.channels_of(conn, session_id)
    sides = scoring.sides_of(conn, session_id)
    found = baselines_of(KnownBaseline(channels, sides, age_days=0)).get(side)
    if found is None:
        raise BadInput(
            f"This session shows no maximum of the {side} leg: it takes one channel on that leg,"
            " of usable quality, with a contraction of at least half a second."
        )
    return found.value_v, played.at
