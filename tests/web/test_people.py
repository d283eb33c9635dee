"""People through the interface: let in, changed and shut out by an administrator."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from myograph.db import people as members
from myograph.db.identity import Person
from myograph.errors import Conflict
from tests.database import settle_clinic
from tests.faults.place import wait_for

PAGE = {"Accept": "text/html"}
WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
    """


def add(served, **new):
    return served.as_("ada").post(
        "/api/people", json={"name": "Nils Ek", "role": "therapist", **new}
    )


def change(served, person_id, **said):
    return served.as_("ada").patch(f"/api/people/{person_id}", json=said)


@pytest.fixture
def someone(served, someone_new, people):
    login = someone_new("therapist")
    return login, people[login]


def test_whoever_is_added_gets_a_link_that_the_administrator_passes_on(served):
    answer = add(served)
    assert answer.status_code == 201
    person, link = answer.json()["person"], answer.json()["link"]
    assert (person["name"], person["role"], person["active"]) == ("Nils Ek", "therapist", True)
    assert link.startswith("http://testserver/welcome/")
    assert "Nils Ek" in served.as_(None).get(link, headers=PAGE).text
    listed = served.as_("ada").get("/api/people").json()
    assert person in listed
    assert link.rpartition("/")[2] not in str(listed)


def test_whom_an_identity_provider_knows_needs_no_link(served):
    number = str(uuid4())
    answer = add(served, id=number)
    assert (answer.json()["person"]["id"], answer.json()["link"]) == (number, None)
    assert add(served, id=number).status_code == 409


@pytest.mark.parametrize(
    "new",
    [
        {"name": " "},
        {"name": "a\x00b"},
        {"role": "root"},
        {"db_login": "myograph_web"},
        {"db_login": "Robert'; --"},
        {"active": False},
    ],
)
def test_what_nobody_can_be_is_refused(served, new):
    assert add(served, **new).status_code == 422


def test_a_role_is_changed_and_what_follows_from_it_is_there(served, someone, site_database):
    _, person_id = someone
    answer = change(served, person_id, role="researcher")
    assert (answer.status_code, answer.json()["role"]) == (200, "researcher")
    with site_database.connect("postgres") as conn:
        found = conn.execute(
            "SELECT FROM researcher_profiles WHERE id = %s", [person_id]
        ).fetchall()
    assert len(found) == 1


def test_whoever_is_switched_off_is_out_at_once(served, someone):
    login, person_id = someone
    browser = served.as_(login)
    assert browser.get("/api/sessions").status_code == 200
    assert change(served, person_id, active=False).json()["active"] is False
    assert browser.get("/api/sessions").status_code == 401
    assert change(served, person_id, active=True).json()["active"] is True
    assert browser.get("/api/sessions").status_code == 401


def test_what_is_not_said_stays(served, someone):
    _, person_id = someone
    before = change(served, person_id, name="Ny", db_login="nils_ek").json()
    assert change(served, person_id).json() == before
    assert change(served, person_id, name="Ek").json() == before | {"name": "Ek"}
    assert change(served, person_id, db_login=None).json()["db_login"] is None


def test_a_database_login_is_one_persons(served, someone, someone_new, people):
    _, person_id = someone
    other = people[someone_new("therapist")]
    login = f"l{uuid4().hex}"
    assert change(served, person_id, db_login=login).status_code == 200
    assert change(served, other, db_login=login).status_code == 409


@pytest.mark.parametrize("said", [{"role": "therapist"}, {"active": False}, {"name": "Eve"}])
def test_nobody_changes_themselves(served, people, said):
    answer = change(served, people["ada"], **said)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_new_link_is_another_password(served, someone):
    login, person_id = someone
    answer = served.as_("ada").post(f"/api/people/{person_id}/link")
    assert answer.status_code == 201
    assert login in served.as_(None).get(answer.json()["link"], headers=PAGE).text
    change(served, person_id, active=False)
    assert served.as_("ada").post(f"/api/people/{person_id}/link").status_code == 409


def test_two_administrators_who_remove_each_other_at_once_leave_one(database):
    """Each waits for the other, and the second finds nobody else left."""
    clinic = settle_clinic(database)
    anna = clinic.admin
    with database.as_person(anna) as conn:
        other = Person(members.add(conn, "Bea", "admin"), "Bea", "admin")

    def remove(who, whom):
        with database.as_person(who) as conn:
            members.change(conn, whom.id, name=whom.name, role="admin", active=False, db_login=None)

    with (
        database.as_person(anna) as first,
        ThreadPoolExecutor(1) as pool,
    ):
        members.change(first, other.id, name="Bea", role="admin", active=False, db_login=None)
        late = pool.submit(remove, other, anna)
        with database.connect("postgres", autocommit=True) as conn:
            wait_for(lambda: conn.execute(WAITING).fetchone() == (1,))
        first.commit()
        with pytest.raises(Conflict, match="last administrator"):
            late.result(30)
