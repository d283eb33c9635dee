"""A store that does not answer as it should, at many points of its answer; and full disks."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import psutil

from myograph.db import recovery
from myograph.services.receive_upload import Upload
from myograph.storage.objects import ObjectStore, S3Account, s3_store
from myograph.worker.run import run_until_empty
from tests.faults.outages import recording
from tests.faults.place import BUCKET, PATIENCE_S, Place
from tests.faults.proxy import (
    PASS,
    Fault,
    Proxy,
    fault_proxy,
    http_answer,
    reset,
    stall,
    truncate,
)
from tests.faults.rounds import Scenario
from tests.s3_server import KEYS, S3

TRIES = 2
READ_TIMEOUT_S = 0.5
IN_THE_HEAD, IN_THE_BODY = 40, 50_000

# None: nobody is there at all.
FAULTS: Final[Mapping[str, Fault | None]] = MappingProxyType(
    {
        "nobody is there": None,
        "an error of the server": http_answer("500 Internal Server Error"),
        "too much for it": http_answer("503 Slow Down", Retry_After="1"),
        "an answer with nothing in it": http_answer("200 OK", ETag='"x"'),
        "a reset at once": reset(0),
        "a reset in the head": reset(IN_THE_HEAD),
        "a reset in the body": reset(IN_THE_BODY),
        "the end in the head": truncate(IN_THE_HEAD),
        "the end in the body": truncate(IN_THE_BODY),
        "silence at once": stall(0),
        "silence in the head": stall(IN_THE_HEAD),
        "silence in the body": stall(IN_THE_BODY),
    }
)


def staying(s3: S3) -> dict[str, Scenario]:
    return {
        name: partial(given_up_and_replayed, s3=s3, name=name, fault=fault)
        for name, fault in FAULTS.items()
    }


def passing(s3: S3) -> dict[str, Scenario]:
    return {
        name: partial(broken_once, s3=s3, name=name, fault=fault) for name, fault in FAULTS.items()
    }


def given_up_and_replayed(place: Place, s3: S3, name: str, fault: Fault | None) -> None:
    """Tried again, then a dead letter that says why; told to try once more, it succeeds."""
    session_id, content_key = _announced(place, s3, name)
    with _through_a_proxy(s3) as (store, proxy):
        with _broken(proxy, fault):
            for _ in range(TRIES):
                place.hasten()
                _work_off(place, store)
        _gave_up(place, session_id)
        place.lost[content_key] = "gave_up"
        _replay(place, session_id)
        place.lost.clear()
        place.hasten()
        _work_off(place, store)
    place.is_all_well()


def broken_once(place: Place, s3: S3, name: str, fault: Fault | None) -> None:
    """The next connection is as good as ever: nobody notices, or it is tried again."""
    _announced(place, s3, name)
    with _through_a_proxy(s3) as (store, proxy):
        if fault is not None:
            proxy.from_now_on(fault, PASS)
        for _ in range(TRIES):
            place.hasten()
            _work_off(place, store)
    place.is_all_well()


def _announced(place: Place, s3: S3, named: str) -> tuple[UUID, str]:
    """The object lies in the S3 store; the folder has a copy, for the checker to read."""
    name, content = f"unassigned/{named}.c3d", recording(1)
    place.put(content, name)
    s3.put(name, content)
    head = s3.store.head(f"{BUCKET}/{name}")
    received = place.announce(Upload(BUCKET, name, size_bytes=head.size, etag=head.etag))
    place.accepted.add(received.session_id)
    return received.session_id, head.key


@contextmanager
def _through_a_proxy(s3: S3) -> Generator[tuple[ObjectStore, Proxy]]:
    server = urlsplit(s3.endpoint)
    with fault_proxy((server.hostname or "", server.port or 0)) as proxy:
        account = S3Account(
            f"http://{proxy.host}:{proxy.port}", **KEYS, read_timeout_s=READ_TIMEOUT_S
        )
        yield s3_store(account), proxy


def _broken(proxy: Proxy, fault: Fault | None) -> AbstractContextManager[None]:
    if fault is None:
        return _door_closed(proxy)
    proxy.from_now_on(fault)
    return _mended(proxy)


@contextmanager
def _door_closed(proxy: Proxy) -> Generator[None]:
    proxy.close_door()
    yield
    proxy.open_door()


@contextmanager
def _mended(proxy: Proxy) -> Generator[None]:
    yield
    proxy.from_now_on(PASS)


def _work_off(place: Place, store: ObjectStore) -> None:
    run_until_empty(place.url("myograph_work"), store, pseudonym_key="k" * 32, max_tries=TRIES)


def _gave_up(place: Place, session_id: UUID) -> None:
    with place.database.connect("myograph_work") as conn:
        found = conn.execute(
            "SELECT processing_status, failure_kind, processing_error_message"
            "  FROM therapy_sessions WHERE id = %s",
            [session_id],
        ).fetchone()
    assert found is not None
    assert found[:2] == ("failed", "gave_up"), found
    assert "the store" in found[2].lower(), found


def _replay(place: Place, session_id: UUID) -> None:
    with place.database.connect("myograph_work") as conn:
        recovery.analyse_again(conn, session_id)


# ── full disks


@contextmanager
def full_disk(process: psutil.Process, after_bytes: int) -> Generator[None]:
    """No file of this process may grow beyond so many bytes, its log neither."""
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (after_bytes, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, before)


def no_room_for_an_upload(place: Place, after_bytes: int) -> None:
    """The store takes no more: whoever uploads is told, and nothing half remains."""
    with place.web() as web, place.worker() as worker:
        with full_disk(web.program.process, after_bytes), web.client(timeout=PATIENCE_S) as client:
            answer = client.put("/api/uploads/1.c3d", content=recording(1))
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"]
            assert not list(place.objects.rglob("*.c3d*"))
        place.accepted.add(web.upload(recording(1)))
        place.settles()
        worker.ends()
    place.is_all_well()


def no_room_for_the_worker(place: Place, after_bytes: int) -> None:
    """It cannot copy the recording to measure it: it says so, and tries again."""
    with place.worker() as worker, full_disk(worker.process, after_bytes):
        session_id = place.upload(recording(1))
        place.waits_with(session_id, "no place for a copy")
    with place.worker() as worker:
        place.settles()
        worker.ends()
    place.is_all_well()
