"""Nobody of a project's own roles reads or does anything of ours."""

from uuid import UUID

import psycopg
import pytest

from tests.supabase.project import migrated

OUR_ROLES = [
    "myograph_web",
    "myograph_work",
    "myograph_therapist",
    "myograph_researcher",
    "myograph_admin",
    "myograph_worker",
    "myograph_accounts",
    "myograph_audit",
    "myograph_privacy",
]
STRANGERS = ["anon", "authenticated", "service_role", "authenticator", "supabase_storage_admin"]


def test_strangers_have_no_right_on_anything_of_ours(project):
    rows = project.ask(_RIGHTS, [STRANGERS])
    assert rows == []


_RIGHTS = """
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'app', 'queue')),
         strangers AS (SELECT unnest(%s::text[]) AS role),
         rights AS (SELECT unnest(
            '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS name)
    SELECT role, relname, name
      FROM strangers, rights, pg_class c
     WHERE c.relnamespace IN (TABLE ours) AND c.relkind IN ('r', 'v')
       AND has_table_privilege(role, c.oid, name)
    UNION ALL
    SELECT role, relname, 'sequence'
      FROM strangers, pg_class c
     WHERE c.relnamespace IN (TABLE ours) AND c.relkind = 'S'
       AND has_sequence_privilege(role, c.oid, 'SELECT, USAGE, UPDATE')
    UNION ALL
    SELECT role, f.oid::regprocedure::text, 'EXECUTE'
      FROM strangers, pg_proc f
     WHERE f.pronamespace IN (TABLE ours) AND has_function_privilege(role, f.oid, 'EXECUTE')
    """


@pytest.mark.parametrize("role", STRANGERS)
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM app.storage_secrets",
        "SELECT * FROM app.storage_hook",
        "UPDATE app.storage_hook SET url = 'https://evil.example/'",
        "SELECT app.add_storage_secret('mine')",
        "SELECT app.storage_signatures('a message')",
        "SELECT * FROM app.stored_recordings('emg_data')",
        "SELECT * FROM public.storage_outbox",
        "TRUNCATE public.migrations",
        "SELECT * FROM public.therapy_sessions",
        "SELECT * FROM public.therapy_sessions_with_technical",
    ],
)
def test_strangers_are_refused(project, role, query):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        project.ask(query, role=role)


@pytest.mark.parametrize("table", ["storage_hook", "storage_secrets"])
def test_a_right_that_somebody_gave_by_mistake_shows_no_row(own_project, table):
    with own_project.connect() as conn:
        conn.execute("GRANT USAGE ON SCHEMA app TO anon")
        conn.execute(f"GRANT ALL ON app.{table} TO anon")
    assert own_project.ask(f"SELECT * FROM app.{table}", role="anon") == []  # noqa: S608
    forced = "SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass"
    assert own_project.ask(forced, [f"app.{table}"]) == [(True,)]


@pytest.mark.parametrize("role", OUR_ROLES)
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM app.storage_secrets",
        "SELECT * FROM app.storage_hook",
        "SELECT app.add_storage_secret('mine')",
        "SELECT app.storage_signatures('a message')",
        "SELECT app.announce_recording('INSERT', '{}', NULL, now())",
        "SELECT * FROM storage.objects",
    ],
)
def test_none_of_our_own_roles_reads_a_secret_or_the_store_itself(project, role, query):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        project.ask(query, role=role)


def test_only_the_worker_lists_a_bucket(project):
    having = [
        role
        for role in OUR_ROLES
        if project.ask(
            "SELECT has_function_privilege("
            "%s, 'app.stored_recordings(text, text, integer)', 'EXECUTE')",
            [role],
        )
        == [(True,)]
    ]
    assert having == ["myograph_work", "myograph_worker"]


def test_the_worker_lists_a_bucket_page_by_page_in_the_order_of_bytes(storage, project):
    names = sorted(
        [f"P{n:03}/a.c3d" for n in range(25)] + ["a//b.c3d", "../x.c3d", "/abs.C3D", "Zoë.c3d"]
    )
    expected = {name: storage.upload(name, size=len(name)) for name in names}
    storage.upload("other.png", bucket="pictures")
    storage.upload("P001/notes.txt")
    storage.probe("probe.c3d")
    listed, after = [], ""
    with project.connect("myograph_work") as conn:
        while page := conn.execute(
            "SELECT * FROM app.stored_recordings('emg_data', %s, 7)", [after]
        ).fetchall():
            listed += page
            after = page[-1][1]
    assert [row[1] for row in listed] == sorted(names, key=str.encode)
    whole = project.ask("SELECT * FROM app.stored_recordings('emg_data')", role="myograph_work")
    assert whole == listed
    assert {row[1]: (UUID(row[0]), row[2]) for row in listed} == expected
    assert all(row[3] == len(row[1]) for row in listed)
    etags = dict(project.ask("SELECT name, metadata ->> 'eTag' FROM storage.objects"))
    assert all(f'"{row[4]}"' == etags[row[1]] for row in listed)
    times = dict(project.ask("SELECT name, updated_at FROM storage.objects"))
    assert all(row[5] == times[row[1]] for row in listed)


@pytest.mark.parametrize("bucket", ["pictures", "nowhere", None])
def test_a_bucket_that_is_not_ours_is_refused_rather_than_empty(storage, project, bucket):
    storage.upload("other.png", bucket="pictures")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="storage_hook"):
        project.ask("SELECT * FROM app.stored_recordings(%s)", [bucket], "myograph_work")


def test_a_table_of_the_projects_own_keeps_its_rights(new_project):
    with new_project.connect() as conn:
        conn.execute("CREATE TABLE public.theirs (a int)")
    migrated(new_project)
    assert new_project.ask("SELECT * FROM public.theirs", role="anon") == []
