"""What a C3D file says of itself, without its samples."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from myograph.recording import Facts


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


def of_session(conn: Connection, session_id: UUID) -> Technical | None:
    return (
        conn.cursor(row_factory=class_row(Technical))
        .execute(
            """
            SELECT session_id, original_sampling_rate, original_duration_seconds,
                   original_sample_count, channel_count, channel_names, emg_labels,
                   sampling_rate, duration_seconds, frame_count,
                   rate_correction, rate_assumed, extracted_at
              FROM c3d_technical_data
             WHERE session_id = %s
            """,
            [session_id],
        )
        .fetchone()
    )


def as_json(facts: Facts) -> dict[str, object]:
    """The columns of `c3d_technical_data`, as `app.receive_upload` takes them."""
    return {
        "original_sampling_rate": facts.rate.original_hz,
        "original_duration_seconds": facts.original_duration_s,
        "original_sample_count": facts.sample_count,
        "channel_count": len(facts.channels),
        "channel_names": [channel.label for channel in facts.channels],
        "emg_labels": list(facts.emg_labels),
        "sampling_rate": facts.rate.used_hz,
        "duration_seconds": facts.duration_s,
        "frame_count": facts.frame_count,
        "rate_correction": facts.rate.correction,
        "rate_assumed": facts.rate.assumed,
    }
