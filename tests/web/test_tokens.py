"""Personal tokens: for whom, for what, for how long."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from myograph.db.identity import Person
from myograph.web.auth import COOKIE


@pytest.fixture
def someone(someone_new):
    return someone_new("therapist")


def make(served, login, **wanted):
    return served.as_(login).post("/api/tokens", json={"name": "script", **wanted})


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def status(served, headers, method="GET", address="/api/sessions"):
    return served.as_(None, **headers).request(method, address).status_code


def test_a_token_is_shown_once_and_acts_for_its_person(served, someone):
    made = make(served, someone)
    assert made.status_code == 201
    assert made.json()["scopes"] == ["read"]
    assert made.json()["token"].startswith("myo_")
    assert len(made.json()["token"]) == 47
    assert status(served, bearer(made)) == 200
    [listed] = served.as_(someone).get("/api/tokens").json()
    assert made.json()["token"] not in str(listed)
    assert (listed["id"], listed["name"]) == (made.json()["id"], "script")


def test_it_lasts_90_days_unless_it_is_said_otherwise_and_a_year_at_most(served, someone):
    for days, given in ((90, {}), (1, {"days": 1}), (365, {"days": 365})):
        until = datetime.fromisoformat(make(served, someone, **given).json()["expires_at"])
        assert abs(until - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=10)
    assert make(served, someone, days=366).status_code == 422
    assert make(served, someone, days=0).status_code == 422


@pytest.mark.parametrize(
    "wanted",
    [{"name": " "}, {"name": "a\nb"}, {"name": "x" * 101}, {"scopes": []}, {"scopes": ["root"]}],
)
def test_what_a_token_is_for_must_be_said(served, someone, wanted):
    assert make(served, someone, **wanted).status_code == 422


def test_the_log_says_who_was_refused(served, someone):
    """By number: a role without the right, a token without the scope; strangers have none."""
    made = bearer(make(served, someone))
    refused = [("GET", "/api/people", 403), ("POST", "/api/people", 403), ("GET", "/sessions", 200)]
    for method, address, expected in refused:
        with capture_logs() as lines:
            assert status(served, made, method, address) == expected
        [line] = [one for one in lines if one["event"] == "request"]
        assert (line["status"], line["person"]) == (expected, str(served.people[someone]))
    with capture_logs() as lines:
        assert status(served, {"Authorization": "Bearer myo_x"}) == 401
    assert [line for line in lines if "person" in line] == []


@pytest.mark.parametrize(("ago", "expected"), [("89 days 23 hours", 200), ("90 days", 401)])
def test_an_expired_token_is_nobodys(served, someone, site_database, ago, expected):
    made = make(served, someone)
    with site_database.connect("postgres") as conn:
        conn.execute(
            "UPDATE api_tokens SET created_at = created_at - %s::interval,"
            " expires_at = expires_at - %s::interval WHERE id = %s",
            [ago, ago, made.json()["id"]],
        )
    assert status(served, bearer(made)) == expected


def test_a_revoked_token_is_dead_at_once_and_only_its_owner_revokes_it(served, someone):
    made = make(served, someone)
    address = f"/api/tokens/{made.json()['id']}"
    assert served.as_("bob").delete(address).status_code == 404
    assert served.as_("ada").delete(address).status_code == 404
    assert status(served, bearer(made)) == 200
    assert [served.as_(someone).delete(address).status_code for _ in range(2)] == [204, 204]
    answer = served.as_(None, **bearer(made)).get("/api/sessions")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_nobody_sees_the_tokens_of_others(served, someone):
    make(served, someone)
    for login in ("bob", "ada"):
        assert "script" not in served.as_(login).get("/api/tokens").text


def test_a_token_of_a_closed_account_is_dead_at_once_and_stays_so(
    served, someone, switch_off, site_database, people
):
    made = make(served, someone)
    switch_off(someone)
    assert status(served, bearer(made)) == 401
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        conn.execute("UPDATE people SET active = true WHERE id = %s", [people[someone]])
    assert status(served, bearer(made)) == 401


def test_a_role_holds_for_tokens_as_it_is_now(served, someone, site_database, people):
    made = make(served, someone, scopes=["read", "upload"])
    assert status(served, bearer(made), "GET", "/upload") == 200
    with site_database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        conn.execute("UPDATE people SET role = 'researcher' WHERE id = %s", [people[someone]])
    assert status(served, bearer(made), "GET", "/upload") == 403


def test_the_token_counts_and_not_the_cookie_beside_it(served, someone):
    made = make(served, someone)
    cookie = {"Cookie": f"{COOKIE}={served.cookie('ada')}"}
    assert status(served, bearer(made) | cookie, address="/api/people") == 403
    for token in ("Bearer myo_wrong", "Bearer ", "bearer x.y.z"):
        assert status(served, {"Authorization": token} | cookie) == 401


@pytest.mark.parametrize("said", ["Basic YWRhOng=", "myo_x", ""])
def test_what_is_no_bearer_token_is_none(served, said):
    cookie = {"Cookie": f"{COOKIE}={served.cookie('ada')}"}
    assert status(served, {"Authorization": said} | cookie) == 200
    assert status(served, {"Authorization": said}) == 401


def test_no_token_makes_another(served, someone):
    made = make(served, someone, scopes=["read", "upload", "write", "export"])
    answer = served.as_(None, **bearer(made)).post("/api/tokens", json={"name": "more"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert "sign in" in answer.json()["detail"]


def test_a_program_needs_no_page_of_ours_to_change_something(served, someone, new_recording):
    made = make(served, someone, scopes=["upload"])
    foreign = bearer(made) | {"Origin": "https://tablet.example"}
    answer = served.as_(None, **foreign).put("/api/uploads/a.c3d", content=new_recording())
    assert answer.status_code == 202


def test_when_a_token_was_last_used_is_known_to_the_hour(served, someone, site_database):
    made = make(served, someone)

    def last_used():
        [token] = served.as_(someone).get("/api/tokens").json()
        return token["last_used_at"]

    assert last_used() is None
    status(served, bearer(made))
    first = last_used()
    assert first is not None
    status(served, bearer(made))
    assert last_used() == first
    with site_database.connect("postgres") as conn:
        conn.execute("UPDATE api_tokens SET last_used_at = last_used_at - interval '61 min'")
    status(served, bearer(made))
    assert last_used() > first


def test_nobody_has_more_than_fifty(served, someone):
    for _ in range(50):
        made = make(served, someone)
        assert made.status_code == 201
    refused = make(served, someone)
    assert (refused.status_code, "50 tokens" in refused.json()["detail"]) == (409, True)
    served.as_(someone).delete(f"/api/tokens/{made.json()['id']}")
    assert make(served, someone).status_code == 201


def test_making_and_revoking_is_written_down_without_the_secret(served, someone, site_database):
    made = make(served, someone).json()
    served.as_(someone).delete(f"/api/tokens/{made['id']}")
    with site_database.connect("postgres") as conn:
        rows = conn.execute(
            "SELECT action, to_jsonb(a)::text FROM audit_log a WHERE subject = 'api_tokens'"
            " AND row_key = %s ORDER BY id",
            [made["id"]],
        ).fetchall()
    assert [action for action, _ in rows] == ["insert", "update"]
    assert made["token"] not in str(rows)
