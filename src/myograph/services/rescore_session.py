"""Score a session by what was measured in it and what people and file say.

Once while its analysis is saved, from what is about to be stored; later from the rows alone.
"""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import scores, scoring
from myograph.db.scoring import Known, StoredChannel
from myograph.scoring.evidence import ChannelEvidence
from myograph.scoring.results import SessionScore, Side
from myograph.scoring.session import DEFAULT_HOLD_S, SessionInputs, score_session

SIDES: tuple[Side, Side] = ("left", "right")
_HIGHEST_RPE = 10


def rescore_session(
    pool: ConnectionPool[Connection], session_id: UUID, *, pseudonym_key: str
) -> bool:
    """Score a finished session anew; False where it is not finished, since its analysis scores.

    Never reads the file, so it works for as long as the rows are kept.
    """
    with pool.connection() as conn:
        if not scoring.lock_completed(conn, session_id):
            return False
        scored = score_rows(conn, session_id, pseudonym_key=pseudonym_key)
        scores.show_in_lists(conn, session_id, scored.list_row)
    return True


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
    scoring.name_pseudonym(conn, session_id, pseudonym_key)
    known = scoring.known_of(conn, session_id, channels)
    chosen = chosen_inputs(known)
    evidence = [_evidence(channel, chosen.legs) for channel in channels]
    result = score_session(evidence, chosen.inputs, known.configuration)
    return Scored(result, chosen.inputs, chosen.sources, known)


def score_rows(conn: Connection, session_id: UUID, *, pseudonym_key: str) -> Scored:
    """Score what is stored and save it: all but the row of lists."""
    channels = scoring.channels_of(conn, session_id)
    scored = score(conn, session_id, channels, pseudonym_key=pseudonym_key)
    scored.save(conn, session_id)
    scores.judge(conn, session_id, scored.score, scored.inputs)
    return scored


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a session is scored with.

    legs       {channel: (muscle, side)}
    sources    {input: person | patient | file | default | none}
    """

    inputs: SessionInputs
    legs: dict[str, tuple[str | None, Side | None]]
    sources: dict[str, str]


def chosen_inputs(known: Known) -> Chosen:
    """For each input the first that knows it: a person, the patient, the file, the default."""
    said, patient, game = known.settings, known.patient, known.game
    assignment, sides_from = _first(
        ("person", said and said.channel_assignment),
        ("patient", patient and patient.channel_assignment),
    )
    target, target_from = _first(
        ("person", said and said.target_contractions_per_muscle),
        ("patient", patient and patient.target_contractions_per_muscle),
    )
    rpe, rpe_from = _first(("person", said and said.rpe_post_session), ("file", _rpe(game)))
    mvc, mvc_from = _user_mvc(known)
    defaults = SessionInputs()
    inputs = SessionInputs(
        target=target or defaults.target,
        hold_s=said.duration_threshold_seconds if said else DEFAULT_HOLD_S,
        holds_s=_sided(
            said and said.duration_threshold_left_quad,
            said and said.duration_threshold_right_quad,
        ),
        mvc_share=said.mvc_threshold_percentage if said else defaults.mvc_share,
        user_mvc_v=mvc,
        prescribed_mvc_share=_positive(game.get("prescribed_mvc_share"), at_most=1),
        prescribed_hold_s=_positive(game.get("prescribed_hold_s")),
        rpe=rpe,
        rpe_source=rpe_from,
        game_points=game.get("score"),
        bfr_enabled=said.bfr_enabled if said else None,
        accepted=frozenset(said.accepted_poor_channels if said else ()),
    )
    return Chosen(
        inputs=inputs,
        legs=_legs(assignment or {}),
        sources={
            "sides": sides_from or "none",
            "target": target_from or "default",
            "rpe": rpe_from or "none",
        }
        | {f"mvc_{side}": source for side, source in mvc_from.items()},
    )


def _first(*candidates: tuple[str, Any]) -> tuple[Any, str | None]:
    """The first value that is not None, and who said it."""
    for source, value in candidates:
        if value is not None:
            return value, source
    return None, None


def _user_mvc(known: Known) -> tuple[dict[Side, float], dict[Side, str]]:
    said, patient = known.settings, known.patient
    values: dict[Side, float] = {}
    sources: dict[Side, str] = {}
    for side in SIDES:
        value, source = _first(
            ("person", said and getattr(said, f"mvc_user_{side}_quad")),
            ("patient", patient and getattr(patient, f"mvc_{side}_quad")),
        )
        if source is not None:
            values[side], sources[side] = value, source
    return values, sources


def _sided(left: float | None, right: float | None) -> dict[Side, float]:
    both: dict[Side, float | None] = {"left": left, "right": right}
    return {side: value for side, value in both.items() if value is not None}


def _legs(assignment: dict[str, Any]) -> dict[str, tuple[str | None, Side | None]]:
    return {
        label: (leg.get("muscle"), cast("Side | None", leg.get("side")))
        for label, leg in assignment.items()
    }


def _rpe(game: dict[str, Any]) -> float | None:
    """Of the file, where it is a whole number from 0 to 10; anything else it did not say."""
    rpe = game.get("rpe")
    return rpe if rpe is not None and rpe in range(_HIGHEST_RPE + 1) else None


def _positive(value: float | None, *, at_most: float = float("inf")) -> float | None:
    return value if value is not None and 0 < value <= at_most else None


def _evidence(
    channel: StoredChannel, legs: dict[str, tuple[str | None, Side | None]]
) -> ChannelEvidence:
    muscle, side = legs.get(channel.label, (None, None))
    return ChannelEvidence(
        label=channel.label,
        muscle=muscle,
        side=side,
        efforts=channel.efforts,
        envelope_p95_v=channel.envelope_p95,
        verdict=channel.quality_verdict,
        game_mvc_v=channel.game_mvc,
        activated_p95_v=channel.activated_p95,
        quality_score=channel.signal_quality_score,
    )
