"""The whole system on one machine, with patients who do not exist."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import psycopg
from argon2 import PasswordHasher

from myograph.cli import logs, serving, system
from myograph.cli.system import System
from myograph.db.identity import Role
from myograph.errors import BadInput
from myograph.services.prepare_demo import DemoAccount, add_patients, add_people
from myograph.settings import Settings

STORY = "demo.json"
SEED = 2026


@dataclass(frozen=True, slots=True)
class Story:
    """What makes a demonstration the same one after a restart.

    now          local time, ISO 8601: the last session was played before it
    passwords    by role, which is also the login
    """

    seed: int
    now: str
    passwords: Mapping[Role, str]


def run(settings: Settings, *, sessions: int, fresh: bool, any_port: bool) -> None:
    """Serve until stopped; the made-up sessions arrive meanwhile through the door for uploads."""
    folder = settings.data_dir or system.data_dir_of(settings) / "demo"
    settings = settings.model_copy(update={"data_dir": folder})
    if fresh:
        _forget(folder)
    log = _log(folder)
    logs.configure(settings.log, log)
    serving.stop_when_told()
    listen = serving.listening_anywhere if any_port else serving.listening
    listener = listen(settings.host, settings.port)
    with system.running(settings) as ready, contextlib.ExitStack() as while_serving:
        story = _story(ready)
        _prepare(ready, story)

        def announce(address: str) -> None:
            print(_welcome(address, story, folder), flush=True)  # noqa: T201 - for the person
            while_serving.enter_context(_feeder(address, story, sessions))

        while_serving.enter_context(serving.worker(ready, log))
        serving.serve(ready, listener, announce)


def _log(folder: Path) -> Path:
    """The terminal is for the person; what the service says goes beside the data."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / "service.log"


def _forget(folder: Path) -> None:
    """Only ever a folder that a demo made."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / STORY).exists():
        raise BadInput(f"{folder} was not made by a demo, so it is left alone. Name another one.")
    shutil.rmtree(folder)


def _story(ready: System) -> Story:
    path = ready.data_dir / STORY
    if not path.exists():
        zone = ZoneInfo(ready.settings.timezone)
        now = datetime.now(UTC).astimezone(zone).replace(tzinfo=None)
        passwords = {role: secrets.token_urlsafe(9) for role in get_args(Role)}
        _write_secret(path, json.dumps(asdict(Story(SEED, now.isoformat(), passwords))))
    return Story(**json.loads(path.read_text("utf-8")))


def _write_secret(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner alone."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _prepare(ready: System, story: Story) -> None:
    """People and patients, where they are not there yet."""
    if ready.owner_url is None:
        raise BadInput("A demo in a database of one's own needs MYOGRAPH_MIGRATE_DATABASE_URL.")
    hasher = PasswordHasher()
    given = [DemoAccount(role, hasher.hash(word)) for role, word in story.passwords.items()]
    with psycopg.connect(ready.owner_url) as owner:
        people = add_people(owner, given)
    with psycopg.connect(ready.web_url) as web:
        last_day = datetime.fromisoformat(story.now).date()
        add_patients(web, people["admin"], people["therapist"], last_day=last_day)


def _welcome(address: str, story: Story, folder: Path) -> str:
    rows = [f"  {role:12}{role:12}{word}" for role, word in story.passwords.items()]
    return "\n".join(
        [
            f"Myograph is ready at {address}",
            "",
            "  sign in as  name        password",
            *rows,
            "",
            "The demo's sessions arrive one after another and appear on the page as they do.",
            f"Ctrl-C stops everything; the data stay in {folder}. --fresh begins anew.",
        ]
    )


@contextlib.contextmanager
def _feeder(address: str, story: Story, sessions: int) -> Generator[None]:
    """The sessions are made and brought in by a program of its own, so that the web stays quick."""
    told = json.dumps({"address": address, "sessions": sessions} | asdict(story))
    process = subprocess.Popen(
        [sys.executable, "-m", "myograph.cli.demo_feed"], stdin=subprocess.PIPE, text=True
    )
    with process:
        if process.stdin:
            process.stdin.write(told)
            process.stdin.close()
        threading.Thread(target=process.wait, daemon=True).start()  # no zombie once it is done
        try:
            yield
        finally:
            process.terminate()
