"""Who did what: everybody's own actions, for administrators all."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from myograph.db import audit
from myograph.db.audit import Entry, Wanted
from myograph.web.api.cursors import behind, place
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Transaction
from myograph.web.reading import listed
from myograph.web.texts import NO_NUL

router = APIRouter(prefix="/api/audit", tags=["audit"], route_class=EtagRoute)
MAX_PAGE: Final = 200
LARGEST_ID: Final = 2**63 - 1

Name = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Newest first. `next` asks for the page after this one; None: there is none."""

    entries: list[Entry]
    next: str | None


@router.get("")
def page(
    request: Request,
    conn: Transaction,
    person: UUID | None = None,
    action: Name = None,
    subject: Name = None,
    row: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> AuditPage:
    """What was done by this person, for an administrator by anybody: from `from`, before `to`.

    `subject` is a table or what else it was done to, `row` the key of one row of it.
    """
    wanted = Wanted(
        person_id=person,
        action=action,
        subject=subject,
        row_key=row,
        since=since,
        until=until,
    )
    before = place(cursor, _number) if cursor else None
    found = audit.newest(conn, wanted, limit=limit + 1, before=before)
    shown = found[:limit]
    listed(request, len(shown))
    return AuditPage(shown, behind(shown[-1].at, shown[-1].id) if len(found) > limit else None)


def _number(text: str) -> int:
    if not 0 < int(text) <= LARGEST_ID:
        raise ValueError
    return int(text)
