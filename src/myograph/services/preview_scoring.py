"""What another configuration would make of sessions that are scored already. Nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import Connection

from myograph.db import scoring
from myograph.db.scoring_configurations import Recent
from myograph.scoring.configuration import Configuration, Scope
from myograph.services.rescore_session import Scored, scored_by

_NEARER: Final[Mapping[Scope, int]] = {"session": 0, "patient": 1, "site": 2}


@dataclass(frozen=True, slots=True)
class Worth:
    """Scores 0..100; None: not known, and `missing` names why.

    configuration_version    0: of one that is not stored yet
    weights                  those really used, renormalised over the components present
    """

    configuration_id: str
    configuration_version: int
    overall: float | None
    compliance: float | None
    symmetry: float | None
    effort: float | None
    game: float | None
    category: str | None
    weights: dict[str, float]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Effect:
    """One session as it is scored now and as it would be.

    scope      who named the configuration that scores it now
    concerned  False: it or its patient names one of its own, so nothing would change
    difference of the overall scores; None where either is not known
    """

    session: UUID
    session_id: str | None
    patient_id: str | None
    at: datetime
    scope: Scope
    concerned: bool
    now: Worth
    then: Worth
    difference: float | None


def preview(
    conn: Connection, sessions: Sequence[Recent], wanted: Configuration, scope: Scope
) -> list[Effect]:
    """Scored as a job would score them.

    scope    what the wanted configuration is to be named for
    """
    return [_effect(conn, session, wanted, scope) for session in sessions]


def _effect(conn: Connection, session: Recent, wanted: Configuration, scope: Scope) -> Effect:
    channels = scoring.channels_of(conn, session.id)
    known = scoring.known_of(conn, session.id, channels)
    concerned = _NEARER[scope] <= _NEARER[known.scope]
    now = scored_by(known)
    then = scored_by(replace(known, configuration=wanted, scope=scope)) if concerned else now
    before, after = now.score.overall, then.score.overall
    return Effect(
        session=session.id,
        session_id=session.session_id,
        patient_id=session.patient_id,
        at=session.at,
        scope=known.scope,
        concerned=concerned,
        now=_worth(now),
        then=_worth(then),
        difference=None if before is None or after is None else after - before,
    )


def _worth(scored: Scored) -> Worth:
    score = scored.score
    return Worth(
        configuration_id=score.configuration_id,
        configuration_version=score.configuration_version,
        overall=score.overall,
        compliance=score.compliance,
        symmetry=score.symmetry,
        effort=score.effort,
        game=score.game,
        category=score.category,
        weights=dict(score.weights),
        missing={m.component: m.reason for m in score.missing},
    )
