"""Everything of ours applies to a Supabase project as `postgres` may, however often."""

import psycopg
import pytest

from myograph.db import migrate
from tests.supabase.project import INSTALL, Storage, migrated


def test_postgres_is_what_supabase_leaves_it(new_project):
    with new_project.connect() as conn:
        [attributes] = conn.execute(
            "SELECT rolsuper, rolcreaterole, rolbypassrls"
            "  FROM pg_roles WHERE rolname = session_user"
        ).fetchall()
    assert attributes == (False, True, True)
    for refused in (
        "CREATE FUNCTION storage.f() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE TABLE storage.t ()",
        "CREATE INDEX ON storage.objects (version)",
        "CREATE POLICY p ON storage.objects USING (true)",
        "ALTER TABLE storage.objects DISABLE TRIGGER ALL",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), new_project.connect() as conn:
            conn.execute(refused)


def test_the_trigger_once_made_is_not_for_postgres_to_drop(project):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), project.connect() as conn:
        conn.execute("DROP TRIGGER myograph_announces ON storage.objects")


def test_our_migrations_apply_without_a_superuser_and_once(new_project):
    assert migrated(new_project) == [name for name, _ in migrate._files()]
    assert migrated(new_project) == []


def test_installing_again_changes_nothing(project, storage):
    storage.upload("P001/a.c3d")
    before = (
        project.ask("SELECT * FROM app.storage_hook"),
        project.ask("SELECT * FROM app.storage_secrets"),
    )
    for file in INSTALL:
        project.run(file)
    storage.upload("P001/b.c3d")
    assert len(project.outbox()) == len(project.hints()) == 2
    assert before == (
        project.ask("SELECT * FROM app.storage_hook"),
        project.ask("SELECT * FROM app.storage_secrets"),
    )


def test_a_newer_version_replaces_the_functions_under_the_trigger(own_project, own_storage):
    with own_project.connect() as conn:
        conn.execute(
            "CREATE OR REPLACE FUNCTION app.storage_changed() RETURNS trigger"
            " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
    own_storage.upload("P001/a.c3d")
    for file in INSTALL:
        own_project.run(file)
    own_storage.upload("P001/b.c3d")
    assert [row[1] for row in own_project.outbox()] == ["P001/b.c3d"]


def test_what_lay_there_before_is_not_announced(new_project):
    with new_project.connect("supabase_storage_admin", autocommit=True) as conn:
        Storage(new_project, conn).upload("P001/a.c3d")
    migrated(new_project)
    for file in INSTALL:
        new_project.run(file)
    assert new_project.outbox() == []
    listed = new_project.ask("SELECT name FROM app.stored_recordings('emg_data')", role="postgres")
    assert listed == [("P001/a.c3d",)]


def test_before_our_migrations_it_says_what_to_run(new_project):
    with pytest.raises(psycopg.errors.RaiseException, match="myograph migrate"):
        new_project.run(INSTALL[0])


def test_where_there_is_no_storage_it_says_so(new_project):
    migrated(new_project)
    with new_project.connect("supabase_admin") as conn:
        conn.execute("DROP SCHEMA storage CASCADE")
    with pytest.raises(psycopg.errors.RaiseException, match=r"storage\.objects"):
        new_project.run(INSTALL[0])


def test_by_another_login_it_is_refused_with_the_one_to_use(new_project):
    migrated(new_project)
    with new_project.connect("supabase_admin") as conn:
        conn.execute("DROP ROLE IF EXISTS operator")
        conn.execute("CREATE ROLE operator")
        conn.execute("GRANT USAGE ON SCHEMA storage TO operator")
    text = INSTALL[0].read_text("utf-8")
    cases = (("NOBYPASSRLS", "Run this as postgres"), ("BYPASSRLS", "not as operator"))
    try:
        for attribute, said in cases:
            with new_project.connect("supabase_admin") as conn:
                conn.execute(f"ALTER ROLE operator {attribute}")
            with (
                pytest.raises(psycopg.errors.RaiseException, match=said),
                new_project.connect("operator") as conn,
            ):
                conn.execute(text)
    finally:
        with new_project.connect("supabase_admin") as conn:
            conn.execute("DROP OWNED BY operator")
            conn.execute("DROP ROLE operator")


def test_someone_who_holds_the_table_is_not_waited_for_long(new_project):
    migrated(new_project)
    with new_project.connect("supabase_storage_admin") as other, new_project.connect() as conn:
        other.execute("LOCK TABLE storage.objects")
        text = INSTALL[0].read_text("utf-8").replace("lock_timeout = '5s'", "lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            conn.execute(text)
