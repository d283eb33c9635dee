"""Whether the time of an answer tells that something is there which must not be known.

    ./dev bench timing [--full]

25 pairs of signing in and 500 of everything else; with --full 500 and 5000.

A running service, one client in a process of its own, its requests in random order: each time one
about what is there and hidden, and one about what is not there at all. Shown are both medians, the
difference with its 95 % interval, the chance of a rank test (Mann and Whitney) that two samples of
the same would lie so far apart, and how often one of the two, drawn at random, is the slower:
0.5 is a coin. `the same twice` says how far this machine by itself goes.

Signing in is asked with the real Argon2id, and once more with one so cheap that it hides nothing
of what else is done.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import numpy as np
import psycopg
import structlog
from argon2 import PasswordHasher
from psycopg import Connection
from scipy.stats import mannwhitneyu

from bench._hidden import HIDDEN, NOBODY, PASSWORD, SECRET, Place, set_passwords, settled
from bench._lines import Lines, lines
from bench._service import machine
from myograph.db.embedded import Cluster, running
from myograph.services.come_in import PREFIX
from myograph.settings import Settings
from myograph.storage.objects import folder_store
from myograph.web.app import create_app
from myograph.web.auth import COOKIE
from tests.web.servers import running as listening

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WINDOW_S = 301.0  # after so long a failed sign-in no longer counts
AT_ONCE = 50  # pairs

Make = Callable[[], bytes]
Ask = Callable[[], object]


@dataclass(frozen=True)
class Compared:
    """there, absent    in microseconds, one after the other in random order"""

    what: str
    there: Sequence[float]
    absent: Sequence[float]

    def __str__(self) -> str:
        there, absent = np.array(self.there), np.array(self.absent)
        low, high = _interval(there, absent)
        ranked = mannwhitneyu(there, absent)
        difference = statistics.median(there) - statistics.median(absent)
        slower = ranked.statistic / len(there) / len(absent)
        return (
            f"  {self.what:52}{statistics.median(there):9.0f}{statistics.median(absent):9.0f}"
            f"{difference:9.1f}  [{low:.1f}, {high:.1f}]{ranked.pvalue:9.2g}{slower:7.2f}"
        )


def _interval(there: np.ndarray, absent: np.ndarray) -> tuple[float, float]:
    """Of the difference of medians: 500 samples drawn out of the samples."""
    drawn = np.random.default_rng(1)
    differences = [
        np.median(drawn.choice(there, len(there))) - np.median(drawn.choice(absent, len(absent)))
        for _ in range(500)
    ]
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(low), float(high)


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory(prefix="myograph-b-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data") as cluster:
            cluster.migrate()
            place = settled(cluster)
            print(f"{machine()}; microseconds")
            _print_title()
            for hasher, pairs in ((PasswordHasher(), 500 if full else 25), (CHEAP, _many(full))):
                set_passwords(cluster, hasher)
                with _served(cluster, Path(folder), hasher) as sender:
                    _compare(sender, _sign_ins(hasher is CHEAP), pairs)
            with _served(cluster, Path(folder), CHEAP) as sender:
                _compare(sender, _api(place), _many(full))
            _compare_sql(cluster, place, _many(full))


def _many(full: bool) -> int:  # noqa: FBT001 - as main
    return 5000 if full else 500


def _print_title() -> None:
    print(f"  {'':52}{'there':>9}{'absent':>9}{'apart':>9}  95 %            p   slower")


def _compare(sender: Lines, questions: Sequence[tuple[str, tuple[Make, Make]]], pairs: int) -> None:
    for what, (there, absent) in questions:
        sender.at_once([make() for make in (there, absent) for _ in range(20)])
        print(_compared(sender, what, (there, absent), pairs), flush=True)


def _compared(sender: Lines, what: str, ask: tuple[Make, Make], pairs: int) -> Compared:
    us: tuple[list[float], list[float]] = ([], [])
    said: tuple[set[int], set[int]] = (set(), set())
    for first in range(0, pairs, AT_ONCE):
        order = [n % 2 for n in range(2 * min(AT_ONCE, pairs - first))]
        random.shuffle(order)
        for which, answer in zip(order, sender.at_once([ask[n]() for n in order]), strict=True):
            us[which].append(1e6 * answer.seconds)
            said[which].add(answer.status)
    if len(said[0] | said[1]) != 1:
        raise AssertionError(f"{what}: the status tells: {said}")
    return Compared(f"{what} ({said[0].pop()})", *us)


# ── what is asked through the service


def _sign_ins(cheap: bool) -> Sequence[tuple[str, tuple[Make, Make]]]:  # noqa: FBT001
    how = "sign in, Argon2 made cheap" if cheap else "sign in"
    unknown = partial(_sign_in, "nobody", "wrong")
    return [
        (f"{how}: the same twice", (unknown, unknown)),
        (f"{how}: wrong password", (partial(_sign_in, "ann", "wrong"), unknown)),
        (f"{how}: right password, switched off", (partial(_sign_in, "gone", PASSWORD), unknown)),
        (f"{how}: no password set yet", (partial(_sign_in, "Nils Ek", PASSWORD), unknown)),
    ]


def _api(place: Place) -> Sequence[tuple[str, tuple[Make, Make]]]:
    ann, rae = place.cookies["ann"], place.cookies["rae"]
    codes = (partial(random.choice, HIDDEN), partial(random.choice, NOBODY))
    numbers = (partial(random.choice, place.hidden), uuid4)
    pseudonyms = (partial(random.choice, place.pseudonyms), lambda: uuid4().hex * 2)

    def both(path: str, things: Sequence[Ask], cookie: str, *send: str) -> tuple[Make, Make]:
        made = [partial(_about, path, thing, cookie, *send) for thing in things]
        return made[0], made[1]

    def bearers(secrets: Ask) -> tuple[Make, Make]:
        return partial(_bearer, secrets), partial(_bearer, lambda: PREFIX + "x" * 43)

    return [
        ("a patient: the same twice", both("/api/patients/{}", (codes[1], codes[1]), ann)),
        ("a patient, therapist", both("/api/patients/{}", codes, ann)),
        ("a patient, researcher", both("/api/patients/{}", pseudonyms, rae)),
        (
            "a patient, changed",
            both("/api/patients/{}", codes, ann, "PATCH", '{"target_contractions_per_muscle": 9}'),
        ),
        ("a patient's medical facts", both("/api/patients/{}/medical", codes, ann)),
        ("a patient's maxima", both("/api/patients/{}/mvc", codes, ann)),
        ("a patient's course", both("/api/patients/{}/progress", codes, ann)),
        ("a patient's sessions, 1000 of them", both("/api/sessions?patient={}", codes, ann)),
        ("patients whose code begins so", both("/api/patients?search={}", codes, ann)),
        ("a patient's notes", both("/api/notes?patient={}", codes, ann)),
        ("an upload for a patient", both("/api/uploads/a.c3d?patient={}", codes, ann, "PUT", "x")),
        ("a session, therapist", both("/api/sessions/{}", numbers, ann)),
        ("a session, researcher", both("/api/sessions/{}", numbers, rae)),
        ("a session's contractions", both("/api/sessions/{}/contractions", numbers, ann)),
        ("a session's signal", both("/api/signals/jit/{}", numbers, ann)),
        ("a session's notes", both("/api/notes?session={}", numbers, ann)),
        ("a note", both("/api/notes/{}/history", (lambda: place.note, uuid4), ann)),
        ("a delivery", both("/api/uploads/events/{}/replay", (lambda: 1, lambda: 99), ann, "POST")),
        ("a token, its first 30 characters right", bearers(lambda: place.token[:30] + "x" * 17)),
        ("a token, revoked", bearers(lambda: place.revoked)),
        ("a link, used", both("/welcome/{}", (lambda: place.used, lambda: "x" * 43), "")),
        (
            "a link, its first 30 characters right",
            both("/welcome/{}", (lambda: place.link[:30] + "x" * 13, lambda: "x" * 43), ""),
        ),
    ]


def _about(path: str, thing: Ask, cookie: str, method: str = "GET", body: str = "") -> bytes:
    return _request(method, path.format(thing()), body, f"Cookie: {COOKIE}={cookie}")


def _bearer(secret: Ask) -> bytes:
    return _request("GET", "/api/tokens", "", f"Authorization: Bearer {secret()}")


def _sign_in(login: str, password: str) -> bytes:
    body = f"login={login.replace(' ', '+')}&password={password.replace(' ', '+')}"
    return _request("POST", "/sign-in", body, "Content-Type: application/x-www-form-urlencoded")


def _request(method: str, path: str, body: str, header: str) -> bytes:
    typed = "" if "Content-Type" in header else "Content-Type: application/json\r\n"
    return (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{header}\r\n{typed}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


@contextmanager
def _served(cluster: Cluster, folder: Path, hasher: PasswordHasher) -> Generator[Lines]:
    """With a clock on which every attempt of signing in is the first for long."""
    moments = count(1_700_000_000, WINDOW_S)
    app = create_app(
        Settings(data_dir=folder, rate_per_person=0, rate_per_address=0),
        web_url=cluster.url("myograph_web"),
        store=folder_store(folder / "objects"),
        secret=SECRET,
        hasher=hasher,
        clock=lambda: float(next(moments)),
    )
    with listening(app) as server, lines(server.address, 1) as sender:
        yield sender


# ── the same by SQL, as a person who has a login to the database


def _compare_sql(cluster: Cluster, place: Place, pairs: int) -> None:
    questions: list[tuple[str, LiteralString, Sequence[object], Sequence[object]]] = [
        ("ann", "SELECT * FROM patients WHERE patient_code = %s", HIDDEN, NOBODY),
        ("ann", "SELECT * FROM therapy_sessions WHERE patient_id = %s", HIDDEN, NOBODY),
        ("ann", "SELECT * FROM therapy_sessions WHERE id = %s", place.hidden, place.absent),
        ("ann", "SELECT * FROM contractions WHERE session_id = %s", place.hidden, place.absent),
        ("ann", "SELECT * FROM clinical_notes WHERE id = %s", [place.note], place.absent),
        ("rae", "SELECT * FROM research_patients WHERE pseudonym = %s", place.pseudonyms, NOBODY),
        ("rae", "SELECT * FROM research_sessions WHERE id = %s", place.hidden, place.absent),
    ]
    for who, query, there, absent in questions:
        with psycopg.connect(place.login(cluster, who), autocommit=True) as conn:
            _asked(conn, query, (absent, there), 20)
            us = _asked(conn, query, (absent, there), pairs)
        print(Compared(f"SQL, {who}: {query.partition('FROM ')[2]}", us[1], us[0]), flush=True)


def _asked(
    conn: Connection, query: LiteralString, things: Sequence[Sequence[object]], pairs: int
) -> tuple[list[float], list[float]]:
    """Microseconds for things of the first kind, and of the second."""
    us: tuple[list[float], list[float]] = ([], [])
    order = [n % 2 for n in range(2 * pairs)]
    random.shuffle(order)
    for which in order:
        thing = random.choice(things[which])  # noqa: S311 - no secret
        began = time.perf_counter()
        found = conn.execute(query, [thing]).fetchall()
        us[which].append(1e6 * (time.perf_counter() - began))
        if found:
            raise AssertionError(f"{query} shows what is hidden")
    return us
