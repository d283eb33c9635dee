"""All that is stored of a patient: handed over whole, and erased without a trace."""

import json
import zipfile

import psycopg
import pytest
from psycopg import sql

from myograph.db.identity import become
from myograph.db.pool import open_pool
from myograph.errors import Conflict, NotFound
from myograph.services.erase_person import belongings, erase_person
from myograph.services.export_person import export_person
from myograph.services.sweep_uploads import sweep_uploads
from tests.database import add_patient
from tests.game_files import game_file

CODE, OTHER = "P7777", "P001"
MARK = "narwhal"
BUCKETS = ["emg_data"]
TOLD = {"pseudonym": "0" * 64, "reason": "consent withdrawn", "by": "somebody"}
AUDIT = {"audit_log", "audit_seals"}


@pytest.fixture
def owner(database):
    with database.connect("myograph_migrator", autocommit=True) as conn:
        yield conn


@pytest.fixture
def filled(database, clinic, store, upload, run_queue):
    """A patient with recordings of their own, in their folder and not, and all that hangs on them.

    The second recording has the same bytes as one of another patient.
    """
    with database.as_person(clinic.admin) as conn:
        add_patient(conn, CODE, clinic.therapist.id, consent=True)
    with database.connect("postgres") as conn:
        conn.execute(
            "INSERT INTO patient_medical (patient_code, diagnosis) VALUES (%s, %s)", [CODE, MARK]
        )
        conn.execute(
            "INSERT INTO clinical_notes (patient_code, author, text) VALUES (%s, %s, %s)",
            [CODE, clinic.therapist.id, f"first {MARK}"],
        )
        conn.execute("UPDATE clinical_notes SET text = 'second'")
    shared, chosen = game_file(seed=3), {"person": clinic.therapist}
    sessions = [
        upload(game_file(seed=1), name=f"{CODE}/1/a.c3d").session_id,
        upload(shared, name="unassigned/2/b.c3d", **chosen, patient_code=CODE).session_id,
    ]
    upload(shared, name=f"{OTHER}/3/c.c3d")
    upload(game_file(seed=4), name=f"{CODE}/4/of-another.c3d", **chosen, patient_code=OTHER)
    run_queue()
    store.put(f"emg_data/{CODE}/1/{sessions[0]}-pressure-1.csv", [b"time_s,pressure_mmhg,leg"])
    with database.connect("myograph_work") as conn:
        conn.execute(
            "INSERT INTO storage_outbox (operation, bucket, name, old_name)"
            " VALUES ('UPDATE', 'emg_data', 'elsewhere.c3d', %s)",
            [f"{CODE}/1/before.c3d"],
        )
        for number in sessions:
            conn.execute(
                "INSERT INTO contraction_edits (session_id, channel, action, after_start_s,"
                " after_end_s, author, reason) VALUES (%s, 'CH1', 'add', 1, 2, %s, %s)",
                [number, clinic.therapist.id, MARK],
            )
    for number in sessions:
        with database.as_person(clinic.therapist) as conn:
            conn.execute(_EXPORTED, [number, clinic.therapist.id, MARK])
    return sessions


_EXPORTED = """
    INSERT INTO export_history (
        session_id, export_type, data_format, processing_method, data_source, processing_time_ms,
        exported_by, identifiers, reason, export_status, error_code, error_message)
    VALUES (%s, 'statistics_only', 'csv', 'database_query', 'cached_statistics', 1, %s, false,
            %s, 'failed', 'bug', 'a fault')
    """


def everything(database):
    """{table: its rows as text} of the whole database."""
    listed = (
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'queue', 'app')"
    )
    with database.connect("postgres") as conn:
        found = {}
        for schema, table in conn.execute(listed).fetchall():
            rows = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
            found[table] = str(conn.execute(rows).fetchall())
        return found


def objects(store):
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_file())


def folders(store):
    """They name whose they are, even with nothing in them."""
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_dir())


def test_what_is_handed_over_is_all_there_is(database, store, owner, filled, tmp_path):
    target = tmp_path / "all.zip"
    counts = export_person(owner, store, CODE, BUCKETS, target)
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        names = set(archive.namelist())
        data = {
            name[5:-5]: json.loads(archive.read(name)) for name in names if name.startswith("data/")
        }
        recording = archive.read(f"recordings/emg_data/{CODE}/1/a.c3d")
        readme = archive.read("README.txt").decode()
    assert recording == game_file(seed=1)
    assert {row["id"] for row in data["therapy_sessions"]} == {str(n) for n in filled}
    assert data["patients"][0]["patient_code"] == CODE
    assert [e["reason"] for e in data["contraction_edits"]] == [MARK] * 2
    assert {
        "emg_statistics",
        "contractions",
        "performance_scores",
        "patient_medical",
        "upload_events",
    } <= data.keys()
    assert any(row["row_key"] == CODE for row in data["audit_log"])
    holding = {t for t, text in everything(database).items() if MARK in text or CODE in text}
    of_store = {"storage_outbox"}  # what happened to objects, before anybody knew whose they are
    assert holding - AUDIT - of_store <= data.keys()
    assert f"{counts['objects']:8} objects" in readme
    assert counts["objects"] == 3
    assert not any("of-another" in name for name in names)
    assert "'export', 'patients'" in everything(database)["audit_log"]


def test_an_object_that_is_gone_is_said_to_be(store, owner, filled, tmp_path):
    store.delete(f"emg_data/{CODE}/1/a.c3d")
    counts = export_person(owner, store, CODE, BUCKETS, tmp_path / "all.zip")
    assert counts["objects"] == 2
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert f"emg_data/{CODE}/1/a.c3d" in archive.read("README.txt").decode()


def test_of_nobody_there_is_nothing(store, owner, clinic, tmp_path):
    with pytest.raises(NotFound):
        export_person(owner, store, "P404", BUCKETS, tmp_path / "all.zip")
    with pytest.raises(NotFound):
        erase_person(owner, store, "P404", BUCKETS, **TOLD)


def test_nothing_is_left_but_the_record_and_that_it_was_done(
    database, store, owner, filled, run_queue
):
    before = everything(database)
    assert sum(CODE in text or str(filled[0]) in text for text in before.values()) >= 8
    removed = erase_person(owner, store, CODE, BUCKETS, **TOLD)
    assert (removed["therapy_sessions"], removed["patients"], removed["objects"]) == (2, 1, 3)
    marks = ["elsewhere.c3d", CODE + "/1", f"'{CODE}'", MARK, str(filled[1])]
    left = {t for t, text in everything(database).items() if any(m in text for m in marks)}
    assert left <= AUDIT | {t for t in left if t.startswith("procrastinate_")}
    assert objects(store) == [f"emg_data/{OTHER}/3/c.c3d", f"emg_data/{CODE}/4/of-another.c3d"]
    assert [f for f in folders(store) if CODE in f] == [f"emg_data/{CODE}", f"emg_data/{CODE}/4"]
    kept = owner.execute("SELECT pseudonym, reason, erased_at IS NULL FROM erasures").fetchall()
    assert kept == [(TOLD["pseudonym"], TOLD["reason"], False)]


def test_what_is_of_others_stays(database, clinic, store, owner, filled):
    erase_person(owner, store, CODE, BUCKETS, **TOLD)
    with database.as_person(clinic.therapist) as conn:
        asked = "SELECT file_path, app.seen_twin(id) FROM therapy_sessions ORDER BY 1"
        rows = conn.execute(asked).fetchall()
    assert rows == [(f"{OTHER}/3/c.c3d", None), (f"{CODE}/4/of-another.c3d", None)]


def test_no_sweep_and_no_job_brings_it_back(database, store, owner, filled, upload, run_queue):
    waiting = upload(game_file(seed=8), name=f"{CODE}/8/waiting.c3d").session_id
    erase_person(owner, store, CODE, BUCKETS, **TOLD)
    with open_pool(database.url("myograph_work"), size=2) as pool:
        sweep_uploads(pool, store, "emg_data")
    run_queue()
    ids = {n for (n,) in owner.execute("SELECT app.sessions_of(%s)", [CODE])}
    assert (ids, waiting in ids) == (set(), False)


def test_wherever_it_is_cut_off_it_may_be_done_again(database, store, owner, filled):
    class Killed(BaseException):
        pass

    def cut_at(count):
        gone = []

        def removed(key):
            gone.append(key)
            if len(gone) == count:
                raise Killed

        return removed

    for count in (1, 2):
        with pytest.raises(Killed):
            erase_person(owner, store, CODE, BUCKETS, **TOLD, removed=cut_at(count))
        begun = "SELECT count(*), count(erased_at) FROM erasures"
        assert owner.execute(begun).fetchone() == (1, 0)
    erase_person(owner, store, CODE, BUCKETS, **TOLD)
    assert owner.execute("SELECT count(*), count(erased_at) FROM erasures").fetchone() == (1, 1)
    assert objects(store) == [f"emg_data/{OTHER}/3/c.c3d", f"emg_data/{CODE}/4/of-another.c3d"]


def test_what_comes_in_between_is_not_lost_sight_of(store, owner, filled, upload):
    """A row whose object nobody removed would be a patient's file that nobody knows of."""
    came = []

    def upload_meanwhile(_key):
        if not came:
            came.append(upload(game_file(seed=9), name=f"{CODE}/9/late.c3d").session_id)

    with pytest.raises(Conflict):
        erase_person(owner, store, CODE, BUCKETS, **TOLD, removed=upload_meanwhile)
    assert belongings(owner, store, CODE, BUCKETS).rows["therapy_sessions"] == 3
    erase_person(owner, store, CODE, BUCKETS, **TOLD)
    assert belongings(owner, store, CODE, BUCKETS).objects == []


@pytest.mark.parametrize("login", ["myograph_web", "myograph_work"])
def test_no_login_of_the_service_may(database, clinic, login):
    for call in ("app.person_data('P001')", "app.begin_erasure('P001', 'x', 'x', 'x')"):
        with database.connect(login) as conn:
            if login == "myograph_web":
                become(conn, clinic.admin)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"SELECT {call}")
