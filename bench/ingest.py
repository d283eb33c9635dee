"""What comes in: deliveries to the webhook, uploads, far stores, workers, known bytes,
what is analysed again.

./dev bench ingest [deliveries | uploads | workers | remote | cache | reprocess] [--full]
"""

import hashlib
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg

from bench._lines import Answer, Lines, lines
from bench._service import machine
from myograph.db.embedded import running, secrets_of
from myograph.services.standard_webhooks import key_of, signed
from myograph.simulate.presets import Wish, session
from myograph.simulate.sessions import simulate_session
from myograph.storage.objects import ObjectStore, folder_store
from myograph.web.api.webhooks import ADDRESS

AT_ONCE, WARM_UP, BURSTS, PER_S = 100, 50, 5, 100
BEFORE = 1000  # sessions that are there already
_numbers = count()


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    """Names of parts after `ingest` choose them."""
    chosen = set(sys.argv) & set(PARTS) or set(PARTS)
    for name, part in PARTS.items():
        if name in chosen:
            part(full)


def _deliveries(full: bool) -> None:  # noqa: FBT001 - as main
    with tempfile.TemporaryDirectory(prefix="myograph-b-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        with served(data, "--no-worker") as server, lines(server.address, AT_ONCE) as senders:
            _measure(server, senders, Deliveries(data), seconds=60 if full else 10)


def _measure(server: "Server", senders: Lines, made: "Deliveries", *, seconds: int) -> None:
    for _ in range(BEFORE // AT_ONCE):
        _all_at_once(senders, made, AT_ONCE, known=False)
    server.analyse()
    _all_at_once(senders, made, WARM_UP)
    for known in (True, False):
        began = server.cpu_s() | {"client": senders.cpu_s()}
        bursts = [_all_at_once(senders, made, AT_ONCE, known=known) for _ in range(BURSTS)]
        now = server.cpu_s() | {"client": senders.cpu_s()}
        files = "recordings that lie in the store" if known else "of which nothing is there yet"
        print(f"{AT_ONCE} deliveries at once, {files}; median of {BURSTS} bursts")
        print(f"  with metadata in the answer {_described(bursts):.0%}")
        for share, bar_ms in ((0.5, None), (0.95, 50), (0.99, 100)):
            _row(f"p{100 * share:.0f}", statistics.median(_at(b, share) for b in bursts), bar_ms)
        each = [f"{who} {1000 * (now[who] - began[who]) / AT_ONCE / BURSTS:.2f} ms" for who in now]
        print(f"  processor time for each: {'  '.join(each)}")
    requests = [made.request() for _ in range(PER_S * seconds)]
    answers = senders.steadily(requests, per_s=PER_S)
    failed = sum(not 200 <= a.status < 300 for a in answers)
    print(f"{PER_S} deliveries a second for {seconds} s: {len(answers)} answers, {failed} failed")
    _row("p50", _at(answers, 0.5), None)
    _row("p99", _at(answers, 0.99), 50)
    print(machine())


# ── the service


@dataclass(frozen=True)
class Server:
    data: Path
    process: subprocess.Popen[str]
    address: str

    def analyse(self) -> None:
        """As autovacuum does within the first minute: a new database plans for empty tables."""
        with (
            running(self.data) as cluster,
            psycopg.connect(cluster.url("postgres", "myograph"), autocommit=True) as conn,
        ):
            conn.execute("ANALYZE")

    def cpu_s(self) -> dict[str, float]:
        """Of the web and of the database, so far."""
        own = psutil.Process(self.process.pid)
        postgres = [p for p in own.children(recursive=True) if "postgres" in p.name()]
        return {"web": _used_s(own), "database": sum(map(_used_s, postgres))}


def _used_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        used = process.cpu_times()
        return used.user + used.system
    return 0.0


@contextmanager
def served(data: Path, *options: str, **settings: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "myograph", "serve", "--port", "0", *options]
    process = subprocess.Popen(
        [*command, "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"MYOGRAPH_DATA_DIR": str(data), **settings},
    )
    try:
        said = next(line for line in process.stdout or () if "ready at" in line)
        yield Server(data, process, re.findall(r"http://\S+", said)[0])
    finally:
        process.terminate()
        process.wait(30)


# ── the senders


class Deliveries:
    """Made as Supabase's trigger does, each of an object of its own."""

    def __init__(self, data: Path) -> None:
        self._key = key_of(secrets_of(data).webhook_secret)
        self._store: ObjectStore = folder_store(data / "objects")
        self._first = self._store.put("emg_data/P001/first.c3d", [recording()])

    def request(self, *, known: bool = True) -> bytes:
        """known: its recording lies in the store."""
        name = f"P001/{next(_numbers)}.c3d"
        if not known:
            return request_of(self._key, name, self._first.size, uuid4().hex)
        path = Path(str(self._store.root)) / "emg_data" / name
        path.hardlink_to(path.with_name("first.c3d"))
        return request_of(self._key, name, self._first.size, self._first.etag)


def recording() -> bytes:
    started = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - as the game writes it
    return simulate_session(session(Wish(seconds=12.0), start=started, seed=1), 1)[0]


def request_of(key: bytes, name: str, size: int, etag: str) -> bytes:
    record = {"id": str(uuid4()), "bucket_id": "emg_data", "name": name}
    record |= {"version": str(uuid4()), "metadata": {"size": size, "eTag": f'"{etag}"'}}
    place = {"type": "INSERT", "table": "objects", "schema": "storage"}
    body = json.dumps(place | {"record": record, "old_record": None}).encode()
    number = hashlib.sha256(body).hexdigest()
    headers = signed(key, number=number, at=int(time.time()), body=body)
    lines = [f"POST {ADDRESS} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{n}: {v}" for n, v in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _all_at_once(
    senders: Lines, made: Deliveries, count: int, *, known: bool = True
) -> list[Answer]:
    answers = senders.at_once([made.request(known=known) for _ in range(count)])
    assert {a.status for a in answers} == {202}, {a.body for a in answers if a.status != 202}
    return answers


def _described(bursts: Sequence[Sequence[Answer]]) -> float:
    answers = [answer for burst in bursts for answer in burst]
    return sum(b'"emg_labels"' in a.body for a in answers) / len(answers)


def _at(answers: Sequence[Answer], share: float) -> float:
    ordered = sorted(a.seconds for a in answers)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _row(what: str, seconds: float, bar_ms: float | None) -> None:
    bar = "" if bar_ms is None else f"   bar {bar_ms:g}, ratio {1000 * seconds / bar_ms:.2f}"
    print(f"  {what:4} {1000 * seconds:8.1f} ms{bar}")


def _of(benchmark: str) -> Callable[[bool], None]:
    """What another file measures, which may lean on this one."""
    return lambda full: importlib.import_module(f"bench.{benchmark}").main(full)


PARTS = {
    "deliveries": _deliveries,
    "uploads": _of("load"),
    "workers": _of("workers"),
    "remote": _of("remote"),
    "cache": _of("cache"),
    "reprocess": _of("reprocess"),
}
