"""Bring the demonstration's sessions in as a therapist would: over HTTP, one file after another."""

import http.cookiejar
import json
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from myograph.simulate.patients import PATIENTS, DemoSession, demo_sessions


@dataclass(frozen=True, slots=True)
class Account:
    login: str
    password: str


class Browser:
    """One signed-in person, as the server sees a browser."""

    def __init__(self, address: str, account: Account) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # the server is this machine's own
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        form = urllib.parse.urlencode({"login": account.login, "password": account.password})
        self.send("POST", "/sign-in", form.encode())

    def get(self, path: str) -> Any:  # noqa: ANN401 - whatever JSON the server sends
        return json.loads(self.send("GET", path))

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - always http, to ourselves
            self._address + path, body, {"Origin": self._address}, method=method
        )
        with self._opener.open(request, timeout=60) as answer:
            return answer.read()


def feed(address: str, account: Account, *, seed: int, now: datetime, sessions: int) -> int:
    """Upload every demo session the server does not have yet; the number that were uploaded.

    sessions   of each patient, at most SESSIONS: the first ones
    """
    browser = Browser(address, account)
    known = set(_known(browser))
    with _progress() as progress:
        wanted = len(PATIENTS) * sessions
        task = progress.add_task("demo sessions", total=wanted)
        uploaded = 0
        for session in islice(demo_sessions(seed, now=now), wanted):
            if _key(session) not in known:
                _upload(browser, session)
                uploaded += 1
            progress.advance(task)
    return uploaded


def _known(browser: Browser) -> Iterator[tuple[str | None, str | None]]:
    """(patient, start to the second) of every session that is there."""
    cursor = ""
    while cursor is not None:
        page = browser.get(f"/api/sessions?limit=200&cursor={urllib.parse.quote(cursor)}")
        for row in page["sessions"]:
            started = row["started_local"]
            yield row["patient_id"], started[:19] if started else None
        cursor = page["next"]


def _key(session: DemoSession) -> tuple[str, str]:
    return session.patient_code, session.started_local.isoformat(timespec="seconds")


def _upload(browser: Browser, session: DemoSession) -> None:
    choice = {side: channel for channel, side in session.sides.items()}
    query = urllib.parse.urlencode({"patient": session.patient_code} | choice)
    name = urllib.parse.quote(session.file_name)
    browser.send("PUT", f"/api/uploads/{name}?{query}", session.content)


def _progress() -> Progress:
    """On a terminal a bar; in a log nothing but the last line."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def main() -> None:
    """Told by whoever starts us, on standard input: a password is no argument."""
    told = json.load(sys.stdin)
    feed(
        told["address"],
        Account("therapist", told["passwords"]["therapist"]),
        seed=told["seed"],
        now=datetime.fromisoformat(told["now"]),
        sessions=told["sessions"],
    )


if __name__ == "__main__":
    main()
