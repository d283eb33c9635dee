"""The outbox of a store in this database, swept."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from myograph.db.pool import open_pool
from myograph.services.sweep_outbox import sweep_outbox
from tests.game_files import NAME

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=4) as pool:
        yield pool


@pytest.fixture
def note(database):
    """Write a row as the store's trigger does."""

    def noted(operation="INSERT", **known):
        row = {
            "operation": operation,
            "bucket": "emg_data",
            "name": f"P001/{NAME}",
            "object_id": "o1",
            "version": "v1",
            "etag": '"a"',
            "size_bytes": 3,
            "modified_at": AT,
        } | known
        with database.connect("myograph_work") as conn:
            conn.execute(
                """
                INSERT INTO storage_outbox (operation, object_id, bucket, name, old_name, version,
                                            old_version, size_bytes, etag, modified_at)
                VALUES (%(operation)s, %(object_id)s, %(bucket)s, %(name)s, %(old_name)s,
                        %(version)s, %(old_version)s, %(size_bytes)s, %(etag)s, %(modified_at)s)
                """,
                {"old_name": None, "old_version": None} | row,
            )

    return noted


def read(database, table):
    # The name is one of two that stand below.
    statement = {
        "storage_outbox": "SELECT * FROM storage_outbox ORDER BY id",
        "therapy_sessions": "SELECT * FROM therapy_sessions ORDER BY created_at",
        "upload_events": "SELECT * FROM upload_events ORDER BY id",
    }[table]
    with database.connect("postgres", row_factory=dict_row) as conn:
        return conn.execute(statement).fetchall()


def test_what_was_noted_and_never_told_has_its_session(database, clinic, pool, note):
    note()
    assert sweep_outbox(pool) == 1
    [session] = read(database, "therapy_sessions")
    assert (session["patient_id"], session["stored_at"]) == ("P001", AT)
    [row] = read(database, "storage_outbox")
    assert row["session_id"] == session["id"]
    assert row["settled_at"]
    [event] = read(database, "upload_events")
    assert (event["delivery_id"], event["shape"]) == (f"outbox:{row['id']}", "outbox")


def test_settled_is_settled(pool, note):
    note()
    assert (sweep_outbox(pool), sweep_outbox(pool)) == (1, 0)


def test_a_history_of_one_object_ends_as_the_store_has_it(database, clinic, pool, note):
    moved = f"P002/{NAME}"
    note()
    note("UPDATE", name=moved, old_name=f"P001/{NAME}", version="v2", old_version="v1")
    note("UPDATE", name=moved, version="v3", old_version="v2", etag='"b"')
    note("DELETE", name=moved, version="v3", etag='"b"')
    assert sweep_outbox(pool) == 4
    first, second = read(database, "therapy_sessions")
    assert first["superseded_by"] == second["id"]
    assert (second["file_path"], second["failure_kind"]) == (moved, "file_gone")
    assert second["object_gone_at"]


def test_a_name_that_no_store_can_read_by_fails_with_its_reason(database, pool, note):
    note(name="P001/../x.c3d")
    assert sweep_outbox(pool) == 1
    [session] = read(database, "therapy_sessions")
    assert (session["failure_kind"], session["failure_code"]) == ("unreadable", "bad_name")
    assert ".." in session["processing_error_message"]


def test_what_fails_keeps_its_problem_and_stops_nobody(database, pool, note):
    note(etag=None, version=None)
    note(object_id="o2", name=f"P002/{NAME}")
    assert sweep_outbox(pool) == 1
    broken, fine = read(database, "storage_outbox")
    assert (broken["settled_at"], broken["attempts"]) == (None, 1)
    assert broken["problem"] == "An upload has a version or an etag."
    assert fine["settled_at"]
    assert len(read(database, "therapy_sessions")) == 1


def test_an_error_nobody_expected_is_named_by_its_kind(database, pool, note):
    note()
    with database.connect("postgres") as conn:
        conn.execute("UPDATE storage_outbox SET version = NULL, etag = 'x', modified_at = NULL")
        conn.execute(
            "ALTER TABLE therapy_sessions ADD CONSTRAINT never CHECK (storage_etag <> 'x')"
        )
    try:
        assert sweep_outbox(pool) == 0
    finally:
        with database.connect("postgres") as conn:
            conn.execute("ALTER TABLE therapy_sessions DROP CONSTRAINT never")
    [row] = read(database, "storage_outbox")
    assert row["problem"] == "The change could not be taken in (CheckViolation)."


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 1), (3, 1), (4, 60), (5, 120), (8, 960), (9, 1440), (50, 1440)]
)
def test_it_is_tried_each_minute_five_times_and_then_ever_more_rarely(
    database, pool, note, attempts, minutes
):
    note(etag=None, version=None)
    with database.connect("postgres") as conn:
        conn.execute("UPDATE storage_outbox SET attempts = %s", [attempts])
    sweep_outbox(pool)
    with database.connect("postgres") as conn:
        [again] = conn.execute(
            "SELECT round(extract(epoch FROM due_at - clock_timestamp()) / 60)"
            " FROM storage_outbox WHERE settled_at IS NULL"
        ).fetchone()
    assert again == minutes


def test_two_sweeps_at_once_settle_each_change_once(database, clinic, pool, note):
    for number in range(40):
        note(object_id=f"o{number}", name=f"P001/{number}.c3d")
    settled = []
    threads = [threading.Thread(target=lambda: settled.append(sweep_outbox(pool))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(settled) == 40
    assert len(read(database, "therapy_sessions")) == 40
    assert {event["deliveries"] for event in read(database, "upload_events")} == {1}


def test_trouble_of_the_database_itself_counts_for_no_change(database, pool, note):
    note()
    sweep_outbox(pool)
    note("UPDATE", version="v2", old_version="v1", etag='"b"')
    impatient = make_conninfo(database.url("myograph_work"), options="-c lock_timeout=50ms")
    with database.connect("myograph_work") as holder, open_pool(impatient, size=1) as hasty:
        holder.execute("SELECT FROM therapy_sessions FOR UPDATE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            sweep_outbox(hasty)
    _, row = read(database, "storage_outbox")
    assert (row["attempts"], row["problem"], row["settled_at"]) == (0, None, None)
    assert sweep_outbox(pool) == 1
