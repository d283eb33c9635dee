"""Thousands are queued to be analysed again: each once, whatever breaks it off, and soon."""

import threading
from uuid import UUID

import psycopg
import pytest

from myograph.db import reprocessing
from myograph.db.pool import open_pool
from myograph.db.reprocessing import Wanted
from myograph.services.reprocess_sessions import reprocess_sessions
from tests.waiting import wait_for

MANY, BATCH = 1000, 100
USUAL = 8  # calls: by then the server has one plan for all of them


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def many(database, monkeypatch):
    """Sessions that are done, the oldest first."""
    monkeypatch.setattr(reprocessing, "BATCH", BATCH)
    with database.connect("postgres") as conn:
        return [
            row[0]
            for row in conn.execute(
                """
                WITH made AS (
                    INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version,
                                                  processing_status, processing_version, created_at)
                    SELECT 'old-' || n || '.c3d', 'emg_data', '1', 'completed', '2020.1',
                           timestamptz '2020-01-01' + n * interval '1 minute'
                      FROM generate_series(1, %s) n
                    RETURNING id, created_at)
                SELECT id FROM made ORDER BY created_at
                """,
                [MANY],
            )
        ]


def waiting(pool) -> list[UUID]:
    with pool.connection() as conn:
        return [
            UUID(row[0])
            for row in conn.execute(
                "SELECT args ->> 'session_id' FROM queue.procrastinate_jobs ORDER BY id"
            )
        ]


def test_what_breaks_it_off_leaves_what_was_queued_and_asked_again_it_goes_on(pool, many):
    batches = 0

    def cut(conn, sessions):
        nonlocal batches
        batches += 1
        jobs = reprocessing.queue(conn, sessions)
        if batches == 4:
            conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return jobs

    with pytest.raises(psycopg.OperationalError):
        reprocess_sessions(pool.connection, Wanted(), queue=cut)
    assert waiting(pool) == many[: 3 * BATCH]
    sessions, jobs = reprocess_sessions(pool.connection, Wanted())
    assert (sessions, len(jobs)) == (many, MANY - 3 * BATCH)
    assert waiting(pool) == many


def test_two_who_ask_at_the_same_time_queue_each_session_once(pool, many, database):
    asked = []

    def ask():
        asked.append(reprocess_sessions(pool.connection, Wanted())[1])

    second = threading.Thread(target=ask, daemon=True)
    with pool.connection() as conn:
        reprocessing.queue(conn, many[:BATCH])
        second.start()
        wait_for(lambda: somebody_waits(database), 15)
    second.join()
    assert waiting(pool) == many
    assert len(asked[0]) == MANY - BATCH


def somebody_waits(database):
    with database.connect("postgres") as conn:
        return conn.execute(
            """
            SELECT true FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
            """
        ).fetchone()


def test_what_waits_is_looked_through_once_for_all_that_are_asked_for(pool, many):
    """The first plans fit the list that is asked for; the later ones are one for every list."""
    reprocess_sessions(pool.connection, Wanted())
    with pool.connection() as conn:
        for _ in range(USUAL):
            assert reprocessing.queue(conn, many) == []
        before = rows_read(conn)
        assert reprocessing.queue(conn, many) == []
        assert rows_read(conn) - before == MANY


def rows_read(conn):
    """Of the queue, by this transaction."""
    [row] = conn.execute(
        """
        SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables
         WHERE schemaname = 'queue' AND relname = 'procrastinate_jobs'
        """
    ).fetchall()
    return row[0]
