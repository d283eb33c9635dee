"""What Storage does to a recording stands in the outbox, and nothing else does."""

import json

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.supabase.project import DEPLOY


def test_an_upload_is_one_row_and_one_hint(storage, project):
    found, version = storage.upload("P001/a.c3d", size=1229632)
    [row] = project.outbox("operation, object_id, bucket, name, old_name, version, old_version")
    assert row == ("INSERT", str(found), "emg_data", "P001/a.c3d", None, version, None)
    [hint] = project.hints()
    [(etag,)] = project.ask("SELECT metadata ->> 'eTag' FROM storage.objects")
    assert hint.payload == {
        "type": "INSERT",
        "table": "objects",
        "schema": "storage",
        "record": {
            "id": str(found),
            "bucket_id": "emg_data",
            "name": "P001/a.c3d",
            "version": version,
            "metadata": {"size": 1229632, "eTag": etag},
        },
        "old_record": None,
    }
    assert project.outbox("size_bytes, etag") == [(1229632, etag)]


def test_the_times_are_those_of_the_store_and_of_the_writing(storage, project):
    storage.upload()
    [(modified_at, at)] = project.outbox("modified_at, at")
    assert project.ask("SELECT updated_at FROM storage.objects") == [(modified_at,)]
    assert at >= modified_at


def test_an_overwrite_is_an_update_with_both_versions(storage, project):
    found, first = storage.upload("P001/a.c3d")
    again, second = storage.upload("P001/a.c3d")
    assert found == again
    columns = "operation, object_id, name, old_name, version, old_version"
    assert project.outbox(columns)[1] == ("UPDATE", str(found), "P001/a.c3d", None, second, first)
    payload = project.hints()[1].payload
    assert (payload["type"], payload["record"]["version"]) == ("UPDATE", second)
    assert payload["old_record"]["version"] == first


def test_a_move_tells_the_name_before_and_its_probe_nothing(storage, project):
    _, first = storage.upload("P001/a.c3d")
    moved = storage.move("P001/a.c3d", "P002/a.c3d")
    [_, row] = project.outbox("operation, name, old_name, version, old_version")
    assert row == ("UPDATE", "P002/a.c3d", "P001/a.c3d", moved, first)
    payload = project.hints()[1].payload
    assert payload["record"]["name"] == "P002/a.c3d"
    assert payload["old_record"]["name"] == "P001/a.c3d"


def test_a_rename_over_the_s3_protocol_is_a_new_object_and_a_deletion(storage, project):
    _, first = storage.upload("P001/a.c3d")
    _, second = storage.upload("P001/b.c3d")
    storage.delete("P001/a.c3d")
    assert project.outbox()[1:] == [
        ("INSERT", "P001/b.c3d", None, second),
        ("DELETE", "P001/a.c3d", None, first),
    ]


def test_a_deletion_says_which_version_is_gone(storage, project):
    found, version = storage.upload("P001/a.c3d")
    storage.delete("P001/a.c3d")
    columns = "operation, object_id, name, old_name, version, old_version"
    assert project.outbox(columns)[1] == ("DELETE", str(found), "P001/a.c3d", None, version, None)
    payload = project.hints()[1].payload
    assert (payload["type"], payload["record"]) == ("DELETE", None)
    assert payload["old_record"]["version"] == version


def test_a_probe_that_is_rolled_back_is_nothing(storage, project):
    storage.probe("P001/a.c3d")
    storage.upload("P001/a.c3d")
    storage.probe("P001/a.c3d")
    assert [row[0] for row in project.outbox()] == ["INSERT"]
    assert len(project.hints()) == 1


def test_an_upload_that_is_rolled_back_is_nothing(storage, project):
    with storage.conn.transaction(force_rollback=True):
        storage.upload("P001/a.c3d")
        storage.upload("P001/a.c3d")
    assert (project.outbox(), project.hints()) == ([], [])


def test_what_a_savepoint_took_back_is_nothing_and_the_rest_stays(storage, project):
    with storage.conn.transaction():
        storage.upload("P001/a.c3d")
        with storage.conn.transaction(force_rollback=True):
            storage.upload("P001/b.c3d")
        storage.upload("P001/c.c3d")
    assert [row[1] for row in project.outbox()] == ["P001/a.c3d", "P001/c.c3d"]


def test_many_rows_of_one_transaction_are_told_in_their_order(storage, project):
    with storage.conn.transaction():
        for number in range(20):
            storage.upload(f"P001/{number}.c3d")
        storage.upload("P001/3.c3d")
        storage.delete(*(f"P001/{number}.c3d" for number in range(10, 20)))
    told = project.outbox()
    assert [row[1] for row in told[:20]] == [f"P001/{number}.c3d" for number in range(20)]
    assert told[20][:2] == ("UPDATE", "P001/3.c3d")
    assert {row[0] for row in told[21:]} == {"DELETE"}
    assert len(told) == 31
    assert [h.payload["type"] for h in project.hints()] == [row[0] for row in told]


def test_a_change_without_a_new_version_is_nothing(storage, project):
    storage.upload("P001/a.c3d")
    storage.touch("P001/a.c3d")
    with project.connect() as conn:
        conn.execute("UPDATE storage.objects SET user_metadata = '{}', metadata = '{\"size\": 1}'")
    assert len(project.outbox()) == 1


@pytest.mark.parametrize(
    ("bucket", "name"),
    [
        ("pictures", "P001/a.c3d"),
        ("emg_data", "P001/a.csv"),
        ("emg_data", "P001/a.c3d.part"),
        ("emg_data", "c3d"),
    ],
)
def test_what_is_no_recording_of_ours_is_nothing(storage, project, bucket, name):
    storage.upload(name, bucket=bucket)
    storage.upload(name, bucket=bucket)
    storage.delete(name)
    assert (project.outbox(), project.hints()) == ([], [])


def test_an_ending_in_capitals_is_one_too(storage, project):
    storage.upload("P001/A.C3D")
    assert [row[1] for row in project.outbox()] == ["P001/A.C3D"]


@pytest.mark.parametrize(
    ("bucket", "name"), [("emg_data", "P001/a.bak"), ("pictures", "P001/a.c3d")]
)
def test_what_is_moved_out_of_sight_is_gone_and_back_is_new(storage, project, bucket, name):
    _, first = storage.upload("P001/a.c3d")
    storage.move("P001/a.c3d", name, bucket=bucket)
    assert project.outbox()[1] == ("DELETE", "P001/a.c3d", None, first)
    with project.connect() as conn:
        conn.execute(
            "UPDATE storage.objects SET bucket_id = 'emg_data', name = 'P001/b.c3d', version = 'v3'"
        )
    assert project.outbox()[2] == ("INSERT", "P001/b.c3d", None, "v3")
    assert [h.payload["old_record"] is None for h in project.hints()] == [True, False, True]


def test_from_one_bucket_of_ours_to_the_other_is_gone_here_and_new_there(storage, project):
    with project.connect() as conn:
        conn.execute("UPDATE app.storage_hook SET buckets = '{emg_data, pictures}'")
    _, first = storage.upload("P001/a.c3d")
    moved = storage.move("P001/a.c3d", "P001/a.c3d", bucket="pictures")
    assert project.outbox("operation, bucket, version")[1:] == [
        ("DELETE", "emg_data", first),
        ("INSERT", "pictures", moved),
    ]


def test_a_bucket_that_keeps_versions_tells_only_of_the_current_one(own_storage, own_project):
    with own_project.connect("supabase_storage_admin") as conn:
        conn.execute(
            """
            ALTER TABLE storage.objects
                ADD COLUMN archived_at timestamptz,
                ADD COLUMN is_delete_marker boolean NOT NULL DEFAULT false,
                ADD COLUMN is_versioned boolean NOT NULL DEFAULT false
            """
        )
        conn.execute("DROP INDEX storage.bucketid_objname")
    insert = (
        "INSERT INTO storage.objects (bucket_id, name, version, is_delete_marker, metadata)"
        " VALUES ('emg_data', 'P001/a.c3d', %s, %s, '{\"size\": 5}')"
    )
    with own_project.connect("supabase_storage_admin") as conn:
        conn.execute(insert, ["v1", False])
    with own_project.connect("supabase_storage_admin") as conn:
        conn.execute("UPDATE storage.objects SET archived_at = now() WHERE version = 'v1'")
        conn.execute(insert, ["v2", False])
    assert [(r[0], r[3]) for r in own_project.outbox()] == [
        ("INSERT", "v1"),
        ("DELETE", "v1"),
        ("INSERT", "v2"),
    ]
    with own_project.connect("supabase_storage_admin") as conn:
        conn.execute("UPDATE storage.objects SET archived_at = now() WHERE version = 'v2'")
        conn.execute(insert, ["v3", True])
        conn.execute("SELECT set_config('storage.can_delete', 'true', true)")
        conn.execute("DELETE FROM storage.objects WHERE version = 'v1'")
    assert [(r[0], r[3]) for r in own_project.outbox()[3:]] == [("DELETE", "v2")]
    listed = own_project.ask("SELECT * FROM app.stored_recordings('emg_data')", role="postgres")
    assert listed == []


def test_the_stores_own_migrations_pass_under_a_session_that_goes_on(own_storage, own_project):
    said = warnings_of(own_storage.conn)
    own_storage.upload("P001/a.c3d")
    with own_project.connect("supabase_storage_admin") as conn:
        for change in (
            "ADD COLUMN archived_at timestamptz",
            "ADD COLUMN is_delete_marker boolean NOT NULL DEFAULT false",
            "ADD COLUMN more jsonb",
            'ALTER COLUMN name TYPE text COLLATE "C"',
            "DROP COLUMN owner",
            "DROP COLUMN last_accessed_at",
        ):
            conn.execute("ALTER TABLE storage.objects DROP COLUMN IF EXISTS path_tokens")
            conn.execute(f"ALTER TABLE storage.objects {change}")
    own_storage.upload("P001/a.c3d")
    own_storage.upload("P001/b.c3d")
    own_storage.delete("P001/a.c3d")
    assert said == []
    told = [(operation, name) for operation, name, *_ in own_project.outbox()]
    assert told == [
        ("INSERT", "P001/a.c3d"),
        ("UPDATE", "P001/a.c3d"),
        ("INSERT", "P001/b.c3d"),
        ("DELETE", "P001/a.c3d"),
    ]
    listed = own_project.ask("SELECT name FROM app.stored_recordings('emg_data')", role="postgres")
    assert listed == [("P001/b.c3d",)]


def test_a_column_of_another_type_is_read_by_the_next_session(own_project):
    with own_project.connect("supabase_storage_admin") as conn:
        conn.execute("ALTER TABLE storage.objects ALTER COLUMN version TYPE varchar")
    with own_project.storage() as storage:
        said = warnings_of(storage.conn)
        _, version = storage.upload("P001/a.c3d")
    assert (said, own_project.outbox("version")) == ([], [(version,)])
    listed = own_project.ask(
        "SELECT version FROM app.stored_recordings('emg_data')", role="postgres"
    )
    assert listed == [(version,)]


def test_a_megabyte_of_user_metadata_stays_where_it_is(storage, project):
    storage.upload("P001/a.c3d", user_metadata={"note": "x" * 1_000_000, "size": 7})
    [hint] = project.hints()
    assert len(hint.body) < 1000
    assert hint.payload["record"]["metadata"]["size"] == 1000


@pytest.mark.parametrize(
    ("metadata", "size", "etag"),
    [
        (None, None, None),
        ("null", None, None),
        ("[]", None, None),
        ('"text"', None, None),
        ("{}", None, None),
        ('{"size": null, "eTag": null}', None, None),
        ('{"size": "many", "eTag": {"a": 1}}', None, '{"a": 1}'),
        ('{"size": -1}', None, None),
        ('{"size": 1e30}', None, None),
        ('{"size": 1.5}', None, None),
        ('{"size": "12"}', 12, None),
        (json.dumps({"eTag": "x" * 257}), None, None),
        (json.dumps({"eTag": "x" * 256, "size": 10**18 - 1}), 10**18 - 1, "x" * 256),
    ],
)
def test_odd_metadata_is_not_known_rather_than_an_error(project, metadata, size, etag):
    with project.connect("supabase_storage_admin") as conn:
        conn.execute(
            "INSERT INTO storage.objects (bucket_id, name, version, metadata)"
            " VALUES ('emg_data', 'P001/a.c3d', 'v', %s)",
            [metadata],
        )
    assert project.outbox("size_bytes, etag") == [(size, etag)]
    [hint] = project.hints()
    assert hint.payload["record"]["metadata"] == {"size": size, "eTag": etag}


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=NAMES)
def test_whatever_the_name_outbox_and_hint_agree_on_it(storage, project, name):
    name = f"{name}.c3d"
    found, version = storage.upload(name)
    row = project.outbox("object_id, name, version")[-1]
    record = project.hints()[-1].payload["record"]
    assert row == (str(found), name, version)
    assert (record["id"], record["name"], record["version"]) == row
    storage.delete(name)


@pytest.mark.parametrize("name", ["../../etc/passwd.c3d", "..c3d", "/abs.c3d", "a//b.c3d", ".c3d"])
def test_names_that_nobody_could_address_are_told_as_they_are(storage, project, name):
    storage.upload(name)
    assert [row[1] for row in project.outbox()] == [name]
    assert project.hints()[0].payload["record"]["name"] == name


# ── never in the way


def warnings_of(conn):
    said = []
    conn.add_notice_handler(lambda notice: said.append(notice.message_primary))
    return said


def test_without_the_extension_the_outbox_is_filled(own_storage, own_project):
    with own_project.connect("supabase_admin") as conn:
        conn.execute("DROP SCHEMA net CASCADE")
    said = warnings_of(own_storage.conn)
    own_storage.upload()
    assert (len(own_project.outbox()), said) == (1, [])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE app.storage_hook SET url = NULL",
        "DELETE FROM app.storage_hook",
        "SELECT app.retire_storage_secret('first')",
    ],
)
def test_without_an_address_or_a_secret_nothing_leaves_and_the_outbox_is_filled(
    storage, project, change
):
    with project.connect() as conn:
        conn.execute(change)
    storage.upload()
    assert (len(project.outbox()), project.hints()) == (1, [])


def test_an_extension_that_fails_costs_a_warning_and_no_row(own_storage, own_project):
    with own_project.connect("supabase_admin") as conn:
        conn.execute("DROP TABLE net.http_request_queue")
    said = warnings_of(own_storage.conn)
    own_storage.upload()
    assert len(own_project.outbox()) == 1
    assert ["the outbox has it" in text for text in said] == [True]
    assert "P001" not in said[0]


@pytest.mark.parametrize(
    "break_it",
    [
        "DROP TABLE public.storage_outbox CASCADE",
        "ALTER TABLE public.storage_outbox ADD CHECK (name <> 'P001/a.c3d')",
        "DROP FUNCTION app.recording_of",
        "DROP TABLE app.storage_hook",
        "DROP TABLE app.storage_secrets",
    ],
)
def test_whatever_of_ours_is_broken_the_upload_goes_on_with_a_warning(
    own_storage, own_project, break_it
):
    with own_project.connect() as conn:
        conn.execute(break_it)
    said = warnings_of(own_storage.conn)
    found, _ = own_storage.upload("P001/a.c3d")
    own_storage.upload("P001/a.c3d")
    own_storage.move("P001/a.c3d", "P002/a.c3d")
    assert own_project.ask("SELECT id, name FROM storage.objects") == [(found, "P002/a.c3d")]
    own_storage.delete("P002/a.c3d")
    assert own_project.ask("SELECT FROM storage.objects") == []
    assert said
    assert [text for text in said if "P00" in text] == []


def test_a_locked_outbox_is_not_waited_for(storage, project):
    said = warnings_of(storage.conn)
    with project.connect() as conn:
        conn.execute("LOCK TABLE public.storage_outbox")
        storage.upload()
    assert project.ask("SELECT count(*) FROM storage.objects") == [(1,)]
    assert project.outbox() == []
    assert [text.endswith("55P03") for text in said] == [True]  # lock_not_available


def test_a_user_who_may_not_upload_is_still_refused(storage, project):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        storage.upload("a.c3d", bucket="pictures", role="authenticated")
    assert project.outbox() == []


@pytest.mark.parametrize("role", ["authenticated", "service_role", "supabase_storage_admin"])
def test_whoever_uploads_the_row_is_written(project, storage, role):
    storage.upload(role=role)
    assert len(project.outbox()) == len(project.hints()) == 1


# ── taken back


def test_uninstalled_it_does_nothing_and_uploads_go_on(own_storage, own_project):
    own_storage.upload("P001/a.c3d")
    own_project.run(DEPLOY / "uninstall.sql")
    own_project.run(DEPLOY / "uninstall.sql")
    own_storage.upload("P001/b.c3d")
    own_storage.delete("P001/a.c3d")
    assert len(own_project.outbox()) == 1


def test_the_owner_of_the_table_takes_the_trigger_too(own_storage, own_project):
    own_project.run(DEPLOY / "uninstall.sql")
    with own_project.connect("supabase_storage_admin") as conn:
        conn.execute("DROP TRIGGER myograph_announces ON storage.objects")
    own_project.run(DEPLOY / "uninstall.sql")
    own_storage.upload()
    assert own_project.ask("SELECT to_regproc('app.storage_changed')") == [(None,)]
    assert own_project.outbox() == []
