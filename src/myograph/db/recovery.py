"""Analysing a session once more because a person asked: what broke off, or what is done."""

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


def reprocess(conn: Connection, session_id: UUID) -> None:
    """Have a session of theirs analysed again, for a person. Raises NotFound or BadInput."""
    with refusals():
        conn.execute("SELECT app.reprocess(%s)", [session_id])


def analyse_again(conn: Connection, session_id: UUID) -> None:
    """The same for our own programs, of any session."""
    with refusals():
        conn.execute("SELECT app.analyse_again(%s)", [session_id])
