"""What was given out, to whom and in which form; rows that are only ever added."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from myograph.db.rows import certain

Status = Literal["success", "partial", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What whoever makes an export says of it; `exported_by` is whoever asks.

    session_id       of one session; None: `query` chose many, or the one is not to be seen
    query            {sessions, patients (pseudonyms), from, to, session_type} as they were given
    identifiers      the file names patients by their code
    *_count(s), file_*, export_hash    None where it failed; error_*: None where it did not
    """

    session_id: UUID | None
    query: dict[str, Any] | None
    export_type: str
    data_format: str
    export_options: dict[str, Any]
    processing_time_ms: int
    exported_by: UUID
    identifiers: bool
    reason: str | None
    export_status: Status
    session_count: int | None = None
    row_counts: dict[str, int] | None = None
    file_size_bytes: int | None = None
    export_hash: str | None = None
    validation_checks: dict[str, bool]
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Said):
    """One row of the history.

    channels_exported    None: all
    processing_method    from stored numbers, or from the recording itself
    """

    id: UUID
    channels_exported: list[str] | None
    processing_method: Literal["database_query", "jit_c3d_processing"]
    data_source: Literal["cached_statistics", "c3d_file_processed"]
    export_timestamp: datetime
    created_at: datetime


_EXPORT: LiteralString = """
    SELECT id, session_id, query, export_type, channels_exported, data_format, export_options,
           processing_method, data_source, processing_time_ms, exported_by, identifiers, reason,
           export_timestamp, session_count, row_counts, file_size_bytes, export_hash,
           export_status, validation_checks, error_code, error_message, created_at
      FROM export_history
    """


def add(conn: Connection, said: Said) -> UUID:
    """From stored numbers, of all channels. The database refuses what this person may not make."""
    values = asdict(said)
    for name in ("query", "export_options", "row_counts", "validation_checks"):
        values[name] = None if values[name] is None else Jsonb(values[name])
    return certain(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            INSERT INTO export_history (
                session_id, query, export_type, data_format, export_options, processing_method,
                data_source, processing_time_ms, exported_by, identifiers, reason, session_count,
                row_counts, file_size_bytes, export_hash, export_status, validation_checks,
                error_code, error_message)
            VALUES (
                %(session_id)s, %(query)s, %(export_type)s, %(data_format)s, %(export_options)s,
                'database_query', 'cached_statistics', %(processing_time_ms)s, %(exported_by)s,
                %(identifiers)s, %(reason)s, %(session_count)s, %(row_counts)s,
                %(file_size_bytes)s, %(export_hash)s, %(export_status)s, %(validation_checks)s,
                %(error_code)s, %(error_message)s)
            RETURNING id
            """,
            values,
        )
        .fetchone()
    )


def get(conn: Connection, export_id: UUID) -> Export | None:
    """None where there is none that this person may see."""
    return (
        conn.cursor(row_factory=class_row(Export))
        .execute(_EXPORT + " WHERE id = %s", [export_id])
        .fetchone()
    )


def newest(
    conn: Connection,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
    session_id: UUID | None = None,
) -> list[Export]:
    """The newest that this person may see; the next page is `before` the last row's keys."""
    conditions: list[LiteralString] = ["true"]
    values: list[object] = []
    if before is not None:
        conditions.append("(export_timestamp, id) < (%s, %s)")
        values.extend(before)
    if session_id is not None:
        conditions.append("session_id = %s")
        values.append(session_id)
    where: LiteralString = " WHERE " + " AND ".join(conditions)
    order: LiteralString = " ORDER BY export_timestamp DESC, id DESC LIMIT %s"
    return (
        conn.cursor(row_factory=class_row(Export))
        .execute(_EXPORT + where + order, [*values, limit])
        .fetchall()
    )
