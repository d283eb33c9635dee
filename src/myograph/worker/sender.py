"""Sends events to others beside the jobs: a receiver that is slow keeps no recording waiting."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
import structlog
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from myograph.services.event_targets import Target

log = structlog.get_logger()

EVERY_S = 1.0


@asynccontextmanager
async def sending(
    pool: ConnectionPool[Connection], targets: Sequence[Target]
) -> AsyncGenerator[None]:
    """Each target is told what it waits for, apart from the others, while the block lasts."""
    senders = [asyncio.create_task(_for_ever(pool, target)) for target in targets]
    try:
        yield
    finally:
        for sender in senders:
            sender.cancel()
        for sender in senders:
            with suppress(asyncio.CancelledError):
                await sender


async def _for_ever(pool: ConnectionPool[Connection], target: Target) -> None:
    # Most workers tell nobody anything, and do without what speaks HTTP.
    from myograph.services import send_events  # noqa: PLC0415, see above

    with send_events.client() as client:
        while True:
            try:
                sent = await asyncio.to_thread(send_events.send_next, pool, client, target)
            except (psycopg.Error, PoolTimeout) as exc:
                log.warning("event", target=target.name, error=type(exc).__name__)
                sent = False
            if not sent:
                await asyncio.sleep(EVERY_S)
