"""The addresses of the database: each that is wrong has a sentence of its own."""

import psycopg
import pytest

from myograph.cli.checks import logins
from myograph.cli.checks.connecting import NO_ADDRESS, refusal
from myograph.cli.checks.installation import installation
from myograph.cli.checks.logins import OWNER, WEB, WORKER, judged_login, unencrypted
from myograph.db import roles, server
from myograph.db.embedded import secrets_of

BY_MIGRATOR = "myograph_web GRANTED BY myograph_migrator"
NOWHERE = "postgresql://myograph_web:s3cret@127.0.0.1:1/none"


def test_where_all_is_right_nothing_is_to_be_mended(look, addresses):
    found = look(logins.CHECKS, **addresses)
    assert {one.verdict for one in found.values()} == {"ok"}
    assert found[WEB].found.startswith("myograph_web on PostgreSQL 18")
    assert {WEB, WORKER, OWNER, "encryption", "rights of myograph_web"} <= found.keys()


@pytest.mark.parametrize(
    ("changed", "said", "mend"),
    [
        ({"password": "s3cret"}, "password is refused", "ALTER ROLE"),
        ({"user": "nobody_s3cret"}, "password is refused", "MYOGRAPH_DATABASE_URL"),
        ({"dbname": "none"}, "no such database", "MYOGRAPH_DATABASE_URL"),
        ({"host": "127.0.0.1", "port": 1}, "nothing listens", "MYOGRAPH_DATABASE_URL"),
        ({"host": "nowhere.invalid"}, "no host of that name", "MYOGRAPH_DATABASE_URL"),
        ({"host": "127.0.0.1", "sslmode": "maybe"}, "encrypted", "sslmode"),
    ],
)
def test_each_way_to_be_refused_has_its_sentence(look, addresses, changed, said, mend):
    wrong = psycopg.conninfo.make_conninfo(addresses["database_url"], **changed)
    found = look(logins.CHECKS[1:2], **addresses | {"database_url": wrong})[WEB]
    assert (found.verdict, said in found.found, mend in found.mend) == ("problem", True, True)
    assert "s3cret" not in str(found)


def test_what_is_no_address_is_not_repeated(look, addresses):
    wrong = "postgresql://a:s3cret@wo rd@h/"
    found = look(logins.CHECKS[1:2], **addresses | {"database_url": wrong})[WEB]
    assert NO_ADDRESS in found.found
    assert "s3cret" not in str(found)


def test_a_server_that_is_too_old_is_told(look, addresses, monkeypatch):
    monkeypatch.setattr(logins, "OLDEST", 999_999)
    found = look(logins.CHECKS[1:2], **addresses)[WEB]
    assert (found.verdict, "PostgreSQL 15 or newer" in found.mend) == ("problem", True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('FATAL: role "x" does not exist', "does not know this login"),
        ("FATAL: Tenant or user not found", "does not know this login"),
        ("FATAL: no pg_hba.conf entry for host", "lets nobody in"),
        ("FATAL: sorry, too many clients already", "no connection left"),
        ("connection timeout expired", "nobody answers"),
        ("SSL error: certificate verify failed", "no encrypted connection"),
        ("something s3cret", "the connection failed (OperationalError)"),
    ],
)
def test_a_refusal_is_known_by_its_words(text, said):
    found, mend = refusal(psycopg.OperationalError(text), "THE_ADDRESS")
    assert said in found
    assert "THE_ADDRESS" in mend or "pg_hba.conf" in mend
    assert "s3cret" not in found + mend


def test_only_the_worker_needs_an_address(look, addresses):
    del addresses["migrate_database_url"], addresses["database_url"]
    found = look(logins.CHECKS, **addresses)
    assert found[WEB].verdict == found[OWNER].verdict == "ok"
    only_web = {"database_url": NOWHERE}
    assert look(logins.CHECKS[2:3], **only_web)[WORKER].mend == "Set MYOGRAPH_WORKER_DATABASE_URL."


@pytest.mark.parametrize(
    ("address", "encrypted", "mode", "verdict"),
    [
        ("", False, "prefer", None),
        ("127.0.0.1", False, "prefer", None),
        ("::1", False, "prefer", None),
        ("fe80::1%eth0", False, "prefer", "warning"),
        ("10.0.0.1", False, "prefer", "warning"),
        ("10.0.0.1", True, "require", None),
        ("8.8.8.8", True, "verify-full", None),
        ("8.8.8.8", True, "prefer", "warning"),
        ("8.8.8.8", False, "prefer", "problem"),
    ],
)
def test_off_the_loopback_the_way_is_encrypted(address, encrypted, mode, verdict):
    found = unencrypted(address, "THE_ADDRESS", encrypted=encrypted, mode=mode)
    assert (found and found.verdict) == verdict
    assert found is None or "sslmode=require" in found.mend


def test_a_login_that_may_too_much_is_told(look, addresses, database):
    superuser = look(logins.CHECKS[5:], **addresses | {"database_url": database.url("postgres")})[
        "rights of postgres"
    ]
    assert (superuser.verdict, "must be myograph_web" in superuser.found) == ("problem", True)
    owner = look(
        logins.CHECKS[5:], **addresses | {"worker_database_url": addresses["migrate_database_url"]}
    )["rights of myograph_migrator"]
    assert owner.verdict == "problem"


@pytest.fixture
def known(database):
    """What the catalogs say of a login, in a transaction that the test changes them in."""
    with database.connect("postgres") as conn:

        def known(login: roles.Login, *changes: str) -> server.Login:
            for change in changes:
                conn.execute(change)
            conn.execute(f"SET SESSION AUTHORIZATION {login}")
            found = server.login(conn)
            conn.rollback()
            return found

        yield known
        conn.rollback()


@pytest.mark.parametrize("login", [roles.WEB, roles.WORKER])
def test_a_login_as_migrations_make_it_is_right(known, login):
    found = known(login)
    assert (found.name, found.powers) == (login, [])
    assert judged_login(found, login, "ITS_ADDRESS").verdict == "ok"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER ROLE myograph_web SUPERUSER", "is a superuser"),
        ("ALTER ROLE myograph_web BYPASSRLS", "passes row level security"),
        ("ALTER ROLE myograph_web CREATEROLE", "may create roles"),
        ("ALTER ROLE myograph_web CREATEDB", "may create databases"),
        ("ALTER ROLE myograph_web REPLICATION", "may replicate"),
        ("ALTER TABLE patients OWNER TO myograph_web", "owns tables of ours"),
        ("GRANT myograph_worker TO myograph_web", "also a member of myograph_worker"),
        (
            f"REVOKE myograph_admin FROM {BY_MIGRATOR}",
            "no member of myograph_admin",
        ),
        ("ALTER ROLE myograph_web INHERIT", "without saying for whom"),
        ("GRANT SELECT (patient_code) ON patients TO myograph_web", "without saying for whom"),
    ],
)
def test_whatever_a_login_has_beyond_is_told(known, change, said):
    found = judged_login(known(roles.WEB, change), roles.WEB, "ITS_ADDRESS")
    assert (found.verdict, said in found.found) == ("problem", True)


def test_our_own_server_is_found_stopped_or_missing(look, data, monkeypatch):
    check = logins.CHECKS[:1]
    assert "has not been made yet" in look(check)["own PostgreSQL"].found
    (data / "postgres").mkdir()
    stopped = look(check)["own PostgreSQL"]
    assert "is stopped" in stopped.found
    assert f"myograph serve --data-dir {data}" in stopped.mend
    with monkeypatch.context() as without:
        without.setattr("importlib.util.find_spec", lambda _: None)
        missing = look(check)["own PostgreSQL"]
    assert (missing.verdict, "is missing" in missing.found) == ("problem", True)
    assert look(check, database_url=NOWHERE) == {}


def test_our_own_server_is_looked_into_while_it_runs(server):
    before = secrets_of(server.data_dir)
    of = installation(server.data_dir)
    assert [one.verdict for one in logins.CHECKS[0].look(of)] == ["ok"]
    assert of.web_url == server.url("myograph_web")
    assert of.kept == before
