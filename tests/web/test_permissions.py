"""Who may ask for what: every address of the interface against everybody.

A route without a row here fails, and so does a row without a route.
"""

from dataclasses import dataclass, replace
from functools import cache

import pytest
from fastapi.routing import APIRoute, _IncludedRouter
from fastapi.testclient import TestClient

from myograph.db.tokens import SCOPES
from myograph.web.api.webhooks import ADDRESS, OLDER
from myograph.web.static_files import packaged

NOBODY, OWN, OTHER, RESEARCH, ADMIN = WHO = (None, "ann", "bob", "rae", "ada")


@dataclass(frozen=True)
class Row:
    """`statuses` for NOBODY, the patient's therapist, another therapist, a researcher, an admin."""

    route: str
    address: str
    statuses: tuple[int, int, int, int, int]
    body: bytes | None = None
    form: bool = False


ALL = (200, 200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200, 200)
NOT_STRANGERS_SESSION = (401, 200, 404, 200, 200)
UNSIGNED = (401, 401, 401, 401, 401)
ONLY_ADMIN = (401, 403, 403, 403, 200)
ENTERS = (401, 200, 404, 403, 200)
S = "/api/sessions/{session}"
# A researcher asks by pseudonym; a code is no name of anybody to them.
P = "/api/patients/P101"
EXPORT = "/api/exports/00000000-0000-0000-0000-000000000001"
NOTE = "/api/notes/00000000-0000-0000-0000-000000000001"
RULES = (
    b'{"id": "default", "name": "Default", "reason": "as it was", "scope": "session", "weights": '
    b'{"compliance": 0.4, "symmetry": 0.25, "effort": 0.2, "game": 0.15}}'
)
OWN_PATIENT = (401, 200, 404, 404, 200)

TABLE = [
    Row("GET /livez", "/livez", ALL),
    Row("GET /readyz", "/readyz", ALL),
    Row("GET /static/{digest}/{name:path}", "/static/x/{static}", ALL),
    Row("GET /sign-in", "/sign-in", ALL),
    Row("POST /sign-in", "/sign-in", (401, 401, 401, 401, 401), form=True),
    Row("POST /sign-out", "/sign-out", (303, 303, 303, 303, 303)),
    # A link that is none is one for nobody.
    Row("GET /welcome/{secret}", "/welcome/none", (404, 404, 404, 404, 404)),
    Row("POST /welcome/{secret}", "/welcome/none", (404, 404, 404, 404, 404), form=True),
    Row("GET /account", "/account", SIGNED_IN),
    # A form without what it asks for is refused.
    Row("POST /account/password", "/account/password", (401, 422, 422, 422, 422), form=True),
    Row("POST /account/tokens", "/account/tokens", (401, 422, 422, 422, 422), form=True),
    Row(
        "POST /account/tokens/{token_id}/revoke",
        "/account/tokens/00000000-0000-0000-0000-000000000001/revoke",
        (401, 404, 404, 404, 404),
        form=True,
    ),
    Row(
        "POST /account/sign-out-everywhere",
        "/account/sign-out-everywhere",
        (401, 303, 303, 303, 303),
        form=True,
    ),
    Row("GET /api/tokens", "/api/tokens", SIGNED_IN),
    Row("POST /api/tokens", "/api/tokens", (401, 201, 201, 201, 201), b'{"name": "x"}'),
    Row(
        "DELETE /api/tokens/{token_id}",
        "/api/tokens/00000000-0000-0000-0000-000000000001",
        (401, 404, 404, 404, 404),
    ),
    Row("GET /api/people", "/api/people", ONLY_ADMIN),
    Row(
        "POST /api/people",
        "/api/people",
        (401, 403, 403, 403, 201),
        b'{"name": "A new researcher", "role": "researcher"}',
    ),
    Row(
        "PATCH /api/people/{person_id}",
        "/api/people/00000000-0000-0000-0000-000000000001",
        (401, 403, 403, 403, 404),
        b"{}",
    ),
    Row(
        "POST /api/people/{person_id}/link",
        "/api/people/00000000-0000-0000-0000-000000000001/link",
        (401, 403, 403, 403, 404),
    ),
    Row("GET /api/openapi.json", "/api/openapi.json", SIGNED_IN),
    Row("GET /api/sessions", "/api/sessions", SIGNED_IN),
    Row("GET /api/sessions/{session_id}", S, NOT_STRANGERS_SESSION),
    Row("GET /api/sessions/{session_id}/status", S + "/status", NOT_STRANGERS_SESSION),
    Row("GET /api/sessions/{session_id}/technical", S + "/technical", NOT_STRANGERS_SESSION),
    Row("GET /api/sessions/{session_id}/statistics", S + "/statistics", NOT_STRANGERS_SESSION),
    Row("GET /api/sessions/{session_id}/contractions", S + "/contractions", NOT_STRANGERS_SESSION),
    Row(
        "GET /api/sessions/{session_id}/contractions/edits",
        S + "/contractions/edits",
        NOT_STRANGERS_SESSION,
    ),
    # What cannot be corrected is refused, to those who may correct.
    Row(
        "PUT /api/sessions/{session_id}/contractions/{channel}",
        S + "/contractions/CH1",
        (401, 422, 404, 403, 422),
        b'{"action": "add"}',
    ),
    Row(
        "DELETE /api/sessions/{session_id}/contractions/edits/{edit_id}",
        S + "/contractions/edits/00000000-0000-0000-0000-000000000001",
        (401, 404, 404, 403, 404),
    ),
    Row("GET /api/sessions/{session_id}/performance", S + "/performance", NOT_STRANGERS_SESSION),
    Row("GET /api/sessions/{session_id}/settings", S + "/settings", NOT_STRANGERS_SESSION),
    Row("PATCH /api/sessions/{session_id}/settings", S + "/settings", ENTERS, b'{"targets": null}'),
    # Somebody else's patient cannot be chosen, nor can a session be that is not one's own.
    Row(
        "PATCH /api/sessions/{session_id}/patient",
        S + "/patient",
        ENTERS,
        b'{"patient": "P101"}',
    ),
    Row("PATCH /api/sessions/{session_id}/rpe", S + "/rpe", ENTERS, b'{"rpe": null}'),
    Row("PATCH /api/sessions/{session_id}/game", S + "/game", ENTERS, b'{"points_maximum": null}'),
    Row("PATCH /api/sessions/{session_id}/bfr", S + "/bfr", ENTERS, b'{"enabled": null}'),
    # A series without a row of numbers is refused, to those who may send one.
    Row(
        "PUT /api/sessions/{session_id}/bfr/series",
        S + "/bfr/series",
        (401, 422, 404, 403, 422),
        b"time_s,pressure_mmhg,leg\n",
    ),
    # What is being analysed anyway is left alone.
    Row(
        "POST /api/sessions/{session_id}/reprocess",
        "/api/sessions/{waiting}/reprocess",
        (401, 202, 404, 403, 202),
    ),
    Row(
        "GET /api/sessions/{session_id}/export",
        S + "/export?type=statistics_only&format=json",
        NOT_STRANGERS_SESSION,
    ),
    Row(
        "GET /api/sessions/{session_id}/export",
        S + "/export?type=performance_report&format=csv&identifiers=true",
        (401, 403, 403, 403, 422),
    ),
    Row("GET /api/exports", "/api/exports", SIGNED_IN),
    Row(
        "POST /api/exports",
        "/api/exports",
        (401, 200, 404, 404, 200),
        b'{"type": "bfr_safety_report", "format": "excel", "patients": ["P101"]}',
    ),
    # Of an export that is not there.
    Row("GET /api/exports/{export_id}", EXPORT, (401, 404, 404, 404, 404)),
    Row("GET /api/exports/{export_id}/file", EXPORT + "/file", (401, 404, 404, 404, 404)),
    Row("GET /api/patients", "/api/patients", SIGNED_IN),
    Row("GET /api/patients/{code}", P, OWN_PATIENT),
    Row("GET /api/patients/{code}", "/api/patients/{pseudonym}", (401, 404, 404, 200, 404)),
    Row(
        "POST /api/patients",
        "/api/patients",
        (401, 403, 403, 403, 201),
        b'{"patient_code": "P199"}',
    ),
    Row(
        "PATCH /api/patients/{code}",
        P,
        (401, 200, 404, 403, 200),
        b'{"target_contractions_per_muscle": null}',
    ),
    Row(
        "PATCH /api/patients/{code}",
        P,
        (401, 403, 404, 403, 200),
        b'{"treatment_end": null}',
    ),
    Row("GET /api/patients/{code}/progress", P + "/progress", OWN_PATIENT),
    Row("GET /api/patients/{code}/adherence", P + "/adherence", OWN_PATIENT),
    Row("GET /api/patients/{code}/alerts", P + "/alerts", OWN_PATIENT),
    Row("GET /api/patients/{code}/mvc", P + "/mvc", OWN_PATIENT),
    Row(
        "POST /api/patients/{code}/mvc",
        P + "/mvc",
        (401, 201, 404, 403, 201),
        b'{"side": "right", "value_v": 0.0003}',
    ),
    Row("GET /api/patients/{code}/medical", P + "/medical", (401, 200, 404, 403, 200)),
    Row("PUT /api/patients/{code}/medical", P + "/medical", (401, 200, 404, 403, 200), b"{}"),
    Row("GET /api/notes", "/api/notes?patient=P101", OWN_PATIENT),
    Row("GET /api/notes", "/api/notes?session={session}", NOT_STRANGERS_SESSION),
    Row(
        "POST /api/notes",
        "/api/notes",
        (401, 201, 404, 403, 201),
        b'{"patient": "P101", "text": "a note"}',
    ),
    # Of a note that is not there.
    Row("GET /api/notes/{note_id}/history", NOTE + "/history", (401, 404, 404, 403, 404)),
    Row("PATCH /api/notes/{note_id}", NOTE, (401, 404, 404, 403, 404), b'{"text": "another"}'),
    Row("DELETE /api/notes/{note_id}", NOTE, (401, 404, 404, 403, 404)),
    Row("GET /api/scoring", "/api/scoring", SIGNED_IN),
    Row("GET /api/scoring/{configuration_id}", "/api/scoring/default", SIGNED_IN),
    # Two that are added at once would each be the first of that id.
    Row("POST /api/scoring", "/api/scoring", (401, 403, 403, 403, 409), RULES),
    Row(
        "PUT /api/scoring/{configuration_id}",
        "/api/scoring/default",
        (401, 403, 403, 403, 200),
        RULES.replace(b'"id": "default", ', b""),
    ),
    Row(
        "POST /api/scoring/{configuration_id}/activate",
        "/api/scoring/default/activate",
        (401, 403, 403, 403, 202),
        b'{"version": 1}',
    ),
    Row(
        "POST /api/scoring/{configuration_id}/activate",
        "/api/scoring/ghostly-trial/activate",
        (401, 403, 404, 403, 422),
        b'{"version": 1, "patient": "P101"}',
    ),
    Row("DELETE /api/scoring/named", "/api/scoring/named?patient=P101", (401, 403, 404, 403, 204)),
    Row(
        "DELETE /api/scoring/named",
        "/api/scoring/named?session={session}",
        (401, 204, 404, 403, 204),
    ),
    Row(
        "POST /api/scoring/preview",
        "/api/scoring/preview",
        (401, 200, 404, 403, 200),
        b'{"id": "ghostly-trial", "version": 1, "patient": "P101"}',
    ),
    # A path in the store holds the patient's code: researchers have the numbers, not the file.
    Row(
        "GET /api/signals/jit/{session_id}", "/api/signals/jit/{session}", (401, 200, 404, 404, 200)
    ),
    Row(
        "GET /api/signals/{session_id}/{channel}",
        "/api/signals/{session}/CH1",
        (401, 200, 404, 404, 200),
    ),
    # Who announces is proven by a signature, whoever else they are.
    *(Row(f"POST {address}", address, UNSIGNED, b"{}") for address in (ADDRESS, *OLDER)),
    Row("GET /api/uploads/events", "/api/uploads/events", ONLY_ADMIN),
    Row("GET /api/reprocess", "/api/reprocess", ONLY_ADMIN),
    Row(
        "POST /api/reprocess",
        "/api/reprocess",
        (401, 403, 403, 403, 202),
        b'{"patient": "P199"}',
    ),
    Row(
        "POST /api/uploads/events/{event_id}/replay",
        "/api/uploads/events/{event}/replay",
        (401, 403, 403, 403, 202),
    ),
    Row("GET /api/audit", "/api/audit", SIGNED_IN),
    Row("GET /monitoring", "/monitoring", ONLY_ADMIN),
    Row(
        "POST /monitoring/{event_id}/replay",
        "/monitoring/{event}/replay",
        (401, 403, 403, 403, 303),
        form=True,
    ),
    Row(
        "POST /monitoring/outgoing/{event_id}/replay",
        "/monitoring/outgoing/00000000-0000-0000-0000-000000000000/replay",
        (401, 403, 403, 403, 404),
        form=True,
    ),
    Row("PUT /api/uploads/{name:text}", "/api/uploads/x.c3d", (401, 202, 202, 403, 202), b"x"),
    Row(
        "PUT /api/uploads/{name:text}",
        "/api/uploads/x.c3d?patient=P101",
        (401, 202, 422, 403, 202),
        b"x",
    ),
    Row("POST /api/upload", "/api/upload", (401, 202, 202, 403, 202), b"x", form=True),
    Row("POST /upload", "/upload", (401, 202, 202, 403, 202), b"x", form=True),
    Row("GET /api/events", "/api/events", SIGNED_IN),
    Row("GET /api/outgoing-events", "/api/outgoing-events", (401, 403, 403, 403, 200)),
    Row(
        "POST /api/outgoing-events/{event_id}/replay",
        "/api/outgoing-events/00000000-0000-0000-0000-000000000000/replay",
        (401, 403, 403, 403, 404),
    ),
    Row("GET /", "/", SIGNED_IN),
    Row("GET /overview/counts", "/overview/counts", SIGNED_IN),
    Row("GET /overview/lists", "/overview/lists", SIGNED_IN),
    Row("GET /sessions", "/sessions", SIGNED_IN),
    Row("GET /sessions/live", "/sessions/live", SIGNED_IN),
    Row("GET /sessions/{session_id}", "/sessions/{session}", NOT_STRANGERS_SESSION),
    Row("GET /sessions/{session_id}/live", "/sessions/{session}/live", NOT_STRANGERS_SESSION),
    Row(
        "GET /sessions/{session_id}/print.css",
        "/sessions/{session}/print.css",
        NOT_STRANGERS_SESSION,
    ),
    Row(
        "GET /sessions/{session_id}/signal", "/sessions/{session}/signal", (401, 200, 404, 410, 200)
    ),
    Row(
        "POST /sessions/{session_id}/settings",
        "/sessions/{session}/settings",
        (401, 303, 404, 403, 303),
        form=True,
    ),
    Row(
        "POST /sessions/{session_id}/contractions",
        "/sessions/{session}/contractions",
        (401, 422, 404, 403, 422),
        form=True,
    ),
    Row(
        "POST /sessions/{session_id}/contractions/{edit_id}",
        "/sessions/{session}/contractions/00000000-0000-0000-0000-000000000001",
        (401, 404, 404, 403, 404),
        form=True,
    ),
    # What is whole cannot be recovered.
    Row(
        "POST /sessions/{session_id}/recover",
        "/sessions/{session}/recover",
        (401, 422, 404, 403, 422),
        form=True,
    ),
    Row(
        "POST /sessions/{session_id}/own",
        "/sessions/{session}/own",
        (401, 303, 404, 403, 303),
        form=True,
    ),
    Row("GET /sessions/{session_id}/export", "/sessions/{session}/export", NOT_STRANGERS_SESSION),
    Row(
        "POST /sessions/{session_id}/export",
        "/sessions/{session}/export",
        NOT_STRANGERS_SESSION,
        form=True,
    ),
    Row("GET /upload", "/upload", (401, 200, 200, 403, 200)),
    Row("GET /upload/files/{session_id}", "/upload/files/{session}", NOT_STRANGERS_SESSION),
    Row("GET /help", "/help", SIGNED_IN),
    Row("POST /theme", "/theme", (303, 303, 303, 303, 303), form=True),
]
STREAMS = {"GET /api/events"}


@pytest.fixture(scope="module")
def addresses(served, analysed_session, waiting_session):
    [event, *_] = served.as_("ada").get("/api/uploads/events").json()["events"]
    return {
        "event": event["id"],
        "pseudonym": served.as_("rae").get("/api/patients").json()["patients"][0]["pseudonym"],
        "session": analysed_session,
        "waiting": waiting_session,
        "static": next(iter(packaged().content)),
    }


@pytest.fixture(scope="module")
def waiting_session(served, new_recording):
    """A session of P101 that no worker has looked at yet."""
    answer = served.as_("ann").put(
        "/api/uploads/b.c3d", content=new_recording(12), params={"patient": "P101"}
    )
    return answer.json()["session_id"]


@pytest.fixture(scope="module")
def stopping(make_app):
    """A server that has begun to stop: its streams end after their first words."""
    app = make_app()
    with TestClient(app) as server:
        app.state.live.ended = True
        yield server


def ask(person, row, address, who):
    """Send what the row says."""
    method, _, _ = row.route.partition(" ")
    content = {"files": {"files": ("a.c3d", row.body)}} if row.form else {"content": row.body}
    if (row.body or b"").startswith(b"{"):
        content["headers"] = {"content-type": "application/json"}
    if row.body is None:
        content = {"data": {"login": f"nobody-{who}"}} if row.form else {}
    return person.request(method, address, **content)


@pytest.mark.parametrize("row", TABLE, ids=lambda r: f"{r.route} {r.address}")
@pytest.mark.parametrize("who", range(len(WHO)), ids=map(str, WHO))
def test_everybody_gets_what_is_theirs(served, stopping, addresses, row, who):
    person = served.as_(WHO[who])
    if row.route in STREAMS:
        person._transport = stopping._transport
    answer = ask(person, row, row.address.format(**addresses), who)
    assert answer.status_code == row.statuses[who]
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")


NOWHERE = {
    "session": "00000000-0000-4000-8000-000000000000",
    "waiting": "00000000-0000-4000-8000-000000000000",
    "P101": "P404",
}
OWN_HEADERS = {"date", "x-request-id"}
OF_ANOTHER = [
    row for row in TABLE if any(name in row.address for name in ("{session}", "{waiting}", "P101"))
]


@pytest.fixture(scope="module")
def hidden(served, addresses, new_recording):
    """As addresses: a session that nobody but Ann and the admin may see."""
    made = served.as_("ann").put("/api/uploads/c.c3d", content=new_recording(12)).json()
    return addresses | {"session": made["session_id"], "waiting": made["session_id"]}


@pytest.mark.parametrize("row", OF_ANOTHER, ids=lambda r: f"{r.route} {r.address}")
@pytest.mark.parametrize("who", [OTHER, RESEARCH])
def test_what_is_anothers_answers_as_what_is_not_there(served, hidden, row, who):
    """The same status, headers and body, but for the number or code that was asked for."""
    told = []
    for there in (hidden, hidden | NOWHERE):
        code = there.get("P101", "P101")
        address = row.address.replace("P101", code).format(**there)
        changed = replace(row, body=row.body and row.body.replace(b"P101", code.encode()))
        answer = ask(served.as_(who), changed, address, who)
        headers = {k: v for k, v in answer.headers.items() if k not in OWN_HEADERS}
        text = answer.text.replace(code, "it").replace(there["session"], "it")
        told.append((answer.status_code, headers, text))
    assert told[0] == told[1]
    assert 400 <= told[0][0] < 500


def leaves(routes):
    """Every route, those of included routers too."""
    for route in routes:
        if isinstance(route, _IncludedRouter):
            yield from leaves(route.original_router.routes)
        else:
            yield route


def routes_of(app):
    return {f"{method} {route.path}" for route in leaves(app.routes) for method in route.methods}


def test_every_route_has_a_row(served):
    assert routes_of(served.server.app) - {row.route for row in TABLE} == set()


def test_every_row_has_a_route(served):
    assert {row.route for row in TABLE} - routes_of(served.server.app) == set()


def test_nothing_answers_outside_the_table(served):
    others = [r for r in leaves(served.server.app.routes) if not isinstance(r, APIRoute)]
    assert others == []


def test_another_site_changes_nothing_whoever_is_signed_in(served, addresses):
    ada = served.as_("ada", Origin="https://elsewhere.example")
    for row in TABLE:
        if not row.route.startswith("GET ") and row.route not in BY_SIGNATURE:
            answer = ask(ada, row, row.address.format(**addresses), ADMIN)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), row.route


# ── what a token is good for


UPLOADING = {"PUT /api/uploads/{name:text}", "POST /api/upload", "POST /upload"}
BY_SIGN_IN_ALONE = {
    "POST /account/password",
    "POST /account/sign-out-everywhere",
    "POST /account/tokens",
    "POST /account/tokens/{token_id}/revoke",
    "POST /api/tokens",
    "POST /api/people",
    "PATCH /api/people/{person_id}",
    "POST /api/people/{person_id}/link",
}
FOR_ANYBODY = {row.route for row in TABLE if row.statuses[0] != 401} | {"POST /sign-in"}
BY_SIGNATURE = {f"POST {address}" for address in (ADDRESS, *OLDER)}


EXPORTING = {
    "POST /sessions/{session_id}/export",
    "GET /api/sessions/{session_id}/export",
    "POST /api/exports",
    "GET /api/exports/{export_id}/file",
}


def scope_of(route):
    if route in EXPORTING:
        return "export"
    if route in UPLOADING:
        return "upload"
    return "read" if route.startswith("GET ") else "write"


@pytest.fixture(scope="module")
def token_for(served):
    """A token of the admin's for these scopes."""

    @cache
    def made(*scopes):
        answer = served.as_("ada").post("/api/tokens", json={"name": "x", "scopes": scopes})
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    return made


@pytest.mark.parametrize("row", TABLE, ids=lambda r: f"{r.route} {r.address}")
def test_a_token_is_good_for_its_scopes_alone(served, stopping, addresses, token_for, row):
    if row.route in FOR_ANYBODY | BY_SIGNATURE:
        return
    method, _, _ = row.route.partition(" ")
    address = row.address.format(**addresses)
    others = [s for s in SCOPES if s != scope_of(row.route)]
    lacking = served.as_(None, **token_for(*others)).request(method, address)
    assert lacking.status_code == 403
    enough = served.as_(None, **token_for(scope_of(row.route)))
    if row.route in STREAMS:
        enough._transport = stopping._transport
    answer = enough.request(method, address)
    if row.route in BY_SIGN_IN_ALONE:
        assert "please sign in" in answer.json()["detail"]
    else:
        assert answer.status_code not in {401, 403}
