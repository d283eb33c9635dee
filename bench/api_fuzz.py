"""2000 requests out of the schema for each address, by everybody: none is an error of ours.

Schemathesis makes them from our OpenAPI document, half of them such as the schema allows and half
such as it does not, with numbers of sessions and patients that are there, are another's, or are
not there. Every answer must be one that the document names, in its form, and hold nothing that is
not for whoever asks.
"""

import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import requests
import schemathesis.openapi
import structlog
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok, Result
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from structlog.typing import EventDict

from myograph.db import accounts, sign_ins, tokens
from myograph.db.identity import Person, Role
from myograph.db.rows import certain
from myograph.services.come_in import fingerprint
from myograph.settings import Settings
from myograph.simulate.presets import Wish, session
from myograph.simulate.sessions import simulate_session
from myograph.storage.objects import folder_store
from myograph.web.api.schema import description_of
from myograph.web.app import create_app
from myograph.web.auth import COOKIE, Doorkeeper
from myograph.web.webhooks.sources import Source
from myograph.worker.run import run_until_empty
from tests.database import PASSWORD_HASH, Database, add_patient, fresh_database, migrated_server

SECRET = b"s" * 32
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TOKEN = "myo_" + "t" * 43
WHO = (None, "token", "ann", "rae", "ada")  # the admin last: what they change is others' affair
PEOPLE: dict[str, Role] = {
    "ann": "therapist",
    "bob": "therapist",
    "rae": "researcher",
    "ada": "admin",
}
OF_BOB = ("P7302", "okapi")  # in code, file name, reasons and medical facts of his patient
OF_ANN = ("P7301", "gecko")
OWN = {"authorization", "cookie"}  # of whoever asks
FEW, MANY = 50, 2100  # some of them no client can send
NOBODY = "00000000-0000-4000-8000-000000000000"
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
HOSTILE = ["\x00", "%00", "../..", "a" * 5000, "\ud83d\ude00", "'; DROP TABLE people; --", "-1"]


@dataclass(frozen=True)
class Place:
    """A site with two therapists, a patient each, and a session of each patient."""

    app: FastAPI
    server: TestClient
    database: Database
    people: dict[str, UUID]
    sessions: dict[str, str]
    pseudonyms: list[str]

    def client(self, who: str | None) -> httpx2.Client:
        """As this person, with a token or a cookie."""
        cookies, headers = {}, {}
        if who == "token":
            headers = {"Authorization": f"Bearer {TOKEN}"}
        elif who is not None:
            with self.database.connect("myograph_web") as conn:
                signed_in = certain(sign_ins.begin(conn, self.people[who], lasts_s=24 * 3600))
            cookies = {COOKIE: Doorkeeper(SECRET, hasher=CHEAP).write(signed_in)}
        return httpx2.Client(
            transport=self.server._transport,  # noqa: SLF001 - the same application for all  # pyright: ignore[reportPrivateUsage]
            base_url=self.server.base_url,
            cookies=cookies,
            headers=headers,
        )


@dataclass
class Outcome:
    """`wrong` holds what must not happen, once for each kind of it."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)


@contextmanager
def place(database: Database, folder: Path) -> Iterator[Place]:
    store = folder_store(folder)
    people = {login: _add(database, login, role) for login, role in PEOPLE.items()}
    with database.as_person(Person(people["ada"], "Ada", "admin")) as conn:
        add_patient(conn, OF_ANN[0], people["ann"], consent=True)
        add_patient(conn, OF_BOB[0], people["bob"], consent=None)
    with database.as_person(Person(people["ann"], "Ann", "therapist")) as conn:
        tokens.add(conn, "fuzz", fingerprint(TOKEN), scopes=tokens.SCOPES, lasts_s=24 * 3600)
    app = create_app(
        Settings(data_dir=folder, rate_per_person=0, rate_per_address=0),
        web_url=database.url("myograph_web"),
        store=store,
        secret=SECRET,
        sources=[Source("default", "standard", (b"k" * 24,), ("emg_data",))],
    )
    with TestClient(app, raise_server_exceptions=False) as server:
        app.state.live.ended = True  # a stream ends after its first words
        made = Place(app, server, database, people, {}, [])
        for number, (login, (code, mark)) in enumerate((("ann", OF_ANN), ("bob", OF_BOB))):
            made.sessions[login] = _fill(made.client(login), code, mark, number)
        run_until_empty(database.url("myograph_work"), store, pseudonym_key="k" * 32)
        for login, (_, mark) in (("ann", OF_ANN), ("bob", OF_BOB)):
            _correct(made.client(login), made.sessions[login], mark)
        listed = made.client("rae").get("/api/patients").json()["patients"]
        made.pseudonyms.extend(patient["pseudonym"] for patient in listed)
        yield made


def _add(database: Database, login: str, role: Role) -> UUID:
    with database.connect("myograph_migrator") as conn:
        name = login.title()
        return accounts.add(conn, login=login, name=name, role=role, password_hash=PASSWORD_HASH)


def _fill(client: httpx2.Client, code: str, mark: str, number: int) -> str:
    wish = session(Wish(seconds=12.0), start=datetime(2025, 3, 10, 11, 46, tzinfo=UTC), seed=1)
    recording = simulate_session(wish, seed=number)[0]
    legs = {"patient": code, "left": "CH1", "right": "CH2"}
    answer = client.put(f"/api/uploads/{mark}.c3d", content=recording, params=legs)
    facts = {"diagnosis": mark, "remarks": mark}
    _accepted(client.put(f"/api/patients/{code}/medical", json=facts))
    return _accepted(answer).json()["session_id"]


def _correct(client: httpx2.Client, number: str, mark: str) -> None:
    address = f"/api/sessions/{number}/contractions"
    first = client.get(address).json()[0]
    edges = {"start_s": first["start_s"], "end_s": first["end_s"]}
    edit = {"action": "remove", "before": edges, "reason": mark}
    _accepted(client.put(f"{address}/{first['channel']}", json=edit))


def _accepted(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code >= 300:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text}")
    return answer


def fuzz(
    here: Place, cases: int, *, seed: int, only: str = "", share: tuple[int, int] = (0, 1)
) -> Outcome:
    """`cases` requests to each operation, each of them by everybody.

    The admin comes last: what they change is others' to see.

    only     of operations with this in their names
    share    of these the second number's part that the first one names
    """
    outcome = Outcome()
    schema = schemathesis.openapi.from_dict(description_of(here.app))
    named = [o for found in schema.get_all_operations() if only in (o := _readable(found)).label]
    operations = named[share[0] :: share[1]]
    for together in (WHO[:-1], WHO[-1:]):
        clients = {who: here.client(who) for who in together}
        for operation in operations:
            _ask_all(here, clients, operation, cases, seed, outcome)
            if cases > FEW:
                _say(operation, together, outcome)
    return outcome


def _say(operation: APIOperation, together: Sequence[str | None], outcome: Outcome) -> None:
    asked, wrong = sum(outcome.asked.values()), len(outcome.wrong)
    print(
        f"{operation.label} by {len(together)}: {asked} requests so far, {wrong} kinds wrong",
        file=sys.stderr,
        flush=True,
    )


def _ask_all(
    here: Place,
    clients: Mapping[str | None, httpx2.Client],
    operation: APIOperation,
    cases: int,
    seed: int,
    outcome: Outcome,
) -> None:
    """Half of them as the schema does not allow. Where it allows anything, all are as it does."""
    half = max(1, cases // 2)
    wrong = _ask(here, clients, operation, GenerationMode.NEGATIVE, half, seed, outcome)
    right = GenerationMode.POSITIVE
    _ask(here, clients, operation, right, half, seed, outcome)
    if wrong < half:
        _ask(here, clients, operation, right, half - wrong, seed + 1, outcome)


def _readable(found: Result[APIOperation, InvalidSchema]) -> APIOperation:
    if not isinstance(found, Ok):
        raise found.err()
    return found.ok()


def _ask(
    here: Place,
    clients: Mapping[str | None, httpx2.Client],
    operation: APIOperation,
    mode: GenerationMode,
    cases: int,
    seed: int,
    outcome: Outcome,
) -> int:
    """How many there were: fewer where there are no more."""
    made = 0
    chance = random.Random(seed)  # noqa: S311 - repeatable

    @seeded(seed)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType] - its metaclass hides what it lists
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Case) -> None:
        nonlocal made
        made += 1
        _aim(case, here, chance)
        for who, client in clients.items():
            _judge(here, case, who, _sent(client, case), outcome)

    with contextlib.suppress(Unsatisfiable):  # nothing is wrong where anything is allowed
        each()
    return made


def _judge(
    here: Place, case: Case, who: str | None, answer: httpx2.Response | None, outcome: Outcome
) -> None:
    if answer is None:
        return
    outcome.asked[case.operation.label] += 1
    outcome.answered[answer.status_code] += 1
    for what in _wrong(case, answer, who, here):
        kind = f"{case.operation.label} by {who}: {what}"
        if kind not in outcome.wrong:
            outcome.wrong[kind] = _told(case, answer)
            print(f"\n{kind}\n    {outcome.wrong[kind]!r}", file=sys.stderr, flush=True)


def _aim(case: Case, here: Place, chance: random.Random) -> None:
    """Mostly at what is there: no generator guesses the number of a session."""
    aims = {
        "session_id": [*here.sessions.values(), NOBODY],
        "code": [OF_ANN[0], OF_BOB[0], *here.pseudonyms, "P404"],
        "channel": ["CH1", "CH2"],
        "name": ["fuzz.c3d"],
    }
    for name in list(case.path_parameters or {}):
        choice = chance.random()
        if name in aims and choice < 0.8:
            case.path_parameters[name] = chance.choice(aims[name])
        elif choice > 0.97:
            case.path_parameters[name] = chance.choice(HOSTILE)


def _sent(client: httpx2.Client, case: Case) -> httpx2.Response | None:
    """The bytes that schemathesis would send, by whoever asks; None where no client could."""
    try:
        made = requests.Request(**case.as_transport_kwargs(base_url=str(client.base_url)))
        sent: Any = made.prepare()  # its types allow what it never makes
        if (sent.url or "").count("/") - 2 < case.operation.path.count("/"):
            return None  # the client took "../.." for a way, and asks for something else
        headers = {k: v for k, v in sent.headers.items() if k.lower() not in OWN}
        return client.request(sent.method, sent.url, headers=headers, content=sent.body)
    except (requests.RequestException, httpx2.InvalidURL, UnicodeError, ValueError, TypeError):
        return None


def _wrong(case: Case, answer: httpx2.Response, asker: str | None, here: Place) -> Iterator[str]:
    if answer.status_code >= 500:
        yield f"{answer.status_code}"
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            said = f"{failure.title} {getattr(failure, 'message', '')}".partition("\n")[0]
            yield f"{answer.status_code} {said}"
    detail = answer.json().get("detail", ".") if answer.status_code in {400, 422} else "."
    if not detail.endswith(".") or "Input should" in detail or "String should" in detail:
        yield f"{answer.status_code} without a sentence: {detail[:60]}"
    sent = f"{case.path_parameters} {case.query} {case.body}"
    typed = here.sessions.values() if "/api/exports" in case.operation.path else ()
    for mark in _not_for(asker, here):
        # What one asked for in vain stands in one's own history of exports.
        if mark in answer.text and mark not in sent and mark not in typed:
            yield f"it says {mark!r}"


def _not_for(asker: str | None, here: Place) -> Sequence[str]:
    """What no answer to them may hold."""
    match asker:
        case None:
            return (*OF_ANN, *OF_BOB, *here.sessions.values(), *here.pseudonyms)
        case "ann" | "token":
            return (*OF_BOB, here.sessions["bob"], "Bob")
        case "rae":
            return (*OF_ANN, *OF_BOB, here.sessions["bob"], "Ann", "Bob")
        case _:
            return ()


def _told(case: Case, answer: httpx2.Response) -> str:
    sent = f"{case.method} {case.path} {case.path_parameters} {case.query} {str(case.body)[:300]}"
    return f"{sent} -> {answer.status_code} {answer.text[:500]}"


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    """With --full by as many processes as there are processors, each with a place of its own."""
    started = time.perf_counter()
    parts = (os.cpu_count() or 1) if full else 1
    with ProcessPoolExecutor(parts, mp_context=multiprocessing.get_context("spawn")) as pool:
        shares = [(part, parts) for part in range(parts)]
        outcomes = list(pool.map(_part, repeat(MANY if full else FEW), shares))
    took_s = time.perf_counter() - started
    asked = sum((o.asked for o in outcomes), Counter[str]())
    answered = sum((o.answered for o in outcomes), Counter[int]())
    wrong = {what: example for o in outcomes for what, example in o.wrong.items()}
    print(f"{asked.total()} requests to {len(asked)} operations, {min(asked.values())} at least")
    print(f"by {len(WHO)} askers in {took_s:.0f} s: {dict(sorted(answered.items()))}")
    for what, example in sorted(wrong.items()):
        print(f"\n{what}\n    {example}")
    if wrong:
        sys.exit(f"{len(wrong)} kinds of answers that must not be")


def _part(cases: int, share: tuple[int, int]) -> Outcome:
    structlog.configure(processors=[_bugs])
    with (
        tempfile.TemporaryDirectory() as folder,
        migrated_server(f"fuzz{share[0]}") as server,
        fresh_database(server) as database,
        place(database, Path(folder)) as here,
    ):
        return fuzz(here, cases, seed=1, share=share)


def _bugs(_logger: object, _method: str, event: EventDict) -> str:
    if event["event"] != "bug":
        raise structlog.DropEvent
    return event["trace"]
