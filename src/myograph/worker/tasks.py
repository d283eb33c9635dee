"""Background work: each task is a name, a retry rule and a call to a service."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

import structlog
from procrastinate import BaseRetryStrategy, Blueprint, JobContext, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job
from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.analysis.edits import Edit
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Measurement
from myograph.db import reprocessing
from myograph.errors import LeaseLost, StoreResting
from myograph.services import analyse_session as analysing
from myograph.services import extract_metadata as extracting
from myograph.services import rescore_session as rescoring
from myograph.services.analyse_session import Terms
from myograph.services.measure_file import Measure, Stopped
from myograph.storage.objects import ObjectStore

log = structlog.get_logger()

tasks = Blueprint()


@dataclass(frozen=True, slots=True)
class Has:
    """What the tasks of one worker work with."""

    pool: ConnectionPool[Connection]
    store: ObjectStore
    terms: Terms
    measure: Measure


class Again(BaseRetryStrategy):
    """Four times later each time, spread out so that many do not come back at once.

    It outlasts the tries that a session has, which are counted with the session: those of workers
    that died count there too.
    """

    def __init__(self, *, first_s: float, attempts: int) -> None:
        self._first_s = first_s
        self._attempts = attempts

    def is_last(self, job: Job) -> bool:
        return job.attempts >= self._attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, LeaseLost) or self.is_last(job):
            return None
        if isinstance(exception, JobAborted):  # by a worker that stops, not by the file
            return RetryDecision(retry_in={"seconds": 0})
        later_s = self._first_s * 4**job.attempts
        spread_s = later_s * random.uniform(0.75, 1.25)  # noqa: S311, no secret
        return RetryDecision(retry_in={"milliseconds": round(1000 * spread_s)})


AGAIN = Again(first_s=4.0, attempts=6)  # five tries of a session take about six minutes
FIVE_TIMES = Again(first_s=4.0, attempts=4)  # of what has no count of its own


@tasks.task(name="analyse_session", pass_context=True, retry=AGAIN)
def analyse_session(context: JobContext, session_id: str) -> None:
    has = _has(context)
    measure = _until_stopped(has.measure, context)
    try:
        outcome = analysing.analyse_session(
            has.pool, has.store, UUID(session_id), terms=has.terms, measure=measure
        )
    except Stopped as exc:
        log.info("analyse_session", session=session_id, outcome="put_down")
        raise JobAborted from exc
    except Exception as exc:
        log.warning(
            "analyse_session", session=session_id, outcome="again", error=type(exc).__name__
        )
        raise
    log.info("analyse_session", session=session_id, outcome=outcome)


@tasks.task(name="reprocess_session", pass_context=True, retry=AGAIN)
def reprocess_session(context: JobContext, session_id: str) -> None:
    """What is done is opened again only now, so that it counts as done while it waits."""
    with _has(context).pool.connection() as conn:
        reprocessing.open_again(conn, UUID(session_id))
    analyse_session(context, session_id)


@tasks.task(name="extract_metadata", pass_context=True, retry=FIVE_TIMES)
def extract_metadata(context: JobContext, session_id: str) -> None:
    """Where it fails for good nothing is lost: the analysis reads the same from the whole file."""
    has = _has(context)
    try:
        extracting.extract_metadata(has.pool, has.store, UUID(session_id), zone=has.terms.zone)
    except StoreResting:
        log.info("extract_metadata", session=session_id, outcome="left_to_the_analysis")


@tasks.task(name="rescore_session", pass_context=True, retry=FIVE_TIMES)
def rescore_session(context: JobContext, session_id: str) -> None:
    has = _has(context)
    try:
        scored = rescoring.rescore_session(
            has.pool, UUID(session_id), pseudonym_key=has.terms.pseudonym_key
        )
    except Exception as exc:
        log.warning("rescore_session", session=session_id, error=type(exc).__name__)
        if FIVE_TIMES.is_last(context.job):
            rescoring.give_up(has.pool, UUID(session_id))
        raise
    log.info("rescore_session", session=session_id, scored=scored)


def _until_stopped(measure: Measure, context: JobContext) -> Measure:
    """A worker that must stop does not wait for the file: it would keep the claim until it ran out.

    Asked with every beat.
    """

    def measured(
        path: Path,
        protocol: Protocol,
        recover: bool,  # noqa: FBT001, as in Measure
        edits: Sequence[Edit],
        beat: Callable[[], None],
    ) -> Measurement:
        def beat_or_stop() -> None:
            if context.should_abort():
                raise Stopped
            beat()

        return measure(path, protocol, recover, edits, beat_or_stop)

    return measured


def _has(context: JobContext) -> Has:
    return cast("Has", context.additional_context["has"])  # pyright: ignore[reportUnknownMemberType] - procrastinate's dict is untyped
