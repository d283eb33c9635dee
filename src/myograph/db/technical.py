"""What a C3D file says of itself, without its samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from myograph.db.wording import Wording
from myograph.recording import Facts

CHANNELS_KEPT = 200  # labels of a stranger file's other channels; no list in the database is longer


@dataclass(frozen=True, slots=True)
class Technical:
    """Rates in Hz, durations in seconds; original_*: as the file declares them."""

    session_id: UUID
    original_sampling_rate: float | None
    original_duration_seconds: float | None
    original_sample_count: int | None
    channel_count: int | None
    channel_names: list[str] | None
    emg_labels: list[str] | None
    sampling_rate: float | None
    duration_seconds: float | None
    frame_count: int | None
    rate_correction: str | None
    rate_assumed: bool | None
    extracted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the recording of a session lies, and which bytes it was announced as."""

    storage_bucket: str
    file_path: str
    storage_etag: str | None
    file_size_bytes: int | None

    @property
    def object_key(self) -> str:
        return f"{self.storage_bucket}/{self.file_path}"


def of_session(
    conn: Connection, session_id: UUID, wording: Wording = "as_written"
) -> Technical | None:
    return of_sessions(conn, [session_id], wording).get(session_id)


def of_sessions(
    conn: Connection, ids: Sequence[UUID], wording: Wording = "as_written"
) -> dict[UUID, Technical]:
    """Of those of these sessions whose file has been looked into."""
    rows = conn.cursor(row_factory=class_row(Technical)).execute(
        _COLUMNS + _OF[wording] + " WHERE session_id = ANY (%s)", [list(ids)]
    )
    return {row.session_id: row for row in rows}


_COLUMNS: LiteralString = """
    SELECT session_id, original_sampling_rate, original_duration_seconds,
           original_sample_count, channel_count, channel_names, emg_labels,
           sampling_rate, duration_seconds, frame_count,
           rate_correction, rate_assumed, extracted_at
      FROM """
_OF: dict[Wording, LiteralString] = {
    "as_written": "c3d_technical_data",
    "for_research": "research_technical",
}


def place_of(conn: Connection, session_id: UUID) -> Place | None:
    """Where to read the facts of this session; None where they are known or no longer wanted."""
    return (
        conn.cursor(row_factory=class_row(Place))
        .execute(
            """
            SELECT storage_bucket, file_path, storage_etag, file_size_bytes
              FROM therapy_sessions s
             WHERE id = %s
               AND superseded_by IS NULL
               AND NOT EXISTS (SELECT FROM c3d_technical_data t WHERE t.session_id = s.id)
            """,
            [session_id],
        )
        .fetchone()
    )


def as_json(facts: Facts) -> dict[str, object]:
    """The columns of `c3d_technical_data`. A file without analog samples has no rate: null."""
    timed = facts.timed
    return {
        "original_sampling_rate": facts.rate.original_hz if timed else None,
        "original_duration_seconds": facts.original_duration_s if timed else None,
        "original_sample_count": facts.sample_count,
        "channel_count": len(facts.channels),
        "channel_names": [channel.label for channel in facts.channels[:CHANNELS_KEPT]],
        "emg_labels": list(facts.emg_labels[:CHANNELS_KEPT]),
        "sampling_rate": facts.rate.used_hz if timed else None,
        "duration_seconds": facts.duration_s if timed else None,
        "frame_count": facts.frame_count,
        "rate_correction": facts.rate.correction,
        "rate_assumed": facts.rate.assumed,
    }
