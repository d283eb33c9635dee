"""Two who want the same at the same moment: one gets it, the other is told, nothing is doubled.

Both stand at a lock that the test holds, and go on together once it lets go.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import uuid4

import pytest

from myograph.db import people as members
from myograph.db.identity import Person, become
from myograph.errors import Conflict
from tests.database import settle_clinic
from tests.waiting import wait_for

_codes = count(8_800_000)
WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
RULES = {
    "name": "Symmetry alone",
    "weights": {"compliance": 0.0, "symmetry": 1.0, "effort": 0.0, "game": 0.0},
    "reason": "it is a test",
}


def at_once(database, held, *requests):
    """The answers of requests that all wait for what `held` locks before one of them is done."""
    with (
        database.connect("postgres") as holder,
        database.connect("postgres", autocommit=True) as looking,
        ThreadPoolExecutor(len(requests)) as senders,
    ):
        holder.execute(held)
        answers = [senders.submit(request) for request in requests]
        wait_for(lambda: looking.execute(WAITING).fetchone() == (len(requests),))
        holder.commit()
        return [answer.result(30) for answer in answers]


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


@pytest.fixture
def ada(served):
    return served.as_("ada")


@pytest.fixture
def patient(ada, people):
    """A patient of Ann's for one test alone."""
    code = f"P{next(_codes)}"
    said = {"patient_code": code, "therapist_id": str(people["ann"])}
    assert ada.post("/api/patients", json=said).status_code == 201
    return code


def row_of(patient):
    return f"SELECT FROM patients WHERE patient_code = '{patient}' FOR UPDATE"


def test_of_two_changes_of_what_both_have_read_one_is_refused(served, site_database, patient):
    address = f"/api/patients/{patient}"
    seen = {"If-Match": served.as_("ada").get(address).headers["etag"]}

    def set_target(target):
        said = {"target_contractions_per_muscle": target}
        return lambda: served.as_("ada").patch(address, json=said, headers=seen)

    answers = at_once(site_database, row_of(patient), set_target(7), set_target(8))
    assert statuses(answers) == [200, 412]
    [kept] = [a.json() for a in answers if a.status_code == 200]
    assert served.as_("ada").get(address).json() == kept


def test_of_two_medical_facts_put_in_the_same_place_one_is_refused(served, site_database, patient):
    address = f"/api/patients/{patient}/medical"
    seen = {"If-Match": served.as_("ann").get(address).headers["etag"]}

    def put(year):
        return lambda: served.as_("ann").put(address, json={"birth_year": year}, headers=seen)

    assert statuses(at_once(site_database, row_of(patient), put(1950), put(1951))) == [200, 412]


def test_a_patient_that_two_add_is_there_once(ada, served, site_database):
    said = {"patient_code": f"P{next(_codes)}"}

    def add():
        return served.as_("ada").post("/api/patients", json=said)

    answers = at_once(site_database, "LOCK TABLE patients IN SHARE MODE", add, add)
    assert statuses(answers) == [201, 409]
    listed = ada.get("/api/patients", params={"search": said["patient_code"]}).json()
    assert len(listed["patients"]) == 1


def test_a_person_whom_two_add_is_there_once(ada, served, site_database):
    said = {"name": "Nils Ek", "role": "researcher", "id": str(uuid4())}

    def add():
        return served.as_("ada").post("/api/people", json=said)

    assert statuses(at_once(site_database, "LOCK TABLE people IN SHARE MODE", add, add)) == [
        201,
        409,
    ]
    assert [p["id"] for p in ada.get("/api/people").json()].count(said["id"]) == 1


def test_a_configuration_that_two_add_and_a_version_that_two_add_are_there_once(
    served, site_database
):
    name = f"of-two-{uuid4()}"
    held = "LOCK TABLE scoring_configuration IN SHARE MODE"

    def add():
        return served.as_("ada").post("/api/scoring", json={"id": name, **RULES})

    def put():
        seen = {"If-Match": '"1"'}
        return served.as_("ada").put(f"/api/scoring/{name}", json=RULES, headers=seen)

    assert statuses(at_once(site_database, held, add, add)) == [201, 409]
    assert statuses(at_once(site_database, held, put, put)) == [200, 412]
    assert [v["version"] for v in served.as_("ada").get(f"/api/scoring/{name}").json()] == [2, 1]


def test_whoever_is_switched_off_in_the_middle_of_a_change_has_changed_nothing(
    served, site_database, people, someone_new, switch_off, patient
):
    login = someone_new("therapist")
    address = f"/api/patients/{patient}"
    before = served.as_("ada").patch(address, json={"therapist_id": str(people[login])}).json()
    changing = served.as_(login)

    with (
        site_database.connect("postgres") as holder,
        site_database.connect("postgres", autocommit=True) as looking,
        ThreadPoolExecutor(1) as sender,
    ):
        holder.execute(row_of(patient))
        late = sender.submit(changing.patch, address, json={"target_contractions_per_muscle": 7})
        wait_for(lambda: looking.execute(WAITING).fetchone() == (1,))
        switch_off(login)
        holder.commit()
        assert late.result(30).status_code == 404
    assert changing.get(address).status_code == 401
    after = served.as_("ada").get(address).json()
    assert after["target_contractions_per_muscle"] == before["target_contractions_per_muscle"]


def test_a_token_is_revoked_while_it_is_used_and_does_nothing_more(served, site_database, patient):
    """What it has begun is done; the revocation does not wait for that, and the next is refused."""
    made = served.as_("ann").post("/api/tokens", json={"name": "script", "scopes": ["write"]})
    program = served.as_(None, Authorization=f"Bearer {made.json()['token']}")
    address = f"/api/patients/{patient}"

    def set_target(target):
        return program.patch(address, json={"target_contractions_per_muscle": target})

    with (
        site_database.connect("postgres") as holder,
        site_database.connect("postgres", autocommit=True) as looking,
        ThreadPoolExecutor(1) as sender,
    ):
        holder.execute(row_of(patient))
        begun = sender.submit(set_target, 7)
        wait_for(lambda: looking.execute(WAITING).fetchone() == (1,))
        revoked = served.as_("ann").delete(f"/api/tokens/{made.json()['id']}")
        assert (revoked.status_code, begun.done()) == (204, False)
        assert set_target(8).status_code == 401
        holder.commit()
        assert begun.result(30).status_code == 200
    shown = served.as_("ann").get(address).json()
    assert shown["target_contractions_per_muscle"] == 7


def test_a_link_that_two_use_lets_one_of_them_in(served, site_database, someone_new, people):
    login = someone_new("therapist")
    link = served.as_("ada").post(f"/api/people/{people[login]}/link").json()["link"]

    def use(password):
        form = {"password": password, "again": password}
        return lambda: served.as_(None).post(link, data=form)

    held = "LOCK TABLE welcome_links IN SHARE MODE"
    passwords = ("seven grey herons", "eight grey herons")
    answers = at_once(site_database, held, *map(use, passwords))
    assert statuses(answers) == [303, 404]
    fits = [
        served.as_(None).post("/sign-in", data={"login": login, "password": one}).status_code
        for one in passwords
    ]
    assert fits == [a.status_code if a.status_code == 303 else 401 for a in answers]


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("change", [{"role": "therapist"}, {"active": False}])
def test_two_administrators_who_remove_each_other_leave_one_whatever_their_transactions_are(
    database, isolation, change
):
    """By SQL of their own, too, where a transaction may see the table as it was before."""
    clinic = settle_clinic(database)
    with database.as_person(clinic.admin) as conn:
        other = Person(members.add(conn, "Bea", "admin"), "Bea", "admin")
    with database.connect("myograph_web") as one, database.connect("myograph_web") as two:
        for conn, who in ((one, clinic.admin), (two, other)):
            conn.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            become(conn, who)
            assert conn.execute("SELECT count(*) FROM people WHERE active").fetchone()[0] >= 2
        outcomes = [
            _removed(conn, whom, change) for conn, whom in ((one, other), (two, clinic.admin))
        ]
    with database.connect("postgres") as conn:
        left = "SELECT count(*) FROM people WHERE role = 'admin' AND active"
        assert conn.execute(left).fetchone()[0] >= 1
    assert not all(outcomes)


def _removed(conn, whom, change):
    said = {"name": whom.name, "role": "admin", "active": True, "db_login": None} | change
    try:
        removed = members.change(conn, whom.id, **said)
        conn.commit()
    except Conflict:
        conn.rollback()
        return False
    return removed
