"""What a session is scored from: rows of what was measured and what is known beside it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.rows import class_row, dict_row, scalar_row, tuple_row

from myograph.analysis.results import Verdict
from myograph.db import pressures, session_settings
from myograph.db.patients import pseudonym_of
from myograph.db.rows import certain
from myograph.db.session_settings import SessionSettings
from myograph.scoring.configuration import Configuration, Scope
from myograph.scoring.evidence import Effort
from myograph.scoring.results import Side


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """One channel as it is stored, or is about to be; volts."""

    label: str
    efforts: tuple[Effort, ...]
    envelope_p95: float | None
    activated_p95: float | None
    game_mvc: float | None
    quality_verdict: Verdict
    signal_quality_score: float
    method: str
    protocol_digest: str


@dataclass(frozen=True, slots=True)
class KnownPatient:
    """mvc_*            of those that were set, what was in force when the session was played

    has_pseudonym    and the session has the same
    """

    channel_assignment: dict[str, Any] | None
    target_contractions_per_muscle: int | None
    mvc_left_quad: float | None
    mvc_right_quad: float | None
    mvc_threshold_percentage: float | None = None
    duration_threshold_seconds: float | None = None
    has_pseudonym: bool = True


@dataclass(frozen=True, slots=True)
class KnownBaseline:
    """The patient's latest session of type baseline before this one, measured by the same method.

    sides    of those of its channels that lie on a leg
    """

    channels: tuple[StoredChannel, ...]
    sides: Mapping[str, Side]
    age_days: float


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a session.

    scope        who named the configuration
    game         what the file says, with the keys of `GameFacts`; empty where it is no game's
    pressures    of the cuffs that somebody spoke of, per cent; None: that one was not measured
    """

    channels: tuple[StoredChannel, ...]
    game: dict[str, Any]
    duration_s: float | None
    settings: SessionSettings | None
    patient: KnownPatient | None
    configuration: Configuration
    scope: Scope = "site"
    baseline: KnownBaseline | None = None
    pressures: Mapping[Side, float | None] = field(default_factory=dict[Side, float | None])


def lock_completed(conn: Connection, session_id: UUID) -> bool:
    """Hold the session's row; False where it is not finished.

    Waits for an analysis that is saving: it may have read what is to be scored with before that
    was changed.
    """
    row = conn.execute(
        "SELECT processing_status FROM therapy_sessions WHERE id = %s FOR UPDATE", [session_id]
    ).fetchone()
    return row == ("completed",)


def name_pseudonym(conn: Connection, session_id: UUID, key: str) -> None:
    """Give the session and its patient, who is known, the pseudonym that researchers see."""
    code = certain(
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT patient_id FROM therapy_sessions WHERE id = %s", [session_id])
        .fetchone()
    )
    conn.execute(
        "UPDATE patients SET pseudonym = %s WHERE patient_code = %s AND pseudonym IS NULL",
        [pseudonym_of(code, key), code],
    )
    conn.execute(
        """
        UPDATE therapy_sessions t
           SET pseudonym = p.pseudonym
          FROM patients p
         WHERE t.id = %s AND p.patient_code = t.patient_id
           AND t.pseudonym IS DISTINCT FROM p.pseudonym
        """,
        [session_id],
    )


def known_of(conn: Connection, session_id: UUID, channels: tuple[StoredChannel, ...]) -> Known:
    """What is known of the session, beside what was measured in its `channels`."""
    of_session = _of_session(conn, session_id)
    settings = session_settings.asked(conn, session_id)
    patient = _patient(conn, session_id)
    named = _configuration_of(conn, session_id)
    before = _baseline_before(conn, session_id)
    cuffs = pressures.asked(conn, session_id)
    said = certain(of_session.fetchone())  # the caller holds the session's row
    configuration, scope = _named(named.fetchone())
    return Known(
        channels=channels,
        game=said["game"],
        duration_s=said["duration_seconds"],
        settings=settings.fetchone(),
        patient=patient.fetchone(),
        configuration=configuration,
        scope=scope,
        baseline=_baseline(conn, before.fetchone(), channels),
        pressures={cuff.leg: cuff.actual_pressure_aop for cuff in cuffs},
    )


def _of_session(conn: Connection, session_id: UUID) -> Cursor[dict[str, Any]]:
    return conn.cursor(row_factory=dict_row).execute(
        """
        SELECT COALESCE(s.game_metadata, '{}') AS game, t.duration_seconds
          FROM therapy_sessions s
          LEFT JOIN c3d_technical_data t ON t.session_id = s.id
         WHERE s.id = %s
        """,
        [session_id],
    )


def _baseline_before(conn: Connection, session_id: UUID) -> Cursor[tuple[UUID, float]]:
    """The patient's latest baseline before this session, and how many days before."""
    return conn.cursor(row_factory=tuple_row).execute(
        """
        SELECT b.id, extract(epoch FROM t.sorted_at - b.sorted_at)::double precision / 86400
          FROM therapy_sessions t
          JOIN therapy_sessions b ON b.patient_id = t.patient_id AND b.sorted_at < t.sorted_at
         WHERE t.id = %s AND b.session_type = 'baseline' AND b.processing_status = 'completed'
           AND b.superseded_by IS NULL AND NOT b.duplicate
         ORDER BY b.sorted_at DESC
         LIMIT 1
        """,
        [session_id],
    )


def _baseline(
    conn: Connection, before: tuple[UUID, float] | None, channels: tuple[StoredChannel, ...]
) -> KnownBaseline | None:
    if before is None or not channels:
        return None
    found, age_days = before
    measured = tuple(c for c in channels_of(conn, found) if c.method == channels[0].method)
    return KnownBaseline(measured, sides_of(conn, found), age_days)


def rescore_after(conn: Connection, session_id: UUID) -> None:
    """Queue a new scoring of what this session may be the reference of; nothing if it is none."""
    conn.execute(
        """
        SELECT app.rescore_after(patient_id, sorted_at)
          FROM therapy_sessions
         WHERE id = %s AND session_type = 'baseline'
        """,
        [session_id],
    )


def sides_of(conn: Connection, session_id: UUID) -> Mapping[str, Side]:
    """Of the channels that lie on a leg, as they were last scored."""
    rows = conn.execute(
        "SELECT channel_name, side FROM emg_statistics WHERE session_id = %s AND side IS NOT NULL",
        [session_id],
    )
    return dict(rows.fetchall())


def site_configuration(conn: Connection) -> Configuration:
    """The configuration of every session that names none."""
    return _named(_read_configuration(conn, _OF_SITE, []).fetchone())[0]


def _configuration_of(conn: Connection, session_id: UUID) -> Cursor[dict[str, Any]]:
    """That of the session, else of its patient, else of the site."""
    return _read_configuration(conn, _OF_SESSION + _OF_SITE + _NEAREST, [session_id, session_id])


def _read_configuration(
    conn: Connection, query: LiteralString, values: list[UUID]
) -> Cursor[dict[str, Any]]:
    return conn.cursor(row_factory=dict_row).execute(query, values)


_COLUMNS: LiteralString = """
           c.id, c.version, c.name, c.weights, c.component_weights AS compliance_weights,
           c.rpe_mapping AS rpe_scores, c.include_estimated_intensity, c.targets
      FROM """
_OF_SESSION: LiteralString = (
    "SELECT 1 AS distance, 'session' AS scope,"
    + _COLUMNS
    + """session_settings s
      JOIN scoring_configuration c ON (c.id, c.version)
           = (s.scoring_configuration_id, s.scoring_configuration_version)
     WHERE s.session_id = %s
    UNION ALL
    SELECT 2 AS distance, 'patient' AS scope,"""
    + _COLUMNS
    + """therapy_sessions t
      JOIN patients p ON p.patient_code = t.patient_id
      JOIN scoring_configuration c ON (c.id, c.version)
           = (p.scoring_configuration_id, p.scoring_configuration_version)
     WHERE t.id = %s
    UNION ALL
    """
)
_OF_SITE: LiteralString = (
    "SELECT 3 AS distance, 'site' AS scope,"
    + _COLUMNS
    + "scoring_configuration c WHERE c.scope = 'site' AND c.active"
)
_NEAREST: LiteralString = " ORDER BY distance LIMIT 1"


def _named(row: dict[str, Any] | None) -> tuple[Configuration, Scope]:
    if row is None:
        return Configuration(), "site"
    scope: Scope = row.pop("scope")
    del row["distance"]
    rpe = {int(value): score for value, score in row.pop("rpe_scores").items()}
    return Configuration(rpe_scores=rpe, **row), scope


def channels_of(conn: Connection, session_id: UUID) -> tuple[StoredChannel, ...]:
    """What was measured, from its rows."""
    measured = conn.cursor(row_factory=dict_row).execute(
        """
        SELECT channel_name AS label, envelope_p95, activated_p95, game_mvc, quality_verdict,
               signal_quality_score, method, protocol_digest
          FROM emg_statistics
         WHERE session_id = %s
         ORDER BY channel_number
        """,
        [session_id],
    )
    contractions = conn.execute(
        """
        SELECT channel, number, end_s - start_s, strength, activated_strength, masked_share
          FROM contractions
         WHERE session_id = %s
         ORDER BY channel, number
        """,
        [session_id],
    )
    efforts: defaultdict[str, list[Effort]] = defaultdict(list)
    for channel, *effort in contractions:
        efforts[channel].append(Effort(*effort))
    return tuple(StoredChannel(efforts=tuple(efforts[row["label"]]), **row) for row in measured)


def _patient(conn: Connection, session_id: UUID) -> Cursor[KnownPatient]:
    return conn.cursor(row_factory=class_row(KnownPatient)).execute(
        """
        SELECT p.channel_assignment, p.target_contractions_per_muscle,
               l.value AS mvc_left_quad, r.value AS mvc_right_quad,
               p.mvc_threshold_percentage, p.duration_threshold_seconds,
               COALESCE(p.pseudonym = t.pseudonym, false) AS has_pseudonym
          FROM therapy_sessions t
          JOIN patients p ON p.patient_code = t.patient_id
          LEFT JOIN LATERAL (
               SELECT m.value FROM patient_mvc m
                WHERE m.patient_code = p.patient_code AND m.side = 'left'
                  AND (m.valid_from IS NULL OR m.valid_from <= t.sorted_at)
                ORDER BY m.valid_from DESC NULLS LAST, m.id DESC
                LIMIT 1) l ON true
          LEFT JOIN LATERAL (
               SELECT m.value FROM patient_mvc m
                WHERE m.patient_code = p.patient_code AND m.side = 'right'
                  AND (m.valid_from IS NULL OR m.valid_from <= t.sorted_at)
                ORDER BY m.valid_from DESC NULLS LAST, m.id DESC
                LIMIT 1) r ON true
         WHERE t.id = %s
        """,
        [session_id],
    )
