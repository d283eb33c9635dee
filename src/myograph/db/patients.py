"""Patients, known to us by a code and nothing else."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from myograph.db.identity import Person, Role
from myograph.db.refusals import refusals
from myograph.errors import BadInput, NotFound


@dataclass(frozen=True, slots=True)
class Patient:
    """patient_code is None for a researcher, who has `pseudonym`; so are the times of its row.

    research_consent              None: not given
    treatment_end                 last planned day; None: 14 days from the start
    channel_assignment            {"CH1": {"muscle": "quadriceps", "side": "left"}}, None: not known
    mvc_threshold_percentage      share of the maximum, duration_threshold_seconds: of a hold;
                                  None: the default
    scoring_configuration_*       that scores the patient's sessions; None: the site's
    mvc_left_quad, mvc_right_quad   in force now, volts of the raw channel's envelope
    updated_at                    names this version of the row
    """

    patient_code: str | None
    pseudonym: str | None
    therapist_id: UUID | None
    research_consent: bool | None
    treatment_start: date | None
    treatment_end: date | None
    channel_assignment: dict[str, Any] | None
    target_contractions_per_muscle: int | None
    mvc_threshold_percentage: float | None
    duration_threshold_seconds: float | None
    mvc_left_quad: float | None
    mvc_right_quad: float | None
    scoring_configuration_id: str | None
    scoring_configuration_version: int | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which patients: all that may be seen, or fewer.

    therapist    who treats them; active: treated on `day` or later, or not at all yet
    begins       of the code, for a researcher of the pseudonym
    after        the code (the pseudonym) that the list goes on behind
    """

    therapist: UUID | None = None
    active: bool | None = None
    begins: str = ""
    after: str = ""


def pseudonym_of(code: str, key: str) -> str:
    """HMAC-SHA256 of the code, in hex. The key never reaches the database."""
    return hmac.new(key.encode(), code.encode(), hashlib.sha256).hexdigest()


def mine(conn: Connection, person: Person) -> list[Patient]:
    """Every patient this person may see, by code."""
    return _read(conn, _PATIENTS[person.role] + _IN_ORDER[person.role], {})


def page(
    conn: Connection, person: Person, sought: Sought, *, day: date, limit: int
) -> list[Patient]:
    """Those sought, by code; for a researcher by pseudonym.

    day    the local date that tells who is still treated
    """
    return _read(
        conn,
        _PATIENTS[person.role] + _SOUGHT[person.role] + _IN_ORDER[person.role] + " LIMIT %(limit)s",
        {
            "therapist": sought.therapist,
            "active": sought.active,
            "begins": sought.begins,
            "after": sought.after,
            "day": day,
            "limit": limit,
        },
    )


def get(conn: Connection, person: Person, code: str) -> Patient:
    """By code, for a researcher by pseudonym. Raises NotFound."""
    where: LiteralString = " WHERE pseudonym = " if person.role == "researcher" else _BY_CODE
    found = _read(conn, _PATIENTS[person.role] + where + SEEN[person.role], {"patient": code})
    if not found:
        raise NotFound(NO_PATIENT)
    return found[0]


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


def take_claimed(conn: Connection, code: str) -> None:
    """Give a new patient the sessions that named them before anybody knew of them."""
    with refusals():
        conn.execute("SELECT app.take_claimed(%s)", [code])


def hold(conn: Connection, person: Person, code: str) -> datetime:
    """Keep the patient's row for the rest of the transaction, and tell its version.

    Of whoever may change it. Raises NotFound.
    """
    row = (
        conn.cursor(row_factory=scalar_row)
        .execute(_VERSION + _BY_CODE + SEEN[person.role] + " FOR NO KEY UPDATE", {"patient": code})
        .fetchone()
    )
    if row is None:
        raise NotFound(NO_PATIENT)
    return row


def change_settings(conn: Connection, code: str, said: Mapping[str, Any]) -> None:
    """What the patient's sessions are scored with; each of them is scored anew.

    said    {column: value}; what is not said stays, None takes back. A therapist's right.
    """
    conn.execute(
        """
        UPDATE patients p
           SET (channel_assignment, target_contractions_per_muscle, mvc_threshold_percentage,
                duration_threshold_seconds)
             = (SELECT r.channel_assignment, r.target_contractions_per_muscle,
                       r.mvc_threshold_percentage, r.duration_threshold_seconds
                  FROM jsonb_populate_record(p, %s) r)
         WHERE p.patient_code = %s
        """,
        [Jsonb(dict(said)), code],
    )


def change_treatment(conn: Connection, code: str, said: Mapping[str, Any]) -> None:
    """Who treats the patient and when, and whether research may look. An admin's right."""
    try:
        conn.execute(
            """
            UPDATE patients p
               SET (therapist_id, research_consent, treatment_start, treatment_end)
                 = (SELECT r.therapist_id, r.research_consent, r.treatment_start, r.treatment_end
                      FROM jsonb_populate_record(p, %s) r)
             WHERE p.patient_code = %s
            """,
            [Jsonb(dict(said)), code],
        )
    except psycopg.errors.ForeignKeyViolation as exc:
        raise BadInput(NO_THERAPIST) from exc
    except psycopg.errors.CheckViolation as exc:
        raise BadInput(NO_SUCH_TREATMENT) from exc


def _read(conn: Connection, query: LiteralString, values: Mapping[str, Any]) -> list[Patient]:
    return conn.cursor(row_factory=class_row(Patient)).execute(query, values).fetchall()


NO_PATIENT: Final = "There is no such patient, or it is not one of yours."
NO_THERAPIST: Final = "There is no such therapist."
NO_SUCH_TREATMENT: Final = "A treatment that ends has a first day, and ends on it or later."

_COLUMNS: LiteralString = """
    SELECT patient_code, pseudonym, therapist_id, research_consent, treatment_start, treatment_end,
           channel_assignment, target_contractions_per_muscle, mvc_threshold_percentage,
           duration_threshold_seconds, mvc_left_quad, mvc_right_quad, scoring_configuration_id,
           scoring_configuration_version, created_at, updated_at
      FROM """
_CODES: LiteralString = _COLUMNS + "patients"
_PSEUDONYMS: LiteralString = _COLUMNS + "research_patients"
_PATIENTS: dict[Role, LiteralString] = {
    "therapist": _CODES,
    "admin": _CODES,
    "researcher": _PSEUDONYMS,
}
_BY_CODE: LiteralString = " WHERE patient_code = "
_VERSION: LiteralString = "SELECT updated_at FROM patients"

# The code, or a researcher's pseudonym, %(patient)s where whoever asks may see the patient, and
# null otherwise. A row that were found first and hidden then would take longer than none.
SEEN: Final[dict[Role, LiteralString]] = {
    "therapist": "(SELECT m FROM app.my_patients() m WHERE m = %(patient)s)",
    "admin": "%(patient)s",
    "researcher": "(SELECT m FROM app.consented_pseudonyms() m WHERE m = %(patient)s)",
}
_ACTIVE: LiteralString = """
       AND (%(active)s::boolean IS NULL
            OR (treatment_end IS NULL OR treatment_end >= %(day)s) = %(active)s)
       AND (%(therapist)s::uuid IS NULL OR therapist_id = %(therapist)s)
    """
_SOUGHT_CODES: LiteralString = (
    " WHERE starts_with(patient_code, %(begins)s) AND patient_code > %(after)s" + _ACTIVE
)
_SOUGHT: dict[Role, LiteralString] = {
    "therapist": _SOUGHT_CODES,
    "admin": _SOUGHT_CODES,
    "researcher": " WHERE starts_with(pseudonym, %(begins)s) AND pseudonym > %(after)s" + _ACTIVE,
}
_IN_ORDER: dict[Role, LiteralString] = {
    "therapist": " ORDER BY patient_code",
    "admin": " ORDER BY patient_code",
    "researcher": " ORDER BY pseudonym",
}
