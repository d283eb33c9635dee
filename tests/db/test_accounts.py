import psycopg
import pytest

from myograph.db import accounts, patients
from myograph.db.identity import Person
from tests.database import PASSWORD_HASH


@pytest.fixture
def web(database, clinic):
    with database.connect("myograph_web") as conn:
        yield conn


@pytest.mark.parametrize("login", ["thea", "Thea", "THEA"])
def test_an_account_is_found_by_its_login_in_any_case(web, clinic, login):
    found = accounts.find(web, login)
    assert found.person == clinic.therapist
    assert (found.password_hash, found.active) == (PASSWORD_HASH, True)


def test_a_login_nobody_has_is_nobody(web):
    assert accounts.find(web, "nobody") is None


def test_whoever_was_switched_off_is_no_longer_active(database, web, clinic):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE people SET active = false WHERE id = %s", [clinic.therapist.id])
    assert not accounts.find(web, "thea").active


def test_adding_a_login_twice_is_adding_it_once(database, clinic):
    with database.connect("myograph_migrator") as conn:
        again = accounts.add(
            conn, login="THEA", name="Else", role="admin", password_hash=PASSWORD_HASH
        )
    assert again == clinic.therapist.id
    with database.connect("myograph_web") as conn:
        assert accounts.find(conn, "thea").person == Person(again, "Thea", "therapist")


def test_a_password_is_never_kept_as_it_is(database):
    with (
        database.connect("myograph_migrator") as conn,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        accounts.add(conn, login="x", name="X", role="admin", password_hash="secret")


def test_a_patient_is_added_once(database, clinic):
    with database.as_person(clinic.admin) as conn:
        assert patients.add(conn, "P010", channel_assignment={"CH1": {"side": "left"}})
        assert not patients.add(conn, "P010")
        [added] = [p for p in patients.mine(conn, clinic.admin) if p.patient_code == "P010"]
    assert added.channel_assignment == {"CH1": {"side": "left"}}


@pytest.mark.parametrize("code", ["P1", "p001", "X001", "P001 ", "", "Anna"])
def test_a_patient_has_a_code_and_no_name(database, clinic, code):
    with database.as_person(clinic.admin) as conn, pytest.raises(psycopg.errors.CheckViolation):
        patients.add(conn, code)


def test_a_pseudonym_depends_on_code_and_key():
    made = patients.pseudonym_of("P001", "key")
    assert len(made) == 64
    assert made == patients.pseudonym_of("P001", "key")
    assert made != patients.pseudonym_of("P002", "key")
    assert made != patients.pseudonym_of("P001", "other key")
