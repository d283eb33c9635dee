"""Sessions whose recordings are the very same bytes."""

from uuid import UUID

from psycopg import Connection
from psycopg.rows import scalar_row


def earlier(conn: Connection, session_id: UUID, file_hash: str) -> UUID | None:
    """The first session with these bytes that this person may see, None where it is this one."""
    first: UUID | None = (
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT id
              FROM therapy_sessions
             WHERE file_hash = %s
             ORDER BY created_at, id
             LIMIT 1
            """,
            [file_hash],
        )
        .fetchone()
    )
    return first if first != session_id else None
