"""Many sessions are analysed again: chosen and queued a batch at a time, each in a commit."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from psycopg import Connection

from myograph.db import reprocessing
from myograph.db.reprocessing import Wanted

Transactions = Callable[[], AbstractContextManager[Connection]]
Queue = Callable[[Connection, Sequence[UUID]], list[int]]


def reprocess_sessions(
    transactions: Transactions, wanted: Wanted, *, queue: Queue = reprocessing.queue
) -> tuple[list[UUID], list[int]]:
    """The sessions that were chosen, and the jobs of those that did not wait for it already.

    What breaks it off leaves what was queued until then; asked again, it queues the rest.
    """
    sessions: list[UUID] = []
    jobs: list[int] = []
    with transactions() as choosing:
        for batch in reprocessing.chosen(choosing, wanted):
            with transactions() as conn:
                jobs += queue(conn, batch)
            sessions += batch
    return sessions, jobs
