"""Configurations of scoring: versions that are only ever added, and who is scored by which."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from myograph.db.refusals import refusals
from myograph.db.rows import certain
from myograph.db.wording import Wording
from myograph.errors import BadInput, Conflict, Outdated
from myograph.scoring.configuration import (
    ComplianceComponent,
    Configuration,
    Scope,
    Targets,
)
from myograph.scoring.results import Component


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a configuration.

    component_weights   of completion, intensity and duration within compliance
    rpe_mapping         perceived exertion 0..10, as text -> 0..100
    scope               what it may score: sessions; patients too; the site too
    active              of the scope site: it scores whatever names none; else: it may be named
    preset              it came with the program
    name                for a researcher the id, of what did not; author and reason None
    """

    id: str
    version: int
    name: str
    weights: dict[Component, float]
    component_weights: dict[ComplianceComponent, float]
    rpe_mapping: dict[str, float]
    include_estimated_intensity: bool
    targets: Targets
    scope: Scope
    active: bool
    preset: bool
    author: UUID | None
    reason: str | None
    created_at: datetime

    @property
    def configuration(self) -> Configuration:
        return Configuration(
            id=self.id,
            version=self.version,
            name=self.name,
            weights=self.weights,
            compliance_weights=self.component_weights,
            rpe_scores={int(rpe): score for rpe, score in self.rpe_mapping.items()},
            include_estimated_intensity=self.include_estimated_intensity,
            targets=self.targets,
        )


@dataclass(frozen=True, slots=True)
class Rescoring:
    """Sessions scored by the site's configuration: all, and those that still wait for it."""

    sessions: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Recent:
    """A session with results that stand for themselves."""

    id: UUID
    session_id: str | None
    patient_id: str | None
    at: datetime


def every(conn: Connection, wording: Wording = "as_written") -> list[Version]:
    """By id, the newest version first."""
    return _read(conn, _VERSIONS[wording] + " ORDER BY id, version DESC", [])


def of_id(conn: Connection, wanted: str, wording: Wording = "as_written") -> list[Version]:
    """The newest first; none where there is no such configuration."""
    of_it: LiteralString = " WHERE id = %s ORDER BY version DESC"
    return _read(conn, _VERSIONS[wording] + of_it, [wanted])


def add(
    conn: Connection, configuration: Configuration, *, scope: Scope, by: UUID, why: str
) -> None:
    """Store a version; it scores nothing yet. An admin's right."""
    try:
        conn.execute(
            """
            INSERT INTO scoring_configuration (
                id, version, name, weights, component_weights, rpe_mapping,
                include_estimated_intensity, targets, scope, active, author, reason)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                configuration.id,
                configuration.version,
                configuration.name,
                Jsonb(dict(configuration.weights)),
                Jsonb(dict(configuration.compliance_weights)),
                Jsonb({str(rpe): score for rpe, score in configuration.rpe_scores.items()}),
                configuration.include_estimated_intensity,
                configuration.targets,
                scope,
                scope != "site",
                by,
                why,
            ],
        )
    except psycopg.errors.UniqueViolation as exc:
        if configuration.version == 1:
            raise Conflict(f"There is a configuration {configuration.id} already.") from exc
        raise Outdated("Somebody else has just added this version. Please look at it.") from exc
    except psycopg.errors.CheckViolation as exc:
        raise BadInput("Researchers read name and reason, so they name no patient.") from exc


def activate(conn: Connection, wanted: str, version: int) -> None:
    """Let it score whatever names none, in the place of the one that does; all is scored anew."""
    conn.execute("UPDATE scoring_configuration SET active = false WHERE scope = 'site' AND active")
    try:
        conn.execute(
            "UPDATE scoring_configuration SET active = true"
            " WHERE id = %s AND version = %s AND scope = 'site'",
            [wanted, version],
        )
    except psycopg.errors.UniqueViolation as exc:
        raise Outdated("Somebody else has just chosen another. Please look at it.") from exc


def name_for_patient(conn: Connection, code: str, wanted: str | None, version: int | None) -> None:
    """Have a patient's sessions scored by it, None: by the site's. An admin's right."""
    conn.execute(
        """
        UPDATE patients
           SET scoring_configuration_id = %s, scoring_configuration_version = %s
         WHERE patient_code = %s
        """,
        [wanted, version, code],
    )


def name_for_session(
    conn: Connection, session_id: UUID, wanted: str | None, version: int | None
) -> None:
    """Have one session scored by it, None: by its patient's or the site's.

    Raises NotFound or BadInput with a sentence.
    """
    with refusals():
        conn.execute("SELECT app.name_configuration(%s, %s, %s)", [session_id, wanted, version])


def rescoring(conn: Connection) -> Rescoring:
    """How far the site's sessions, as far as they may be seen, are with its configuration."""
    return certain(
        conn.cursor(row_factory=class_row(Rescoring))
        .execute(
            """
            SELECT count(*) AS sessions,
                   count(*) FILTER (WHERE (p.configuration_id, p.configuration_version)
                                          IS DISTINCT FROM (c.id, c.version)) AS waiting
              FROM performance_scores p
              JOIN therapy_sessions t ON t.id = p.session_id
              LEFT JOIN scoring_configuration c ON c.scope = 'site' AND c.active
             WHERE p.configuration_scope = 'site'
               AND t.processing_status IN ('completed', 'processing', 'reprocessing')
            """
        )
        .fetchone()
    )


def recent(
    conn: Connection, *, patient: str | None, session_id: UUID | None, limit: int
) -> list[Recent]:
    """The latest that may be seen: of one patient, that one session, or of everybody."""
    return (
        conn.cursor(row_factory=class_row(Recent))
        .execute(
            """
            SELECT id, session_id, patient_id, sorted_at AS at
              FROM therapy_sessions
             WHERE processing_status = 'completed' AND superseded_by IS NULL
               AND NOT duplicate
               AND (%(patient)s::text IS NULL OR patient_id = %(patient)s)
               AND (%(session)s::uuid IS NULL OR id = %(session)s)
             ORDER BY sorted_at DESC, id DESC
             LIMIT %(limit)s
            """,
            {"patient": patient, "session": session_id, "limit": limit},
        )
        .fetchall()
    )


def _read(conn: Connection, query: LiteralString, values: list[object]) -> list[Version]:
    return conn.cursor(row_factory=class_row(Version)).execute(query, values).fetchall()


_RULES: LiteralString = """
    SELECT id, version, name, weights, component_weights, rpe_mapping,
           include_estimated_intensity, targets, scope, active, preset, created_at, """
_VERSIONS: dict[Wording, LiteralString] = {
    "as_written": _RULES + "author, reason FROM scoring_configuration",
    "for_research": (
        _RULES + "NULL::uuid AS author, NULL::text AS reason FROM research_configurations"
    ),
}
