"""Links that are used once: the first administrator's, and those an administrator gives."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from myograph.db import links
from myograph.db import people as members
from myograph.db.identity import Person
from myograph.errors import NotFound
from myograph.services.come_in import fingerprint, link_by_command, link_for, link_for_first_admin
from myograph.storage.objects import folder_store
from tests.database import fresh_database
from tests.web.conftest import PASSWORD

PAGE = {"Accept": "text/html"}
GOOD = "seven grey herons"


@pytest.fixture(scope="module")
def empty(server, make_app, tmp_path_factory):
    """A service that nobody knows yet: its database and its address."""
    with fresh_database(server) as database:
        store = folder_store(tmp_path_factory.mktemp("empty"))
        with TestClient(
            make_app(web_url=database.url("myograph_web"), store=store), follow_redirects=False
        ) as web:
            yield database, web


@pytest.fixture
def nobody_yet(empty):
    database, web = empty
    web.cookies.clear()
    yield empty
    with database.connect("postgres") as conn:
        conn.execute("TRUNCATE people CASCADE")
        conn.execute("TRUNCATE welcome_links")


def first_link(database):
    with database.connect("myograph_web") as conn:
        return link_for_first_admin(conn)


def filled(**changed):
    form = {"name": "Ada Berg", "login": "ada", "password": GOOD, "again": GOOD}
    return form | changed


def visit(web, secret, **form):
    return web.post(f"/welcome/{secret}", data=filled(**form), headers=PAGE)


def test_the_first_link_makes_an_administrator_who_is_signed_in(nobody_yet):
    database, web = nobody_yet
    secret = first_link(database)
    page = web.get(f"/welcome/{secret}", headers=PAGE)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    answer = visit(web, secret)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert web.get("/monitoring", headers=PAGE).status_code == 200
    web.cookies.clear()
    assert web.post("/sign-in", data={"login": "ADA", "password": GOOD}).status_code == 303


def test_a_link_is_used_once(nobody_yet):
    database, web = nobody_yet
    secret = first_link(database)
    assert visit(web, secret).status_code == 303
    again = visit(web, secret, login="eve")
    assert again.status_code == 404
    assert "good for nothing" in again.text


def test_a_new_start_makes_a_new_link_and_the_old_one_is_none(nobody_yet):
    database, web = nobody_yet
    old, new = first_link(database), first_link(database)
    assert web.get(f"/welcome/{old}").status_code == 404
    assert web.get(f"/welcome/{new}").status_code == 200


def test_where_there_is_an_administrator_no_first_link_is_made_and_none_is_good(nobody_yet):
    database, web = nobody_yet
    secret = first_link(database)
    with database.connect("myograph_migrator") as conn:
        members.add(conn, "Ada", "admin")
    assert web.get(f"/welcome/{secret}").status_code == 404
    assert visit(web, secret).status_code == 404
    assert first_link(database) is None


@pytest.mark.parametrize(("ago", "status"), [("23 h 59 min", 200), ("24 h", 404)])
def test_a_link_is_good_for_a_day(nobody_yet, ago, status):
    database, web = nobody_yet
    secret = first_link(database)
    with database.connect("postgres") as conn:
        conn.execute("UPDATE welcome_links SET expires_at = expires_at - %s::interval", [ago])
    assert web.get(f"/welcome/{secret}").status_code == status
    assert visit(web, secret).status_code == (303 if status == 200 else 404)


def test_the_database_has_no_secret_but_its_hash(nobody_yet):
    database, _ = nobody_yet
    secret = first_link(database)
    assert len(secret) == 43
    with database.connect("postgres") as conn:
        [(row,)] = conn.execute("SELECT to_jsonb(w)::text FROM welcome_links w").fetchall()
    assert secret not in row


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"again": "another one"}, "not the same"),
        ({"login": ""}, "A login has"),
        ({"login": "a b"}, "A login has"),
        ({"name": " "}, "A name has"),
        ({"password": "berg berg berg 1", "again": "berg berg berg 1"}, "must not stand"),
    ],
)
def test_what_is_wrong_is_said_and_the_link_stays_good(nobody_yet, wrong, words):
    database, web = nobody_yet
    secret = first_link(database)
    answer = visit(web, secret, **wrong)
    assert answer.status_code == 422
    assert words in answer.text
    assert GOOD not in answer.text
    assert visit(web, secret).status_code == 303


def test_a_program_is_told_what_is_wrong_as_a_problem(nobody_yet):
    database, web = nobody_yet
    secret = first_link(database)
    answer = web.post(f"/welcome/{secret}", data=filled(password="short"))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


@pytest.fixture
def invited(served, site_database, people):
    """Somebody an administrator has added, and the secret of their link."""
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        person_id = members.add(conn, "Nils Ek", "researcher")
        return person_id, link_for(conn, person_id)


def test_whoever_was_added_chooses_a_login_and_comes_in_as_what_they_are(served, invited):
    person_id, secret = invited
    page = served.as_(None).get(f"/welcome/{secret}", headers=PAGE).text
    assert "Nils Ek, researcher" in page
    assert 'name="name"' not in page
    login = f"nils-{person_id}"
    answer = visit(served.as_(None), secret, login=login, name="Root")
    kept = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert "Nils Ek" in served.as_(None).get("/", headers=kept | PAGE).text
    assert served.as_(None).get("/upload", headers=kept | PAGE).status_code == 403


def test_a_persons_link_is_used_once_too(served, invited):
    person_id, secret = invited
    assert visit(served.as_(None), secret, login=f"nils-{person_id}").status_code == 303
    assert served.as_(None).get(f"/welcome/{secret}").status_code == 404
    assert visit(served.as_(None), secret, password=GOOD + "!", again=GOOD + "!").status_code == 404


def test_a_login_is_one_persons(served, invited):
    _, secret = invited
    answer = visit(served.as_(None), secret, login="ANN")
    assert (answer.status_code, "Somebody else has this login" in answer.text) == (422, True)


def test_a_link_for_somebody_with_a_password_sets_another_and_signs_them_out(
    served, someone_new, site_database, people
):
    login = someone_new("therapist")
    form = {"login": login, "password": PASSWORD}
    before = served.as_(None).post("/sign-in", data=form).headers["set-cookie"].partition(";")[0]
    with site_database.connect("myograph_migrator") as conn:
        secret = link_by_command(conn, people[login])
    assert login in served.as_(None).get(f"/welcome/{secret}", headers=PAGE).text
    assert visit(served.as_(None), secret, login="other").status_code == 303
    old = served.as_(None).get("/api/sessions", headers={"Cookie": before})
    assert old.status_code == 401
    assert served.as_(None).post("/sign-in", data=form).status_code == 401
    assert served.as_(None).post("/sign-in", data=form | {"password": GOOD}).status_code == 303


def test_a_link_of_an_account_that_was_switched_off_is_none(served, invited, site_database, people):
    person_id, secret = invited
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        conn.execute("UPDATE people SET active = false WHERE id = %s", [person_id])
    assert visit(served.as_(None), secret).status_code == 404


def test_another_site_sets_nobodys_password(served, invited):
    _, secret = invited
    foreign = {"Origin": "https://evil.example"}
    answer = served.as_(None).post(f"/welcome/{secret}", data=filled(), headers=foreign)
    assert answer.status_code == 403


def test_two_who_use_one_link_at_once_are_one(nobody_yet):
    """The second waits for the first, and finds the link used."""
    database, _ = nobody_yet
    secret_hash = fingerprint(first_link(database))
    told = {"name": "Ada", "password_hash": "$argon2id$x"}
    with database.connect("myograph_web") as one, database.connect("myograph_web") as two:
        links.accept(one, secret_hash, login="ada", **told)
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(links.accept, two, secret_hash, login="eve", **told)
            one.commit()
            with pytest.raises(NotFound, match="good for nothing"):
                late.result(30)
