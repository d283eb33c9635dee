"""The database goes away, comes back, or cannot be written to; a worker is stopped, and goes on."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, LiteralString
from uuid import UUID

import httpx2
import psutil

from myograph.db import embedded
from myograph.db.embedded import Cluster
from myograph.db.keeping import Care, kept_running
from myograph.db.rows import certain
from tests.database import SURE
from tests.faults.place import PATIENCE_S, Place, Program, Web, wait_for
from tests.faults.points import Point
from tests.faults.proxy import fault_proxy, slow
from tests.game_files import game_file

KEPT_OPEN = ": ping"
SERVED = "/.s.PGSQL."
LISTENERS: LiteralString = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'myograph queue'
       AND query LIKE 'LISTEN%'
    """
LAST_HEARTBEAT: LiteralString = "SELECT max(last_heartbeat) FROM queue.procrastinate_workers"


def recording(number: int) -> bytes:
    """Never the same bytes twice: the last sample tells them apart."""
    content = game_file(seed=number % 4, bursts=2)
    return content[:-4] + number.to_bytes(2, "little") + content[-2:]


# ── PostgreSQL


def server_of(cluster: Cluster) -> str:
    """The address of a server that a proxy can stand before."""
    return f"{cluster.host}{SERVED}{cluster.port}"


def power_cut(cluster: Cluster) -> None:
    """What is not written down is lost, and nobody is told. Of a server that is SURE."""
    pid = postmaster_of(cluster)
    os.kill(pid, signal.SIGQUIT)
    wait_for(lambda: not psutil.pid_exists(pid) or _is_dead(pid))


def postmaster_of(cluster: Cluster) -> int:
    return int((cluster.data_dir / "postgres/postmaster.pid").read_text("utf-8").split()[0])


def started_again(cluster: Cluster) -> None:
    with embedded.running(cluster.data_dir, options=SURE):
        pass  # it stays for whoever had it before


def _is_dead(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def restarts_under_load(place: Place, times: int) -> None:
    """Files come in and are analysed while the server dies, so many times."""
    cluster = place.database.cluster
    with place.web() as web, place.worker(concurrency=2) as worker, _uploading(place, web) as done:
        for _ in range(times):
            _goes_on(done)
            power_cut(cluster)
            started_again(cluster)
        _goes_on(done)
        assert web.program.runs, web.program.said()
        assert worker.runs, worker.said()
        done.stop()
        place.sweep()
        place.settles()
        worker.ends()
    place.is_all_well()


def hangs_under_load(place: Place) -> None:
    """It lives and says nothing: whoever keeps it replaces it, and all goes on."""
    cluster = place.database.cluster
    care = Care(look_every_s=0.1, ask_every_s=0.5, patience_s=1.0)
    with (
        place.web() as web,
        place.worker() as worker,
        kept_running(cluster, options=SURE, care=care),
    ):
        place.accepted.add(until_taken(web, 1))
        hangs = postmaster_of(cluster)
        os.kill(hangs, signal.SIGSTOP)
        wait_for(lambda: _is_dead(hangs))
        place.accepted.add(until_taken(web, 2))
        place.sweep()
        place.settles()
        assert web.program.runs, web.program.said()
        assert worker.runs, worker.said()
        worker.ends()
    place.is_all_well()


def _goes_on(done: "_Done") -> None:
    """Two more are taken in, so that the one before is being analysed."""
    before = len(done)
    wait_for(lambda: len(done) >= before + 2)


class _Done(list[UUID]):
    """Sessions that somebody was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = threading.Event()
        self.thread = threading.Thread()

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(PATIENCE_S)


@contextmanager
def _uploading(place: Place, web: Web) -> Generator[_Done]:
    """A person who uploads one file after another, and whatever was refused again."""
    done = _Done()

    def upload() -> None:
        number = 0
        while not done.stopping.wait(0.01):
            with suppress(httpx2.HTTPError, AssertionError):
                session_id = web.upload(recording(number), f"{number}.c3d")
                place.accepted.add(session_id)
                done.append(session_id)
                number += 1

    done.thread = threading.Thread(target=upload)
    done.thread.start()
    try:
        yield done
    finally:
        done.stop()


# ── connections


def cuts_of_listeners(place: Place, times: int) -> None:
    """Every connection of web and worker is cut, those that listen too; the page goes on."""
    with (
        fault_proxy(server_of(place.database.cluster)) as proxy,
        place.web(proxy=proxy) as web,
        place.worker(proxy=proxy) as worker,
    ):
        stream = Stream(web)
        for number in range(times):
            wait_for(lambda: proxy.connections > 0)
            assert proxy.cut() > 0
            session_id = until_taken(web, number)
            place.accepted.add(session_id)
            try:
                stream.until_completed(session_id)
            except AssertionError as wrong:
                raise AssertionError(f"{wrong}\n{place.how_it_stands()}") from None
        place.sweep()
        place.settles()
        _is_whole_again(place)
        worker.ends()
    place.is_all_well()


def _is_whole_again(place: Place) -> None:
    """The worker hears of new jobs, and shows that it lives."""
    wait_for(lambda: _one(place, LISTENERS) == 1)
    shown = _one(place, LAST_HEARTBEAT)
    wait_for(lambda: _one(place, LAST_HEARTBEAT) > shown)


def _one(place: Place, query: LiteralString) -> Any:
    with place.database.connect("postgres") as conn:
        return certain(conn.execute(query).fetchone())[0]


def until_taken(web: Web, number: int) -> UUID:
    """A person tries again where the answer is to do so."""

    def upload() -> UUID | None:
        with web.client(timeout=PATIENCE_S) as client:
            answer = client.put(f"/api/uploads/{number}.c3d", content=recording(number))
        assert answer.status_code in {202, 503}, answer.text
        return UUID(answer.json()["session_id"]) if answer.status_code == 202 else None

    return wait_for(upload)


class Stream:
    """What a page hears of its sessions: it comes back where the stream ends, as browsers do."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._last_id = ""
        self._events = self._heard()
        next(self._events)  # the line is open: nothing from now on is missed

    def until_completed(self, session_id: UUID) -> None:
        deadline = time.monotonic() + PATIENCE_S
        for state in self._events:
            if state.get("id") == str(session_id) and state["processing_status"] == "completed":
                return
            assert time.monotonic() < deadline, f"nobody said that {session_id} is analysed"

    def _heard(self) -> Iterator[dict[str, str]]:
        while True:
            with suppress(httpx2.HTTPError):
                yield from self._one_connection()

    def _one_connection(self) -> Iterator[dict[str, str]]:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        with (
            self._web.client(timeout=PATIENCE_S, headers=headers) as client,
            client.stream("GET", "/api/events") as answer,
        ):
            if answer.status_code != 200:
                return
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line == KEPT_OPEN:
                    yield {}
                if name == "id":
                    self._last_id = value
                elif name == "data":
                    yield json.loads(value)


def long_way_to_the_database(place: Place, round_trip_s: float) -> None:
    with fault_proxy(server_of(place.database.cluster)) as proxy:
        proxy.from_now_on(slow(round_trip_s))
        place.upload(recording(1))
        with place.worker(proxy=proxy, lease_s=30.0) as worker:
            place.settles()
            worker.ends()
    place.is_all_well()


def no_database_for_a_while(place: Place) -> None:
    """Nobody can reach it; web and worker live on, and say so."""
    with (
        fault_proxy(server_of(place.database.cluster)) as proxy,
        place.web(proxy=proxy) as web,
        place.worker(proxy=proxy) as worker,
    ):
        place.accepted.add(web.upload(recording(1)))
        proxy.close_door()
        with web.client(timeout=PATIENCE_S) as client:
            answer = client.put("/api/uploads/2.c3d", content=recording(2))
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2")
            assert "database" in answer.text
            assert client.get("/livez").status_code == 200
            assert client.get("/readyz").status_code == 503
        proxy.open_door()
        place.accepted.add(until_taken(web, 3))
        place.sweep()
        place.settles()
        _is_whole_again(place)
        worker.ends()
    place.is_all_well()


def no_database_again_and_again(place: Place, times: int, *, seed: int = 0) -> None:
    """For as long as chance says, in whatever the worker does just then."""
    chance = random.Random(seed)  # noqa: S311 - a test
    with (
        fault_proxy(server_of(place.database.cluster)) as proxy,
        place.worker(proxy=proxy) as worker,
    ):
        for number in range(times):
            place.upload(recording(2 * number))
            time.sleep(chance.random())
            proxy.close_door()
            time.sleep(chance.choice([0.5, 1, 2, 3, 5, 8]))
            proxy.open_door()
            place.upload(recording(2 * number + 1))
            place.settles()
            _is_whole_again(place)
        worker.ends()
    place.is_all_well()


def stopped_without_a_database(place: Place) -> None:
    """As an operator does who stops all of it, the database first: none has to be killed."""
    with (
        fault_proxy(server_of(place.database.cluster)) as proxy,
        place.worker(proxy=proxy, waits_s=1.0) as one,
    ):
        place.upload(recording(1))
        place.settles()
        proxy.close_door()
        wait_for(lambda: "queue_lost" in one.said())
        one.ends()
    place.is_all_well()


def read_only_for_a_while(place: Place) -> None:
    """As a server is whose disk ran full, or which is a copy of another."""
    with place.web() as web, place.worker() as worker:
        place.accepted.add(web.upload(recording(1)))
        place.settles()
        _set_read_only(place, "on")
        with web.client(timeout=PATIENCE_S) as client:
            answer = client.put("/api/uploads/2.c3d", content=recording(2))
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2"), (
                answer.text
            )
            assert client.get("/api/sessions").status_code == 200
        _set_read_only(place, "off")
        place.accepted.add(until_taken(web, 3))
        place.sweep()
        place.settles()
        assert worker.runs, worker.said()
        worker.ends()
    place.is_all_well()


def _set_read_only(place: Place, value: str) -> None:
    """For every connection from now on; those there are end."""
    writing = {"autocommit": True, "options": "-c default_transaction_read_only=off"}
    with place.database.connect("postgres", **writing) as conn:
        conn.execute(
            f"ALTER DATABASE {place.database.name} SET default_transaction_read_only = {value}"
        )
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# ── a worker that is stopped


BEFORE_SAVING = Point("before it saves", "myograph.services.analyse_session:_save", "before")


def stopped_and_continued(place: Place, *, lease_s: float, quick: bool, for_s: float = 0.0) -> None:
    """Another takes the session over; what the first one would still write is refused.

    for_s    it is stopped at least so long
    """
    session_id = place.upload(recording(1))
    with place.worker(BEFORE_SAVING, do="stop", lease_s=lease_s) as slept:
        wait_for(lambda: slept.reached and _is_stopped(slept))
        stopped_at = time.monotonic()
        with place.worker() as other:
            place.settles(impatient=quick, within_s=PATIENCE_S + 4 * lease_s)
            other.ends()
        saved = place.saved(session_id)
        wait_for(lambda: time.monotonic() - stopped_at >= for_s, PATIENCE_S + for_s)
        slept.process.send_signal(signal.SIGCONT)
        wait_for(lambda: "lease_lost" in slept.said())
        place.settles()
        slept.ends()
    assert place.saved(session_id) == saved
    place.is_all_well()


def _is_stopped(program: Program) -> bool:
    return program.process.status() == psutil.STATUS_STOPPED
