"""The queries of the pages over many sessions read no large table from end to end."""

import json
from datetime import UTC, datetime

import pytest

from myograph.db import (
    audit,
    audit_chain,
    contractions,
    lease,
    notes,
    patient_course,
    results,
    scores,
    sessions,
    statistics,
    technical,
)
from myograph.db.audit import Wanted
from myograph.db.wording import wording_for
from myograph.services.receive_upload import Upload, receive_upload
from tests.database import Database, fresh_database, settle_clinic

LARGE = {"therapy_sessions", "emg_statistics", "contractions", "performance_scores", "audit_log"}

# 20 000 sessions, one an hour, of 40 patients of 20 therapists.
_FILL = """
    INSERT INTO people (id, name, role)
    SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'T' || n, 'therapist'
      FROM generate_series(1, 20) n;
    INSERT INTO therapists (id) SELECT id FROM people WHERE name LIKE 'T__' OR name LIKE 'T_';
    INSERT INTO patients (patient_code, pseudonym, research_consent, therapist_id)
    SELECT 'P1' || lpad(n::text, 3, '0'), md5(n::text), n % 4 > 0,
           ('00000000-0000-0000-0000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid
      FROM generate_series(0, 39) n;
    UPDATE patients SET therapist_id = (SELECT person_id FROM local_accounts WHERE login = 'thea')
     WHERE patient_code IN ('P1001', 'P1002');
    INSERT INTO processing_parameters (digest, method, protocol)
    VALUES (repeat('0', 64), 'test', '{}');
    INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version, file_hash, patient_id,
                                  pseudonym, session_date, processing_status)
    SELECT 'x/' || n, 'b', '1', encode(sha256(n::text::bytea), 'hex'),
           'P1' || lpad((n % 40)::text, 3, '0'), md5((n % 40)::text),
           timestamptz '2020-01-01' + n * interval '1 hour',
           CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'completed' END
      FROM generate_series(1, 20000) n;
    INSERT INTO emg_statistics (session_id, channel_name, channel_number, total_contractions,
           signal_quality_score, quality_verdict, quality_reasons, masked_share, dropouts,
           saturated_share, repeats, spikes, artifacts_detected, processing_pipeline,
           processing_version, method, protocol_digest, file_hash)
    SELECT id, 'CH' || c, c, 2, 1, 'good', '{}', 0, 0, 0, 0, 0, 0, '', '', 'test',
           repeat('0', 64), file_hash
      FROM therapy_sessions, generate_series(1, 2) c;
    INSERT INTO contractions (session_id, channel, number, start_s, end_s, peak, mean, strength,
                              time_to_peak_s, masked_share, cut, source)
    SELECT session_id, channel_name, k, k, k + 0.5, 1, 1, 1, 0.1, 0, false, 'envelope'
      FROM emg_statistics, generate_series(1, 2) k;
    INSERT INTO performance_scores (session_id, performance_weights, configuration_id,
           configuration_version, missing, missing_reasons, targets, pressure_verified,
           input_sources, method, protocol_digest)
    SELECT id, '{}', 'default', 1, '{}', '{}', 'fixed', false, '{}', 'test', repeat('0', 64)
      FROM therapy_sessions;
    INSERT INTO audit_log (at, xid, person_id, action, subject, row_key)
    SELECT timestamptz '2020-01-01' + n * interval '1 hour', '3',
           ('00000000-0000-0000-0000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid,
           CASE n % 3 WHEN 0 THEN 'read' ELSE 'update' END, 'patients',
           'P1' || lpad((n % 40)::text, 3, '0')
      FROM generate_series(1, 20000) n;
    INSERT INTO audit_seals SELECT row_number() OVER (ORDER BY id), id, xid, sha256('x')
      FROM audit_log;
    ANALYZE;
    """


@pytest.fixture(scope="module")
def many(server):
    with fresh_database(server) as database:
        clinic = settle_clinic(database)
        with database.connect("postgres") as conn:
            conn.execute("SET session_replication_role = replica")  # no triggers, no checks of keys
            conn.execute(_FILL)
        yield database, clinic


def scanned(plan):
    """The tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for inner in plan.get("Plans", []):
        yield from scanned(inner)


def plans_of(database: Database, person, ask):
    """The plans of every query that `ask` makes, as this person."""
    with database.as_person(person) as conn:
        asked = []
        execute = type(conn.cursor()).execute

        class Listening(type(conn.cursor())):
            def execute(self, query, params=None, **options):
                asked.append((query, params))
                return execute(self, query, params, **options)

        conn.cursor_factory = Listening
        ask(conn, person)
        for query, params in asked.copy():  # what asks here is heard too
            [[plan]] = conn.execute(f"EXPLAIN (FORMAT json) {query}", params).fetchall()
            yield query, plan[0]["Plan"]


def one_session(conn):
    return conn.execute(
        "SELECT id, sorted_at FROM therapy_sessions ORDER BY sorted_at DESC LIMIT 1 OFFSET 5"
    ).fetchone()


ONE, NEXT = datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 1, 2, tzinfo=UTC)


def one_patient(person):
    return "cfcd208495d565ef66e7dff9f98764da" if person.role == "researcher" else "P1001"


QUERIES = {
    "the course of a patient": lambda c, p: patient_course.sessions(c, p, one_patient(p)),
    "the channels of a course": lambda c, p: patient_course.channels(
        c, [one_session(c)[0]], wording_for(p.role)
    ),
    "the notes of a patient": lambda c, p: notes.of_patient(
        c, p, one_patient(p), before=None, limit=50
    ),
    "the newest": sessions.newest,
    "the next page": lambda c, p: sessions.newest(c, p, before=one_session(c)[::-1]),
    "of one patient": lambda c, p: sessions.newest(
        c, p, patient="cfcd208495d565ef66e7dff9f98764da" if p.role == "researcher" else "P1001"
    ),
    "of one state": lambda c, p: sessions.newest(c, p, state="failed"),
    "one session": lambda c, p: sessions.get(c, p, one_session(c)[0]),
    "those of the same bytes": lambda c, p: sessions.twins(
        c, sessions.get(c, p, one_session(c)[0])
    ),
    "what changed": lambda c, p: sessions.changed_since(
        c,
        p,
        c.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone()[0],
    ),
    "states": lambda c, p: sessions.states(c, p, [one_session(c)[0]]),
    "statistics": lambda c, p: statistics.of_session(c, one_session(c)[0], wording_for(p.role)),
    "contractions": lambda c, p: contractions.of_session(c, one_session(c)[0], wording_for(p.role)),
    "scores": lambda c, p: scores.of_session(c, one_session(c)[0], wording_for(p.role)),
    "technical": lambda c, p: technical.of_session(c, one_session(c)[0], wording_for(p.role)),
    "who did what": lambda c, p: audit.newest(c, Wanted(), limit=50),
    "what one person did": lambda c, p: audit.newest(c, Wanted(person_id=p.id), limit=50),
    "what was done to a patient": lambda c, p: audit.newest(
        c, Wanted(subject="patients", row_key="P1001"), limit=50
    ),
    "what was done on a day": lambda c, p: audit.newest(c, Wanted(since=ONE, until=NEXT), limit=50),
    "what was done before": lambda c, p: audit.newest(c, Wanted(), limit=50, before=(ONE, 9)),
}


@pytest.mark.parametrize("who", ["therapist", "researcher", "admin"])
@pytest.mark.parametrize("what", QUERIES)
def test_no_query_of_a_page_reads_a_large_table_from_end_to_end(many, who, what):
    database, clinic = many
    plans = list(plans_of(database, getattr(clinic, who), QUERIES[what]))
    assert plans
    for query, plan in plans:
        assert not LARGE & set(scanned(plan)), f"{query}\n{json.dumps(plan, indent=1)}"


def test_the_search_for_such_scans_finds_them(many):
    database, clinic = many

    def ask(conn, _person):
        conn.cursor().execute("SELECT protocol_day FROM therapy_sessions WHERE tries > 1")

    [(_, plan)] = plans_of(database, clinic.admin, ask)
    assert set(scanned(plan)) == {"therapy_sessions"}


def scans(database, conn):
    """How often large tables were read from end to end, `conn`'s own reads included."""
    conn.rollback()
    conn.execute("SELECT pg_stat_force_next_flush()")
    conn.commit()
    with database.connect("postgres") as other:
        return dict(
            other.execute(
                "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY (%s)",
                [list(LARGE)],
            ).fetchall()
        )


NEW = Upload("b", "P1001/new.c3d", size_bytes=1, etag="1", patient_code="P1001", left="CH1")
KNOWN = Upload("b", "x/1", version="1", etag="1")


def analyse_in_rows(conn):
    session_id = conn.execute(
        "SELECT id FROM therapy_sessions WHERE processing_status = 'pending' LIMIT 1"
    ).fetchone()[0]
    claim = lease.claim(conn, session_id, seconds=30)
    lease.extend(conn, claim, seconds=30)
    lease.hold(conn, claim)
    results.identify(conn, session_id, "0" * 64, size_bytes=1)
    assert results.measured_before(conn, "0" * 64, "test", "0" * 64, recovered=False) is None
    lease.complete(conn, claim, method="test", took_ms=1)


@pytest.mark.parametrize(
    "work",
    [
        lambda conn: receive_upload(conn, NEW),
        lambda conn: receive_upload(conn, KNOWN),
        analyse_in_rows,
        lambda conn: lease.reap(conn, max_tries=5, stalled_s=1e9),
        audit_chain.seal,
    ],
    ids=["a new upload", "a known one", "an analysis", "the reaper", "the sealer"],
)
def test_no_work_on_one_session_reads_them_all(many, work):
    database, _ = many
    with database.connect("myograph_work") as conn:
        before = scans(database, conn)
        work(conn)
        assert scans(database, conn) == before


def test_the_count_of_such_reads_counts_them(many):
    database, _ = many
    with database.connect("myograph_work") as conn:
        before = scans(database, conn)
        conn.execute("SELECT protocol_day FROM therapy_sessions WHERE tries > 1")
        assert scans(database, conn) != before
