"""An administrator has ten thousand sessions analysed again: how long asking takes, and who waits.

    ./dev bench ingest reprocess [--full]

No worker runs, so that nothing but the asking is measured. Bar: answered within 2 s. What others
wait for meanwhile is told beside what they wait for when nobody asks.
"""

import json
import multiprocessing
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from pathlib import Path

import psycopg

from bench._lines import Lines, lines
from bench._service import machine
from bench.ingest import Deliveries, Server, served
from bench.load import probe
from myograph.db import accounts
from myograph.db.embedded import Cluster, running
from myograph.db.tokens import SCOPES
from myograph.services.come_in import token_by_command
from tests.database import PASSWORD_HASH

BAR_S = 2.0
PER_S, SECONDS = 20, 4  # deliveries
_FILL = """
    INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version, processing_status,
                                  processing_version, created_at)
    SELECT 'P001/old-' || n || '.c3d', 'emg_data', '1', 'completed', '2020.1',
           timestamptz '2020-01-01' + n * interval '1 minute'
      FROM generate_series(1, %s) n
    """


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    count = 100_000 if full else 10_000
    with tempfile.TemporaryDirectory(prefix="myograph-b-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        with served(data, "--no-worker") as server, lines(server.address, 10) as senders:
            with running(data) as cluster:
                token = _settled(cluster, count)
            made = Deliveries(data)
            print(f"{count} sessions; {machine()}")
            _turn("nobody asks", server, senders, made, lambda: None)
            for what in ("asked", "asked again"):
                _turn(what, server, senders, made, lambda: _ask(server, token))


def _settled(cluster: Cluster, count: int) -> str:
    """The sessions, and an administrator's token."""
    with psycopg.connect(cluster.url("postgres")) as conn:
        conn.execute("SET session_replication_role = replica")  # nobody is told of each
        conn.execute(_FILL, [count])
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute("ANALYZE")
    with psycopg.connect(cluster.url("myograph_migrator")) as conn:
        ada = accounts.add(conn, login="ada", name="Ada", role="admin", password_hash=PASSWORD_HASH)
        return token_by_command(conn, ada, "bench", scopes=SCOPES).secret


def _ask(server: Server, token: str) -> str:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.address}/api/reprocess",
        data=json.dumps({"older_than_method": True}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        said = json.load(answer)
    took_s = time.perf_counter() - began
    return f"answered {said} after {took_s:.2f} s, bar {BAR_S:g} s, ratio {took_s / BAR_S:.2f}"


def _turn(
    what: str, server: Server, senders: Lines, made: Deliveries, ask: Callable[[], str | None]
) -> None:
    stop = multiprocessing.Event()
    waits: Queue[list[float]] = multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe, args=(server.address, stop, waits))
    prober.start()
    with ThreadPoolExecutor(1) as asker:
        asked = asker.submit(ask)
        requests = [made.request() for _ in range(PER_S * SECONDS)]
        delivered = [a.seconds for a in senders.steadily(requests, per_s=PER_S)]
        said = asked.result()
    stop.set()
    live = waits.get()
    prober.join()
    print(f"{what}{'' if said is None else f': {said}'}")
    print(f"  /livez {_told(live)}; deliveries, {PER_S} a second: {_told(delivered)}")


def _told(seconds: Sequence[float]) -> str:
    ordered = sorted(1000 * s for s in seconds)
    p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    return f"p50 {p50:.1f}, p99 {p99:.1f}, slowest {ordered[-1]:.1f} ms of {len(ordered)}"
