"""Seals what people did beside the jobs, so that nobody can change it unseen."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import psycopg
import structlog
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from myograph.db import audit_chain
from myograph.errors import MyographError
from myograph.services.keep_audit import Keeping, keep_audit
from myograph.storage.objects import ObjectStore

log = structlog.get_logger()

BATCH = 10_000
SEALS = 2  # that go on at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What is sealed and anchored where, and how often one looks whether it is time."""

    pool: ConnectionPool[Connection]
    store: ObjectStore
    keeping: Keeping
    seal_every_s: float
    anchor_every_s: float


@asynccontextmanager
async def sealing(of: Sealing) -> AsyncGenerator[None]:
    """Now and then while the block lasts; of all workers one at a time seals."""
    if of.keeping.key is None:
        log.warning("audit_not_anchored", reason="MYOGRAPH_AUDIT_KEY is not set")
    sealers = [
        asyncio.create_task(_for_ever(partial(_seal, of), of.seal_every_s)),
        asyncio.create_task(_for_ever(partial(_keep, of), of.anchor_every_s)),
    ]
    try:
        yield
    finally:
        for sealer in sealers:
            sealer.cancel()
        for sealer in sealers:
            with suppress(asyncio.CancelledError):
                await sealer


async def _for_ever(work: Callable[[], bool], every_s: float) -> None:
    while True:
        more = False
        try:
            more = await asyncio.to_thread(work)
        except (psycopg.Error, PoolTimeout, MyographError) as exc:
            log.warning("audit", error=type(exc).__name__)
        if not more:
            await asyncio.sleep(every_s)


def _seal(of: Sealing) -> bool:
    with of.pool.connection() as conn:
        return audit_chain.seal(conn, most=BATCH) == BATCH


def _keep(of: Sealing) -> bool:
    """Position and hash stand in the log, too: a place more where the database cannot reach."""
    anchor, gap = keep_audit(of.pool, of.store, of.keeping, datetime.now(UTC))
    if anchor is not None:
        log.info("audit_anchored", position=anchor.position, hash=anchor.hash)
    if gap is not None:
        log.info("audit_removed", to=gap.to_position, rows=gap.row_count)
    return False
