"""A day with marked names, texts and secrets: none of them stands where it must not."""

import json
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import pytest
import structlog
from fastapi.testclient import TestClient

from myograph.cli import logs
from myograph.db import accounts, tokens
from myograph.db.identity import Person
from myograph.services.come_in import PREFIX, fingerprint
from myograph.services.passwords import hash_password
from myograph.services.standard_webhooks import signed
from myograph.settings import Settings
from myograph.storage.objects import folder_store
from myograph.web.api.webhooks import ADDRESS
from myograph.web.app import create_app
from myograph.web.webhooks.examples import Example, supabase
from myograph.web.webhooks.sources import Source
from myograph.worker.run import run_until_empty
from tests.database import add_patient, fresh_database
from tests.game_files import game_file

CODE = "P8642"
PASSWORD, WRONG = "quokka under moonlight", "tapir under moonlight"
TOKEN, BAD_TOKEN = PREFIX + "o" * 43, PREFIX + "z" * 43
WEBHOOK_KEY, COOKIE_KEY, PSEUDONYM_KEY = b"w" * 24, b"s" * 32, "y" * 32
MARKS = {
    "the patient's code": CODE,
    "names": "Quetzal",
    "a login": "quetzalcoatl",
    "an unknown login": "capybara",
    "a file's name": "axolotl",
    "medical text": "pangolin",
    "a reason": "narwhal",
    "a search": "wombat",
    "a password": "quokka",
    "a wrong password": "tapir",
    "a token": "o" * 43,
    "a wrong token": "z" * 43,
    "the webhook's secret": WEBHOOK_KEY.decode(),
    "the cookie's secret": COOKIE_KEY.decode(),
    "the pseudonyms' key": PSEUDONYM_KEY,
}


@dataclass
class Day:
    log: str = ""
    queue: str = ""
    told: str = ""
    cookie: str = ""
    secrets: list[str] = field(default_factory=list)
    refusals: list[httpx2.Response] = field(default_factory=list)


@contextmanager
def logged_to(path):
    """As `myograph serve` logs, with every library at its most talkative but the client's own."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    root.handlers.clear()
    logs.configure("json", path)
    structlog.configure(cache_logger_on_first_use=False)  # this process has other tests to run
    root.setLevel(logging.DEBUG)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    logging.getLogger("httpcore2").setLevel(logging.WARNING)
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.stream.close()
        root.handlers[:] = before
        root.setLevel(logging.WARNING)
        structlog.reset_defaults()


@pytest.fixture(scope="module")
def day(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    lived = Day()
    with fresh_database(server) as database, logged_to(folder / "log"):
        live(lived, database, folder)
        with database.connect("postgres") as conn:
            lived.told = str(conn.execute("SELECT * FROM outgoing_events").fetchall())
    lived.log = (folder / "log").read_text("utf-8")
    return lived


def live(lived, database, folder):
    store = folder_store(folder / "objects")
    with database.connect("myograph_migrator") as conn:
        hashed = hash_password(PASSWORD)
        therapist = accounts.add(
            conn, login="quetzalcoatl", name="Quetzal", role="therapist", password_hash=hashed
        )
        admin = accounts.add(conn, login="x", name="X", role="admin", password_hash=hashed)
    with database.as_person(Person(admin, "X", "admin")) as conn:
        add_patient(conn, CODE, therapist, consent=True)
    with database.as_person(Person(therapist, "Quetzal", "therapist")) as conn:
        tokens.add(conn, "narwhal", fingerprint(TOKEN), scopes=["read", "upload"], lasts_s=3600)
    with database.connect("myograph_work") as conn:
        conn.execute(
            "INSERT INTO event_targets (name, events, active)"
            " VALUES ('trial', ARRAY['session.analysed', 'session.failed'], true)"
        )
    app = create_app(
        Settings(data_dir=folder, metadata_budget_ms=5000),
        web_url=database.url("myograph_web"),
        store=store,
        secret=COOKIE_KEY,
        sources=[Source("default", "standard", (WEBHOOK_KEY,), ("emg_data",))],
    )
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as web:
        sessions = come_in_and_upload(lived, web, store)
        work(lived, database, store)
        enter(web, sessions)
        administer(lived, web)
        (folder / "objects" / "emg_data" / sessions["path"]).unlink()
        web.post(f"/api/sessions/{sessions['whole']}/reprocess")
        work(lived, database, store)
        refuse(lived, web, sessions)


def work(lived, database, store):
    with database.connect("postgres") as conn:
        for table in ("jobs", "events"):
            rows = conn.execute(f"SELECT * FROM queue.procrastinate_{table}")  # noqa: S608
            lived.queue += str(rows.fetchall())
    run_until_empty(database.url("myograph_work"), store, pseudonym_key=PSEUDONYM_KEY)


def come_in_and_upload(lived, web, store):
    for login, password in (("quetzalcoatl", WRONG), ("capybara", PASSWORD)):
        assert web.post("/sign-in", data={"login": login, "password": password}).status_code == 401
    came = web.post("/sign-in", data={"login": "quetzalcoatl", "password": PASSWORD})
    assert came.status_code == 303
    lived.cookie = came.cookies["myograph"]
    legs = {"patient": CODE, "left": "CH1", "right": "CH2"}
    whole = web.put("/api/uploads/axolotl.c3d", content=game_file(seed=1), params=legs)
    broken = web.put("/api/uploads/axolotl-2.c3d", content=b"no recording", params=legs)
    form = {"files": ("axolotl-3.c3d", game_file(seed=2))}
    assert web.post("/api/upload", files=form, data={"patient": CODE}).status_code in {202, 303}
    by_token = {"Authorization": f"Bearer {TOKEN}"}
    assert web.get("/api/sessions", headers=by_token).status_code == 200
    announced(web, store)
    found = whole.json()["session_id"]
    path = web.get(f"/api/sessions/{found}").json()["file_path"]
    return {"whole": found, "broken": broken.json()["session_id"], "path": path}


def announced(web, store):
    name = f"{CODE}/axolotl-4.c3d"
    stored = store.put(f"emg_data/{name}", [game_file(seed=3)])
    for key, expected in ((WEBHOOK_KEY, 202), (b"v" * 24, 401)):
        example = Example("emg_data", name, "1", stored.size, stored.etag, "2026-11-20T03:39:37Z")
        body = json.dumps(supabase(example)).encode()
        headers = signed(key, number=f"msg-{expected}", at=int(time.time()), body=body)
        assert web.post(ADDRESS, content=body, headers=headers).status_code == expected


def enter(web, sessions):
    facts = {"diagnosis": "pangolin", "remarks": "pangolin"}
    assert web.put(f"/api/patients/{CODE}/medical", json=facts).status_code < 300
    listed = web.get(f"/api/sessions/{sessions['whole']}/contractions").json()
    first = next(c for c in listed if c["channel"] == "CH1")
    edges = {"start_s": first["start_s"], "end_s": first["end_s"]}
    edit = {"action": "remove", "before": edges, "reason": "narwhal"}
    address = f"/api/sessions/{sessions['whole']}/contractions/CH1"
    assert web.put(address, json=edit).status_code == 202
    note = {"patient": CODE, "text": "pangolin"}
    assert web.post("/api/notes", json=note).status_code == 201
    assert web.get(f"/api/notes?patient={CODE}").json()["notes"]
    maximum = {"side": "left", "value_v": 0.0003, "reason": "narwhal"}
    assert web.post(f"/api/patients/{CODE}/mvc", json=maximum).status_code == 201
    cuff = {"left": {"actual_pressure_aop": 50, "cuff_position": "pangolin"}}
    assert web.patch(f"/api/sessions/{sessions['whole']}/bfr", json=cuff).status_code == 200
    assert web.get("/api/patients?search=wombat").json()["patients"] == []
    assert web.patch(f"/api/patients/{CODE}", json={"wombat": "pangolin"}).status_code == 422
    for page in (f"/sessions/{sessions['whole']}", "/sessions?search=wombat", "/wombat/wombat"):
        web.get(page, headers={"Accept": "text/html"})
    web.get(f"/api/signals/jit/{sessions['whole']}")


def administer(lived, web):
    """Somebody is let in, and makes a token; rules and an export have their reasons."""
    admin = other_browser(web, "x")
    added = admin.post("/api/people", json={"name": "Quetzal Two", "role": "researcher"}).json()
    link = added["link"].partition("/welcome/")[2]
    chosen = {"login": "quetzalcoatl2", "password": PASSWORD, "again": PASSWORD}
    assert admin.post(f"/welcome/{link}", data={**chosen, "password": "tapir"}).status_code == 422
    assert admin.post(f"/welcome/{link}", data=chosen).status_code == 303
    admin = other_browser(web, "x")
    token = admin.post("/api/tokens", json={"name": "narwhal", "scopes": ["read"]}).json()["token"]
    lived.secrets = [link, token, admin.cookies["myograph"].partition(".")[0]]
    by_token = {"Authorization": f"Bearer {token}"}
    assert web.get("/api/patients", headers=by_token).status_code == 200
    rules = {"weights": {"compliance": 0.5, "symmetry": 0.3, "effort": 0.2, "game": 0}}
    rules |= {"id": "other", "name": "wombat", "reason": "narwhal"}
    assert admin.post("/api/scoring", json=rules).status_code == 201
    wanted = {"type": "statistics_only", "format": "json", "patients": [CODE]}
    wanted |= {"identifiers": True, "reason": "narwhal"}
    exported = admin.post("/api/exports", json=wanted)
    assert exported.status_code < 300, exported.text


def other_browser(web, login):
    browser = httpx2.Client(transport=web._transport, base_url=web.base_url)
    came = browser.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert came.status_code == 303
    return browser


def refuse(lived, web, sessions):
    """What strangers are answered."""
    stranger = httpx2.Client(transport=web._transport, base_url=web.base_url)
    lived.refusals = [
        stranger.get(f"/api/sessions/{sessions['whole']}"),
        stranger.get("/api/sessions", headers={"Authorization": f"Bearer {BAD_TOKEN}"}),
        stranger.get("/api/sessions", headers={"Cookie": f"myograph={lived.cookie}x"}),
        stranger.get(f"/api/patients/{CODE}"),
        stranger.put("/api/uploads/axolotl.c3d", content=b"x", params={"patient": CODE}),
        stranger.post("/sign-in", data={"login": "quetzalcoatl", "password": WRONG}),
        stranger.get("/readyz"),
    ]


@pytest.mark.parametrize("what", MARKS)
def test_no_mark_stands_in_the_log(day, what):
    assert [line for line in day.log.splitlines() if MARKS[what] in line] == []


def test_no_cookie_stands_in_the_log(day):
    assert day.cookie.partition(".")[0] not in day.log


def test_no_secret_that_was_made_up_for_somebody_stands_in_the_log(day):
    assert len(day.secrets) == 3
    assert [secret for secret in day.secrets if secret in day.log] == []


def test_the_log_tells_of_all_that_was_done(day):
    """Else the marks would be missing from an empty file."""
    events = [json.loads(line)["event"] for line in day.log.splitlines() if line[:1] == "{"]
    assert events.count("request") > 15
    assert {"analyse_session", "request"} <= set(events)
    outcomes = {json.loads(line).get("outcome") for line in day.log.splitlines() if line[:1] == "{"}
    assert {"analysed", "failed"} <= outcomes
    for address in ("/api/patients/{code}/medical", "/api/notes", "/welcome/{secret}"):
        assert f'"{address}"' in day.log


@pytest.mark.parametrize("what", MARKS)
def test_no_mark_stands_in_a_job_or_in_what_others_are_told(day, what):
    assert "analyse_session" in day.queue
    assert "session.analysed" in day.told
    assert MARKS[what] not in day.queue + day.told


def test_no_refusal_says_what_the_stranger_did_not(day):
    assert [a.status_code for a in day.refusals] == [401, 401, 401, 401, 401, 401, 200]
    for answer in day.refusals:
        said = answer.text + str(answer.headers)
        found = {what for what, mark in MARKS.items() if mark in said}
        assert found == set(), answer.url
