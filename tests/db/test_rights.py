"""That the matrix of rights leaves nothing out: other kinds of things, other rights and roles."""

import pytest
from psycopg import sql

from tests.access_matrix import INVOKERS

ROLES = (
    *("myograph_therapist", "myograph_researcher", "myograph_admin", "myograph_worker"),
    *("myograph_accounts", "myograph_audit", "myograph_privacy"),
    *("myograph_web", "myograph_work", "public"),
)
ANONYMOUS = ("public", "myograph_web")  # the web before it says who asks
OURS = "('public', 'app', 'queue')"
PATHS = {"search_path=queue, pg_temp", 'search_path=""'}


@pytest.fixture(scope="module")
def catalog(shared_database):
    def ask(query, *parameters):
        with shared_database.connect("postgres") as conn:
            return conn.execute(sql.SQL(query.replace("$OURS", OURS)), parameters).fetchall()

    return ask


def test_there_are_tables_views_and_what_belongs_to_them_and_nothing_else(catalog):
    """A materialised view or a foreign table would know no policy."""
    found = catalog(
        """
        SELECT c.relkind::text, n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'kept')
           AND (c.relkind NOT IN ('r', 'v', 'i', 'S', 'c') OR n.nspname NOT IN $OURS)
           AND n.nspname NOT LIKE 'pg\\_temp%%'
        """
    )
    assert found == []


@pytest.mark.parametrize("right", ["TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"])
def test_nobody_has_a_right_that_the_matrix_does_not_speak_of(catalog, right):
    """REFERENCES shows by an error whether a row exists, TRIGGER runs code as somebody else."""
    found = catalog(
        """
        SELECT r.role, c.oid::regclass::text
          FROM unnest(%s::text[]) AS r(role), pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN $OURS AND c.relkind IN ('r', 'v')
           AND has_table_privilege(r.role, c.oid, %s)
        """,
        list(ROLES),
        right,
    )
    of_queue = {table for role, table in found if role in {"myograph_worker", "myograph_work"}}
    assert all(table.startswith("queue.") for table in of_queue)
    assert {role for role, _ in found} <= {"myograph_worker", "myograph_work"}


def test_a_number_is_drawn_by_those_alone_whose_rows_it_numbers(catalog):
    """Whoever may look at a sequence counts the rows of others."""
    found = catalog(
        """
        SELECT r.role, c.relname
          FROM unnest(%s::text[]) AS r(role), pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN $OURS AND c.relkind = 'S'
           AND (has_sequence_privilege(r.role, c.oid, 'SELECT')
                OR has_sequence_privilege(r.role, c.oid, 'USAGE')
                OR has_sequence_privilege(r.role, c.oid, 'UPDATE'))
        """,
        list(ROLES),
    )
    assert {role for role, _ in found} <= {"myograph_worker", "myograph_work"}
    assert {name for _, name in found if not name.startswith("procrastinate_")} == set()


def test_the_anonymous_reach_no_table_and_only_the_functions_that_let_people_in(catalog):
    assert (
        catalog(
            """
            SELECT r.role, c.oid::regclass::text
              FROM unnest(%s::text[]) AS r(role), pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN $OURS AND c.relkind IN ('r', 'v')
               AND has_any_column_privilege(r.role, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            """,
            list(ANONYMOUS),
        )
        == []
    )
    assert (
        catalog(
            """
            SELECT p.oid::regprocedure::text FROM pg_proc p
             WHERE p.pronamespace::regnamespace::text IN $OURS
               AND has_function_privilege('public', p.oid, 'EXECUTE')
               AND p.prorettype <> 'trigger'::regtype
            """
        )
        == []
    )


def test_functions_run_as_their_owner_in_our_schema_alone(catalog):
    found = catalog(
        """
        SELECT p.oid::regprocedure::text, p.proowner::regrole::text FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND n.nspname NOT IN ('app', 'pg_catalog', 'information_schema')
        """
    )
    assert found == []


def test_which_functions_run_as_whoever_calls_them_is_written_down(catalog):
    found = catalog(
        """
        SELECT DISTINCT p.proname FROM pg_proc p
         WHERE p.pronamespace = 'app'::regnamespace AND NOT p.prosecdef
        """
    )
    names = sorted(name for (name,) in found)
    assert names == sorted(INVOKERS)


def test_whatever_runs_as_its_owner_finds_nothing_by_a_path_that_others_choose(catalog):
    """pg_temp comes first where a path does not name it: last, or all names are written out."""
    found = catalog(
        """
        SELECT p.proname, s.setting FROM pg_proc p
          LEFT JOIN LATERAL unnest(p.proconfig) s(setting) ON s.setting LIKE 'search_path=%%'
         WHERE p.pronamespace = 'app'::regnamespace AND p.prosecdef
        """
    )
    assert {name: path for name, path in found if path not in PATHS} == {}


def test_nothing_new_is_anybodys_by_default(catalog):
    ours = catalog(
        "SELECT defaclrole::regrole::text, defaclnamespace::regnamespace::text FROM pg_default_acl"
    )
    assert ours == []


def test_who_may_become_whom(catalog):
    found = catalog(
        """
        SELECT m.member::regrole::text, m.roleid::regrole::text FROM pg_auth_members m
         WHERE m.roleid::regrole::text LIKE 'myograph%%'
           AND m.member::regrole::text NOT IN ('myograph_migrator', 'postgres')
           AND m.member::regrole::text LIKE 'myograph%%'
        """
    )
    assert set(found) == {
        ("myograph_web", "myograph_therapist"),
        ("myograph_web", "myograph_researcher"),
        ("myograph_web", "myograph_admin"),
        ("myograph_work", "myograph_worker"),
    }
