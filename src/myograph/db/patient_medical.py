"""Demographics and medical facts of a patient, for their therapist and administrators."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalFacts:
    """None: nobody said."""

    birth_year: int | None = None
    sex: Literal["female", "male", "other"] | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    dominant_leg: Literal["left", "right"] | None = None
    affected_leg: Literal["left", "right", "both", "neither"] | None = None
    diagnosis: str | None = None
    surgery_date: date | None = None
    medication: str | None = None
    contraindications: str | None = None
    remarks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Medical(MedicalFacts):
    """updated_at names this version; None, and nobody, where nothing was ever said."""

    entered_by: UUID | None = None
    updated_at: datetime | None = None


def of_patient(conn: Connection, code: str) -> Medical:
    found = (
        conn.cursor(row_factory=class_row(Medical))
        .execute(
            """
            SELECT birth_year, sex, height_cm, weight_kg, dominant_leg, affected_leg, diagnosis,
                   surgery_date, medication, contraindications, remarks, entered_by, updated_at
              FROM patient_medical
             WHERE patient_code = %s
            """,
            [code],
        )
        .fetchone()
    )
    return found or Medical()


def replace(conn: Connection, code: str, facts: MedicalFacts, *, by: UUID) -> None:
    """Put these facts in the place of the last."""
    conn.execute(
        """
        INSERT INTO patient_medical (
            patient_code, birth_year, sex, height_cm, weight_kg, dominant_leg, affected_leg,
            diagnosis, surgery_date, medication, contraindications, remarks, entered_by)
        VALUES (
            %(code)s, %(birth_year)s, %(sex)s, %(height_cm)s, %(weight_kg)s, %(dominant_leg)s,
            %(affected_leg)s, %(diagnosis)s, %(surgery_date)s, %(medication)s,
            %(contraindications)s, %(remarks)s, %(by)s)
        ON CONFLICT (patient_code) DO UPDATE
           SET birth_year = excluded.birth_year, sex = excluded.sex,
               height_cm = excluded.height_cm, weight_kg = excluded.weight_kg,
               dominant_leg = excluded.dominant_leg, affected_leg = excluded.affected_leg,
               diagnosis = excluded.diagnosis, surgery_date = excluded.surgery_date,
               medication = excluded.medication, contraindications = excluded.contraindications,
               remarks = excluded.remarks, entered_by = excluded.entered_by
        """,
        {**asdict(facts), "code": code, "by": by},
    )
