"""Sweeps of the store: a bucket listed and compared, by folder, S3 and Supabase's own table.

    ./dev bench sweep [--full]

Bar: 50 000 objects, 20 of odd names among them, listed and compared in less than 60 s. The first
sweep gives every object its session; the second finds nothing new.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import psycopg
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from myograph.db.embedded import running
from myograph.db.pool import open_pool
from myograph.services.sweep_uploads import Pool, sweep_uploads
from myograph.storage.objects import ObjectStore, S3Account, folder_store, s3_store
from tests.odd_names import ODD, UNREADABLE
from tests.services.test_sweep_supabase import INSTALLED

BUCKET = "emg_data"
BAR_S = 60


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    count = 50_000 if full else 2_000
    wanted = [*names(count - len(ODD)), *ODD]
    print(f"{len(wanted)} objects, {len(ODD)} of them with odd names; bar {BAR_S} s for 50 000")
    with tempfile.TemporaryDirectory(prefix="myograph-b-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        in_folder(folder / "folder", wanted)
        in_s3(folder / "s3", wanted)
        in_table(folder / "table", wanted)


def names(count: int) -> list[str]:
    return [f"P{n % 200:03}/Ghostly_Emg_20260105_{n:06}.c3d" for n in range(count)]


def in_folder(folder: Path, wanted: list[str]) -> None:
    bucket = folder / "objects" / BUCKET
    for name in wanted:
        path = bucket / name
        if name not in UNREADABLE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
    with database(folder) as (pool, _):
        timed("folder", pool, folder_store(folder / "objects"))


def in_s3(folder: Path, wanted: list[str]) -> None:
    with s3(wanted) as store, database(folder) as (pool, _):
        timed("S3", pool, store)


def in_table(folder: Path, wanted: list[str]) -> None:
    with s3([]) as store, database(folder) as (pool, owner):
        for part in INSTALLED:
            owner.execute(part.encode())
        with owner.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO storage.objects (id, bucket_id, name, version, metadata)
                VALUES (gen_random_uuid(), %s, %s, gen_random_uuid(),
                        jsonb_build_object('eTag', md5(%s), 'size', 3))
                """,
                [(BUCKET, name, name) for name in wanted],
            )
        owner.execute("ANALYZE storage.objects")
        timed("storage.objects", pool, store)


@contextmanager
def database(folder: Path) -> Iterator[tuple[Pool, psycopg.Connection]]:
    with running(folder / "data") as cluster:
        cluster.migrate()
        with (
            open_pool(cluster.url("myograph_work"), size=3) as pool,
            psycopg.connect(cluster.url("postgres"), autocommit=True) as owner,
        ):
            yield pool, owner


@contextmanager
def s3(wanted: list[str]) -> Iterator[ObjectStore]:
    """In a process of its own, so that its work is not taken for ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_s3, args=(theirs, wanted))
    process.start()
    try:
        yield s3_store(S3Account(ours.recv(), key_id="k", secret="s"))  # noqa: S106
    finally:
        ours.send("enough")
        process.join()


def serve_s3(told: Pipe, wanted: list[str]) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    backend = s3_backends["123456789012"]["aws"]
    backend.create_bucket(BUCKET, "us-east-1")
    for name in wanted:
        backend.put_object(BUCKET, name, name.encode())
    host, port = server.get_host_and_port()
    told.send(f"http://{host}:{port}")
    told.recv()
    server.stop()


def timed(kind: str, pool: Pool, store: ObjectStore) -> None:
    first, second = [_once(pool, store) for _ in range(2)]
    _row(f"{kind}, first", *first)
    _row(f"{kind}, again", *second)


def _once(pool: Pool, store: ObjectStore) -> tuple[float, float, str]:
    listed_s = 0.0
    began = time.perf_counter()

    def beat(progress) -> None:  # noqa: ANN001
        nonlocal listed_s
        if progress.stage == "listing":
            listed_s = time.perf_counter() - began

    swept = sweep_uploads(pool, store, BUCKET, beat=beat, settle_s=0)
    assert swept is not None
    assert swept.problem is None, swept.problem
    counts = swept.counts
    said = f"{counts.listed} listed, {counts.created} new, {counts.refused} refused"
    return listed_s, time.perf_counter() - began, said


def _row(what: str, listed_s: float, whole_s: float, said: str) -> None:
    print(f"  {what:24} listed {listed_s:6.2f} s   whole {whole_s:6.2f} s   {said}")
