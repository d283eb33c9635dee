"""Clinical notes: written by one person, read by whoever treats the patient, never overwritten."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, model_validator

from myograph.db import notes, patients, sessions
from myograph.db.identity import Person
from myograph.db.notes import EarlierVersion, Note
from myograph.errors import NotAllowed, NotFound, Outdated
from myograph.web.api.cursors import behind, place
from myograph.web.api.entries import Body
from myograph.web.api.etag import EtagRoute, Seen, check_seen, name_version
from myograph.web.deps import Transaction, Uploader, Visitor
from myograph.web.reading import listed
from myograph.web.texts import NO_NUL, SOMETHING

router = APIRouter(prefix="/api/notes", tags=["notes"], route_class=EtagRoute)
MAX_PAGE: Final = 200
NO_NOTE: Final = "There is no such note, or it is not one of yours to read."
AUTHORS_ALONE: Final = "Only its author changes a note."
CHANGED: Final = "Somebody else changed this note meanwhile. Please read it again first."
ONE_SUBJECT: Final = "A note is about a patient or about a session: please name one of them."

Text = Annotated[str, Field(min_length=1, max_length=10_000, pattern=SOMETHING)]
PatientCode = Annotated[str, Field(max_length=64, pattern=NO_NUL)]


@dataclass(frozen=True, slots=True)
class Written:
    """author_name: None for a researcher."""

    note: Note
    author_name: str | None


@dataclass(frozen=True, slots=True)
class NotePage:
    """Newest first. `next` asks for the page after this one; None: there is none."""

    notes: list[Written]
    next: str | None


@dataclass(frozen=True, slots=True)
class History:
    """earlier: the versions before the present one, the latest first."""

    present: Written
    earlier: list[EarlierVersion]


class About(BaseModel, frozen=True, extra="forbid"):
    """One of them. `patient` is a code, for a researcher a pseudonym."""

    patient: PatientCode | None = None
    session: UUID | None = None

    @model_validator(mode="after")
    def _one(self) -> "About":
        if (self.patient is None) == (self.session is None):
            raise ValueError(ONE_SUBJECT)
        return self


class Sought(About, frozen=True):
    cursor: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50


class NewNote(About, frozen=True):
    """shared: show the text to researchers; it then names no patient's code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"patient": "P017", "text": "Pain in the left knee after the second set."}]
        }
    )

    text: Text
    shared: bool = False


class NoteChange(Body, frozen=True):
    text: Text = ""
    shared: bool = False


@router.get("")
def page(
    request: Request, conn: Transaction, visitor: Visitor, sought: Annotated[Sought, Query()]
) -> NotePage:
    """Of a patient, those about their sessions too. A researcher sees what authors share."""
    found = _sought(conn, visitor, sought)
    shown = found[: sought.limit]
    listed(request, len(shown))
    more = behind(shown[-1].created_at, shown[-1].id) if len(found) > sought.limit else None
    return NotePage(_written(conn, visitor, shown), more)


@router.post("", status_code=HTTPStatus.CREATED)
def add(conn: Transaction, visitor: Uploader, body: NewNote, response: Response) -> Written:
    _check_subject(conn, visitor, body)
    added = notes.add(
        conn,
        patient=body.patient,
        session_id=body.session,
        author=visitor.id,
        text=body.text,
        shared=body.shared,
    )
    return _shown(conn, visitor, added, response)


@router.get("/{note_id}/history")
def history(note_id: UUID, conn: Transaction, visitor: Uploader, response: Response) -> History:
    """Every version. The tag names the present one, for `If-Match` of a change."""
    return History(_shown(conn, visitor, note_id, response), notes.earlier(conn, note_id))


@router.patch("/{note_id}")
def change(
    note_id: UUID,
    conn: Transaction,
    visitor: Uploader,
    body: NoteChange,
    seen: Seen,
    response: Response,
) -> Written:
    """A new version; what is left out stays. Only its author may."""
    said = body.said()
    note = _own(conn, visitor, note_id, seen)
    if not notes.change(
        conn,
        note_id,
        version=note.version,
        text=said.get("text", note.text),
        shared=said.get("shared", note.shared),
    ):
        raise Outdated(CHANGED)
    return _shown(conn, visitor, note_id, response)


@router.delete("/{note_id}", status_code=HTTPStatus.NO_CONTENT)
def delete(note_id: UUID, conn: Transaction, visitor: Uploader, seen: Seen) -> None:
    """It is marked and no longer shown; its author and administrators still read its history."""
    note = _own(conn, visitor, note_id, seen)
    if not notes.delete(conn, note_id, version=note.version):
        raise Outdated(CHANGED)


def _sought(conn: Connection, visitor: Person, sought: Sought) -> list[Note]:
    _check_subject(conn, visitor, sought)
    before = place(sought.cursor, UUID) if sought.cursor else None
    if sought.session is not None:
        return notes.of_session(
            conn, visitor, sought.session, before=before, limit=sought.limit + 1
        )
    return notes.of_patient(
        conn, visitor, sought.patient or "", before=before, limit=sought.limit + 1
    )


def _check_subject(conn: Connection, visitor: Person, about: About) -> None:
    """Raises NotFound."""
    if about.session is not None:
        sessions.get(conn, visitor, about.session)
    if about.patient is not None:
        patients.get(conn, visitor, about.patient)


def _own(conn: Connection, visitor: Person, note_id: UUID, seen: str | None) -> Note:
    note = _known(conn, note_id)
    if note.author != visitor.id:
        raise NotAllowed(AUTHORS_ALONE)
    check_seen(seen, note.version)
    return note


def _known(conn: Connection, note_id: UUID) -> Note:
    note = notes.get(conn, note_id)
    if note is None:
        raise NotFound(NO_NOTE)
    return note


def _shown(conn: Connection, visitor: Person, note_id: UUID, response: Response) -> Written:
    note = _known(conn, note_id)
    name_version(response, note.version if note.deleted_at is None else "deleted")
    return _written(conn, visitor, [note])[0]


def _written(conn: Connection, visitor: Person, found: list[Note]) -> list[Written]:
    if visitor.role == "researcher":
        return [Written(note, None) for note in found]
    names = notes.authors(conn, found)
    return [Written(note, names.get(note.author) if note.author else None) for note in found]
