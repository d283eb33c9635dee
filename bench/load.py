"""A hundred recordings uploaded at once: all analysed, as one after the other would be.

    ./dev bench load

Bars on 2 cores: 30 s from the first byte to the last scores, results equal to the last bit to those
of a serial run, and /livez never slower than 50 ms meanwhile.
"""

import json
import multiprocessing
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import psycopg

from bench._service import machine, recordings, unlike
from myograph.db import reprocessing
from myograph.db.embedded import running as database
from myograph.db.pool import open_pool
from myograph.services.analyse_session import Terms, analyse_session
from myograph.services.measure_file import measure_here
from myograph.storage.objects import folder_store
from tests.flow.demo import Demo, data_folder, running, wait_for

COUNT, AT_ONCE = 100, 100
BAR_S, BAR_LIVE_MS = 30, 50
QUERY = "?patient=P001&left=CH1&right=CH2"


def main(full: bool) -> None:  # noqa: ARG001, FBT001 - as every benchmark
    print(f"{machine()}; {COUNT} recordings of 1.0 to 2.9 MB, {AT_ONCE} uploads at once")
    with data_folder() as folder:
        with running(folder, "--sessions", "0") as demo:
            files = recordings()
            distinct = [unlike(files[n % len(files)], n) for n in range(COUNT)]
            _upload(demo, [unlike(files[0], 5000)])
            _row("distinct bytes", demo, distinct)
            _row("5 recordings, 20 times each", demo, [files[n % len(files)] for n in range(COUNT)])
        _compare(folder)


def _row(what: str, demo: Demo, contents: list[bytes]) -> None:
    stop = multiprocessing.Event()
    waits: Queue[list[float]] = multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe, args=(demo.address, stop, waits))
    prober.start()
    began = time.perf_counter()
    uploaded_s, sessions = _upload(demo, contents)
    wait_for(lambda: _settled(demo) >= sessions, 600)
    took_s = time.perf_counter() - began
    stop.set()
    live_ms = sorted(1000 * s for s in waits.get())
    prober.join()
    p99 = live_ms[int(0.99 * (len(live_ms) - 1))]
    print(
        f"{what:28}{took_s:7.1f} s  bar {BAR_S}; uploaded after {uploaded_s:.1f} s; /livez p99"
        f" {p99:.1f} ms, slowest {live_ms[-1]:.1f} ms of {len(live_ms)}, bar {BAR_LIVE_MS}"
    )


def _upload(demo: Demo, contents: list[bytes]) -> tuple[float, int]:
    """Seconds until all are stored, and how many sessions there are then."""
    browser = demo.browser("therapist")
    browser.get("/api/sessions?limit=1")
    began = time.perf_counter()

    def one(content: bytes) -> str:
        answer = browser.send("PUT", f"/api/uploads/{uuid.uuid4()}.c3d{QUERY}", content)
        return json.loads(answer)["session_id"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, contents))
    return time.perf_counter() - began, _counts(demo)[0]


def _counts(demo: Demo) -> tuple[int, int]:
    """Sessions, and those that are done."""
    with psycopg.connect(_url(demo.folder)) as conn:
        row = conn.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE processing_status IN ('completed', 'failed'))
              FROM therapy_sessions
            """
        ).fetchone()
    return row or (0, 0)


def _settled(demo: Demo) -> int:
    return _counts(demo)[1]


def _url(folder: Path) -> str:
    """The demo's own database, which its server has written down where it runs."""
    with database(folder) as cluster:
        return cluster.url("myograph_work")


def probe(address: str, stop: Event, waits: "Queue[list[float]]") -> None:
    """In a process of its own: what uploads must not slow down what measures.

    Where it waits for a processor itself, before it asks or once the answer is there, nobody else
    is slow: that is not counted.
    """
    found: list[float] = []
    while not stop.is_set():
        began, stood_by_s = time.perf_counter(), _stood_by_s()
        with urllib.request.urlopen(f"{address}/livez") as answer:  # noqa: S310 - our own server
            answer.read()
        found.append(time.perf_counter() - began - (_stood_by_s() - stood_by_s))
        time.sleep(0.01)
    waits.put(found)


def _stood_by_s() -> float:
    """How long this thread has waited for a processor since it began (Linux tells)."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


def _compare(folder: Path) -> None:
    """The demo has ended: each of its sessions is analysed again, one after the other."""
    with database(folder) as cluster:
        url, key = cluster.url("myograph_work"), cluster.secrets.pseudonym_key
        store = folder_store(folder / "objects")
        with open_pool(url, size=3, timeout=30) as pool:
            with pool.connection() as conn:
                parallel = _results(conn)
                sessions = [
                    s for batch in reprocessing.chosen(conn, reprocessing.Wanted()) for s in batch
                ]
            for session_id in sessions:
                with pool.connection() as conn:
                    # Nobody finds bytes of his own: each is measured.
                    conn.execute("UPDATE emg_statistics SET file_hash = repeat('0', 64)")
                    reprocessing.open_again(conn, session_id)
                analyse_session(
                    pool, store, session_id, terms=Terms(pseudonym_key=key), measure=measure_here
                )
            with pool.connection() as conn:
                serial = _results(conn)
    verdict = "equal" if serial == parallel else "NOT equal"
    print(f"{len(sessions)} sessions, {len(serial)} rows: {verdict} to those of a serial run")


def _results(conn: psycopg.Connection) -> list[tuple[str]]:
    """Every stored number, without what tells when and how long."""
    return conn.execute(
        """
        SELECT (to_jsonb(t) - '{processed_at,processing_time_ms,file_hash}'::text[])::text
          FROM emg_statistics t
        UNION ALL
        SELECT to_jsonb(t)::text FROM contractions t
        UNION ALL
        SELECT (to_jsonb(t) - 'calculated_at')::text FROM performance_scores t
         ORDER BY 1
        """
    ).fetchall()
