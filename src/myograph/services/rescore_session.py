"""Score a session by what was measured in it and what people and file say.

Once while its analysis is saved, from what is about to be stored; later from the rows alone.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import scores, scoring
from myograph.db.pool import in_few_trips
from myograph.db.scoring import Known, StoredChannel
from myograph.scoring.results import SessionScore
from myograph.scoring.session import SessionInputs, score_session
from myograph.services.choose_inputs import (
    chosen_configuration,
    chosen_inputs,
    stored_evidence,
)

NOT_SCORED = (
    "The scores could not be made anew after the last entry, so they do not show it. Analysing the"
    " session again may help."
)


def rescore_session(
    pool: ConnectionPool[Connection], session_id: UUID, *, pseudonym_key: str
) -> bool:
    """Score a finished session anew; False where it is not finished, since its analysis scores.

    Never reads the file, so it works for as long as the rows are kept. A baseline whose legs have
    changed is another reference: what it judges is queued.
    """
    with in_few_trips(pool) as conn:
        if not scoring.lock_completed(conn, session_id):
            return False
        sides = scoring.sides_of(conn, session_id)
        channels = scoring.channels_of(conn, session_id)
        scored = score(conn, session_id, channels, pseudonym_key=pseudonym_key)
        scored.save(conn, session_id)
        scores.judge(conn, session_id, scored.score, scored.inputs)
        scores.show_in_lists(conn, session_id, scored.list_row)
        if scoring.sides_of(conn, session_id) != sides:
            scoring.rescore_after(conn, session_id)
    return True


def give_up(pool: ConnectionPool[Connection], session_id: UUID) -> None:
    """Scoring fails for good: said where the scores are shown, until they are made anew."""
    with pool.connection() as conn:
        scores.say_outdated(conn, session_id, NOT_SCORED)


@dataclass(frozen=True, slots=True)
class Scored:
    score: SessionScore
    inputs: SessionInputs
    sources: dict[str, str]
    known: Known

    @property
    def list_row(self) -> dict[str, Any]:
        return scores.list_row(self.score, self.known)

    def save(self, conn: Connection, session_id: UUID) -> None:
        scores.save(
            conn,
            session_id,
            self.score,
            known=self.known,
            inputs=self.inputs,
            sources=self.sources,
        )


def score(
    conn: Connection,
    session_id: UUID,
    channels: tuple[StoredChannel, ...],
    *,
    pseudonym_key: str,
) -> Scored:
    """Score the session as it stands in this transaction, which holds its row; nothing is saved."""
    known = scoring.known_of(conn, session_id, channels)
    if known.patient is not None and not known.patient.has_pseudonym:
        scoring.name_pseudonym(conn, session_id, pseudonym_key)
    return scored_by(known)


def scored_by(known: Known) -> Scored:
    """What a session is worth by what is known of it."""
    chosen = chosen_inputs(known)
    evidence = [stored_evidence(channel, chosen.legs) for channel in known.channels]
    result = score_session(evidence, chosen.inputs, chosen_configuration(known))
    return Scored(result, chosen.inputs, chosen.sources, known)
