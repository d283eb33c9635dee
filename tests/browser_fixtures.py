"""Fixtures of a real Chromium in front of the real system.

    site       web and worker as programs of their own, on a fresh database, with people in it
    session    a session that was uploaded and processed: its address
    visit      a new page for a person: `visit("thea")`, `visit("thea", javascript=False)`

Every page is watched: a request to anywhere but our own server, an error in the console or an
exception on the page fails its test.

The browser lives as long as its module. pytest-playwright's would live to the end of the run, and
with it an event loop in this thread, in which no other test could run one.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from myograph.db import accounts
from myograph.db.identity import Person
from myograph.simulate.presets import Faults, Wish
from myograph.simulate.presets import session as simulated
from myograph.simulate.sessions import simulate_session
from tests.database import PSEUDONYM_KEY, Database, add_patient, fresh_database
from tests.needs import ROOT, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "open sesame"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PATIENCE_S = 30.0
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True)
class Site:
    """`environment` starts another server of the same site."""

    address: str
    environment: dict[str, str]


def recording(
    seconds: float = 60.0, *, seed: int = 3, preset: str = "holds", dropouts: int = 0
) -> bytes:
    """A simulated GHOSTLY file; another seed is another recording."""
    wish = Wish(preset=preset, seconds=seconds, faults=Faults(dropouts=dropouts))
    start = datetime(2025, 3, 10, 11, 46, seed % 60)  # noqa: DTZ001 - as the file has it: no zone
    return simulate_session(simulated(wish, start=start, seed=seed), seed)[0]


@pytest.fixture(scope="session")
def site(server, tmp_path_factory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with fresh_database(server) as database:
        _settle(database)
        environment = _environment(database, folder)
        with serving(environment) as address, working(environment):
            yield Site(address, environment)


def _settle(database: Database) -> None:
    people = {}
    with database.connect("myograph_migrator") as conn:
        for login, role in {"thea": "therapist", "rosa": "researcher", "anna": "admin"}.items():
            hashed = CHEAP.hash(PASSWORD)
            people[login] = accounts.add(
                conn, login=login, name=login.title(), role=role, password_hash=hashed
            )
    with database.as_person(Person(people["anna"], "Anna", "admin")) as conn:
        for code in ("P001", "P002"):
            add_patient(conn, code, people["thea"], consent=True)


def _environment(database: Database, folder: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "MYOGRAPH_DATA_DIR": str(folder),
        "MYOGRAPH_STORAGE_URL": (folder / "objects").as_uri(),
        "MYOGRAPH_DATABASE_URL": database.url("myograph_web"),
        "MYOGRAPH_WORKER_DATABASE_URL": database.url("myograph_work"),
        "MYOGRAPH_PSEUDONYM_KEY": PSEUDONYM_KEY,
        "MYOGRAPH_SIGN_IN": "local",
    }


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    """A web server as a program; its address once it answers."""
    command = ["serve", "--no-worker", "--port", "0"]
    with _program(command, environment) as process:
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_collect, args=(process, lines), daemon=True).start()
        while True:
            line = lines.get(timeout=PATIENCE_S)
            if "ready at" in line:
                break
        yield line.split()[-1]


@contextmanager
def working(environment: dict[str, str]) -> Iterator[None]:
    with _program(["work", "--concurrency", "1"], environment):
        yield


def _collect(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> None:
    for line in process.stdout:
        lines.put(line)


@contextmanager
def _program(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "myograph", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if command[0] == "serve" else None,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


@dataclass
class Visitor:
    """What a program may do that has signed in as a person: for preparing, not for testing."""

    address: str
    login: str = "thea"
    _cookie: str = field(default="", init=False)

    def __post_init__(self) -> None:
        body = urlencode({"login": self.login, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"{self.address}/sign-in", body)  # noqa: S310 - our server
        opener = urllib.request.build_opener(_Stay)
        with opener.open(request) as answer:
            self._cookie = answer.headers["Set-Cookie"].split(";")[0]

    def upload(self, name: str, content: bytes, **said: str) -> str:
        """The id of the session, once it is processed."""
        put = self._ask(f"/api/uploads/{name}?{urlencode(said)}", content, "PUT")
        self.wait(put["session_id"])
        return put["session_id"]

    def wait(self, session_id: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            status = self._ask(f"/api/sessions/{session_id}/status")["processing_status"]
            if status in {"completed", "failed"}:
                return
            time.sleep(0.05)  # a status over HTTP has nothing to wait on
        raise TimeoutError(f"session {session_id} is still {status}")

    def _ask(self, path: str, body: bytes | None = None, method: str = "GET") -> dict:
        request = urllib.request.Request(  # noqa: S310 - our server
            self.address + path, body, {"Cookie": self._cookie}, method=method
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our server
            return json.load(answer)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None

    def http_error_303(self, request, response, *_):
        return response


@pytest.fixture(scope="session")
def session(site) -> str:
    """Two muscles with contractions and a drop-out; patient and legs are said, effort is not."""
    content = recording(dropouts=1)
    said = {"patient": "P001", "left": "CH1", "right": "CH2"}
    return "/sessions/" + Visitor(site.address).upload("whole.c3d", content, **said)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not every machine has it

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(chromium()), args=list(ARGUMENTS), headless=True
        )
        yield launched
        launched.close()


@dataclass
class Watch:
    """What went wrong on a page; `expected` are parts of what a test brings about itself."""

    home: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def over(self, page: "Page") -> None:
        page.on("console", lambda m: self._complain(m.text) if m.type in _BAD else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("request", lambda request: self._look_where_it_goes(request.url))

    def unexpected(self) -> list[str]:
        return [c for c in self.complaints if not any(e in c for e in self.expected)]

    def _look_where_it_goes(self, url: str) -> None:
        if not url.startswith((self.home, "blob:", "about:")):
            self._complain(f"a request to {url}")

    def _complain(self, text: str) -> None:
        self.complaints.append(text)


_BAD = {"error", "warning"}


@pytest.fixture
def watch(site) -> Watch:
    return Watch(site.address)


@pytest.fixture
def visit(browser, site, watch) -> "Iterator[Callable[..., Page]]":
    """Pages of signed-in people; `javascript=False`, `color_scheme="dark"`, `viewport=...`."""
    with ExitStack() as opened:

        def make(login: str | None = "thea", *, javascript: bool = True, home: str = "", **options):
            context = browser.new_context(
                base_url=home or site.address, java_script_enabled=javascript, **options
            )
            opened.callback(context.close)
            page = context.new_page()
            watch.over(page)
            if login:
                sign_in(page, login)
            return page

        yield make
    assert watch.unexpected() == []


def sign_in(page: "Page", login: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
