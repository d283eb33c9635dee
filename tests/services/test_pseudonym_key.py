"""The key of the pseudonyms is the same from the first start on, unless somebody changes it."""

import pytest

from myograph.cli import serving, system
from myograph.db.patients import pseudonym_of
from myograph.errors import BadInput
from myograph.services import pseudonym_key
from myograph.settings import Settings
from tests.database import PSEUDONYM_KEY, add_patient
from tests.game_files import game_file

OTHER = "o" * 32
ANOTHER = "not the key that this database's pseudonyms were made with"


def start_worker(database, key):
    with database.connect("myograph_work") as conn:
        pseudonym_key.keep(conn, key)


def start_web(database, key):
    with database.connect("myograph_web") as conn:
        pseudonym_key.refuse_another(conn, key)


def named(database):
    """{code: pseudonym}, and those of the sessions."""
    with database.connect("postgres") as conn:
        patients = "SELECT patient_code, pseudonym FROM patients"
        sessions = "SELECT DISTINCT patient_id, pseudonym FROM therapy_sessions"
        return dict(conn.execute(patients).fetchall()), dict(conn.execute(sessions).fetchall())


def test_after_the_first_start_no_other_key_is_taken(database):
    start_web(database, OTHER)  # nothing was named with any key yet
    for _ in range(2):
        start_worker(database, PSEUDONYM_KEY)
    start_web(database, PSEUDONYM_KEY)
    for start in (start_worker, start_web):
        with pytest.raises(BadInput, match=ANOTHER):
            start(database, OTHER)
        with pytest.raises(BadInput, match=ANOTHER):
            start(database, PSEUDONYM_KEY + " ")
    start_worker(database, PSEUDONYM_KEY)


def test_pseudonyms_that_are_there_already_are_checked_by(database, clinic):
    """Of an installation that is older than the check."""
    with pytest.raises(BadInput, match=ANOTHER):
        start_worker(database, OTHER)
    start_web(database, OTHER)  # and nothing was written down by the refusal
    start_worker(database, PSEUDONYM_KEY)


def test_the_database_has_nothing_of_the_key(database):
    start_worker(database, PSEUDONYM_KEY)
    with database.connect("postgres") as conn:
        [(digest,)] = conn.execute("SELECT digest FROM key_checks").fetchall()
    assert len(digest) == 64
    assert PSEUDONYM_KEY not in digest


def settings_of(database, folder, key):
    return Settings(
        data_dir=folder,
        database_url=database.url("myograph_web"),
        worker_database_url=database.url("myograph_work"),
        pseudonym_key=key,
        sign_in="local",
    )


def test_neither_web_nor_worker_starts_with_another_key(database, clinic, tmp_path):
    start_worker(database, PSEUDONYM_KEY)
    for key in (PSEUDONYM_KEY, OTHER):
        settings = settings_of(database, tmp_path, key)
        with system.running(settings) as ready, system.bench(settings) as bench:
            if key == PSEUDONYM_KEY:
                assert serving.first_link(ready, "127.0.0.1") is None
                system.keep_pseudonym_key(bench)
                continue
            with pytest.raises(BadInput, match=ANOTHER):
                serving.first_link(ready, "127.0.0.1")
            with pytest.raises(BadInput, match=ANOTHER):
                system.keep_pseudonym_key(bench)


def test_a_key_is_changed_on_purpose(database, clinic, upload, run_queue):
    start_worker(database, PSEUDONYM_KEY)
    upload(game_file(seed=1), name="P001/1/a.c3d")
    run_queue()
    with database.as_person(clinic.admin) as conn:
        add_patient(conn, "P010", clinic.therapist.id, consent=None)
    with database.connect("myograph_migrator") as conn:
        assert pseudonym_key.change(conn, OTHER) == 4
    patients, sessions = named(database)
    assert patients == {c: pseudonym_of(c, OTHER) for c in ("P001", "P002", "P003", "P010")}
    assert sessions == {"P001": patients["P001"]}
    start_worker(database, OTHER)
    with pytest.raises(BadInput, match=ANOTHER):
        start_web(database, PSEUDONYM_KEY)


def test_nobody_in_service_changes_it(database, clinic):
    for login in ("myograph_web", "myograph_work"):
        with database.connect(login) as conn, pytest.raises(Exception, match="permission denied"):
            conn.execute("DELETE FROM key_checks")
