"""What the record of who did what costs: writers with and without it, sealing, verifying.

    ./dev bench audit [--full]

100 000 rows are sealed and verified, with --full 1 000 000. Four writers change a patient each, one
transaction after the other. The last row of the table is what sealing inside the transaction would
cost: a chain that each continues.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import psycopg

from bench._service import machine
from myograph.db import accounts, audit, audit_chain
from myograph.db.embedded import Cluster, running
from myograph.db.identity import Person, become
from myograph.services.audit_key import AuditKey
from myograph.services.verify_audit import verify_audit
from tests.database import PASSWORD_HASH
from tests.flow.demo import data_folder

WRITERS, CHANGES, ROUNDS = 4, 200, 4
ROWS = {False: 100_000, True: 1_000_000}

_IN_TRANSACTION = """
    CREATE FUNCTION app.bench_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = '' AS $$
    DECLARE last public.audit_seals;
    BEGIN
        PERFORM pg_advisory_xact_lock(1);
        SELECT * INTO last FROM public.audit_seals ORDER BY position DESC LIMIT 1;
        INSERT INTO public.audit_seals VALUES (COALESCE(last.position, 0) + 1, NEW.id, NEW.xid,
            sha256(COALESCE(last.hash, '') || convert_to(app.audit_text(NEW), 'UTF8')));
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER bench AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION app.bench_chain()
    """


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    print(machine())
    with data_folder() as folder, running(Path(folder)) as cluster:
        cluster.migrate()
        admin = _settle(cluster)
        _print_writers(cluster, admin)
        _print_reads(cluster, admin)
        _print_chain(cluster, ROWS[full])


def _settle(cluster: Cluster) -> Person:
    with psycopg.connect(cluster.url("myograph_migrator")) as conn:
        added = accounts.add(
            conn, login="ada", name="Ada", role="admin", password_hash=PASSWORD_HASH
        )
    admin = Person(added, "Ada", "admin")
    with psycopg.connect(cluster.url("myograph_web")) as conn:
        become(conn, admin)
        for n in range(WRITERS):
            conn.execute("INSERT INTO patients (patient_code) VALUES (%s)", [f"P10{n}"])
    return admin


def _print_writers(cluster: Cluster, admin: Person) -> None:
    """By turns, since the machine is another one from one minute to the next."""
    kinds = (_unrecorded, _recorded, _sealed, _chained)
    took: dict[str, list[float]] = {kind.__name__: [] for kind in kinds}
    _written(cluster, admin)
    for _ in range(ROUNDS):
        for kind in kinds:
            with _owner(cluster) as owner, kind(cluster, owner):
                took[kind.__name__] += _written(cluster, admin)
    print(
        f"\n{WRITERS} writers, {ROUNDS * CHANGES} transactions each      p50 ms   p99 ms    ratio"
    )
    for kind in kinds:
        _row(kind.__doc__ or "", took[kind.__name__], took["_unrecorded"])


@contextmanager
def _unrecorded(_: Cluster, owner: psycopg.Connection) -> Iterator[None]:
    """not recorded"""
    owner.execute("ALTER TABLE patients DISABLE TRIGGER audit")
    yield
    owner.execute("ALTER TABLE patients ENABLE TRIGGER audit")


@contextmanager
def _recorded(_: Cluster, __: psycopg.Connection) -> Iterator[None]:
    """recorded"""
    yield


@contextmanager
def _sealed(cluster: Cluster, _: psycopg.Connection) -> Iterator[None]:
    """recorded, and sealed every second"""
    with _sealing(cluster):
        yield


@contextmanager
def _chained(_: Cluster, owner: psycopg.Connection) -> Iterator[None]:
    """a chain in each transaction"""
    owner.execute("TRUNCATE audit_log, audit_seals")
    owner.execute(_IN_TRANSACTION)
    yield
    owner.execute("DROP TRIGGER bench ON audit_log")
    owner.execute("DROP FUNCTION app.bench_chain")
    owner.execute("TRUNCATE audit_log, audit_seals")


def _row(what: str, took_ms: list[float], plain: list[float]) -> None:
    p99 = quantiles(took_ms, n=100)[98]
    ratio = median(took_ms) / median(plain)
    print(f"{what:40} {median(took_ms):8.2f} {p99:8.2f} {ratio:8.2f}")


def _written(cluster: Cluster, admin: Person) -> list[float]:
    took: list[float] = []

    def write(code: str) -> None:
        with psycopg.connect(cluster.url("myograph_web")) as conn:
            for n in range(CHANGES):
                began = time.perf_counter()
                become(conn, admin)
                conn.execute(
                    "UPDATE patients SET target_contractions_per_muscle = %s"
                    " WHERE patient_code = %s",
                    [10 + n % 2, code],
                )
                conn.commit()
                took.append((time.perf_counter() - began) * 1000)

    writers = [threading.Thread(target=write, args=[f"P10{n}"]) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return took


@contextmanager
def _owner(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        yield conn


@contextmanager
def _sealing(cluster: Cluster) -> Iterator[None]:
    stop = threading.Event()

    def seal() -> None:
        with psycopg.connect(cluster.url("myograph_work"), autocommit=True) as conn:
            while not stop.wait(1.0):
                audit_chain.seal(conn)

    sealer = threading.Thread(target=seal)
    sealer.start()
    yield
    stop.set()
    sealer.join()


def _print_reads(cluster: Cluster, admin: Person) -> None:
    with psycopg.connect(cluster.url("myograph_web")) as conn:

        def read(key: str) -> float:
            become(conn, admin)
            conn.execute("SELECT 1")
            began = time.perf_counter()
            audit.note_read(conn, "therapy_sessions", key)
            conn.commit()
            return (time.perf_counter() - began) * 1000

        first = [read(f"{n}") for n in range(200)]
        again = [read(f"{n}") for n in range(200)]
    print(f"\na read is noted in {median(first):.2f} ms with its commit (p50),", end=" ")
    print(f"the same again in {median(again):.2f} ms")


def _print_chain(cluster: Cluster, rows: int) -> None:
    with _owner(cluster) as owner:
        owner.execute("TRUNCATE audit_log")
        began = time.perf_counter()
        owner.execute(
            """
            INSERT INTO audit_log (person_id, role, action, subject, row_key, changed, address,
                                   request_id, via)
            SELECT gen_random_uuid(), 'therapist', 'update', 'session_settings',
                   gen_random_uuid()::text, '{"rpe_post_session": [3, 4]}', '192.0.2.7',
                   md5(n::text), 'cookie'
              FROM generate_series(1, %s) n
            """,
            [rows],
        )
        owner.execute("ANALYZE")
    print(f"\n{rows} rows written in {time.perf_counter() - began:.1f} s")
    with psycopg.connect(cluster.url("myograph_work"), autocommit=True) as conn:
        took = _timed(lambda: _seal_all(conn))
        print(f"sealed in {took:.1f} s: {rows / took:.0f} per second")
        took = _timed(lambda: audit_chain.seal(conn))
        print(f"nothing to seal: {took * 1000:.1f} ms")
        found = None

        def verify() -> None:
            nonlocal found
            found = verify_audit(conn, AuditKey(b"a key"), [])

        took = _timed(verify)
        assert found is not None
        assert found.whole
        assert found.rows == rows
        print(f"verified in {took:.1f} s: {rows / took:.0f} per second")


def _seal_all(conn: psycopg.Connection) -> None:
    while audit_chain.seal(conn):
        pass


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
