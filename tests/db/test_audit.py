"""What people do is written down, by the database itself, and nobody but it writes there."""

import json
import re
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from myograph.db import audit
from myograph.db.audit import Wanted
from myograph.db.identity import Person, become
from myograph.db.refusals import refusals
from myograph.errors import BadInput
from tests.game_files import game_file

PEOPLES_ROLES = ("myograph_therapist", "myograph_researcher", "myograph_admin", "myograph_web")

# Tables that people change, by the functions they may call, and that have no trigger.
NOT_AUDITED = {
    "audit_log": "it is the log",
    "c3d_technical_data": "what a file says of itself, read by our own programs",
    "export_history": "a trigger of its own notes each row as an export",
    "outgoing_events": "resend_event notes the replay; the rest is the sender's",
    "procrastinate_jobs": "what a job is for has its own row",
    "sign_ins": "noted as sign_in, sign_out and sign_out_everywhere",
    "upload_events": "it is a log, and has who and what; a replay is noted",
}


@pytest.fixture
def owner(database):
    with database.connect("postgres") as conn:
        yield conn


def rows(database, **wanted):
    """As a superuser sees them, oldest first."""
    with database.connect("postgres") as conn:
        return audit.newest(conn, Wanted(**wanted), limit=1000)[::-1]


def last(database, **wanted):
    return rows(database, **wanted)[-1]


# ── every table


CHANGES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:public\.|queue\.)?(\w+)", re.IGNORECASE
)
CALLS = re.compile(r"\b(?:app\.|queue\.)?(\w+)\s*\(")


def changed_by_functions(conn, roles):
    """Tables that some function which these roles may call changes, itself or by another."""
    sources = {}
    allowed = set()
    for name, source, callable_ in conn.execute(
        """
        SELECT p.proname, p.prosrc,
               n.nspname = 'app' AND p.prorettype <> 'trigger'::regtype
               AND EXISTS (SELECT FROM unnest(%s::text[]) r
                            WHERE has_function_privilege(r, p.oid, 'EXECUTE'))
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ('app', 'queue')
        """,
        [list(roles)],
    ):
        sources[name] = sources.get(name, "") + re.sub(r"--.*", "", source)
        if callable_:
            allowed.add(name)
    reached, ahead = set(), allowed
    while ahead:
        reached |= ahead
        ahead = {c for f in ahead for c in CALLS.findall(sources[f]) if c in sources} - reached
    tables = {t for (t,) in conn.execute("SELECT relname FROM pg_class WHERE relkind = 'r'")}
    return {t for f in reached for t in CHANGES.findall(sources[f])} & tables


def changed_by_grant(conn, roles):
    found = conn.execute(
        """
        SELECT DISTINCT c.relname
          FROM pg_class c, unnest(%s::text[]) AS r(role)
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND (has_any_column_privilege(r.role, c.oid, 'INSERT')
                OR has_any_column_privilege(r.role, c.oid, 'UPDATE')
                OR has_table_privilege(r.role, c.oid, 'DELETE'))
        """,
        [list(roles)],
    )
    return {name for (name,) in found}


def audited(conn):
    found = conn.execute(
        """
        SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE t.tgfoid = 'app.audit()'::regprocedure AND t.tgenabled = 'O'
        """
    )
    return {name for (name,) in found}


def test_every_table_that_people_can_change_is_audited(owner):
    changed = changed_by_grant(owner, PEOPLES_ROLES) | changed_by_functions(owner, PEOPLES_ROLES)
    assert {"people", "patients", "session_settings", "contraction_edits"} <= changed
    assert changed - audited(owner) - set(NOT_AUDITED) == set()
    assert set(NOT_AUDITED) - changed == set(), "nobody changes these any more"


def test_what_identifies_a_row_and_what_is_kept_of_it_are_columns_of_its_table(owner):
    for table, arguments in owner.execute(
        """
        SELECT t.tgrelid::regclass::text, encode(t.tgargs, 'escape') FROM pg_trigger t
         WHERE t.tgfoid = 'app.audit()'::regprocedure
        """
    ).fetchall():
        columns = {
            name
            for (name,) in owner.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
                [table],
            )
        }
        named = set(arguments.replace("\\000", " ").split())
        assert named <= columns, table


# ── a change


def test_a_change_says_who_did_what_to_which_row(database, clinic):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE patients SET research_consent = true WHERE patient_code = 'P002'")
        [[xid]] = conn.execute("SELECT pg_current_xact_id()::text").fetchall()
    entry = last(database)
    assert (entry.person_id, entry.role, entry.login) == (clinic.admin.id, "admin", "myograph_web")
    assert (entry.action, entry.subject, entry.row_key) == ("update", "patients", "P002")
    assert entry.changed == {"research_consent": [None, True]}
    with database.connect("postgres") as conn:
        found = conn.execute(
            "SELECT xid::text, at BETWEEN now() - interval '1 min' AND now()"
            " FROM audit_log WHERE id = %s",
            [entry.id],
        )
        assert found.fetchone() == (xid, True)


def test_values_of_free_text_and_secrets_are_not_kept(database, clinic):
    with database.connect("myograph_migrator") as conn:
        conn.execute("SELECT app.add_account('eve', 'Eva Fictional', 'admin', '$argon2id$secret')")
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE people SET name = 'Somebody Else' WHERE name = 'Eva Fictional'")
    person, account, renamed = rows(database)[-3:]
    assert (person.action, person.subject) == ("insert", "people")
    assert person.changed == {
        "name": None,
        "role": [None, "admin"],
        "active": [None, True],
    }
    assert (account.subject, account.row_key) == ("local_accounts", person.row_key)
    assert account.changed == {"login": None, "password_hash": None}
    assert renamed.changed == {"name": None}
    assert (renamed.row_key, renamed.person_id) == (person.row_key, clinic.admin.id)
    kept = json.dumps([e.changed for e in rows(database)])
    for secret in ("Eva", "Else", "argon2", "eve"):
        assert secret not in kept


def test_a_row_that_is_removed_is_told_as_it_was(database, clinic, owner):
    owner.execute("DELETE FROM patients WHERE patient_code = 'P003'")
    owner.commit()
    entry = last(database)
    assert (entry.action, entry.row_key, entry.login) == ("delete", "P003", "postgres")
    assert entry.changed == {
        "therapist_id": [str(clinic.other_therapist.id), None],
        "research_consent": [True, None],
        "pseudonym": None,
    }


def test_what_changes_nothing_is_not_written(database, clinic):
    before = rows(database)
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE patients SET research_consent = true WHERE patient_code = 'P001'")
    assert rows(database) == before


def test_what_was_not_done_is_not_written(database, clinic):
    before = rows(database)
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE patients SET research_consent = false")
        conn.rollback()
    assert rows(database) == before


def test_a_row_of_several_key_columns_is_named_by_all(database, clinic):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE scoring_configuration SET active = false WHERE id = 'default'")
    entry = last(database)
    assert (entry.subject, entry.row_key) == (
        "scoring_configuration",
        f"default/{scoring_version(database)}",
    )
    assert entry.changed == {"active": [True, False]}


def scoring_version(database):
    with database.connect("postgres") as conn:
        [[version]] = conn.execute(
            "SELECT version FROM scoring_configuration WHERE id = 'default'"
        ).fetchall()
    return version


# ── sessions


def test_of_a_session_it_tells_what_people_decide_and_not_what_programs_find(
    database, clinic, upload, run_queue
):
    told = upload(person=clinic.therapist).session_id
    upload(game_file(seed=3))
    run_queue()
    found = rows(database, subject="therapy_sessions")
    assert [(e.action, e.row_key, e.person_id) for e in found] == [
        ("insert", str(told), clinic.therapist.id)
    ]
    assert found[0].changed["uploaded_by"] == [None, str(clinic.therapist.id)]
    assert found[0].changed["file_path"] is None
    with database.as_person(clinic.therapist) as conn:
        conn.execute("SELECT app.assign(%s, %s)", [told, '{"patient_code": "P001", "rpe": 4}'])
    with database.as_person(clinic.therapist) as conn:
        conn.execute("SELECT app.reprocess(%s)", [told])
    assigned, rpe, again = rows(database)[-3:]
    assert assigned.changed["patient_id"] == [None, "P001"]
    assert (rpe.subject, rpe.changed["rpe_post_session"]) == ("session_settings", [None, 4])
    assert again.changed["processing_status"] == ["completed", "reprocessing"]
    assert {e.person_id for e in (assigned, rpe, again)} == {clinic.therapist.id}


def test_what_was_announced_before_is_played_again_by_somebody(database, clinic, upload):
    upload()
    with database.as_person(clinic.admin) as conn:
        [[event]] = conn.execute("SELECT id FROM upload_events").fetchall()
        conn.execute("SELECT app.replay_event(%s)", [event])
    entry = last(database, action="replay")
    assert (entry.action, entry.subject, entry.row_key) == ("replay", "upload_events", str(event))
    assert entry.person_id == clinic.admin.id


# ── from where, and why


CONTEXT = json.dumps({"address": "192.0.2.7", "request": "r-1", "via": "token", "reason": "Moved."})


def say(conn, context):
    conn.execute("SELECT set_config('myograph.context', %s, true)", [context])


def test_the_web_says_from_where_and_why(database, clinic):
    with database.as_person(clinic.admin) as conn:
        say(conn, CONTEXT)
        conn.execute("UPDATE patients SET research_consent = true WHERE patient_code = 'P002'")
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE patients SET research_consent = false WHERE patient_code = 'P002'")
    said, silent = rows(database)[-2:]
    assert (said.address, said.request_id, said.via, said.reason) == (
        "192.0.2.7",
        "r-1",
        "token",
        "Moved.",
    )
    assert (silent.address, silent.request_id, silent.via, silent.reason) == (None,) * 4


def test_of_any_other_login_the_database_says_it_itself(database, clinic):
    with database.connect("postgres", application_name="by hand") as conn:
        say(conn, CONTEXT)
        conn.execute("UPDATE patients SET research_consent = true WHERE patient_code = 'P002'")
    entry = last(database)
    assert (entry.person_id, entry.role, entry.login) == (None, None, "postgres")
    assert (entry.via, entry.reason, entry.request_id) == ("by hand", None, None)


def test_a_program_of_ours_may_say_why(database, clinic):
    with database.connect("myograph_work", application_name="myograph work") as conn:
        say(conn, json.dumps({"reason": "Asked for in writing."}))
        audit.note(conn, "erase", "patients", "P001", {"sessions": 3})
    entry = last(database)
    assert (entry.person_id, entry.login, entry.via) == (None, "myograph_work", "myograph work")
    assert (entry.action, entry.reason) == ("erase", "Asked for in writing.")
    assert entry.facts == {"sessions": 3}


# ── who reads it, and who writes


def test_everybody_reads_their_own_actions_and_an_admin_all(database, clinic, upload):
    upload(person=clinic.therapist)
    for person in (clinic.therapist, clinic.researcher):
        with database.as_person(person) as conn:
            audit.note(conn, "export", "sessions")
    everything = {e.person_id for e in rows(database)}
    assert everything >= {None, clinic.therapist.id, clinic.researcher.id, clinic.admin.id}
    for person in (clinic.therapist, clinic.researcher):
        with database.as_person(person) as conn:
            found = audit.newest(conn, Wanted(), limit=100)
            assert {e.person_id for e in found} == {person.id}
    with database.as_person(clinic.admin) as conn:
        assert {e.person_id for e in audit.newest(conn, Wanted(), limit=100)} == everything
    # A role that the person has not shows nothing.
    with database.connect("myograph_web") as conn:
        become(conn, Person(clinic.researcher.id, "Rosa", "admin"))
        assert audit.newest(conn, Wanted(), limit=100) == []


WRITES = (
    "DELETE FROM {}",
    "TRUNCATE {}",
    "UPDATE {} SET {} = NULL",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
)


@pytest.mark.parametrize("who", ["therapist", "researcher", "admin", "worker"])
@pytest.mark.parametrize(
    ("table", "column"), [("audit_log", "at"), ("audit_seals", "hash"), ("audit_gaps", "reason")]
)
def test_nobody_changes_what_is_written(database, clinic, who, table, column):
    for statement in WRITES:
        with (
            acting(database, clinic, who) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(sql.SQL(statement).format(sql.Identifier(table), sql.Identifier(column)))


def acting(database, clinic, who):
    if who == "worker":
        return database.connect("myograph_work")
    return database.as_person(getattr(clinic, who))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_log (action) VALUES ('export')",
        "SELECT app.write_audit(gen_random_uuid(), 'update', 'patients', 'P001', NULL, NULL)",
        "SELECT app.note_sign_in(gen_random_uuid(), 'sign_in')",
        "SELECT app.seal(1)",
        "SELECT app.retain_audit(now() - interval '9 years', '{}')",
        "ALTER TABLE patients DISABLE TRIGGER audit",
        "SET session_replication_role = replica",
    ],
)
@pytest.mark.parametrize("who", ["therapist", "researcher", "admin"])
def test_nobody_writes_past_the_functions(database, clinic, who, statement):
    with (
        database.as_person(getattr(clinic, who)) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)


@pytest.mark.parametrize("action", ["insert", "update", "delete", "retain", "sign_in", "sign_out"])
def test_what_the_database_writes_itself_cannot_be_written_by_hand(database, clinic, action):
    with database.as_person(clinic.admin) as conn, pytest.raises(BadInput), refusals():
        audit.note(conn, action, "patients", "P001")


def test_nobody_fills_it_with_what_they_like(database, clinic):
    with database.as_person(clinic.therapist) as conn, pytest.raises(BadInput), refusals():
        audit.note(conn, "export", "sessions", None, {"x": "x" * 8000})
    with (
        database.as_person(clinic.therapist) as conn,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        audit.note(conn, "No action!", "sessions")


# ── signing in


def test_signing_in_is_told_by_the_web_of_whoever_it_knows(database, clinic):
    with database.connect("myograph_web") as conn:
        say(conn, CONTEXT)
        audit.note_sign_in(conn, clinic.therapist.id, "sign_in_failed")
    entry = last(database)
    assert (entry.person_id, entry.role, entry.action) == (
        clinic.therapist.id,
        None,
        "sign_in_failed",
    )
    assert (entry.address, entry.via) == ("192.0.2.7", "token")
    with database.as_person(clinic.therapist) as conn:
        assert audit.newest(conn, Wanted(), limit=9) == [entry]
    with database.connect("myograph_web") as conn, pytest.raises(BadInput), refusals():
        audit.note_sign_in(conn, clinic.therapist.id, "export")


# ── reading


def test_what_is_shown_again_within_five_minutes_is_written_once(database, clinic, owner):
    def read(person, *what):
        with database.as_person(person) as conn:
            audit.note_read(conn, *what)

    session = str(uuid4())
    for _ in range(3):
        read(clinic.therapist, "session", session)
        read(clinic.therapist, "sessions", None, {"count": 50})
    read(clinic.admin, "session", session)
    read(clinic.therapist, "session", str(uuid4()))
    read(clinic.therapist, "sessions", None, {"count": 51})
    assert len(rows(database, action="read")) == 5
    owner.execute("UPDATE audit_log SET at = at - interval '5 minutes' WHERE action = 'read'")
    owner.commit()
    read(clinic.therapist, "session", session)
    assert len(rows(database, action="read")) == 6


# ── the list


def test_the_list_is_filtered_and_goes_on_where_a_page_ended(database, clinic):
    with database.as_person(clinic.admin) as conn:
        for code in ("P001", "P002", "P003"):
            conn.execute(
                "UPDATE patients SET treatment_start = now() WHERE patient_code = %s", [code]
            )
    wanted = Wanted(person_id=clinic.admin.id, action="update", subject="patients")
    with database.as_person(clinic.admin) as conn:
        first = audit.newest(conn, wanted, limit=2)
        rest = audit.newest(conn, wanted, limit=2, before=(first[-1].at, first[-1].id))
        assert [e.row_key for e in first + rest] == ["P003", "P002", "P001"]
        one = Wanted(row_key="P002", action="update")
        assert [e.row_key for e in audit.newest(conn, one, limit=9)] == ["P002"]
        between = Wanted(since=rest[0].at, until=first[0].at)
        found = audit.newest(conn, between, limit=9)
        assert [e.row_key for e in found] == ["P002", "P001"]
