"""Sweeps beside the jobs: what nobody announced is found, and what is old is forgotten."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial

import psycopg
import structlog
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from myograph.services.forget_old import Retention, forget_old
from myograph.services.look_into_store import Progress
from myograph.services.measure_file import Stopped
from myograph.services.sweep_outbox import sweep_outbox
from myograph.services.sweep_uploads import Swept, sweep_uploads
from myograph.storage.drafts import remove_abandoned_drafts
from myograph.storage.objects import ObjectStore

log = structlog.get_logger()

SWEEPS = 3  # that go on at once
_LOOK_EVERY_S = 60.0  # whether a listing is due: another worker may have ended since the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """What is swept, and how often, a listing by all workers together.

    store       left alone where it does not answer, as by the analyses
    settle_s    what was touched since may still be being written
    retention   how long what is over is kept
    """

    pool: ConnectionPool[Connection]
    store: ObjectStore
    buckets: tuple[str, ...]
    listing_every_s: float
    outbox_every_s: float
    forget_every_s: float
    settle_s: float
    retention: Retention = field(default_factory=Retention)


@asynccontextmanager
async def sweeping(of: Sweeping) -> AsyncGenerator[None]:
    """The outbox, beside it one bucket after the other, and what is old: now and then, while the
    block lasts."""
    stop = threading.Event()
    listings = [partial(_sweep, of, bucket, stop) for bucket in of.buckets]
    sweepers = [
        asyncio.create_task(_for_ever([partial(_sweep_outbox, of, stop)], of.outbox_every_s)),
        asyncio.create_task(_for_ever(listings, min(_LOOK_EVERY_S, of.listing_every_s))),
        asyncio.create_task(_for_ever([partial(_forget, of, stop)], of.forget_every_s)),
    ]
    try:
        yield
    finally:
        stop.set()  # a thread ends with its next step; cancelling only ends the wait for it
        for sweeper in sweepers:
            sweeper.cancel()
        for sweeper in sweepers:
            with suppress(asyncio.CancelledError):
                await sweeper


async def _for_ever(sweeps: Sequence[Callable[[], None]], every_s: float) -> None:
    while True:
        for sweep in sweeps:
            await _now(sweep)
        await asyncio.sleep(every_s)


async def _now(work: Callable[[], None]) -> None:
    try:
        await asyncio.to_thread(work)
    except Stopped:
        return
    except (psycopg.Error, PoolTimeout) as exc:
        log.warning("sweep", error=type(exc).__name__)
    except Exception as exc:  # noqa: BLE001 - an edge: one sweep that fails must not end the next
        log.error("sweep", error=type(exc).__name__)  # noqa: TRY400 - its trace may quote a name


def _sweep_outbox(of: Sweeping, stop: threading.Event) -> None:
    settled = sweep_outbox(of.pool, beat=partial(_go_on, stop))
    if settled:
        log.info("sweep_outbox", settled=settled)


def _sweep(of: Sweeping, bucket: str, stop: threading.Event) -> None:
    def beat(_: Progress) -> None:
        _go_on(stop)

    swept = sweep_uploads(
        of.pool,
        of.store,
        bucket,
        beat=beat,
        settle_s=of.settle_s,
        every_s=of.listing_every_s,
    )
    if swept is None:
        return
    _log(swept)
    if of.store.root is not None:
        remove_abandoned_drafts(of.store.root)


def _forget(of: Sweeping, stop: threading.Event) -> None:
    forgotten = asdict(forget_old(of.pool, of.retention, beat=partial(_go_on, stop)))
    if any(forgotten.values()):
        log.info("forgotten", **forgotten)


def _go_on(stop: threading.Event) -> None:
    """Unless the worker stops."""
    if stop.is_set():
        raise Stopped


def _log(swept: Swept) -> None:
    """Numbers alone: a problem may quote a name, and stands with the sweep in the database."""
    write = log.info if swept.problem is None else log.warning
    numbers = {name: n for name, n in asdict(swept.counts).items() if n is not None}
    write("sweep", bucket=swept.bucket, whole=swept.problem is None, **numbers)
