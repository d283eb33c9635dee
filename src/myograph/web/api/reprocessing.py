"""Having many sessions analysed again, and how far that is. For administrators."""

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from myograph.analysis.method import METHOD
from myograph.db import monitoring, reprocessing
from myograph.db.reprocessing import Wanted
from myograph.errors import BadInput
from myograph.services.reprocess_sessions import reprocess_sessions
from myograph.web.deps import Administrator, Transaction, short_transaction
from myograph.web.texts import CODE

router = APIRouter(prefix="/api/reprocess", tags=["sessions"])
TASK: Final = "reprocess_session"
ONE_OF: Final = "Please say all, a patient, older_than_method, or the last two together."


class Wish(BaseModel, frozen=True, extra="forbid"):
    """Which sessions: all that have a file, those of a patient, or of another method than today's.

    A patient and older_than_method together: what of that patient is older.
    """

    all: bool = False
    patient: Annotated[str | None, Field(max_length=64, pattern=CODE)] = None
    older_than_method: bool = False

    def wanted(self) -> Wanted:
        if self.all == (self.patient is not None or self.older_than_method):
            raise BadInput(ONE_OF)
        return Wanted(patient=self.patient, older=self.older_than_method)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many sessions wait, are in work, or will be tried again later; all 0: it is done.

    older_sessions    were measured by another method than today's, whether they wait or not
    """

    method: str
    waiting: int
    running: int
    put_off: int
    older_sessions: int


@dataclass(frozen=True, slots=True)
class Queued:
    """Sessions that were chosen, and how many of them did not wait for it already."""

    chosen: int
    queued: int


@router.get("")
def progress(conn: Transaction, _: Administrator) -> Progress:
    """Results stay until there are new ones, and fresh uploads come first."""
    found = next((one for one in monitoring.queued_work(conn) if one.task == TASK), None)
    waiting, running, put_off = (
        (0, 0, 0) if found is None else (found.waiting, found.running, found.put_off)
    )
    return Progress(METHOD, waiting, running, put_off, reprocessing.older(conn))


@router.post("", status_code=HTTPStatus.ACCEPTED)
def reprocess(wish: Wish, request: Request, visitor: Administrator) -> Queued:
    """What people entered and corrected stays. Asked twice, nothing waits twice."""
    sessions, jobs = reprocess_sessions(
        partial(short_transaction, request, visitor),
        wish.wanted(),
        queue=reprocessing.queue_for_admin,
    )
    return Queued(len(sessions), len(jobs))
