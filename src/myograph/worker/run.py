"""The worker: takes jobs until it is stopped, and takes back what dead workers held."""

import asyncio
import os
import secrets
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import psycopg
import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.signals import on_stop
from procrastinate.utils import wait_any
from psycopg_pool import PoolTimeout

from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.db import lease
from myograph.db.pool import open_pool
from myograph.services.analyse_session import Terms
from myograph.services.event_targets import Target, announce
from myograph.services.extract_metadata import DEFAULT_ZONE
from myograph.services.forget_old import Retention
from myograph.services.keep_audit import Keeping
from myograph.services.measure_file import Measure, measure_here
from myograph.storage.listing import SETTLE_S
from myograph.storage.objects import ObjectStore
from myograph.storage.scratch import scratch_folder
from myograph.worker.breaker import Breaker, guarded
from myograph.worker.measuring import Limits
from myograph.worker.processes import Processes
from myograph.worker.queue import QUEUE, WAITS_S, open_queue
from myograph.worker.sealer import SEALS, Sealing, sealing
from myograph.worker.sender import sending
from myograph.worker.sweeper import SWEEPS, Sweeping, sweeping
from myograph.worker.tasks import Has

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a worker looks around; tests are more impatient.

    stalled_s   a worker that is silent for so long is dead
    poll_s      looks for jobs this often where no notification came
    listing_every_s   a bucket is listed this often by all workers together
    outbox_every_s    and the store's own outbox by each of them
    settle_s    a file that was touched since may still be being written
    forget_every_s    what is kept for a time only is looked through this often
    seal_every_s      what people did is sealed this often
    anchor_every_s    and this often one looks whether a day has passed since the last anchor
    stop_within_s    what runs when it is asked to stop may end by itself; then it is put down
    """

    reap_every_s: float = 30.0
    stalled_s: float = 30.0
    heartbeat_s: float = 10.0
    poll_s: float = 5.0
    stop_within_s: float = 10.0
    listing_every_s: float = 15 * 60.0
    outbox_every_s: float = 60.0
    forget_every_s: float = 60 * 60.0
    settle_s: float = SETTLE_S
    seal_every_s: float = 1.0
    anchor_every_s: float = 60 * 60.0


@dataclass(frozen=True, slots=True, repr=False)
class Work:
    """Where a worker finds its jobs and how it does them; `url` holds a password."""

    url: str
    store: ObjectStore
    terms: Terms
    buckets: tuple[str, ...] = ()
    concurrency: int = 1
    rhythm: Rhythm = field(default_factory=Rhythm)
    breaker: Breaker = field(default_factory=Breaker)
    keeping: Keeping = field(default_factory=Keeping)
    retention: Retention = field(default_factory=Retention)


def run_worker(
    url: str,
    store: ObjectStore,
    *,
    pseudonym_key: str,
    timezone: str = DEFAULT_ZONE,
    protocol: Protocol = DEFAULT,
    concurrency: int | None = None,
    rhythm: Rhythm | None = None,
    lease_s: float = 30.0,
    targets: Sequence[Target] = (),
    limits: Limits | None = None,
    buckets: tuple[str, ...] = (),
    keeping: Keeping | None = None,
    retention: Retention | None = None,
) -> None:
    """Work until SIGINT or SIGTERM; jobs that run then are finished, or left to another worker.

    url    the worker's login; LISTEN needs a direct connection, no pooler in transaction mode
    targets    are told what becomes of sessions
    limits     of what measuring one file may cost
    buckets    are looked through for what nobody announced
    keeping    of the log of who did what
    retention  of what else is kept for a time only
    """
    terms = Terms(pseudonym_key=pseudonym_key, zone=timezone, protocol=protocol, lease_s=lease_s)
    work = Work(
        url,
        store,
        terms,
        buckets,
        concurrency or os.cpu_count() or 1,
        rhythm or Rhythm(),
        keeping=keeping or Keeping(),
        retention=retention or Retention(),
    )
    # A claim is kept alive well before it runs out.
    processes = Processes(limits, beat_every_s=lease_s / 4)
    with processes, _equipped(work, processes.measure) as has:
        announce(has.pool, targets)
        asyncio.run(_work(work, has, targets))


def run_until_empty(
    url: str,
    store: ObjectStore,
    *,
    pseudonym_key: str,
    protocol: Protocol = DEFAULT,
    max_tries: int = 5,
) -> None:
    """Do every job that is due and return, measuring in this very process."""
    terms = Terms(pseudonym_key=pseudonym_key, protocol=protocol, max_tries=max_tries)
    work = Work(url, store, terms)
    with _equipped(work, measure_here) as has:
        asyncio.run(_work_off(work, has))


@contextmanager
def _equipped(work: Work, measure: Measure) -> Generator[Has]:
    size = _for_analyses(work.concurrency)
    holder = secrets.randbits(62)
    with (
        scratch_folder() as folder,
        open_pool(
            work.url,
            size=size,
            timeout=WAITS_S,
            application="myograph worker",
            configure=lambda conn: lease.show_life(conn, holder),
        ) as pool,
    ):
        terms = replace(work.terms, scratch=folder, holder=holder)
        yield Has(pool, guarded(work.store, work.breaker), terms, measure)


def connections(concurrency: int) -> int:
    """How many a worker has at most."""
    return _for_analyses(concurrency) + _for_queue(concurrency)


def _for_analyses(concurrency: int) -> int:
    """Two for each: one that saves, one that says it still goes on.

    A sweep reads with one and writes with another; the sealer has one.
    """
    return 2 * concurrency + 5


def _for_queue(concurrency: int) -> int:
    return concurrency + 4


async def _work(work: Work, has: Has, targets: Sequence[Target]) -> None:
    sweep = Sweeping(
        pool=has.pool,
        store=has.store,
        buckets=work.buckets,
        listing_every_s=work.rhythm.listing_every_s,
        outbox_every_s=work.rhythm.outbox_every_s,
        forget_every_s=work.rhythm.forget_every_s,
        settle_s=work.rhythm.settle_s,
        retention=work.retention,
    )
    seals = Sealing(
        pool=has.pool,
        store=work.store,
        keeping=work.keeping,
        seal_every_s=work.rhythm.seal_every_s,
        anchor_every_s=work.rhythm.anchor_every_s,
    )
    asyncio.get_running_loop().set_default_executor(_threads(work, targets))
    queue = _queue(work)
    async with (
        queue.open_async() as app,
        sending(has.pool, targets),
        sweeping(sweep),
        sealing(seals),
    ):
        reaper = asyncio.create_task(_reap_for_ever(work, has))
        try:
            await _take_jobs(work, has, app)
        finally:
            reaper.cancel()
            with suppress(asyncio.CancelledError):
                await reaper


def _threads(work: Work, targets: Sequence[Target]) -> ThreadPoolExecutor:
    """One for each analysis, the reaper, each sweep and seal, and each who is told of events.

    As many as Python has by itself depend on the processors: six where there are two.
    """
    return ThreadPoolExecutor(work.concurrency + 1 + SWEEPS + SEALS + len(targets))


async def _take_jobs(work: Work, has: Has, app: App) -> None:
    """Until asked to stop. A database that is away, or only reads, is waited for."""
    asked = asyncio.Event()
    with on_stop(asked.set):
        while not asked.is_set():
            try:
                await _take_jobs_until(asked, work, has, app)
            except ConnectorException as exc:
                log.warning("queue_lost", error=type(exc.__cause__ or exc).__name__)
                await wait_any(asked.wait(), asyncio.sleep(work.rhythm.poll_s))


async def _take_jobs_until(asked: asyncio.Event, work: Work, has: Has, app: App) -> None:
    """What runs when it is asked to stop may end by itself."""
    taking = asyncio.create_task(
        app.run_worker_async(
            queues=[QUEUE],
            name="myograph",
            concurrency=work.concurrency,
            fetch_job_polling_interval=work.rhythm.poll_s,
            update_heartbeat_interval=work.rhythm.heartbeat_s,
            stalled_worker_timeout=work.rhythm.stalled_s,
            shutdown_graceful_timeout=work.rhythm.stop_within_s,
            install_signal_handlers=False,
            delete_jobs="successful",
            additional_context={"has": has},
        )
    )
    await wait_any(taking, asked.wait())
    if not taking.cancelled():
        taking.result()


async def _work_off(work: Work, has: Has) -> None:
    async with _queue(work).open_async() as app:
        await app.run_worker_async(
            queues=[QUEUE],
            wait=False,
            listen_notify=False,
            install_signal_handlers=False,
            delete_jobs="successful",
            additional_context={"has": has},
        )


def _queue(work: Work) -> App:
    return open_queue(work.url, most=_for_queue(work.concurrency))


async def _reap_for_ever(work: Work, has: Has) -> None:
    """At the start too: whatever the last worker left behind is taken up at once.

    What a database could not be told that took nothing is told as soon as it does.
    """
    while True:
        wait_s = work.rhythm.reap_every_s
        try:
            reaped = await asyncio.to_thread(_reap, work, has)
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning("reap", error=type(exc).__name__)
            wait_s = min(wait_s, work.rhythm.poll_s)
        else:
            if reaped:
                log.warning("reap", reaped=reaped)
        await asyncio.sleep(wait_s)


def _reap(work: Work, has: Has) -> int:
    stalled_s = work.rhythm.stalled_s
    with has.pool.connection() as conn:
        reaped = lease.reap(conn, max_tries=work.terms.max_tries, stalled_s=stalled_s)
        return reaped + lease.take_back_jobs(conn, stalled_s=stalled_s)
