"""One's own account: another password, signing out everywhere, tokens."""

import re
from uuid import uuid4

import pytest

from tests.web.conftest import PASSWORD

PAGE = {"Accept": "text/html"}
GOOD = "seven grey herons"


@pytest.fixture
def someone(someone_new):
    return someone_new("therapist")


@pytest.fixture
def mine(served, someone):
    return served.as_(someone, **PAGE)


def change(browser, current=PASSWORD, password=GOOD, again=None):
    form = {"current": current, "password": password, "again": again or password}
    return browser.post("/account/password", data=form)


def sign_in(served, login, password):
    return served.as_(None).post("/sign-in", data={"login": login, "password": password})


def test_a_changed_password_ends_every_other_sign_in(served, someone, mine):
    other = served.as_(someone)
    answer = change(mine)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?changed=1")
    assert "was changed" in mine.get("/account?changed=1").text
    assert other.get("/api/sessions").status_code == 401
    assert sign_in(served, someone, PASSWORD).status_code == 401
    assert sign_in(served, someone, GOOD).status_code == 303


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"current": "battery staple"}, "not your present password"),
        ({"password": "short"}, "at least 12"),
        ({"again": "something else"}, "not the same"),
        ({"password": "{login}"}, "must not stand"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(served, someone, mine, given, words):
    given = {field: text.format(login=someone) for field, text in given.items()}
    answer = change(mine, **given)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert GOOD not in answer.text
    assert sign_in(served, someone, PASSWORD).status_code == 303


def test_the_present_password_is_guessed_no_faster_here(served, mine):
    for _ in range(5):
        assert change(mine, current="wrong").status_code == 422
    answer = change(mine)
    assert "try again in" in answer.text


def test_a_program_is_told_as_a_problem(served, someone):
    answer = change(served.as_(someone), current="wrong")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


def test_signing_out_everywhere_ends_this_sign_in_too(served, someone, mine):
    other = served.as_(someone)
    answer = mine.post("/account/sign-out-everywhere")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert other.get("/api/sessions").status_code == 401
    assert served.as_(someone).get("/api/sessions").status_code == 200


def test_a_token_is_shown_once_and_revoked_on_the_page(served, someone, mine):
    form = {"name": "tablet", "scopes": ["read", "upload"], "days": "30"}
    made = mine.post("/account/tokens", data=form)
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    [token] = re.findall(r"myo_[\w-]{43}", made.text)
    program = served.as_(None, Authorization=f"Bearer {token}")
    assert program.get("/api/sessions").status_code == 200
    page = mine.get("/account").text
    assert token not in page
    assert "read, upload" in page
    [address] = re.findall(r"/account/tokens/[\w-]{36}/revoke", page)
    assert mine.post(address).status_code == 303
    assert program.get("/api/sessions").status_code == 401
    assert "revoked" in mine.get("/account").text


def test_a_token_for_nothing_is_refused_on_the_page(mine):
    answer = mine.post("/account/tokens", data={"name": "x"})
    assert (answer.status_code, "one or more of" in answer.text) == (422, True)


def test_an_expired_token_is_said_to_be(served, someone, mine, site_database):
    mine.post("/account/tokens", data={"name": "x", "scopes": ["read"]})
    with site_database.connect("postgres") as conn:
        conn.execute(
            "UPDATE api_tokens SET created_at = created_at - interval '90 days',"
            " expires_at = expires_at - interval '90 days'"
            " WHERE person_id = (SELECT person_id FROM local_accounts WHERE login = %s)",
            [someone],
        )
    assert "expired" in mine.get("/account").text


def test_whom_a_provider_checks_has_no_password_to_change(served, site_database, people):
    with site_database.connect("myograph_migrator") as conn:
        number = uuid4()
        conn.execute("INSERT INTO people (id, name, role) VALUES (%s, 'Sue', 'admin')", [number])
    people[str(number)] = number
    browser = served.as_(str(number), **PAGE)
    assert 'action="/account/password"' not in browser.get("/account").text
    assert "identity provider" in change(browser).text
