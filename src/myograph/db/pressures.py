"""The cuffs of a session: what was measured of each leg, and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.rows import class_row, kwargs_row
from psycopg.types.json import Jsonb

from myograph.db.refusals import refusals
from myograph.scoring.results import Side


@dataclass(frozen=True, slots=True)
class Cuff:
    """Pressures in per cent of arterial occlusion pressure; None: not measured or not said.

    pressure_stability_coefficient   SD over mean of a series while inflated
    safety_*, max_*                  of a series
    cuff_size ... and what else people write stands where it was asked for, see `described`
    """

    leg: Side
    target_pressure_aop: float | None
    actual_pressure_aop: float | None
    pressure_stability_coefficient: float | None
    safety_gate_status: bool | None
    safety_violations_count: int | None
    safety_violations_duration_seconds: float | None
    max_pressure_deviation_aop: float | None
    patient_aop_baseline_mmhg: float | None
    patient_limb_circumference_cm: float | None
    device_calibration_date: date | None
    bfr_session_duration_minutes: float | None
    monitoring_frequency_hz: float | None
    measurement_method: Literal["sensor", "manual"] | None
    cuff_size: str | None = None
    cuff_position: str | None = None
    monitoring_device: str | None = None
    device_serial_number: str | None = None


def of_session(conn: Connection, session_id: UUID) -> list[Cuff]:
    """Left before right; none where nobody said anything of a cuff."""
    return asked(conn, session_id).fetchall()


def asked(conn: Connection, session_id: UUID) -> Cursor[Cuff]:
    """The same, to be read after other questions were asked."""
    return conn.cursor(row_factory=class_row(Cuff)).execute(
        _MEASURED + " FROM bfr_monitoring WHERE session_id = %s ORDER BY leg", [session_id]
    )


def of_sessions(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Cuff]]:
    """Of each of these sessions, left before right."""
    return _of_sessions(conn, ids, _MEASURED)


def described(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Cuff]]:
    """The same with what people write of cuffs and devices, which researchers have no right to."""
    return _of_sessions(conn, ids, _MEASURED + _WRITTEN)


def enter(conn: Connection, session_id: UUID, leg: Side, said: Mapping[str, Any]) -> None:
    """Store what is said of one leg's cuff and queue a new scoring; what is not said stays.

    said    {column of bfr_monitoring: value}
    Raises NotFound, NotAllowed or BadInput with a sentence.
    """
    with refusals():
        conn.execute("SELECT app.enter_pressure(%s, %s, %s)", [session_id, leg, Jsonb(dict(said))])


def _of_sessions(
    conn: Connection, ids: Sequence[UUID], columns: LiteralString
) -> dict[UUID, list[Cuff]]:
    found: dict[UUID, list[Cuff]] = {session_id: [] for session_id in ids}
    rows = conn.cursor(row_factory=kwargs_row(_beside_session)).execute(
        columns + ", session_id FROM bfr_monitoring WHERE session_id = ANY (%s) ORDER BY leg",
        [list(ids)],
    )
    for session_id, cuff in rows:
        found[session_id].append(cuff)
    return found


def _beside_session(session_id: UUID, **row: Any) -> tuple[UUID, Cuff]:  # noqa: ANN401
    return session_id, Cuff(**row)


_MEASURED: LiteralString = """
    SELECT leg, target_pressure_aop, actual_pressure_aop,
           pressure_stability_coefficient, safety_gate_status, safety_violations_count,
           safety_violations_duration_seconds, max_pressure_deviation_aop,
           patient_aop_baseline_mmhg, patient_limb_circumference_cm, device_calibration_date,
           bfr_session_duration_minutes, monitoring_frequency_hz, measurement_method"""
_WRITTEN: LiteralString = ", cuff_size, cuff_position, monitoring_device, device_serial_number"
