"""What holds for every answer of the real application, whatever goes wrong behind it."""

import subprocess
import sys

import psycopg
import pytest
from fastapi.testclient import TestClient

from myograph.storage.objects import folder_store
from myograph.web.auth import COOKIE
from myograph.web.deps import Transaction
from myograph.web.headers import SECURITY
from myograph.web.static_files import packaged, static_url
from tests.database import fresh_database, settle_clinic
from tests.web.conftest import cookie_of

PAGE = {"Accept": "text/html"}
NOWHERE = "postgresql://myograph_web@127.0.0.1:1/none"


@pytest.fixture(scope="module")
def spoilt(make_app, served, site_database):
    """The application with endpoints that go wrong in every way."""
    app = make_app()

    @app.get("/spoilt/commit")
    def commit(conn: Transaction):
        conn.execute(
            "CREATE TEMP TABLE one (n int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
        )
        conn.execute("INSERT INTO one VALUES (1), (1)")
        return {"saved": True}

    @app.get("/spoilt/connection")
    def connection(conn: Transaction):
        with site_database.connect("postgres") as other:
            other.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
        return {"saved": True}

    @app.get("/spoilt/late")
    def late(conn: Transaction):
        with site_database.connect("postgres") as other:
            other.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
        conn.execute("SELECT 1")

    @app.get("/spoilt/context")
    def context(conn: Transaction):
        return conn.execute("SELECT current_setting('myograph.context')::jsonb").fetchone()[0]

    @app.get("/spoilt/bug")
    def bug(conn: Transaction):
        raise ZeroDivisionError("secret detail")

    with TestClient(app) as server:
        server.cookies[COOKIE] = served.cookie("ann")
        yield server


@pytest.mark.parametrize("what", ["commit", "connection", "late"])
def test_what_was_not_saved_is_never_answered_as_if_it_were(spoilt, what):
    answer = spoilt.get(f"/spoilt/{what}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["code"] == "database_unavailable"


def test_the_database_knows_how_a_request_came(spoilt):
    answer = spoilt.get("/spoilt/context", headers={"X-Request-ID": "a-7"})
    assert answer.json() == {"address": "testclient", "request": "a-7", "via": "cookie"}


def test_the_next_request_gets_another_connection(spoilt):
    spoilt.get("/spoilt/connection")
    assert spoilt.get("/api/sessions").status_code == 200


@pytest.mark.parametrize("headers", [{}, PAGE])
def test_a_bug_says_nothing_of_itself(spoilt, headers):
    answer = spoilt.get("/spoilt/bug", headers=headers)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


WAYS = [
    ("GET", "/livez"),
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("GET", "/nowhere"),
    ("GET", "/api/sessions"),
    ("GET", "/api/sessions/7"),
    ("DELETE", "/api/sessions"),
    ("GET", "/spoilt/bug"),
    ("GET", "/spoilt/commit"),
    ("POST", "/sign-out"),
]


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["program", "browser"])
@pytest.mark.parametrize(("method", "path"), WAYS)
def test_every_answer_has_its_headers_and_its_number(spoilt, method, path, headers):
    answer = spoilt.request(
        method, path, headers=headers | {"X-Request-ID": "n-1"}, follow_redirects=False
    )
    assert dict(answer.headers) | {k.lower(): v for k, v in SECURITY.items()} == dict(
        answer.headers
    )
    assert answer.headers["x-request-id"] == "n-1"


def test_a_person_gets_an_error_as_a_page(spoilt):
    answer = spoilt.get("/nowhere", headers=PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "There is nothing at this address." in answer.text
    assert "<h1>" in answer.text


@pytest.fixture(scope="module")
def stranded(make_app, served):
    """The application in front of a database that is not there."""
    with TestClient(make_app(web_url=NOWHERE, pool_timeout=0.1)) as server:
        server.cookies[COOKIE] = served.cookie("ada")
        yield server


def test_without_a_database_the_process_lives_and_is_not_ready(stranded):
    assert stranded.get("/livez").status_code == 200
    answer = stranded.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ok", "checks": None})


@pytest.mark.parametrize("path", ["/api/sessions", "/api/events", "/api/openapi.json"])
def test_without_a_database_one_is_asked_to_come_back(stranded, path):
    answer = stranded.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "127.0.0.1" not in answer.text


def test_without_a_database_nothing_is_stored(stranded, served):
    before = served.objects()
    assert stranded.put("/api/uploads/a.c3d", content=b"x").status_code == 503
    assert served.objects() == before


def test_an_upload_whose_commit_fails_is_not_taken_and_its_bytes_are_kept(
    server, make_app, tmp_path, new_recording
):
    """The sender tries again; should that never happen, the store still has what was whole."""
    with fresh_database(server) as database:
        clinic = settle_clinic(database)
        with database.connect("postgres") as conn:
            conn.execute(
                """
                CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
                CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON therapy_sessions
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk()
                """
            )
        app = make_app(web_url=database.url("myograph_web"), store=folder_store(tmp_path))
        with TestClient(app) as web:
            with database.connect("myograph_web") as conn:
                web.cookies[COOKIE] = cookie_of(conn, clinic.therapist.id)
            content = new_recording()
            answer = web.put("/api/uploads/a.c3d", content=content)
            listed = web.get("/api/sessions").json()["sessions"]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert listed == []
    assert [p.read_bytes() for p in tmp_path.rglob("*.c3d")] == [content]


def test_two_applications_serve_one_database(served, make_app, new_recording):
    with TestClient(make_app()) as other:
        other.cookies[COOKIE] = served.cookie("ann")
        made = other.put("/api/uploads/a.c3d", content=new_recording()).json()["session_id"]
        found = served.as_("ann").get(f"/api/sessions/{made}")
        assert found.json() == other.get(f"/api/sessions/{made}").json()


def test_a_static_file_is_kept_for_ever_under_its_own_address_alone(served):
    name = next(n for n in packaged().content if n.endswith(".js"))
    now = served.as_(None).get(static_url(name))
    assert now.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert now.headers["content-type"].startswith("text/javascript")
    assert now.content == packaged().content[name]
    older = served.as_(None).get(f"/static/older/{name}")
    assert (older.headers["cache-control"], older.content) == ("no-cache", now.content)


@pytest.mark.parametrize("name", ["gone.js", "%2e%2e/app.py", "/etc/passwd"])
def test_nothing_but_static_files_is_static(served, name):
    answer = served.as_(None).get(f"/static/{packaged().digest}/{name}")
    assert answer.status_code == 404


def test_a_long_answer_is_compressed(served):
    name = next(n for n in packaged().content if n.endswith(".css"))
    answer = served.as_(None, **{"Accept-Encoding": "gzip"}).get(static_url(name))
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == packaged().content[name]


def test_there_are_no_documents_from_a_cdn(served):
    ann = served.as_("ann")
    assert [ann.get(p).status_code for p in ("/docs", "/redoc", "/openapi.json")] == [404] * 3
    assert ann.get("/api/openapi.json").json()["info"]["title"] == "Myograph"


def test_the_pool_forgets_who_asked(spoilt, site_database):
    """What one person may see is gone from the connection with the commit."""
    spoilt.get("/api/sessions")
    pool = spoilt.app_state["site"].pool
    for _ in range(pool.get_stats()["pool_size"]):
        with pool.connection() as conn:
            who = conn.execute(
                "SELECT current_user, current_setting('request.jwt.claims', true)"
            ).fetchone()
            assert who in {("myograph_web", None), ("myograph_web", "")}
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("SELECT FROM therapy_sessions")


def test_the_web_does_without_scipy_until_somebody_looks_at_a_signal():
    program = "import sys, myograph.web.app; print('scipy' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "False\n"
