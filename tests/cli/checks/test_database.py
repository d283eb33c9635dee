"""The database itself: broken, told, mended, and well again."""

import psycopg
import pytest

from myograph.cli.checks import database as checks
from myograph.cli.checks.database import (
    judged_clock,
    judged_connections,
    judged_standing,
)
from myograph.db import migrate, server
from myograph.db.migrate import Standing, makes
from tests.cli.checks.pooler import transaction_pooler
from tests.database import set_back

CHECKS = {check.name: [check] for check in checks.CHECKS}


def test_where_all_is_right_nothing_is_to_be_mended(look, addresses):
    found = look(checks.CHECKS, **addresses)
    assert {one.verdict for one in found.values()} == {"ok"}
    assert found.keys() == CHECKS.keys() - {"Supabase trigger"}


def test_two_databases_are_told(look, addresses, fresh):
    apart = addresses | {"worker_database_url": fresh.url("myograph_work")}
    found = look(CHECKS["one database"], **apart)["one database"]
    assert (found.verdict, "never be analysed" in found.found) == ("problem", True)
    same = apart | {"database_url": fresh.url("myograph_web")}
    assert look(CHECKS["one database"], **same)["one database"].verdict == "ok"


def test_migrations_that_are_missing_are_told_with_and_without_their_owner(look, addresses, fresh):
    given = addresses | {
        "worker_database_url": fresh.url("myograph_work"),
        "migrate_database_url": fresh.url("myograph_migrator"),
    }
    without = {k: v for k, v in given.items() if k != "migrate_database_url"}
    last = [name for name, one in makes().items() if one.functions][-1]
    assert look(CHECKS["migrations"], **without)["migrations"].verdict == "ok"
    set_back(fresh, last)
    for settings in (given, without):
        found = look(CHECKS["migrations"], **settings)["migrations"]
        assert (found.verdict, last in found.found) == ("problem", True)
        assert "myograph migrate" in found.mend
    with fresh.connect("myograph_migrator") as conn:
        migrate.migrate(conn)
    for settings in (given, without):
        assert look(CHECKS["migrations"], **settings)["migrations"].verdict == "ok"


def test_every_table_and_function_that_files_make_is_there_after_all_of_them(database):
    made = makes().values()
    with database.connect("myograph_web") as conn:
        tables = [t for one in made for t in one.tables]
        functions = [f for one in made for f in one.functions]
        assert server.missing(conn, tables, functions) == set()
        assert server.missing(conn, [*tables, "nothing"], [*functions, "none"]) == {
            "nothing",
            "none",
        }
    assert min(len(tables), len(functions)) > 20


def test_how_files_stand_is_told_worst_first(fresh):
    [first, *_] = [name for name, _ in migrate._files()]
    with fresh.connect("myograph_migrator") as conn:
        conn.execute("INSERT INTO migrations (name, digest) VALUES ('9999_later.sql', 'x')")
        newer = migrate.standing(conn)
        conn.execute("UPDATE migrations SET digest = 'x' WHERE name = %s", [first])
        edited = migrate.standing(conn)
    assert newer == Standing((), (), ("9999_later.sql",))
    assert edited == Standing((), (first,), ("9999_later.sql",))
    assert "newer release: it has 9999_later.sql" in judged_standing(newer).found
    assert f"changed since in this program: {first}" in judged_standing(edited).found
    pending = judged_standing(Standing(("0001_x.sql", "0002_y.sql"), (), ()))
    assert "2 files not applied yet, the first 0001_x.sql" in pending.found
    assert judged_standing(Standing((), (), ())).verdict == "ok"


def test_a_pooler_that_tells_nothing_is_told(look, addresses, server, monkeypatch):
    monkeypatch.setattr(checks, "HEARD_WITHIN_S", 0.5)
    with transaction_pooler(f"{server.host}/.s.PGSQL.{server.port}") as port:
        pooled = psycopg.conninfo.make_conninfo(
            addresses["worker_database_url"], host="127.0.0.1", port=port
        )
        found = look(CHECKS["LISTEN"], **addresses | {"worker_database_url": pooled})["LISTEN"]
        beside = look(CHECKS["clocks"], **addresses | {"worker_database_url": pooled})["clocks"]
    assert (found.verdict, "5432" in found.mend) == ("problem", True)
    assert beside.verdict == "ok"


def test_a_database_that_only_reads_is_told(look, addresses, fresh):
    given = addresses | {"worker_database_url": fresh.url("myograph_work")}
    with fresh.connect("postgres", autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {fresh.name} SET default_transaction_read_only = on")
        found = look(CHECKS["writing"], **given)["writing"]
        conn.execute(f"ALTER DATABASE {fresh.name} RESET default_transaction_read_only")
    assert (found.verdict, "only be read" in found.found) == ("problem", True)
    assert look(CHECKS["writing"], **given)["writing"].verdict == "ok"


def test_what_is_written_leaves_nothing_behind(database):
    with database.connect("myograph_work") as conn:
        server.write_and_forget(conn)
        assert conn.execute("SELECT to_regclass('myograph_doctor')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("ahead_s", "verdict", "said"),
    [
        (0.1, "ok", "less than 30 s"),
        (-30, "ok", "less than 30 s"),
        (31, "warning", "31 s ahead of"),
        (-300, "warning", "5 minutes behind"),
        (301, "problem", "refused"),
        (-90_000, "problem", "25 hours behind"),
    ],
)
def test_clocks_that_differ_are_told_before_signatures_are_refused(ahead_s, verdict, said):
    found = judged_clock(ahead_s)
    assert (found.verdict, said in found.found) == (verdict, True)


@pytest.mark.parametrize(("allowed", "verdict"), [(36, "problem"), (37, "warning"), (50, "ok")])
def test_connections_have_room_for_web_and_worker(allowed, verdict):
    assert judged_connections(allowed, web=21, worker=16).verdict == verdict


def test_the_fewest_that_database_and_login_allow_count(fresh):
    with fresh.connect("postgres", autocommit=True) as conn:
        whole = server.server(conn).connections
        conn.execute(f"ALTER DATABASE {fresh.name} CONNECTION LIMIT 7")
        few = server.server(conn).connections
    assert (whole > 100, few) == (True, 7)
