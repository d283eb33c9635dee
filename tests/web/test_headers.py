"""The middleware around a small application of its own; the real one is asked in test_app.py."""

import asyncio

import pytest
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from myograph.errors import BadInput
from myograph.web import problems
from myograph.web.headers import (
    CONTENT_SECURITY_POLICY,
    BodyLimit,
    Bugs,
    InTurn,
    RequestLog,
    SameOrigin,
    SecurityHeaders,
    sites,
)

LIMIT = 100


@pytest.fixture
def client():
    app = FastAPI()
    problems.install(app)

    @app.get("/things/{name}")
    def thing(name: str):
        return {"name": name}

    @app.get("/bug")
    def bug():
        password = "-".join(reversed(["endpoint", "the", "of", "local"]))
        raise ZeroDivisionError("secret detail", len(password))

    @app.get("/half")
    def half():
        def words():
            yield b"well begun"
            raise ZeroDivisionError("secret detail")

        return StreamingResponse(words())

    @app.post("/echo")
    async def echo(request: Request):
        return {"bytes": len(await request.body())}

    @app.post("/free")
    async def free(request: Request):
        return {"bytes": len(await request.body())}

    @app.post("/parsed")
    def parsed(body: dict[str, str]):
        return body

    app.add_middleware(BodyLimit, limit_of=lambda path: None if path == "/free" else LIMIT)
    app.add_middleware(SameOrigin)
    app.add_middleware(Bugs)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    return TestClient(app, base_url="http://clinic.example")


@pytest.mark.parametrize("path", ["/things/a", "/nowhere", "/bug"])
def test_every_answer_says_what_a_browser_may_do_with_it(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "private, no-cache"


def test_a_browser_that_came_by_tls_shall_never_come_without(client):
    header = "strict-transport-security"
    assert header not in client.get("/things/a").headers
    for path in ("/things/a", "/nowhere", "/bug"):
        answer = client.get(f"https://clinic.example{path}")
        assert answer.headers[header] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("origin", ["https://trial.example", "http://127.0.0.1:8080"])
def test_a_site_is_named_as_browsers_name_it(origin):
    assert sites([origin]) == [origin]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "trial.example",
        "https://trial.example/",
        "https://Trial.example",
        "null",
        "https://a b",
    ],
)
def test_what_no_browser_would_say_is_refused(origin):
    with pytest.raises(BadInput, match="MYOGRAPH_CORS_ORIGINS"):
        sites([origin])


def test_the_policy_allows_nothing_that_is_not_ours():
    sources = {s for part in CONTENT_SECURITY_POLICY.split("; ") for s in part.split(" ")[1:]}
    assert sources == {"'self'", "'none'"}


def test_a_request_keeps_the_number_it_came_with(client):
    assert client.get("/bug", headers={"X-Request-ID": "a-1"}).headers["x-request-id"] == "a-1"


@pytest.mark.parametrize("number", ["", "x" * 65, "a b", 'a"} forged'])
def test_a_number_that_could_spoil_the_log_is_replaced(client, number):
    given = client.get("/things/a", headers={"X-Request-ID": number}).headers["x-request-id"]
    assert len(given) == 32
    assert given != number


def test_the_log_has_one_line_without_names_or_searches(client):
    with structlog.testing.capture_logs() as lines:
        client.get("/things/Smith?diagnosis=secret")
    assert [{k: v for k, v in line.items() if k not in {"ms", "log_level"}} for line in lines] == [
        {"event": "request", "method": "GET", "route": "/things/{name}", "status": 200}
    ]
    assert lines[0]["ms"] >= 0


def test_a_bug_is_logged_with_its_trace_and_answered_without_a_word_about_it(client):
    with structlog.testing.capture_logs() as lines:
        answer = client.get("/bug")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert [line["event"] for line in lines] == ["bug", "request"]
    assert "secret detail" in lines[0]["trace"]
    assert "local-of-the-endpoint" not in lines[0]["trace"]
    assert lines[1]["status"] == 500


def test_a_bug_in_the_middle_of_an_answer_breaks_it_off(client):
    with structlog.testing.capture_logs() as lines, pytest.raises(ZeroDivisionError):
        client.get("/half")
    assert [line["event"] for line in lines] == ["bug", "request"]


def test_a_body_up_to_the_limit_is_taken(client):
    assert client.post("/echo", content=b"x" * LIMIT).json() == {"bytes": LIMIT}


@pytest.mark.parametrize("path", ["/echo", "/parsed"])
def test_a_larger_one_is_refused_by_its_announced_length_and_by_count(client, path):
    announced = client.post(path, content=b"x" * (LIMIT + 1))
    json = {"Content-Type": "application/json"}
    counted = client.post(path, content=iter([b"x" * LIMIT, b"x"]), headers=json)
    assert (announced.status_code, counted.status_code) == (413, 413)
    assert announced.json()["detail"] == counted.json()["detail"]
    assert announced.json()["code"] == counted.json()["code"] == "too_large"


def test_an_endpoint_may_count_for_itself(client):
    assert client.post("/free", content=b"x" * 1000).json() == {"bytes": 1000}


OURS = [
    {},  # no browser
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},  # typed into the address bar
    {"Origin": "http://clinic.example"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://behind-a-proxy.example"},
    {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"},  # nobody's browser adds a token
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # another host of the same hospital
    {"Origin": "http://evil.example"},
    {"Origin": "http://clinic.example:8080"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://clinic.example"},
    {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x", "Cookie": "myograph=x"},
]


@pytest.mark.parametrize("headers", OURS)
def test_our_own_pages_may_change_things(client, headers):
    assert client.post("/echo", content=b"x", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_may_not(client, headers):
    answer = client.post("/echo", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_may_link_to_us(client, headers):
    assert client.get("/things/a", headers=headers).status_code == 200


def began(requests):
    """Which turn of the loop each of these paths, asked for at once, began in."""
    turn, begun = 0, []

    async def app(scope, _receive, _send):
        begun.append((scope["path"], turn))

    async def ask():
        nonlocal turn
        surrounded = InTurn(app, at_once={"/livez"})
        asked = [surrounded({"type": "http", "path": path}, None, None) for path in requests]
        waiting = asyncio.gather(*asked)
        while not waiting.done():
            turn += 1
            await asyncio.sleep(0)

    asyncio.run(ask())
    return begun


def test_of_many_requests_at_once_one_begins_in_a_turn():
    turns = [turn for _, turn in began(["/sessions"] * 20)]
    assert len(turns) == 20
    assert len(set(turns)) == 20


def test_whoever_asks_whether_we_are_alive_waits_for_nobody():
    assert began(["/sessions"] * 20 + ["/livez"])[0] == ("/livez", 1)
