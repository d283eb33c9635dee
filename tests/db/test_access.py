"""Who sees and does what, asked of the database itself, table by table and column by column."""

import json
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from myograph.db import patients, sessions
from myograph.db.identity import ROLES, Context, Person, become
from myograph.errors import NotFound
from tests.access_matrix import COLUMNS, FUNCTIONS, TABLES, VIEWS
from tests.game_files import game_file

LOGINS = ("myograph_web", "myograph_work")
GROUPS = (
    "myograph_therapist",
    "myograph_researcher",
    "myograph_admin",
    "myograph_worker",
    "myograph_accounts",
    "myograph_audit",
    "myograph_privacy",
)


@pytest.fixture
def owner(database):
    with database.connect("postgres") as conn:
        yield conn


def granted(conn, role, operation):
    """{table: columns} on which the role has this right, by the catalogs."""
    rows = conn.execute(
        """
        SELECT c.relname, array_agg(a.attname::text ORDER BY a.attname)
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v')
           AND has_column_privilege(%s, c.oid, a.attnum, %s)
         GROUP BY c.relname
        """,
        [role, operation],
    )
    return dict(rows.fetchall())


def of_catalog(conn, kind):
    rows = conn.execute(
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind = %s
        """,
        [kind],
    )
    return {name for (name,) in rows}


def columns_of(conn, table):
    rows = conn.execute(
        "SELECT attname::text FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    return {name for (name,) in rows}


def named_by(columns, every):
    """The columns that a line of the matrix means."""
    if columns == "all":
        return every
    all_but, but, some = columns.partition("all but ")
    return every - set(some.split()) if but else set(all_but.split())


def test_every_table_and_view_has_its_place_in_the_matrix(owner):
    assert of_catalog(owner, "r") == set(TABLES)
    assert of_catalog(owner, "v") == set(VIEWS)


@pytest.mark.parametrize("role", [*GROUPS, *LOGINS, "public"])
@pytest.mark.parametrize("operation", ["SELECT", "INSERT", "UPDATE"])
def test_a_role_has_exactly_these_columns(owner, role, operation):
    expected = {}
    for (of_role, of_operation, table), columns in COLUMNS.items():
        if (of_role, of_operation) == (role, operation):
            expected[table] = sorted(named_by(columns, columns_of(owner, table)))
    # The worker's login has the worker's rights and none of its own.
    if role == "myograph_work":
        expected = granted(owner, "myograph_worker", operation)
    assert granted(owner, role, operation) == expected


@pytest.mark.parametrize("role", [*GROUPS, *LOGINS, "public"])
def test_nobody_deletes_but_the_worker_what_is_its_own(owner, role):
    rows = owner.execute(
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('public', 'queue') AND c.relkind = 'r'
           AND (has_table_privilege(%s, c.oid, 'DELETE')
                OR has_table_privilege(%s, c.oid, 'TRUNCATE'))
        """,
        [role, role],
    ).fetchall()
    of_worker = {
        *("c3d_technical_data", "emg_statistics", "contractions", "performance_scores"),
        *("contraction_edit_outcomes", "outgoing_events", "storage_outbox", "upload_events"),
    } | {f"procrastinate_{name}" for name in ("jobs", "workers", "events", "periodic_defers")}
    deletes = of_worker if role in {"myograph_worker", "myograph_work"} else set()
    if role == "myograph_audit":  # for retention alone, see app.retain_audit
        deletes = {"audit_log", "audit_seals"}
    if role == "myograph_privacy":  # what else is a patient's goes with these
        deletes = {"patients", "storage_outbox", "therapy_sessions", "upload_events"}
    if role == "myograph_accounts":
        deletes = {"api_tokens", "sign_ins", "welcome_links"}
    assert {name for (name,) in rows} == deletes


@pytest.mark.parametrize("role", [*GROUPS, *LOGINS, "public"])
def test_a_role_may_call_exactly_these_functions(owner, role):
    rows = owner.execute(
        """
        SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'app' AND p.prorettype <> 'trigger'::regtype
           AND has_function_privilege(%s, p.oid, 'EXECUTE')
        """,
        [role],
    )
    expected = {name for name, callers in FUNCTIONS.items() if role in callers.split()}
    if role == "myograph_work":
        expected = {
            name for name, callers in FUNCTIONS.items() if "myograph_worker" in callers.split()
        }
    assert {name for (name,) in rows} == expected


def test_every_function_has_its_place_in_the_matrix(owner):
    rows = owner.execute(
        """
        SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'app' AND p.prorettype <> 'trigger'::regtype
        """
    )
    assert {name for (name,) in rows} == set(FUNCTIONS)


def test_every_table_is_under_row_level_security_for_its_owner_too(owner):
    rows = owner.execute(
        """
        SELECT n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('public', 'queue', 'app') AND c.relkind = 'r'
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        """
    )
    assert rows.fetchall() == []


def test_every_view_asks_with_the_rights_of_whoever_looks(owner):
    rows = owner.execute(
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind = 'v'
           AND NOT COALESCE('security_invoker=true' = ANY (c.reloptions), false)
        """
    )
    assert rows.fetchall() == []


def test_every_definer_function_has_a_fixed_path_and_an_owner_without_login(owner):
    rows = owner.execute(
        """
        SELECT p.proname, r.rolname, r.rolcanlogin, p.proconfig
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          JOIN pg_roles r ON r.oid = p.proowner
         WHERE n.nspname = 'app' AND p.prosecdef
        """
    ).fetchall()
    assert rows
    for name, role, can_login, settings in rows:
        assert role in {*GROUPS[3:]}, name
        assert not can_login, name
        assert any(setting.startswith("search_path=") for setting in settings or []), name


def test_the_roles_have_no_power_beyond_their_grants(owner):
    rows = owner.execute(
        """
        SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication,
               rolcanlogin, rolinherit
          FROM pg_roles WHERE rolname = ANY (%s)
        """,
        [[*GROUPS, *LOGINS]],
    ).fetchall()
    found = {name: (power, login, inherits) for name, power, login, inherits in rows}
    assert found.keys() == {*GROUPS, *LOGINS}
    assert not any(power for power, _, _ in found.values())
    assert {name for name, (_, login, _) in found.items() if login} == set(LOGINS)
    assert found["myograph_web"] == (False, True, False)


@pytest.mark.parametrize("role", [*GROUPS, *LOGINS])
def test_no_role_owns_a_table_or_may_make_one(owner, role):
    owned = owner.execute("SELECT tablename FROM pg_tables WHERE tableowner = %s", [role])
    assert owned.fetchall() == []
    for schema in ("public", "app", "queue"):
        creates = owner.execute("SELECT has_schema_privilege(%s, %s, 'CREATE')", [role, schema])
        assert creates.fetchone() == (False,)


@pytest.mark.parametrize(
    "role", ["myograph_therapist", "myograph_researcher", "myograph_admin", "myograph_web"]
)
def test_the_queue_is_out_of_the_webs_reach(owner, role):
    used = owner.execute("SELECT has_schema_privilege(%s, 'queue', 'USAGE')", [role])
    assert used.fetchone() == (False,)


# ── rows


@dataclass(frozen=True)
class Filled:
    """Sessions of P001, P002 and P003, analysed, and one that Thea uploaded for nobody yet."""

    of: dict[str, object]

    def numbers(self, *names):
        return {self.of[name] for name in names}


@pytest.fixture
def filled(database, clinic, upload, run_queue):
    of = {
        code: upload(game_file(seed=seed), patient_code=code, left="CH1", right="CH2").session_id
        for seed, code in enumerate(("P001", "P002", "P003"))
    }
    of["nobody"] = upload(game_file(seed=9), person=clinic.therapist).session_id
    run_queue()
    with database.connect("myograph_work") as conn:
        for session_id in of.values():
            conn.execute(
                "INSERT INTO contraction_edits (session_id, channel, action, after_start_s,"
                " after_end_s, author, reason) VALUES (%s, 'CH1', 'add', 1, 2, %s, 'P001 moved')",
                [session_id, clinic.therapist.id],
            )
            conn.execute(
                "INSERT INTO session_settings (session_id) VALUES (%s) ON CONFLICT DO NOTHING",
                [session_id],
            )
            conn.execute(
                "INSERT INTO bfr_monitoring (session_id, leg, actual_pressure_aop,"
                " measurement_method, device_serial_number, series_object, entered_by)"
                " VALUES (%s, 'left', 52, 'sensor', 'SN-1', 'P001/cuffs.csv', %s)",
                [session_id, clinic.therapist.id],
            )
    return Filled(of)


SEEN = {
    "therapist": ("P001", "P002", "nobody"),
    "other_therapist": ("P003",),
    "researcher": ("P001", "P003"),
    "admin": ("P001", "P002", "P003", "nobody"),
}
HANGING = (
    "c3d_technical_data",
    "emg_statistics",
    "contractions",
    "performance_scores",
    "session_settings",
    "contraction_edits",
    "bfr_monitoring",
)


@pytest.mark.parametrize("who", SEEN)
def test_a_person_sees_exactly_their_sessions_and_what_hangs_on_them(database, clinic, filled, who):
    expected = filled.numbers(*SEEN[who])
    with database.as_person(getattr(clinic, who)) as conn:
        found = {row[0] for row in conn.execute("SELECT id FROM therapy_sessions")}
        assert found == expected
        for table in HANGING:
            rows = conn.execute(sql.SQL("SELECT session_id FROM {}").format(sql.Identifier(table)))
            assert {row[0] for row in rows} == expected, table


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("therapist", {"P001", "P002"}),
        ("other_therapist", {"P003"}),
        ("admin", {"P001", "P002", "P003"}),
    ],
)
def test_a_person_sees_exactly_their_patients(database, clinic, who, codes):
    person = getattr(clinic, who)
    with database.as_person(person) as conn:
        assert {p.patient_code for p in patients.mine(conn, person)} == codes


@pytest.mark.parametrize(
    ("table", "who", "count"),
    [
        ("people", "therapist", 1),
        ("people", "researcher", 1),
        ("people", "admin", 4),
        ("therapists", "therapist", 1),
        ("therapists", "admin", 2),
        ("researcher_profiles", "researcher", 1),
        ("researcher_profiles", "admin", 1),
        ("scoring_configuration", "therapist", 2),
        ("scoring_configuration", "researcher", 2),
        ("scoring_configuration", "admin", 2),
        ("processing_parameters", "therapist", 1),
        ("processing_parameters", "researcher", 1),
        ("processing_parameters", "admin", 1),
        ("upload_events", "admin", 4),
        ("research_sessions", "researcher", 2),
        ("research_patients", "researcher", 2),
        ("therapy_sessions_with_technical", "therapist", 3),
        ("therapy_sessions_with_technical", "admin", 4),
    ],
)
def test_a_person_sees_so_many_rows(database, clinic, filled, table, who, count):
    with database.as_person(getattr(clinic, who)) as conn:
        rows = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        assert rows.fetchone() == (count,)


def test_no_patients_code_reaches_a_researcher(database, clinic, filled):
    with database.as_person(clinic.researcher) as conn:
        for table in (*HANGING, "therapy_sessions", "patients", "people", "processing_parameters"):
            columns = granted(conn, "myograph_researcher", "SELECT")[table]
            rows = conn.execute(
                sql.SQL("SELECT {} FROM {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
                )
            ).fetchall()
            assert rows, table
            assert "P00" not in json.dumps(rows, default=str), table
        for view in ("research_sessions", "research_patients"):
            rows = conn.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(view))).fetchall()
            assert "P00" not in json.dumps(rows, default=str)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT patient_id FROM therapy_sessions",
        "SELECT file_path FROM therapy_sessions",
        "SELECT * FROM therapy_sessions",
        "SELECT * FROM therapy_sessions_with_technical",
        "SELECT patient_code FROM patients",
        "SELECT reason FROM contraction_edits",
        "SELECT device_serial_number FROM bfr_monitoring",
        "SELECT cuff_size FROM bfr_monitoring",
        "SELECT cuff_position FROM bfr_monitoring",
        "SELECT monitoring_device FROM bfr_monitoring",
        "SELECT series_object FROM bfr_monitoring",
        "SELECT entered_by FROM bfr_monitoring",
        "SELECT * FROM bfr_monitoring",
        "SELECT * FROM upload_events",
        "SELECT * FROM local_accounts",
        "SELECT app.my_patients()",
        "SELECT app.assign(gen_random_uuid(), '{}')",
        "SELECT app.recover(gen_random_uuid())",
        "SELECT app.receive_upload('{}')",
        "SELECT app.receive_event('{}')",
        "SELECT app.replay_event(1)",
        "SELECT * FROM storage_outbox",
    ],
)
def test_a_researcher_has_no_way_to_a_name(database, clinic, statement):
    with (
        database.as_person(clinic.researcher) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)


def test_a_researcher_sees_none_where_a_code_might_stand(database, clinic, filled):
    with database.as_person(clinic.researcher) as conn:
        found = sessions.get(conn, clinic.researcher, filled.of["P001"])
        assert (found.patient_id, found.file_path, found.session_id) == (None, None, None)
        assert (found.game_metadata, found.findings) == (None, None)
        assert found.pseudonym is not None
        assert found.analytics_cache is not None
        with pytest.raises(NotFound):
            sessions.get(conn, clinic.researcher, filled.of["P002"])


# ── identity


def test_the_web_sees_nothing_before_it_says_who_asks(database, filled):
    with database.connect("myograph_web", autocommit=True) as conn:
        for table in TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("role", ["therapist", "researcher", "admin"])
def test_a_role_without_a_person_sees_nothing(database, filled, role):
    with database.connect("myograph_web") as conn:
        conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(ROLES[role])))
        for table in ("therapy_sessions", "patients", "emg_statistics", "scoring_configuration"):
            rows = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            assert rows.fetchone() == (0,), table


@pytest.mark.parametrize(
    ("who", "role"), [(who, role) for who in ROLES for role in ROLES if who != role]
)
def test_a_role_that_the_person_has_not_shows_nothing(database, clinic, filled, who, role):
    person = getattr(clinic, who)
    with database.connect("myograph_web") as conn:
        become(conn, Person(person.id, person.name, role))
        count = conn.execute("SELECT count(*) FROM therapy_sessions").fetchone()
    assert count == (0,)


def test_an_identity_ends_with_its_transaction(database, clinic, filled):
    with database.connect("myograph_web") as conn:
        become(conn, clinic.admin)
        conn.commit()
        assert conn.execute("SELECT current_user").fetchone() == ("myograph_web",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT FROM therapy_sessions")


def test_how_a_request_came_is_known_to_its_transaction_alone(database, clinic):
    asked = "SELECT current_setting('myograph.context', true)"
    with database.connect("myograph_web") as conn:
        become(conn, clinic.admin, Context("10.0.0.1", "a-1", "token", "Für den Bericht."))
        assert json.loads(conn.execute(asked).fetchone()[0]) == {
            "address": "10.0.0.1",
            "request": "a-1",
            "via": "token",
            "reason": "Für den Bericht.",
        }
        conn.commit()
        assert conn.execute(asked).fetchone() == ("",)
        become(conn, clinic.admin)
        assert conn.execute(asked).fetchone() == ("{}",)


def test_a_person_who_was_switched_off_sees_nothing(database, clinic, filled):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE people SET active = false WHERE id = %s", [clinic.therapist.id])
    with database.as_person(clinic.therapist) as conn:
        assert sessions.newest(conn, clinic.therapist) == []


NOBODY = json.dumps({"sub": str(UUID(int=7))})


@pytest.mark.parametrize("claims", ["", "{}", '{"sub": null}', NOBODY])
def test_claims_that_name_nobody_show_nothing(database, clinic, filled, claims):
    with database.connect("myograph_web") as conn:
        conn.execute("SET LOCAL ROLE myograph_admin")
        conn.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
        assert conn.execute("SELECT count(*) FROM therapy_sessions").fetchone() == (0,)


@pytest.mark.parametrize("claims", ["no json", '{"sub": "no uuid"}'])
def test_claims_that_make_no_sense_are_an_error(database, clinic, claims):
    with database.connect("myograph_web") as conn:
        conn.execute("SET LOCAL ROLE myograph_admin")
        conn.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
        with pytest.raises(psycopg.DataError):
            conn.execute("SELECT count(*) FROM patients")


@pytest.fixture
def dora(database, owner):
    """A researcher with a database login of her own."""
    name = f"dora_{uuid4().hex[:8]}"
    owner.execute(
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x' NOINHERIT").format(sql.Identifier(name))
    )
    for role in ("myograph_researcher", "myograph_admin"):
        owner.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(name)))
    owner.commit()
    try:
        yield name
    finally:
        owner.rollback()
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name]
        )
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
        owner.commit()


def login(database, name):
    url = database.url("postgres")
    password = database.cluster.secrets.passwords["postgres"]
    return psycopg.connect(url.replace(f"postgres:{password}@", f"{name}:x@"))


def test_forged_claims_of_another_login_are_not_believed(database, clinic, filled, dora):
    with login(database, dora) as conn:
        conn.execute("SET LOCAL ROLE myograph_admin")
        conn.execute(
            "SELECT set_config('request.jwt.claims', %s, true)",
            [json.dumps({"sub": str(clinic.admin.id)})],
        )
        assert conn.execute("SELECT count(*) FROM therapy_sessions").fetchone() == (0,)


def test_a_login_that_people_names_is_that_person(database, clinic, filled, dora):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE people SET db_login = %s WHERE id = %s", [dora, clinic.researcher.id])
    with login(database, dora) as conn:
        conn.execute("SET LOCAL ROLE myograph_researcher")
        assert conn.execute("SELECT count(*) FROM therapy_sessions").fetchone() == (2,)


# ── writing


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people SET role = 'admin'",
        "UPDATE therapy_sessions SET patient_id = 'P001'",
        "UPDATE performance_scores SET overall_performance_score = 100",
        "UPDATE emg_statistics SET rms = 0",
        "DELETE FROM contraction_edits",
        "UPDATE contraction_edits SET reason = ''",
        "INSERT INTO session_settings (session_id) VALUES (gen_random_uuid())",
        "UPDATE patients SET therapist_id = NULL",
        "INSERT INTO patients (patient_code) VALUES ('P100')",
        "UPDATE scoring_configuration SET active = false",
        "SELECT * FROM local_accounts",
        "SELECT app.account('anna')",
        "SELECT app.add_account('x', 'x', 'admin', '$argon2')",
        "SELECT app.enqueue('analyse_session', gen_random_uuid(), 1)",
        "SELECT app.set_patient(gen_random_uuid(), 'P001', true)",
        "CREATE TABLE mine ()",
    ],
)
@pytest.mark.parametrize("who", ["therapist", "researcher"])
def test_a_therapist_and_a_researcher_write_nothing_past_the_functions(
    database, clinic, who, statement
):
    with (
        database.as_person(getattr(clinic, who)) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)


def test_nobody_changes_their_own_role(database, clinic):
    with database.as_person(clinic.admin) as conn:
        changed = conn.execute("UPDATE people SET role = 'researcher' RETURNING id").fetchall()
    assert {row[0] for row in changed} == {
        clinic.therapist.id,
        clinic.other_therapist.id,
        clinic.researcher.id,
    }


def test_nobody_becomes_admin_by_saying_so(database, clinic):
    with database.connect("myograph_web") as conn:
        become(conn, Person(clinic.therapist.id, "Thea", "admin"))
        assert conn.execute("UPDATE people SET role = 'admin'").rowcount == 0
        assert conn.execute("UPDATE patients SET therapist_id = NULL").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            conn.execute("INSERT INTO people (name, role) VALUES ('Eve', 'admin')")


def test_an_admin_signs_a_configuration_with_their_own_name(database, clinic):
    with (
        database.as_person(clinic.admin) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        conn.execute(
            """
            INSERT INTO scoring_configuration (id, version, name, weights, component_weights,
                                               rpe_mapping, scope, author)
            VALUES ('x', 1, 'x', '{}', '{}', '{}', 'session', %s)
            """,
            [clinic.therapist.id],
        )


def test_an_admin_writes_no_results(database, clinic):
    with (
        database.as_person(clinic.admin) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("UPDATE performance_scores SET overall_performance_score = 100")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM local_accounts",
        "SELECT name FROM people",
        "UPDATE people SET role = 'admin'",
        "INSERT INTO people (name, role) VALUES ('Eve', 'admin')",
        "UPDATE contraction_edits SET reason = ''",
        "DELETE FROM contraction_edits",
        "DELETE FROM therapy_sessions",
        "UPDATE upload_events SET received_at = now()",
        "UPDATE scoring_configuration SET active = false",
        "SELECT app.account('anna')",
    ],
)
def test_the_worker_keeps_to_sessions_and_results(database, clinic, statement):
    with (
        database.connect("myograph_work") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)
