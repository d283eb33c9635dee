"""Where no file of the database may grow any more, whatever PostgreSQL calls that."""

import json
import resource
import time
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from myograph.cli.checks import database as checks
from myograph.cli.checks.installation import installation
from myograph.db import server
from myograph.db.pool import open_pool
from myograph.db.room import lacks_room
from myograph.services.standard_webhooks import signed
from myograph.services.sweep_outbox import sweep_outbox
from myograph.storage.objects import folder_store
from myograph.web.api.uploads import TRY_AGAIN
from myograph.web.api.webhooks import ADDRESS
from tests.database import fresh_database, migrated_server, settle_clinic
from tests.web.conftest import SOURCE, cookie_of

LONGEST_BYTES = 24 << 20  # of any file; the server's log is written in files of 16 MB
# A row takes a page of its own, so that each makes the table longer.
FULL = """
    CREATE TABLE filler (page text STORAGE PLAIN);
    GRANT INSERT ON filler TO PUBLIC;
    CREATE FUNCTION one_page_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN INSERT INTO public.filler VALUES (repeat('x', 7000)); RETURN NULL; END $$;
    CREATE FUNCTION a_bug() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'cache lookup failed' USING ERRCODE = 'XX000'; END $$
"""


@contextmanager
def no_longer_files():
    """For whatever is started meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LONGEST_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def limited():
    with no_longer_files(), migrated_server("limited") as server:
        yield server


@pytest.fixture(scope="module")
def full(limited):
    with fresh_database(limited) as database:
        with database.connect("postgres") as conn:
            conn.execute(FULL)
        yield database, settle_clinic(database), fill(database)


def fill(database):
    """Until it says no; what it said."""
    with database.connect("postgres", autocommit=True) as conn:
        while True:
            try:
                conn.execute(
                    "INSERT INTO filler SELECT repeat('x', 7000) FROM generate_series(1, 100)"
                )
            except psycopg.Error as exc:
                return exc


@pytest.fixture
def web(full, make_app, tmp_path):
    database, clinic, _ = full
    app = make_app(web_url=database.url("myograph_web"), store=folder_store(tmp_path))
    with TestClient(app, raise_server_exceptions=False) as web:
        with database.connect("myograph_web") as conn:
            web.cookies["myograph"] = cookie_of(conn, clinic.therapist.id)
        yield web


@contextmanager
def each_insert(full, table, does):
    with full[0].connect("postgres", autocommit=True) as conn:
        conn.execute(
            f"CREATE TRIGGER meddling AFTER INSERT ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {does}()"
        )
        try:
            yield
        finally:
            conn.execute(f"DROP TRIGGER meddling ON {table}")


def upload(web, content):
    return web.put("/api/uploads/a.c3d", content=content)


def deliver(web, _):
    record = {"key": f"unassigned/{uuid4()}.c3d", "size": 3, "eTag": "abc"}
    told = {"bucket": {"name": "emg_data"}, "object": record}
    records = [{"eventName": "ObjectCreated:Put", "eventTime": "2026-01-05T09:00:00Z", "s3": told}]
    body = json.dumps({"Records": records}).encode()
    headers = signed(SOURCE.keys[0], number=str(uuid4()), at=int(time.time()), body=body)
    return web.post(ADDRESS, content=body, headers=headers)


def test_to_postgresql_it_is_an_internal_error_as_a_bug_is(full):
    _, _, said = full
    assert said.sqlstate == "XX000"
    assert lacks_room(said)


@pytest.mark.parametrize("send", [upload, deliver])
def test_whoever_writes_is_asked_to_come_back(full, web, send, new_recording):
    with each_insert(full, "therapy_sessions", "one_page_more"):
        answer = send(web, new_recording())
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2"), answer.text
    assert answer.json()["code"] == "database_unavailable"
    assert web.get("/api/sessions").json()["sessions"] == []


@pytest.mark.parametrize("send", [upload, deliver])
def test_a_bug_stays_one(full, web, send, new_recording):
    with each_insert(full, "therapy_sessions", "a_bug"):
        answer = send(web, new_recording())
    assert (answer.status_code, answer.json()["code"]) == (500, "bug")


def test_of_several_files_each_is_asked_for_again(full, web, new_recording):
    with each_insert(full, "therapy_sessions", "one_page_more"):
        [one] = web.post("/api/upload", files={"files": ("a.c3d", new_recording())}).json()
    assert (one["code"], one["sentence"]) == ("store_unavailable", TRY_AGAIN)
    with each_insert(full, "therapy_sessions", "a_bug"):
        answer = web.post("/api/upload", files={"files": ("a.c3d", new_recording())})
    assert answer.status_code == 500


def test_what_is_there_is_shown_though_nobody_can_write_down_who_read_it(full, web):
    with each_insert(full, "audit_log", "one_page_more"), capture_logs() as log:
        assert web.get("/api/patients").status_code == 200
    assert "read_not_recorded" in {line["event"] for line in log}
    with each_insert(full, "audit_log", "a_bug"):
        assert web.get("/api/patients").status_code == 500


def test_a_sweep_ends_and_holds_it_against_no_change(full):
    database, _, _ = full
    with database.connect("myograph_work") as conn:
        conn.execute(
            """
            INSERT INTO storage_outbox (operation, bucket, name, object_id, version, size_bytes)
            VALUES ('INSERT', 'emg_data', 'unassigned/a.c3d', 'o1', 'v1', 3)
            """
        )
    with (
        each_insert(full, "therapy_sessions", "one_page_more"),
        open_pool(database.url("myograph_work"), size=2) as pool,
        pytest.raises(psycopg.errors.InternalError_),
    ):
        sweep_outbox(pool)
    with database.connect("myograph_work") as conn:
        [change] = conn.execute("SELECT attempts FROM storage_outbox").fetchall()
    assert change == (0,)


def test_whoever_looks_what_is_wrong_is_told_to_make_room(full, monkeypatch, tmp_path):
    database, _, _ = full
    monkeypatch.setenv("MYOGRAPH_WORKER_DATABASE_URL", database.url("myograph_work"))
    of = installation(tmp_path)
    [writing] = [check for check in checks.CHECKS if check.name == "writing"]
    assert [found.verdict for found in writing.look(of)] == ["ok"]
    monkeypatch.setattr(server, "PROBE_ROWS", 2 * LONGEST_BYTES // 200)
    [found] = writing.look(of)
    assert (found.verdict, found.mend.startswith("Make room")) == ("problem", True)
