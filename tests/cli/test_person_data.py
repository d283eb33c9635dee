"""All of a patient by command: said, handed over, erased."""

import zipfile

import pytest

from myograph.db.patients import pseudonym_of
from tests.game_files import game_file

SESSION = "P001/1/a.c3d"


@pytest.fixture
def person_data(command, database, clinic, store, upload, run_queue, monkeypatch):
    monkeypatch.setenv("MYOGRAPH_PSEUDONYM_KEY", "k" * 32)
    upload(game_file(seed=1), name=SESSION)
    run_queue()

    def run(*arguments):
        return command(
            "person-data",
            *arguments,
            MYOGRAPH_DATA_DIR=str(store.root.parent),
            MYOGRAPH_MIGRATE_DATABASE_URL=database.url("myograph_migrator"),
        )

    return run


def test_all_of_a_patient_is_written_into_one_file_and_never_over_another(person_data, tmp_path):
    target = tmp_path / "P001.zip"
    answer = person_data("export", "P001", "--to", target)
    assert answer.code == 0
    assert "1 therapy_sessions" in answer.out
    with zipfile.ZipFile(target) as archive:
        assert f"recordings/emg_data/{SESSION}" in archive.namelist()
    again = person_data("export", "P001", "--to", target)
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.parametrize("flags", [(), ("--dry-run",), ("--dry-run", "--yes")])
def test_nothing_is_erased_unless_it_is_said_twice(person_data, store, flags):
    answer = person_data("erase", "P001", "--reason", "consent withdrawn", *flags)
    assert answer.code == 0
    assert "1 therapy_sessions" in answer.out
    assert "Nothing was changed." in answer.out
    assert store.exists(f"emg_data/{SESSION}")


def test_a_patient_is_erased(person_data, store):
    answer = person_data("erase", "P001", "--reason", "consent withdrawn", "--yes")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "erased")
    assert not store.exists(f"emg_data/{SESSION}")
    again = person_data("erase", "P001", "--reason", "consent withdrawn", "--yes")
    assert (again.code, "Nothing is stored" in again.err) == (1, True)


def test_what_is_anothers_in_the_folder_is_said(person_data, upload, clinic):
    upload(name="P001/2/b.c3d", person=clinic.therapist, patient_code="P002")
    answer = person_data("erase", "P001", "--reason", "consent withdrawn")
    assert "1 objects in the patient's folder are another patient's." in answer.out


def test_a_name_that_nothing_can_address_is_left_to_a_person(person_data, store):
    odd = store.root / "emg_data" / "P001" / "1" / ("a" * 250)
    odd.write_bytes(b"x")
    answer = person_data("erase", "P001", "--reason", "consent withdrawn", "--yes")
    assert answer.code == 0
    assert "to be removed by hand" in answer.out


def test_it_takes_a_reason_and_the_key_of_the_pseudonyms(person_data, monkeypatch, store):
    assert "The reason has" in person_data("erase", "P001", "--reason", " ", "--yes").err
    monkeypatch.delenv("MYOGRAPH_PSEUDONYM_KEY")
    answer = person_data("erase", "P001", "--reason", "consent withdrawn", "--yes")
    assert (answer.code, "MYOGRAPH_PSEUDONYM_KEY must be too" in answer.err) == (1, True)
    assert store.exists(f"emg_data/{SESSION}")


def test_new_pseudonyms_are_given_only_where_it_is_said_twice(person_data, database, monkeypatch):
    monkeypatch.setenv("MYOGRAPH_PSEUDONYM_KEY", "o" * 32)
    asked = "SELECT pseudonym FROM patients WHERE patient_code = 'P001'"
    with database.connect("postgres", autocommit=True) as conn:
        before = conn.execute(asked).fetchone()
        answer = person_data("new-pseudonyms")
        assert (answer.code, "With --yes" in answer.err) == (1, True)
        assert conn.execute(asked).fetchone() == before
        answer = person_data("new-pseudonyms", "--yes")
        assert (answer.code, answer.out) == (0, "3 patients have another pseudonym\n")
        assert conn.execute(asked).fetchone() == (pseudonym_of("P001", "o" * 32),)


def test_where_the_store_does_not_answer_it_says_that_nothing_was_removed(person_data, store):
    folder = store.root / "emg_data"
    folder.rename(store.root / "elsewhere")
    folder.symlink_to(store.root / "elsewhere")
    answer = person_data("erase", "P001", "--reason", "consent withdrawn", "--yes")
    assert (answer.code, "Nothing was removed, of the store or the data" in answer.err) == (1, True)
