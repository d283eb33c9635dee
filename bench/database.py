"""What a session costs the database: bytes, and the time to receive, save and list it.

    ./dev bench database [--full]

Bar: 15 kB for a session of 24 contractions, indexes included, as autovacuum leaves it. The log of
deliveries is kept for 30 days and counted apart.
"""

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg

from myograph.analysis.measure import measure
from myograph.analysis.method import METHOD
from myograph.analysis.protocol import DEFAULT
from myograph.analysis.results import Measurement
from myograph.c3d.recording import read_facts, read_recording
from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession
from myograph.db import accounts, lease, patients, results, sessions
from myograph.db.embedded import Cluster, running
from myograph.db.identity import Person, become
from myograph.recording import Facts
from myograph.services.receive_upload import Upload, receive_upload
from myograph.services.rescore_session import score
from myograph.simulate.sessions import SimulatedSession, simulate_session
from myograph.simulate.signals import Burst, Muscle

BAR_BYTES = 15_000
START = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - as the game writes it
TABLES = (
    "therapy_sessions",
    "c3d_technical_data",
    "emg_statistics",
    "contractions",
    "performance_scores",
    "session_settings",
)
LOG = "upload_events"


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    count = 10_000 if full else 2_000
    with tempfile.TemporaryDirectory(prefix="myograph-b-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data", options=("autovacuum_naptime=1s",)) as cluster:
            cluster.migrate()
            person = _clinic(cluster)
            times = _fill(cluster, person, count)
            print(f"{count} sessions of 24 contractions, each measured anew")
            for name, taken in times.items():
                print(f"  {name:8} median {1000 * statistics.median(taken):6.2f} ms")
            _print_bytes(cluster, count)
            _print_lists(cluster, person)


def _clinic(cluster: Cluster) -> Person:
    with psycopg.connect(cluster.url("myograph_migrator")) as conn:
        made = accounts.add(
            conn,
            login="a",
            name="A",
            role="admin",
            password_hash="$argon2id$none",  # noqa: S106
        )
    person = Person(made, "A", "admin")
    with psycopg.connect(cluster.url("myograph_web")) as conn:
        become(conn, person)
        for number in range(20):
            patients.add(conn, f"P{number:03}", research_consent=True)
    return person


def _fill(cluster: Cluster, person: Person, count: int) -> dict[str, list[float]]:
    content, _ = simulate_session(_twelve_bursts(), 1)
    facts = read_facts(BytesSource(content))
    measured = measure(read_recording(BytesSource(content)), DEFAULT)
    assert sum(len(c.contractions) for c in measured.channels) == 24
    times: dict[str, list[float]] = {"receive": [], "save": []}
    with (
        psycopg.connect(cluster.url("myograph_web")) as web,
        psycopg.connect(cluster.url("myograph_work")) as work,
    ):
        for number in range(count):
            upload = Upload(
                "emg_data",
                f"P{number % 20:03}/{number:06}/Ghostly_Emg_20260105_09-00-00-0000.c3d",
                size_bytes=len(content),
                etag=f"{number}",
                patient_code=f"P{number % 20:03}",
                left="CH1",
                right="CH2",
                facts=facts,
            )
            times["receive"].append(_timed(lambda: _receive(web, person, upload)))  # noqa: B023
            [made] = work.execute(
                "SELECT id FROM therapy_sessions WHERE storage_etag = %s", [f"{number}"]
            ).fetchall()
            digest = hashlib.sha256(str(number).encode()).hexdigest()
            save = partial(_save, work, made[0], measured, facts, digest, len(content))
            times["save"].append(_timed(save))
    return times


def _twelve_bursts() -> SimulatedSession:
    muscle = Muscle(tuple(Burst(2.0 + 4 * i, 4.5 + 4 * i, rms_v=50e-6) for i in range(12)))
    return SimulatedSession(seconds=52, muscles=(muscle, muscle), game=GameSession(start=START))


def _receive(conn: psycopg.Connection, person: Person, upload: Upload) -> None:
    become(conn, person)
    receive_upload(conn, upload)
    conn.commit()


def _save(
    conn: psycopg.Connection,
    session_id: UUID,
    measured: Measurement,
    facts: Facts,
    digest: str,
    size_bytes: int,
) -> None:
    claim = lease.claim(conn, session_id, seconds=30)
    assert claim is not None
    conn.commit()
    lease.hold(conn, claim)
    results.identify(conn, session_id, digest, size_bytes=size_bytes)
    results.remember_protocol(conn, DEFAULT, METHOD)
    channels = results.channels_of(measured, facts)
    scored = score(conn, session_id, channels, pseudonym_key="key")
    results.replace(
        conn,
        session_id,
        measured,
        facts=facts,
        score=scored.score,
        inputs=scored.inputs,
        file_hash=digest,
        program="bench",
        took_ms=1,
    )
    scored.save(conn, session_id)
    lease.complete(
        conn,
        claim,
        method=METHOD,
        took_ms=1,
        findings=results.findings_of(measured),
        list_row=scored.list_row,
    )
    conn.commit()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _print_bytes(cluster: Cluster, count: int) -> None:
    total = 0
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        for table in TABLES:
            rows, indexes = _sizes(conn, table)
            total += rows + indexes
            print(f"  {table:22} {rows / count:7.0f} B rows {indexes / count:7.0f} B indexes")
        print(f"  a session                {total / count:7.0f} B, bar {BAR_BYTES} B")
        print(f"  its delivery, for 30 days {sum(_sizes(conn, LOG)) / count:6.0f} B")
        for table in TABLES:
            conn.execute(f"VACUUM FULL {table}")
        vacuumed = sum(sum(_sizes(conn, table)) for table in TABLES)
        print(f"  a session, packed anew   {vacuumed / count:7.0f} B")


def _sizes(conn: psycopg.Connection, table: str) -> tuple[int, int]:
    return next(
        conn.execute(
            "SELECT pg_table_size(%s::regclass), pg_indexes_size(%s::regclass)", [table, table]
        )
    )


def _print_lists(cluster: Cluster, person: Person) -> None:
    with psycopg.connect(cluster.url("myograph_web")) as conn:
        become(conn, person)
        for name, ask in {
            "newest 50": lambda: sessions.newest(conn, person),
            "counts": lambda: sessions.counts(conn, person),
        }.items():
            taken = [_timed(ask) for _ in range(50)]
            print(f"  {name:10} median {1000 * statistics.median(taken):6.2f} ms")
