"""A store 50 ms away: how soon after a delivery its file's technical data are stored.

    ./dev bench remote [--full]

Bar: within 2 s at p99. A service with its worker; an S3 store (moto) whose every answer comes 50 ms
late; 5 deliveries a second, for 20 s or 60.
"""

import logging
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import psycopg
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

from bench._lines import lines
from bench._service import machine
from bench.ingest import Server, recording, request_of, served
from myograph.db.embedded import running, secrets_of
from myograph.services.standard_webhooks import key_of
from myograph.storage.objects import ObjectStore, S3Account, s3_store
from tests.flow.demo import wait_for

LATE_S, PER_S, BAR_S = 0.05, 5, 2.0


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    count = PER_S * (60 if full else 20)
    with tempfile.TemporaryDirectory(prefix="myograph-b-") as folder, _far_away() as endpoint:
        Path(folder).chmod(0o711)
        store = s3_store(S3Account(endpoint, key_id="k", secret="s"))  # noqa: S106
        with served(Path(folder) / "data", **_settings(endpoint)) as server:
            waits = _measure(server, store, count)
    at = sorted(waits)
    print(
        f"{count} deliveries, {PER_S} a second, each answer of the store {1000 * LATE_S:g} ms late"
    )
    for share in (0.5, 0.95, 0.99):
        print(f"  technical data stored, p{100 * share:.0f}  {at[int(share * (count - 1))]:6.2f} s")
    print(f"  slowest {at[-1]:.2f} s, bar {BAR_S:g} s at p99; {machine()}")


@contextmanager
def _far_away() -> Generator[str]:
    """The address of a store in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve_late, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve_late(told: Pipe) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3_backends["123456789012"]["aws"].create_bucket("emg_data", "us-east-1")
    near = DomainDispatcherApplication(create_backend_app)

    def late(environ, start):  # noqa: ANN001, ANN202 - as WSGI has it
        time.sleep(LATE_S)
        return near(environ, start)

    server = make_server("127.0.0.1", 0, late, threaded=True)
    told.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def _settings(endpoint: str) -> dict[str, str]:
    return {
        "MYOGRAPH_STORAGE_URL": "s3://emg_data",
        "MYOGRAPH_STORAGE_ENDPOINT": endpoint,
        "MYOGRAPH_STORAGE_KEY_ID": "k",
        "MYOGRAPH_STORAGE_SECRET": "s",
    }


def _measure(server: Server, store: ObjectStore, count: int) -> list[float]:
    """Seconds from each receipt until another connection sees the technical data."""
    key, content = key_of(secrets_of(server.data).webhook_secret), recording()
    requests: list[bytes] = []
    seen: dict[str, float] = {}
    with running(server.data) as cluster:
        url = cluster.url("postgres", "myograph")
        with psycopg.connect(url, autocommit=True) as conn:
            # The sweep at the start would find them before any delivery does.
            wait_for(lambda: conn.execute("SELECT FROM sweeps WHERE ended_at IS NOT NULL").rowcount)
            for number in range(count):
                stored = store.put(f"emg_data/P001/{number}.c3d", [content])
                requests.append(request_of(key, f"P001/{number}.c3d", stored.size, stored.etag))
            watching = threading.Thread(target=_watch, args=(url, seen, count))
            watching.start()
            with lines(server.address, 10) as senders:
                answers = senders.steadily(requests, per_s=PER_S)
            watching.join()
            assert {a.status for a in answers} == {202}
            received = conn.execute(
                "SELECT object_name, extract(epoch FROM received_at)::float8 FROM upload_events"
            ).fetchall()
    return [seen[name] - at for name, at in received]


def _watch(url: str, seen: dict[str, float], count: int) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        while len(seen) < count:
            found = conn.execute(
                """
                SELECT s.file_path FROM c3d_technical_data t
                  JOIN therapy_sessions s ON s.id = t.session_id
                """
            ).fetchall()
            now = time.time()
            for (name,) in found:
                seen.setdefault(name, now)
            time.sleep(0.01)
