import hashlib
import importlib.resources

import psycopg
import pytest

from myograph.db import migrate as module
from myograph.db import scoring
from myograph.db.migrate import Edited, Standing, migrate, standing
from myograph.errors import DatabaseUnavailable
from myograph.scoring.configuration import DEFAULT, GHOSTLY_TRIAL
from myograph.services.audit_key import AuditKey
from myograph.services.verify_audit import verify_audit
from tests.database import fresh_database, migrated_server, settle_clinic
from tests.needs import postgres_15, postgres_16
from tests.sealing import seal_all


@pytest.fixture
def owner(fresh):
    with fresh.connect("myograph_migrator") as conn:
        yield conn


def test_migrating_twice_does_nothing_the_second_time(owner):
    assert migrate(owner) == []
    assert standing(owner) == Standing((), (), ())


def test_what_is_missing_is_named(fresh, monkeypatch):
    with fresh.connect("myograph_migrator") as conn:
        files = [*module._files(), ("9999_more.sql", "CREATE TABLE more ()")]
        monkeypatch.setattr(module, "_files", lambda: files)
        assert standing(conn).pending == ("9999_more.sql",)
        assert migrate(conn) == ["9999_more.sql"]
        assert standing(conn).pending == ()


def test_of_an_empty_database_all_is_missing(server):
    with psycopg.connect(server.url("myograph_migrator")) as conn:
        assert standing(conn).pending == tuple(name for name, _ in module._files())


def test_an_edited_file_is_refused(owner, monkeypatch):
    [(first, _), *_] = module._files()
    monkeypatch.setattr(module, "_files", lambda: [(first, "SELECT 1")])
    with pytest.raises(Edited, match=first):
        migrate(owner)


def test_a_file_that_fails_leaves_nothing_behind(owner, monkeypatch):
    monkeypatch.setattr(
        module, "_files", lambda: [("9999_bad.sql", "CREATE TABLE t (); SELECT 1/0")]
    )
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(owner)
    assert owner.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_it_does_not_wait_for_ever_behind_somebody_elses_lock(fresh, monkeypatch):
    monkeypatch.setattr(module, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(
        module, "_files", lambda: [("9999_x.sql", "ALTER TABLE patients ADD COLUMN x int")]
    )
    with fresh.connect("postgres") as other, fresh.connect("myograph_migrator") as conn:
        other.execute("LOCK TABLE patients")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate(conn)


def test_a_server_that_is_too_old_is_refused(owner, monkeypatch):
    monkeypatch.setattr(module, "OLDEST", 999999)
    with pytest.raises(DatabaseUnavailable, match="15"):
        migrate(owner)


def test_no_two_files_have_one_number():
    numbers = [int(name[:4]) for name, _ in module._files()]
    assert numbers == sorted(set(numbers))


QUEUE = "CREATE SCHEMA q; SET LOCAL search_path = q;\n-- include {} sha256 {}\n"


def included(path="procrastinate/sql/schema.sql", digest=None):
    package, _, inside = path.partition("/")
    text = (importlib.resources.files(package) / inside).read_text("utf-8")
    return QUEUE.format(path, digest or hashlib.sha256(text.encode()).hexdigest())


def test_a_migration_may_include_a_file_of_an_installed_package(owner, monkeypatch):
    monkeypatch.setattr(module, "_files", lambda: [("0009_queue.sql", included())])
    migrate(owner)
    assert owner.execute("SELECT to_regclass('q.procrastinate_jobs') IS NOT NULL").fetchone()[0]


def test_a_package_whose_file_is_another_one_is_refused(owner, monkeypatch):
    other = included(digest="0" * 64)
    monkeypatch.setattr(module, "_files", lambda: [("0009_queue.sql", other)])
    with pytest.raises(module.Edited, match="another version of procrastinate"):
        migrate(owner)
    assert owner.execute("SELECT to_regclass('q.procrastinate_jobs')").fetchone() == (None,)


def test_an_upgrade_of_the_package_does_not_make_an_applied_migration_look_edited(
    owner, monkeypatch
):
    monkeypatch.setattr(module, "_files", lambda: [("0009_queue.sql", included())])
    migrate(owner)
    newer = included(digest="f" * 64)
    monkeypatch.setattr(module, "_files", lambda: [("0009_queue.sql", newer)])
    assert migrate(owner) == []


def test_the_configurations_are_those_of_the_program(database):
    with database.connect("myograph_work") as conn:
        assert scoring.site_configuration(conn) == DEFAULT
        row = conn.execute(
            "SELECT version, name, weights FROM scoring_configuration WHERE id = %s",
            [GHOSTLY_TRIAL.id],
        ).fetchone()
    assert row == (GHOSTLY_TRIAL.version, GHOSTLY_TRIAL.name, dict(GHOSTLY_TRIAL.weights))


def test_every_foreign_key_has_an_index(database):
    with database.connect("postgres") as conn:
        rows = conn.execute(
            """
            SELECT k.conrelid::regclass::text, k.conname
              FROM pg_constraint k
             WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
               AND k.confdeltype <> 'a'
               AND NOT EXISTS (SELECT FROM pg_index i
                                WHERE i.indrelid = k.conrelid
                                  AND (i.indkey::int2[])[0] = k.conkey[1])
            """
        ).fetchall()
    assert rows == []


# ── other versions


def it_serves(cluster):
    """A person's upload, seen by them and by nobody else, on whatever version this is."""
    with fresh_database(cluster) as database:
        clinic = settle_clinic(database)
        with database.connect("myograph_work") as conn:
            conn.execute(
                "SELECT app.receive_upload(%s::jsonb)",
                ['{"bucket": "b", "name": "P001/a.c3d", "etag": "1", "patient_code": "P001"}'],
            )
            assert conn.execute("SELECT app.reap(5, 30)").fetchone() == (0,)
        seen = {}
        for who in ("therapist", "other_therapist", "researcher", "admin"):
            with database.as_person(getattr(clinic, who)) as conn:
                seen[who] = conn.execute("SELECT count(*) FROM therapy_sessions").fetchone()[0]
        with (
            database.connect("myograph_web") as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute("SELECT FROM therapy_sessions")
        with database.connect("myograph_work", autocommit=True) as conn:
            seal_all(conn)
            verified = verify_audit(conn, AuditKey(b"a key"), [])
            assert (verified.whole, verified.rows > 0) == (True, True)
    assert seen == {"therapist": 1, "other_therapist": 0, "researcher": 1, "admin": 1}


@pytest.mark.postgres16
def test_it_runs_unchanged_on_postgresql_16():
    with migrated_server("16", postgres_16()) as cluster:
        it_serves(cluster)


@pytest.mark.postgres15
def test_it_runs_unchanged_on_postgresql_15():
    with migrated_server("15", postgres_15()) as cluster:
        it_serves(cluster)


def test_it_runs_on_the_embedded_postgresql_18(server):
    it_serves(server)
