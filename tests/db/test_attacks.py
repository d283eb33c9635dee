"""What somebody who can run SQL tries: as each person, as the web, and past all of them.

One database for all; every attempt is taken back.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from myograph.db.identity import ROLES, Person, become
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty
from tests.access_matrix import COLUMNS, TABLES, VIEWS
from tests.database import Clinic, Database, Uploader, fresh_database, settle_clinic
from tests.game_files import game_file

PEOPLE = ("therapist", "other_therapist", "researcher", "admin")
DENIED = psycopg.errors.InsufficientPrivilege
MISSING = UUID("00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Field:
    """A clinic with a session of each patient: P001 and P002 are the therapist's, P003 is not."""

    database: Database
    clinic: Clinic
    sessions: dict[str, UUID]

    @contextmanager
    def as_(self, who):
        """One transaction of the web as this person, never committed."""
        with self.database.connect("myograph_web") as conn:
            become(conn, getattr(self.clinic, who))
            yield conn
            conn.rollback()

    @contextmanager
    def as_nobody(self):
        """The web's login before it has said who asks."""
        with self.database.connect("myograph_web") as conn:
            yield conn
            conn.rollback()


@pytest.fixture(scope="module")
def field(server, tmp_path_factory):
    with fresh_database(server) as database:
        clinic = settle_clinic(database)
        store = folder_store(tmp_path_factory.mktemp("objects"))
        upload = Uploader(database, store)
        sessions = {
            code: upload(game_file(seed=seed), patient_code=code, left="CH1").session_id
            for seed, code in enumerate(("P001", "P002", "P003"))
        }
        run_until_empty(database.url("myograph_work"), store, pseudonym_key="k" * 32)
        with database.connect("postgres", autocommit=True) as owner:
            owner.execute("ANALYZE")
        yield Field(database, clinic, sessions)


def fetched(conn, query, *parameters):
    return conn.execute(query, parameters).fetchall()


# ── becoming somebody else

SOMEBODY_ELSE = [
    *(
        f"SET ROLE {role}"
        for role in (
            *("postgres", "myograph_migrator", "myograph_work", "myograph_worker"),
            *(
                "myograph_accounts",
                "myograph_audit",
                "myograph_privacy",
                "pg_read_all_data",
                "pg_write_all_data",
            ),
        )
    ),
    *(
        f"SET SESSION AUTHORIZATION {login}"
        for login in ("postgres", "myograph_migrator", "myograph_work")
    ),
    "SELECT set_config('role', 'myograph_worker', true)",
    "ALTER ROLE myograph_web SUPERUSER",
    "ALTER ROLE myograph_web BYPASSRLS",
    "ALTER ROLE myograph_therapist LOGIN",
    "GRANT myograph_worker TO myograph_web",
    "GRANT myograph_admin TO myograph_therapist",
    "GRANT SELECT ON local_accounts TO PUBLIC",
    "CREATE ROLE mine LOGIN SUPERUSER",
    "ALTER TABLE therapy_sessions DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE therapy_sessions NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE therapy_sessions OWNER TO myograph_web",
    "CREATE POLICY mine ON therapy_sessions USING (true)",
    "DROP POLICY own ON therapy_sessions",
    "ALTER POLICY own ON therapy_sessions USING (true)",
    "CREATE OR REPLACE FUNCTION app.person() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
    "ALTER FUNCTION app.person() SECURITY INVOKER",
    "DROP FUNCTION app.person()",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine ()",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE SCHEMA mine",
    "CREATE TRIGGER mine AFTER INSERT ON therapy_sessions EXECUTE FUNCTION app.audit()",
    "CREATE RULE mine AS ON SELECT TO patients DO INSTEAD SELECT 1",
    "SET log_statement = 'none'",
    "SET session_replication_role = replica",
    "LOCK TABLE therapy_sessions IN ACCESS EXCLUSIVE MODE",
    "TRUNCATE audit_log",
    "TRUNCATE therapy_sessions CASCADE",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "COPY people FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM queue.procrastinate_jobs",
    "SELECT queue.procrastinate_defer_jobs_v1(NULL)",
]


@pytest.mark.parametrize("statement", SOMEBODY_ELSE)
def test_nobody_becomes_or_makes_what_they_are_not(field, statement):
    for who in PEOPLE:
        with field.as_(who) as conn, pytest.raises(DENIED):
            conn.execute(statement)
        with field.as_(who) as conn:
            conn.execute("RESET ROLE")
            with pytest.raises(DENIED):
                conn.execute(statement)


def test_switching_the_policies_off_is_an_error_and_no_way_round_them(field):
    for who in PEOPLE:
        with field.as_(who) as conn:
            conn.execute("SET LOCAL row_security = off")
            with pytest.raises(DENIED, match="row-level security"):
                conn.execute("SELECT id FROM therapy_sessions")


@pytest.mark.parametrize("undo", ["RESET ROLE", "SET ROLE NONE", "DISCARD ALL"])
def test_whoever_takes_the_role_off_has_nothing(field, undo):
    with field.database.connect("myograph_web", autocommit=True) as conn:
        conn.execute("SET ROLE myograph_admin")
        conn.execute(undo)
        for table in (*TABLES, *VIEWS) if undo == "RESET ROLE" else ("people",):
            with pytest.raises(DENIED):
                conn.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("taken", ROLES.values())
@pytest.mark.parametrize("who", PEOPLE)
def test_another_role_with_ones_own_name_shows_and_changes_nothing(field, who, taken):
    person = getattr(field.clinic, who)
    if ROLES[person.role] == taken:
        return
    with field.as_(who) as conn:
        conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(taken)))
        for table in ("therapy_sessions", "patients", "emg_statistics", "upload_events"):
            if (taken, "SELECT", table) in COLUMNS:
                count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                assert fetched(conn, count) == [(0,)], table
        if taken == "myograph_admin":
            assert conn.execute("UPDATE people SET role = 'admin'").rowcount == 0


def test_what_a_statement_put_into_the_webs_own_could_reach_ends_where_its_roles_end(field):
    """decisions/0138: with an admin's number it reads as that admin. This is all beyond."""
    with field.as_("therapist") as conn:
        become(conn, field.clinic.admin)
        assert len(fetched(conn, "SELECT FROM therapy_sessions")) == 3
    beyond = [
        "SELECT password_hash FROM local_accounts",
        "UPDATE performance_scores SET overall_performance_score = 100",
        "UPDATE emg_statistics SET rms = 0",
        "DELETE FROM therapy_sessions",
        "UPDATE audit_log SET person_id = NULL",
        "DELETE FROM audit_log",
        "INSERT INTO audit_log (action) VALUES ('read')",
        "SELECT app.enqueue('analyse_session', gen_random_uuid(), 1)",
        "SELECT app.write_audit(NULL, 'read', NULL, NULL, NULL, NULL)",
        "SELECT app.retain_audit(now(), '{}')",
        "SELECT app.add_account('x', 'x', 'admin', '$argon2')",
    ]
    for statement in beyond:
        with field.as_("admin") as conn, pytest.raises(DENIED):
            conn.execute(statement)


def test_nobodys_claims_are_believed_from_another_login(field):
    name = f"stranger_{uuid4().hex[:8]}"
    with field.database.connect("postgres", autocommit=True) as owner:
        made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'; GRANT myograph_admin TO {}")
        owner.execute(made.format(sql.Identifier(name), sql.Identifier(name)))
    try:
        url = field.database.url("postgres")
        with psycopg.connect(url, user=name, password="x") as conn:
            become(conn, field.clinic.admin)
            assert fetched(conn, "SELECT count(*) FROM therapy_sessions") == [(0,)]
            assert conn.execute("UPDATE people SET role = 'admin'").rowcount == 0
            assert fetched(conn, "SELECT app.person()") == [(None,)]
    finally:
        with field.database.connect("postgres", autocommit=True) as owner:
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_prepared_statement_asks_anew_who_runs_it(field):
    with field.database.connect("myograph_web", prepare_threshold=0) as conn:
        for who, count in (("therapist", 2), ("other_therapist", 1), ("admin", 3)) * 3:
            become(conn, getattr(field.clinic, who))
            assert len(fetched(conn, "SELECT id FROM therapy_sessions")) == count
            conn.commit()


def test_tables_of_ones_own_do_not_stand_in_for_ours(field):
    """A temporary table comes before all others where a function does not say whose it means."""
    with field.as_("therapist") as conn:
        conn.execute(
            "CREATE TEMP TABLE people (id uuid, role text, active boolean, db_login text);"
            "CREATE TEMP TABLE patients (patient_code text, therapist_id uuid)"
        )
        conn.execute(
            "INSERT INTO pg_temp.people VALUES (%s, 'admin', true, session_user)",
            [field.clinic.therapist.id],
        )
        conn.execute(
            "INSERT INTO pg_temp.patients (patient_code, therapist_id) VALUES ('P003', %s)",
            [field.clinic.therapist.id],
        )
        assert fetched(conn, "SELECT app.acts_as('admin')") == [(False,)]
        codes = {code for (code,) in fetched(conn, "SELECT app.my_patients()")}
        assert codes == {"P001", "P002"}


# ── what shows without being shown


def readable(who):
    """(table, column) of everything this person may ask for."""
    role = ROLES[{"other_therapist": "therapist"}.get(who, who)]
    return [table for of, op, table in COLUMNS if (of, op) == (role, "SELECT")]


@pytest.mark.parametrize("who", PEOPLE)
def test_no_policy_comes_back_to_its_own_table(field, who):
    for table in readable(who):
        with field.as_(who) as conn:
            count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            assert fetched(conn, count)[0][0] >= 0


# Each is an error for whoever sees the row, and must be nothing to whoever does not.
PROBES = {
    "divides": "SELECT 1 / (length({0}) - length({0})) FROM {1} WHERE {0} = %s",
    "in the condition": "SELECT FROM {1} WHERE 1 / (position(%s in {0}) - 1) = 7",
    "casts": "SELECT FROM {1} WHERE {0} LIKE %s AND ({0} || ' no number')::int = 7",
    "sorts": "SELECT FROM {1} WHERE {0} = %s ORDER BY 1 / (length({0}) - length({0}))",
}
HIDDEN = [
    ("patients", "patient_code", "P003", "therapist", "other_therapist"),
    ("therapy_sessions", "patient_id", "P003", "therapist", "other_therapist"),
    ("therapy_sessions_with_technical", "patient_id", "P003", "therapist", "other_therapist"),
    ("patients", "patient_code", "P001", "other_therapist", "therapist"),
    ("people", "name", "Otto", "therapist", "admin"),
    ("people", "name", "Anna", "researcher", "admin"),
]


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
@pytest.mark.parametrize(("table", "column", "value", "hidden_from", "seen_by"), HIDDEN)
def test_an_error_tells_nothing_of_a_row_that_is_hidden(
    field, probe, table, column, value, hidden_from, seen_by
):
    asked = sql.SQL(probe).format(sql.Identifier(column), sql.Identifier(table))
    with field.as_(seen_by) as conn, pytest.raises(psycopg.DataError):
        conn.execute(asked, [value])
    with field.as_(hidden_from) as conn:
        assert fetched(conn, asked, value) == []


@pytest.mark.parametrize("who", PEOPLE)
def test_the_statistics_of_columns_hold_values_and_are_shown_to_nobody(field, who):
    asked = "SELECT tablename FROM pg_stats WHERE tablename = ANY (%s)"
    with field.database.connect("postgres") as owner:
        assert len(fetched(owner, asked, list(TABLES))) > 50
    with field.as_(who) as conn:
        assert fetched(conn, asked, list(TABLES)) == []


def test_a_copy_holds_what_a_query_shows(field):
    def copied(who, what):
        with field.as_(who) as conn, conn.cursor().copy(what) as rows:
            return "".join(bytes(chunk).decode() for chunk in rows)

    assert set(copied("therapist", "COPY patients (patient_code) TO STDOUT").split()) == {
        "P001",
        "P002",
    }
    assert copied("other_therapist", "COPY patients (patient_code) TO STDOUT") == "P003\n"
    assert "P00" not in copied("researcher", "COPY patients (pseudonym) TO STDOUT")
    with pytest.raises(DENIED):
        copied("researcher", "COPY patients TO STDOUT")
    with pytest.raises(DENIED):
        copied("therapist", "COPY local_accounts TO STDOUT")


@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_is_copied_into_a_table_past_its_policies(field, who):
    """PostgreSQL takes no COPY FROM where policies hold."""
    refused = (DENIED, psycopg.errors.FeatureNotSupported)
    for table in ("people", "patients", "therapy_sessions", "audit_log", "emg_statistics"):
        into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
        with field.as_(who) as conn, pytest.raises(refused), conn.cursor().copy(into) as rows:
            rows.write(b"\\N\n")


# ── functions: what is hidden and what is not there answer alike

ARGUMENTS = {
    "jsonb": ["{}", '{"action": "add"}', '{"targets": null}', '{"patient": "P001"}'],
    "text": ["settings", "CH1", "P001"],
    "boolean": [True],
    "integer": [1],
    "bigint": [1],
    "uuid": [MISSING],
    "timestamp with time zone": ["2026-01-01"],
    "double precision": [1.0],
}


def functions_about_a_row(conn, role):
    """{name: types of its arguments} of what a role may call with the number of a row."""
    rows = conn.execute(
        """
        SELECT p.proname, array_agg(format_type(a.type, NULL) ORDER BY a.place)
          FROM pg_proc p, unnest(p.proargtypes) WITH ORDINALITY a(type, place)
         WHERE p.pronamespace = 'app'::regnamespace AND p.prokind = 'f'
           AND has_function_privilege(%s, p.oid, 'EXECUTE')
         GROUP BY p.oid, p.proname
        HAVING 'uuid'::regtype = ANY (array_agg(a.type::regtype))
        """,
        [role],
    )
    return dict(rows.fetchall())


def calls(types, first):
    """Arguments of these types, the first number of a row being `first`."""
    at = types.index("uuid")
    for choice in range(4):
        given = [ARGUMENTS[t][choice % len(ARGUMENTS[t])] for t in types]
        given[at] = first
        yield given


def outcome(field, who, name, types, given):
    """What comes back or why not, without the number that was asked for."""
    marks = sql.SQL(", ").join(
        sql.SQL("%s::{}").format(sql.SQL(t))  # a type's name, from the catalog
        for t in types
    )
    asked = sql.SQL("SELECT app.{}({})").format(sql.Identifier(name), marks)
    with field.as_(who) as conn:
        try:
            said = fetched(conn, asked, *given)
        except psycopg.Error as exc:
            said = (exc.sqlstate, exc.diag.message_primary, exc.diag.message_detail)
    return str(said).replace(str(given[types.index("uuid")]), "it")


@pytest.mark.parametrize("who", ["therapist", "other_therapist", "researcher"])
def test_a_function_answers_alike_of_what_is_hidden_and_what_is_not_there(field, who):
    hidden = field.sessions["P001" if who == "other_therapist" else "P003"]
    if who == "researcher":
        hidden = field.sessions["P002"]
    role = ROLES[getattr(field.clinic, who).role]
    with field.database.connect("postgres") as owner:
        functions = functions_about_a_row(owner, role)
    if role == "myograph_therapist":
        assert {"enter", "assign", "reprocess", "edit_contraction"} <= functions.keys()
    for name, types in functions.items():
        for given, absent in zip(calls(types, hidden), calls(types, MISSING), strict=True):
            told = outcome(field, who, name, types, given)
            assert told == outcome(field, who, name, types, absent), name


def test_it_would_show_if_they_did_not(field):
    """The comparison above, where the one row is one's own."""
    told = {
        outcome(field, "therapist", "enter", ["uuid", "jsonb"], [session, '{"targets": null}'])
        for session in (field.sessions["P001"], MISSING)
    }
    assert len(told) == 2


@pytest.mark.parametrize("person", PEOPLE)
def test_the_plan_of_a_look_does_not_depend_on_whose_row_it_is(field, person):
    """Nor, then, does the work that is done for it: there is no second look at a hidden row."""

    def plan(number):
        with field.as_(person) as conn:
            conn.execute("SET LOCAL enable_seqscan = off")
            asked = "EXPLAIN (COSTS OFF) SELECT id FROM therapy_sessions WHERE id = %s"
            return str(fetched(conn, asked, number)).replace(str(number), "it")

    assert len({plan(n) for n in (*field.sessions.values(), MISSING)}) == 1


def test_a_person_is_named_by_their_own_number_alone(field):
    """Whoever guesses sees neither that somebody exists nor who."""
    for guess in (field.clinic.admin.id, MISSING):
        with field.as_("therapist") as conn:
            assert fetched(conn, "SELECT name FROM people WHERE id = %s", guess) == []
    with field.database.connect("myograph_web") as conn:
        become(conn, Person(MISSING, "Nobody", "admin"))
        assert fetched(conn, "SELECT count(*) FROM people") == [(0,)]
