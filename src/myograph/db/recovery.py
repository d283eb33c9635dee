"""Reading what there is of a recording that breaks off, because a person asked for it."""

from typing import Final
from uuid import UUID

from psycopg import Connection

from myograph.db.refusals import refusals
from myograph.db.sessions import Session
from myograph.errors import Contradictory, Truncated, Unfinalised

_CODES: Final = frozenset(kind.code for kind in (Unfinalised, Truncated, Contradictory))


def possible(session: Session) -> bool:
    """Whether `recover` would do anything for this session."""
    return (
        session.failure_code in _CODES
        and not session.recovered
        and session.superseded_by is None
        and session.object_gone_at is None
    )


def recover(conn: Connection, session_id: UUID) -> None:
    """Mark the session and queue its analysis. Raises NotFound, NotAllowed or BadInput."""
    with refusals():
        conn.execute("SELECT app.recover(%s)", [session_id])
