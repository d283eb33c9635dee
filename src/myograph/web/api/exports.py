"""Stored numbers as files, and the history of what was given out."""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from myograph.db import export_history
from myograph.db.chosen_sessions import Choice
from myograph.db.export_history import Export
from myograph.errors import NotFound
from myograph.export.delimited import Delimiter
from myograph.export.json_tables import SCHEMA
from myograph.export.stored import Type
from myograph.scoring.adherence import SessionType
from myograph.services.export_sessions import Format, Wanted
from myograph.web.api.contractions import Words
from myograph.web.api.cursors import behind, place
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Transaction, Visitor
from myograph.web.exporting import FILES, NO_EXPORT, Asked, export, export_again
from myograph.web.reading import listed
from myograph.web.recognise import needs
from myograph.web.texts import SOMETHING

router = APIRouter(tags=["exports"])
history = APIRouter(prefix="/api/exports", tags=["exports"], route_class=EtagRoute)
MAX_PAGE: Final = 200
MOST_NAMED: Final = 200

_Cells: Final[dict[str, Any]] = {"type": "array", "items": {"type": "object"}}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, as an attachment; Location names its row in the history",
        "content": {media: {"schema": {"type": "string"}} for _, media in FILES.values()}
        | {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["schema", "tables"],
                    "properties": {
                        "schema": {"const": SCHEMA},
                        "tables": {"type": "object", "additionalProperties": _Cells},
                    },
                }
            }
        },
    },
    409: {"description": "Conflict"},
}

PatientName = Annotated[str, Field(min_length=1, max_length=64, pattern=SOMETHING)]


class NewExport(BaseModel, frozen=True, extra="forbid"):
    """Sessions that count and that all of this is true of; what is left out is left open.

    patients       codes or pseudonyms; for a researcher pseudonyms alone
    from, to       when it was recorded: from the first, before the second
    delimiter      of CSV
    identifiers    patients by their code; for administrators alone, with a reason
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "statistics_only", "format": "csv", "from": "2026-03-01T00:00:00Z"}
            ]
        }
    )

    type: Type
    format: Format
    delimiter: Delimiter = ","
    sessions: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST_NAMED)] | None = None
    patients: (
        Annotated[tuple[PatientName, ...], Field(min_length=1, max_length=MOST_NAMED)] | None
    ) = None
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    session_type: SessionType | None = None
    identifiers: bool = False
    reason: Words | None = None


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Newest first. `next` asks for the page after this one; None: there is none."""

    exports: list[Export]
    next: str | None


@router.get("/api/sessions/{session_id}/export", response_class=StreamingResponse, responses=_FILE)
@needs("export")
def export_one(
    session_id: UUID,
    request: Request,
    visitor: Visitor,
    wanted: Annotated[Type, Query(alias="type")],
    form: Annotated[Format, Query(alias="format")],
    delimiter: Delimiter = ",",
    identifiers: bool = False,  # noqa: FBT001, FBT002 - of the address
) -> StreamingResponse:
    """One session as it is stored, the patient by pseudonym. CSV is a zip of a file each table.

    Identifiers need a reason, which stands in no address: POST /api/exports takes it.
    """
    asked = Wanted(
        type=wanted,
        format=form,
        chosen=session_id,
        delimiter=delimiter,
        identifiers=identifiers,
    )
    return export(request, visitor, Asked(asked))


@router.post("/api/exports", response_class=StreamingResponse, responses=_FILE)
@needs("export")
def export_many(request: Request, visitor: Visitor, body: NewExport) -> StreamingResponse:
    """Many sessions in one file. Those that do not count are left out, and it says how many."""
    chosen = Choice(
        sessions=body.sessions,
        since=body.since,
        until=body.until,
        session_type=body.session_type,
    )
    wanted = Wanted(
        type=body.type,
        format=body.format,
        chosen=chosen,
        delimiter=body.delimiter,
        identifiers=body.identifiers,
        reason=body.reason,
    )
    return export(request, visitor, Asked(wanted, body.patients))


@router.get("/api/exports/{export_id}/file", response_class=StreamingResponse, responses=_FILE)
@needs("export")
def export_file(export_id: UUID, request: Request, visitor: Visitor) -> StreamingResponse:
    """The same bytes once more, for whoever made it; 409 where the data have changed since."""
    return export_again(request, visitor, export_id)


@history.get("")
def newest(
    request: Request,
    conn: Transaction,
    session: UUID | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> ExportPage:
    """What this person exported, for an administrator what anybody did; failed ones too."""
    found = export_history.newest(
        conn,
        limit=limit + 1,
        before=place(cursor, UUID) if cursor else None,
        session_id=session,
    )
    shown = found[:limit]
    listed(request, len(shown))
    following = behind(shown[-1].export_timestamp, shown[-1].id) if len(found) > limit else None
    return ExportPage(shown, following)


@history.get("/{export_id}")
def one(export_id: UUID, conn: Transaction) -> Export:
    found = export_history.get(conn, export_id)
    if found is None:
        raise NotFound(NO_EXPORT)
    return found


router.include_router(history)
