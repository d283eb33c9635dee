"""Supabase's own table of its store tells more than a listing does: numbers and versions."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from myograph.db import storage_objects
from myograph.db.pool import open_pool
from myograph.services.receive_upload import Upload, receive_event
from myograph.services.sweep_uploads import sweep_uploads
from tests.odd_names import ODD, PLAIN, UNREADABLE

BUCKET = "emg_data"
ROOT = Path(__file__).resolve().parents[2]

TABLE = """
    CREATE SCHEMA storage;
    CREATE TABLE storage.objects (
        id uuid PRIMARY KEY, bucket_id text, name text, version text, metadata jsonb,
        updated_at timestamptz DEFAULT now(), user_metadata jsonb, UNIQUE (bucket_id, name));
    ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
"""
_HOOK = """
    CREATE TABLE app.storage_hook (buckets text[]);
    INSERT INTO app.storage_hook VALUES ('{emg_data}');
"""
INSTALLS = next((ROOT / "deploy" / "supabase" / "migrations").glob("*.sql")).read_text("utf-8")


def part_of_installation(pattern):
    return re.search(pattern, INSTALLS, re.DOTALL | re.MULTILINE).group()


_SHOWS = (
    part_of_installation(r"^CREATE OR REPLACE FUNCTION app\.stored_recordings.*?^\$\$;")
    + "REVOKE ALL ON FUNCTION app.stored_recordings FROM PUBLIC;"
)
_MAY = part_of_installation(r"^GRANT EXECUTE ON FUNCTION app\.stored_recordings[^;]*;")


INSTALLED = (TABLE, _HOOK, _SHOWS, _MAY)


class Supabase:
    """An S3 door, and a row for each object in the database."""

    def __init__(self, s3, conn):
        self.s3, self.store, self.conn = s3, s3.store, conn

    def put(self, name, content=b"abc"):
        self.s3.put(name, content)
        etag = self.store.head(f"{BUCKET}/{name}").etag if name not in UNREADABLE else "an etag"
        self.conn.execute(
            """
            INSERT INTO storage.objects (id, bucket_id, name, version, metadata)
            VALUES (%(id)s, %(bucket)s, %(name)s, %(version)s,
                    jsonb_build_object('eTag', concat('"', %(etag)s::text, '"'),
                                       'size', %(size)s::int))
            ON CONFLICT (bucket_id, name) DO UPDATE
               SET version = excluded.version, metadata = excluded.metadata, updated_at = now()
            """,
            {
                "id": str(uuid4()),
                "bucket": BUCKET,
                "name": name,
                "version": str(uuid4()),
                "etag": etag,
                "size": len(content),
            },
        )

    def move(self, old, new):
        self.s3.move(old, new)
        self.conn.execute(
            "UPDATE storage.objects SET name = %s, version = %s, updated_at = now()"
            " WHERE name = %s",
            [new, str(uuid4()), old],
        )

    def row(self, name):
        """As the outbox tells of it."""
        [(number, version, etag)] = self.conn.execute(
            "SELECT id::text, version, metadata ->> 'eTag' FROM storage.objects WHERE name = %s",
            [name],
        )
        return Upload(
            BUCKET,
            name,
            size_bytes=3,
            etag=etag,
            version=version,
            object_id=number,
            source="outbox",
            shape="outbox",
        )

    def delete(self, name):
        self.s3.delete(name)
        self.conn.execute("DELETE FROM storage.objects WHERE name = %s", [name])


@pytest.fixture
def owner(database):
    with database.connect("postgres", autocommit=True) as conn:
        for part in INSTALLED:
            conn.execute(part)
        yield conn
        conn.execute(
            "DROP FUNCTION IF EXISTS app.stored_recordings;"
            "DROP TABLE IF EXISTS app.storage_hook; DROP SCHEMA storage CASCADE"
        )


@pytest.fixture
def supabase(s3, owner):
    return Supabase(s3, owner)


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def sweep(pool):
    def run(place):
        swept = sweep_uploads(pool, place.store, BUCKET, settle_s=0)
        assert swept.problem is None
        counts = swept.counts
        names = ("listed", "created", "overwritten", "moved", "restored", "gone", "refused")
        return {name: n for name in names if (n := getattr(counts, name))}

    return run


@pytest.fixture
def rows(pool):
    def look(columns, where="superseded_by IS NULL"):
        with pool.connection() as conn:
            return conn.execute(
                f"SELECT {columns} FROM therapy_sessions WHERE {where} ORDER BY created_at, id"  # noqa: S608
            ).fetchall()

    return look


def test_its_numbers_and_versions_are_known_from_the_table(supabase, sweep, rows, owner):
    supabase.put("P001/a.c3d")
    supabase.put("P001/notes.txt")
    owner.execute("INSERT INTO storage.objects VALUES (gen_random_uuid(), 'emg_data', 'b.c3d')")
    assert sweep(supabase) == {"listed": 1, "created": 1}
    [known] = owner.execute(
        "SELECT id::text, version FROM storage.objects WHERE name = 'P001/a.c3d'"
    ).fetchall()
    assert rows("storage_object_id, storage_version") == [known]
    assert rows("storage_etag") == [(supabase.store.head(f"{BUCKET}/P001/a.c3d").etag,)]
    assert sweep(supabase) == {"listed": 1}


def test_a_move_is_known_by_the_number(supabase, sweep, rows):
    supabase.put("P001/a.c3d")
    sweep(supabase)
    before = rows("id")
    supabase.move("P001/a.c3d", "P002/b.c3d")
    assert sweep(supabase) == {"listed": 1, "moved": 1}
    assert rows("id", "true") == before
    assert rows("file_path") == [("P002/b.c3d",)]
    assert sweep(supabase) == {"listed": 1}


def test_what_was_moved_out_of_sight_and_back_is_there_again_with_the_next_listing(
    supabase, sweep, rows, pool
):
    """By its number it was removed, and who says otherwise may be late; the table knows."""
    supabase.put("P001/a.c3d")
    sweep(supabase)
    before = rows("id")
    was = supabase.row("P001/a.c3d")
    supabase.move("P001/a.c3d", "P001/a.bak")
    supabase.move("P001/a.bak", "P001/a.c3d")
    with pool.connection() as conn:
        receive_event(conn, replace(was, operation="removed", delivery_id="outbox:1"))
        back = replace(supabase.row("P001/a.c3d"), delivery_id="outbox:2")
        assert receive_event(conn, back).outcome == "late"
    assert rows("object_gone_at IS NULL") == [(False,)]
    assert sweep(supabase) == {"listed": 1, "restored": 1}
    assert rows("id", "object_gone_at IS NULL") == before
    assert sweep(supabase) == {"listed": 1}


def test_objects_that_change_places_keep_their_sessions(supabase, sweep, rows):
    supabase.put("P001/a.c3d", b"a")
    supabase.put("P001/b.c3d", b"bb")
    sweep(supabase)
    before = dict(rows("session_id, id"))
    supabase.move("P001/a.c3d", "P001/c.c3d")
    supabase.move("P001/b.c3d", "P001/a.c3d")
    supabase.move("P001/c.c3d", "P001/b.c3d")
    assert sweep(supabase)["moved"] == 2
    assert dict(rows("session_id, id")) == {"a": before["b"], "b": before["a"]}
    assert sweep(supabase) == {"listed": 2}


def test_overwritten_and_deleted_objects_are_noticed(supabase, sweep, rows):
    supabase.put("P001/a.c3d")
    supabase.put("P001/b.c3d")
    sweep(supabase)
    supabase.put("P001/a.c3d", b"other")
    supabase.delete("P001/b.c3d")
    assert sweep(supabase) == {"listed": 1, "overwritten": 1, "gone": 1}
    assert sweep(supabase) == {"listed": 1}
    assert len(rows("id", "superseded_by IS NOT NULL")) == 1


def test_a_session_that_a_listing_found_learns_its_number(supabase, sweep, rows, upload):
    supabase.put("P001/a.c3d")
    head = supabase.store.head(f"{BUCKET}/P001/a.c3d")
    upload.announce(Upload(BUCKET, "P001/a.c3d", size_bytes=head.size, etag=head.etag))
    assert sweep(supabase) == {"listed": 1}
    assert rows("storage_object_id IS NULL", "true") == [(False,)]


def test_odd_names_stop_nothing(supabase, sweep):
    for name in ODD:
        supabase.put(name)
    assert sweep(supabase) == {
        "listed": len(ODD),
        "created": len(PLAIN),
        "refused": len(UNREADABLE),
    }
    assert sweep(supabase) == {"listed": len(ODD)}


def test_a_row_that_is_not_committed_is_not_seen(supabase, sweep, database):
    supabase.put("P001/a.c3d")
    with database.connect("postgres") as conn:
        conn.execute(
            "INSERT INTO storage.objects"
            " SELECT gen_random_uuid(), bucket_id, 'b.c3d', '1', metadata FROM storage.objects"
        )
        assert sweep(supabase) == {"listed": 1, "created": 1}
        conn.rollback()


@pytest.mark.parametrize(
    "lacking",
    [
        "REVOKE EXECUTE ON FUNCTION app.stored_recordings FROM myograph_worker",
        "DROP FUNCTION app.stored_recordings",
        "UPDATE app.storage_hook SET buckets = '{other}'",
    ],
)
def test_a_table_that_shows_us_nothing_is_not_believed(supabase, owner, sweep, rows, lacking):
    supabase.put("P001/a.c3d")
    sweep(supabase)
    owner.execute(lacking)
    assert sweep(supabase) == {"listed": 1}
    assert rows("object_gone_at") == [(None,)]


def test_the_table_of_another_store_is_not_believed(supabase, owner, sweep):
    supabase.put("P001/a.c3d")
    owner.execute("UPDATE storage.objects SET bucket_id = 'other'")
    assert sweep(supabase) == {"listed": 1, "created": 1}


def test_a_folder_is_listed_though_there_is_such_a_table(supabase, store, sweep):
    supabase.put("P001/a.c3d")
    path = store.root / BUCKET / "b.c3d"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"abc")
    supabase.store = store
    assert sweep(supabase) == {"listed": 1, "created": 1}


def test_where_there_is_no_such_table_there_is_nothing_to_read(pool):
    with pool.connection() as conn:
        assert not storage_objects.readable(conn, BUCKET)
