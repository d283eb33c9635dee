"""Patients, known to us by a code and nothing else."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from myograph.db.identity import Person
from myograph.db.refusals import refusals


@dataclass(frozen=True, slots=True)
class Patient:
    """patient_code is None for a researcher, who has `pseudonym`.

    research_consent              None: not given
    channel_assignment            {"CH1": {"muscle": "quadriceps", "side": "left"}}, None: not known
    mvc_left_quad, mvc_right_quad   volts of the raw channel's envelope
    """

    patient_code: str | None
    pseudonym: str | None
    therapist_id: UUID | None
    research_consent: bool | None
    treatment_start: date | None
    channel_assignment: dict[str, Any] | None
    target_contractions_per_muscle: int | None
    mvc_left_quad: float | None
    mvc_right_quad: float | None


def pseudonym_of(code: str, key: str) -> str:
    """HMAC-SHA256 of the code, in hex. The key never reaches the database."""
    return hmac.new(key.encode(), code.encode(), hashlib.sha256).hexdigest()


def mine(conn: Connection, person: Person) -> list[Patient]:
    """Every patient this person may see, by code."""
    query = _OF_RESEARCH if person.role == "researcher" else _ALL
    return conn.cursor(row_factory=class_row(Patient)).execute(query).fetchall()


def add(
    conn: Connection,
    code: str,
    *,
    therapist_id: UUID | None = None,
    pseudonym: str | None = None,
    research_consent: bool | None = None,
    treatment_start: date | None = None,
    channel_assignment: dict[str, Any] | None = None,
) -> bool:
    """True where the code is new; one that is known already stays as it is. An admin's right."""
    with refusals():
        added = conn.execute(
            """
            INSERT INTO patients (patient_code, therapist_id, pseudonym, research_consent,
                                  treatment_start, channel_assignment)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (patient_code) DO NOTHING
            """,
            [
                code,
                therapist_id,
                pseudonym,
                research_consent,
                treatment_start,
                Jsonb(channel_assignment) if channel_assignment is not None else None,
            ],
        )
    return added.rowcount == 1


_ALL = """
    SELECT patient_code, pseudonym, therapist_id, research_consent, treatment_start,
           channel_assignment, target_contractions_per_muscle, mvc_left_quad, mvc_right_quad
      FROM patients
     ORDER BY patient_code
    """

_OF_RESEARCH = """
    SELECT patient_code, pseudonym, therapist_id, research_consent, treatment_start,
           channel_assignment, target_contractions_per_muscle, mvc_left_quad, mvc_right_quad
      FROM research_patients
     ORDER BY pseudonym
    """
