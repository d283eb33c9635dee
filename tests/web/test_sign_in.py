import pytest
from argon2 import PasswordHasher, extract_parameters
from fastapi.testclient import TestClient
from psycopg import sql

from myograph.db import people as members
from myograph.db.identity import Person
from myograph.web.auth import COOKIE, COOKIE_OVER_TLS, LASTS_S
from myograph.web.site import Limits
from tests.web.conftest import PASSWORD

PAGE = {"Accept": "text/html"}


@pytest.fixture
def someone(someone_new):
    return someone_new("therapist")


def sign_in(served, login, password=PASSWORD, **fields):
    form = {"login": login, "password": password, **fields}
    return served.as_(None).post("/sign-in", data=form, headers=PAGE)


def test_the_right_password_gives_a_cookie_and_the_page_that_was_asked_for(served, someone):
    answer = sign_in(served, someone, next="/sessions?state=failed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions?state=failed")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", f"Max-Age={LASTS_S}", "Path=/"} <= set(cookie.split("; "))
    kept = {"Cookie": cookie.partition(";")[0]}
    assert served.as_(None).get("/api/sessions", headers=kept).status_code == 200


def test_upper_and_lower_case_of_a_login_are_the_same(served, someone):
    assert sign_in(served, f" {someone.upper()} ").status_code == 303


def over_tls(served):
    browser = served.as_(None)
    browser.base_url = "https://testserver"
    return browser


def test_over_tls_the_cookie_is_one_that_no_neighbour_can_plant(served, someone):
    with over_tls(served) as browser:
        answer = browser.post("/sign-in", data={"login": someone, "password": PASSWORD})
        name, _, rest = answer.headers["set-cookie"].partition("=")
        said = {part.partition("=")[0] for part in rest.split("; ")[1:]}
        assert name == COOKIE_OVER_TLS == "__Host-myograph"
        assert {"Secure", "Path=/", "HttpOnly"} <= set(rest.split("; "))
        assert "Domain" not in said
        assert browser.get("/api/sessions").status_code == 200
        gone = browser.post("/sign-out").headers["set-cookie"]
        assert gone.startswith(f'{COOKIE_OVER_TLS}=""; ')
        assert {"Secure", "Path=/", "Max-Age=0"} <= set(gone.split("; "))


def test_the_cookie_of_one_kind_of_connection_is_nothing_on_the_other(served):
    plain, safe = (
        {"Cookie": f"{name}={served.cookie('ada')}"} for name in (COOKIE, COOKIE_OVER_TLS)
    )
    with over_tls(served) as browser:
        assert browser.get("/api/sessions", headers=plain).status_code == 401
        assert browser.get("/api/sessions", headers=safe).status_code == 200
    assert status(served, safe) == 401
    assert status(served, plain) == 200


def test_of_both_cookies_over_tls_the_safe_one_counts(served):
    planted, own = served.cookie("ann"), served.cookie("ada")
    both = {"Cookie": f"{COOKIE}={planted}; {COOKIE_OVER_TLS}={own}"}
    with over_tls(served) as browser:
        assert browser.get("/api/people", headers=both).status_code == 200


def test_another_site_is_never_where_one_lands(served, someone):
    assert sign_in(served, someone, next="https://evil.example").headers["location"] == "/"


@pytest.mark.parametrize("login", ["nobody", "nul\x00", "x" * 10_000])
def test_an_unknown_name_is_answered_like_a_wrong_password(served, someone, login):
    wrong = sign_in(served, someone, "battery staple")
    unknown = sign_in(served, login, PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert "set-cookie" not in wrong.headers
    assert wrong.text.replace(someone, "") == unknown.text.replace(login, "")


def test_a_program_gets_the_sentence_as_a_problem(served, someone):
    answer = served.as_(None).post("/sign-in", data={"login": someone, "password": "no"})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")


def test_the_form_keeps_the_name_and_the_way_but_never_the_password(served, someone):
    page = sign_in(served, someone, "battery staple", next="/sessions").text
    assert someone in page
    assert 'value="/sessions"' in page
    assert "battery" not in page


def test_after_five_failures_even_the_right_password_must_wait(served, someone):
    for _ in range(5):
        assert sign_in(served, someone, "wrong").status_code == 401
    answer = sign_in(served, someone)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 300
    assert "try again in" in answer.text


def test_whoever_was_switched_off_is_out_at_once(served, someone, switch_off):
    cookie = {"Cookie": sign_in(served, someone).headers["set-cookie"].partition(";")[0]}
    assert served.as_(None).get("/api/sessions", headers=cookie).status_code == 200
    switch_off(someone)
    assert served.as_(None).get("/api/sessions", headers=cookie).status_code == 401
    assert sign_in(served, someone).status_code == 401


def cookie_of(answer):
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def status(served, cookie, **headers):
    return served.as_(None).get("/api/sessions", headers=cookie | headers).status_code


def test_signing_out_ends_the_sign_in_and_no_copy_of_its_cookie_is_good(served, someone):
    here, elsewhere = (cookie_of(sign_in(served, someone)) for _ in range(2))
    answer = served.as_(None).post("/sign-out", headers=here)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert status(served, here) == 401
    assert status(served, elsewhere) == 200


def test_signing_out_without_a_sign_in_leads_to_the_sign_in_too(served):
    assert served.as_(None).post("/sign-out").headers["location"] == "/sign-in"


def test_whoever_comes_back_after_being_switched_off_signs_in_anew(
    served, someone, switch_off, site_database, people
):
    before = cookie_of(sign_in(served, someone))
    switch_off(someone)
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        conn.execute("UPDATE people SET active = true WHERE id = %s", [people[someone]])
    assert status(served, before) == 401
    assert status(served, cookie_of(sign_in(served, someone))) == 200


def later(site_database, login, **columns):
    """The sign-ins of somebody as they were so long ago."""
    with site_database.connect("postgres") as conn:
        for column, ago in columns.items():
            conn.execute(
                sql.SQL(
                    "UPDATE sign_ins SET {0} = {0} - %s::interval,"
                    " begun_at = begun_at - %s::interval"
                    " WHERE person_id = (SELECT person_id FROM local_accounts WHERE login = %s)"
                ).format(sql.Identifier(column)),
                [ago, ago, login],
            )


@pytest.mark.parametrize(
    ("column", "ago", "expected"),
    [
        ("until", f"{LASTS_S - 60} s", 200),
        ("until", f"{LASTS_S} s", 401),
        ("seen_at", "119 min", 200),
        ("seen_at", "120 min", 401),
    ],
)
def test_a_sign_in_ends_by_itself(served, someone, site_database, column, ago, expected):
    cookie = cookie_of(sign_in(served, someone))
    later(site_database, someone, **{column: ago})
    assert status(served, cookie) == expected


def test_whoever_does_something_stays_and_a_page_by_itself_does_not(served, someone, site_database):
    cookie = cookie_of(sign_in(served, someone))
    later(site_database, someone, seen_at="100 min")
    assert status(served, cookie, **{"X-Unattended": "1"}) == 200
    later(site_database, someone, seen_at="15 min")
    assert status(served, cookie) == 200
    later(site_database, someone, seen_at="100 min")
    assert status(served, cookie) == 200
    later(site_database, someone, seen_at="100 min")
    assert status(served, cookie, **{"X-Unattended": "1"}) == 200
    later(site_database, someone, seen_at="100 min")
    assert status(served, cookie) == 401


def test_who_came_in_and_who_did_not_is_written_down(served, someone, site_database, people):
    sign_in(served, someone, "battery staple")
    served.as_(None).post("/sign-out", headers=cookie_of(sign_in(served, someone)))
    unknown = f"nobody-{someone}"
    assert sign_in(served, unknown).status_code == 401
    with site_database.connect("postgres") as conn:
        *own, (last, who, *_) = conn.execute(
            "SELECT action, person_id, address, request_id <> '' FROM audit_log"
            " WHERE action LIKE 'sign%%' ORDER BY id DESC LIMIT 4"
        ).fetchall()[::-1]
    noted = (people[someone], "testclient", True)
    assert own == [("sign_in_failed", *noted), ("sign_in", *noted), ("sign_out", *noted)]
    assert (last, who) == ("sign_in_failed", None)


def test_an_address_that_tries_every_name_must_wait(make_app):
    with TestClient(make_app(limits=Limits())) as server:
        for i in range(30):
            answer = server.post("/sign-in", data={"login": f"someone-{i}", "password": "no"})
            assert answer.status_code == 401
        answer = server.post("/sign-in", data={"login": "ann", "password": PASSWORD})
        assert answer.status_code == 429


def test_another_site_cannot_sign_anybody_in_or_out(served):
    foreign = {"Origin": "https://evil.example"}
    assert served.as_("ann").post("/sign-out", headers=foreign).status_code == 403
    assert served.as_(None).post("/sign-in", headers=foreign).status_code == 403


def test_a_page_leads_strangers_to_the_sign_in_and_back(served):
    answer = served.as_(None).get("/api/sessions?state=failed", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/api/sessions%3Fstate%3Dfailed"
    form = served.as_(None).get(answer.headers["location"])
    assert (form.status_code, 'value="/api/sessions?state=failed"' in form.text) == (200, True)


def test_a_program_is_told_that_it_is_a_stranger(served):
    answer = served.as_(None).get("/api/sessions")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_forged_cookie_is_a_strangers(served):
    forged = served.cookie("ada").replace(".", "A.", 1)
    answer = served.as_(None).get("/api/sessions", headers={"Cookie": f"{COOKIE}={forged}"})
    assert answer.status_code == 401


class Counting(PasswordHasher):
    """Remembers what it was asked to verify: how strong each hash was."""

    def __init__(self):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = []

    def verify(self, hash, password):  # noqa: A002 - as the class above calls it
        self.verified.append(extract_parameters(hash))
        return super().verify(hash, password)


def test_whoever_is_not_let_in_has_taken_the_same_work(
    make_app, site_database, people, someone_new, switch_off
):
    """One Argon2 of one strength, whether nobody has the login, or the password is another, or the
    account is switched off, or it has no password yet."""
    hasher = Counting()
    wrong, gone = someone_new("therapist"), someone_new("therapist")
    switch_off(gone)
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        members.add(conn, "Nils-Ek", "therapist")
    with TestClient(make_app(hasher=hasher)) as web:
        for login, password in (
            ("nobody", PASSWORD),
            ("nul\x00", PASSWORD),
            (wrong, "another"),
            (gone, PASSWORD),
            ("Nils-Ek", PASSWORD),
        ):
            answer = web.post("/sign-in", data={"login": login, "password": password})
            assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password"), login
    assert len(hasher.verified) == 5
    assert len({(p.time_cost, p.memory_cost, p.parallelism) for p in hasher.verified}) == 1
