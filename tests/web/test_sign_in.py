import pytest

from myograph.web.auth import COOKIE, LASTS_S
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


def test_the_cookie_is_for_tls_alone_where_there_is_tls(served, someone):
    with served.as_(None) as browser:
        browser.base_url = "https://testserver"
        answer = browser.post("/sign-in", data={"login": someone, "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


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


def test_signing_out_takes_the_cookie_away(served):
    answer = served.as_("ann").post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in answer.headers["set-cookie"]


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
