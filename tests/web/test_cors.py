"""What the scripts of another site may do: nothing, unless it is named, and then with a token."""

import pytest
from fastapi.testclient import TestClient

from myograph.web.auth import COOKIE

TRIAL = "https://trial.example"
ASKS_FIRST = {"Origin": TRIAL, "Access-Control-Request-Method": "PATCH"}
SAYS = "access-control-allow-origin"


@pytest.fixture(scope="module")
def open_to_trial(make_app):
    with TestClient(make_app(cors_origins=f"{TRIAL}, https://other.example")) as server:
        yield server


def test_nobody_is_let_in_unless_named(served):
    stranger = served.as_(None)
    assert SAYS not in stranger.get("/livez", headers={"Origin": TRIAL}).headers
    assert SAYS not in stranger.options("/api/sessions", headers=ASKS_FIRST).headers


def test_a_named_site_may_ask_with_a_token(open_to_trial):
    wanted = ASKS_FIRST | {"Access-Control-Request-Headers": "authorization,content-type,if-match"}
    answer = open_to_trial.options("/api/sessions", headers=wanted)
    assert (answer.status_code, answer.headers[SAYS]) == (200, TRIAL)
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_it_may_read_what_it_got_errors_too(open_to_trial):
    answer = open_to_trial.get("/api/sessions", headers={"Origin": TRIAL})
    assert (answer.status_code, answer.headers[SAYS]) == (401, TRIAL)
    exposed = answer.headers["access-control-expose-headers"]
    assert {"Retry-After", "Content-Disposition", "Location"} <= set(exposed.split(", "))


@pytest.mark.parametrize("origin", ["https://evil.example", "http://trial.example", "null"])
def test_a_site_that_is_not_named_may_not(open_to_trial, origin):
    assert SAYS not in open_to_trial.get("/livez", headers={"Origin": origin}).headers
    asked = open_to_trial.options("/api/sessions", headers=ASKS_FIRST | {"Origin": origin})
    assert SAYS not in asked.headers


def test_a_visitors_cookie_is_nobody_elses(open_to_trial, served):
    answer = open_to_trial.get("/livez", headers={"Origin": TRIAL})
    assert "access-control-allow-credentials" not in answer.headers
    sent = {"Origin": TRIAL, "Sec-Fetch-Site": "cross-site"}
    cookie = {"Cookie": f"{COOKIE}={served.cookie('ann')}"}
    assert open_to_trial.put("/api/uploads/x.c3d", headers=sent | cookie).status_code == 403
