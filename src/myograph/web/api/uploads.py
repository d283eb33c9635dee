"""Recordings come in: one as a raw body, or several in a form for pages without JavaScript.

A body goes to the store as it comes, counted and hashed; its first blocks are read; then session,
settings and job are made in one transaction, and only after its commit anybody is answered.
"""

import unicodedata
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID, uuid4

import anyio.from_thread
import anyio.to_thread
import psycopg
from anyio import Semaphore
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import FormData, QueryParams, UploadFile

from myograph.c3d.recording import read_facts
from myograph.db import patients, session_settings, twins
from myograph.db.identity import Person
from myograph.db.sessions import State
from myograph.errors import (
    BadInput,
    BadName,
    DatabaseUnavailable,
    EmptyFile,
    NotReadable,
    StoreUnavailable,
    TooLarge,
)
from myograph.recording import Facts
from myograph.services.receive_upload import Upload, receive_upload
from myograph.storage.objects import Stored
from myograph.web import problems
from myograph.web.api.bodies import takes
from myograph.web.deps import TheSite, Uploader, short_transaction
from myograph.web.headers import declared_length
from myograph.web.malformed import sentence_of
from myograph.web.recognise import needs
from myograph.web.site import Site, site_of


class _Text(Convertor[str]):
    """Whatever stands there, slashes and line breaks too, so that we can say what is wrong."""

    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())
router = APIRouter(tags=["uploads"])
MAX_NAME_BYTES: Final = 240  # what a folder store takes per segment
MAX_FILES: Final = 100
CHUNK_BYTES: Final = 1024 * 1024
UNASSIGNED: Final = "unassigned"
EMPTY: Final = "The file is empty: it has no bytes. Please copy it again from the tablet."
TRY_AGAIN: Final = "The file could not be stored just now. Please try again in a moment."


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


Leg = Annotated[Literal["CH1", "CH2"] | None, BeforeValidator(_blank_is_none)]


class Choice(BaseModel, frozen=True):
    """What the person says of the recordings: all of it optional, a blank field says nothing."""

    patient: Annotated[str | None, BeforeValidator(_blank_is_none)] = Field(None, max_length=64)
    left: Leg = Field(None, description="the channel on the left leg")
    right: Leg = Field(None, description="the channel on the right leg")
    rpe: Annotated[int | None, BeforeValidator(_blank_is_none)] = Field(None, ge=0, le=10)


BYTES: Final = {"type": "string", "format": "binary"}
FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "items": BYTES, "minItems": 1, "maxItems": MAX_FILES},
        **Choice.model_json_schema()["properties"],
    },
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the file says of itself. Rates in Hz; original_*: as it declares them.

    Rates and duration are None where there are no analog samples.
    """

    sampling_rate: float | None
    original_sampling_rate: float | None
    duration_seconds: float | None
    sample_count: int
    channel_names: list[str]
    emg_labels: list[str]


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A recording that is stored and has its session.

    metadata       None where the file could not be read; `problem` says why
    duplicate_of   an earlier session with the very same bytes, where the person may see it
    """

    session_id: UUID
    status: State
    name: str
    size_bytes: int
    sha256: str
    metadata: Metadata | None
    problem: Problem | None
    duplicate_of: UUID | None


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file of a form: a session, or the sentence that says why there is none."""

    name: str
    session_id: UUID | None = None
    code: str | None = None
    sentence: str | None = None


@router.put(
    "/api/uploads/{name:text}",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=takes("application/octet-stream", BYTES),
)
@needs("upload")
async def put_upload(
    name: str,
    request: Request,
    visitor: Uploader,
    site: TheSite,
    choice: Annotated[Choice, Query()],
) -> Accepted:
    """One recording, as the raw body."""
    file_name = checked_name(name)
    _checked_size(declared_length(request.headers), site.limits.upload_bytes)

    body = _Body(request.stream(), site.upload_turns)

    def receive() -> Accepted:
        _check_choice(request, visitor, choice)
        return _store_and_receive(request, visitor, file_name, body.pieces(), choice)

    try:
        return await anyio.to_thread.run_sync(receive, limiter=site.upload_slots)
    finally:
        body.let_go()


@router.post(
    "/api/upload",
    status_code=HTTPStatus.ACCEPTED,
    response_model=list[FileResult],
    openapi_extra=takes("multipart/form-data", FORM),
)
@router.post(
    "/upload",
    status_code=HTTPStatus.ACCEPTED,
    response_model=list[FileResult],
    include_in_schema=False,
)
@needs("upload")
async def post_upload(
    request: Request, visitor: Uploader, site: TheSite
) -> Response | list[FileResult]:
    """Recordings in a form, field `files`; a page is sent on to `/upload`, which lists the results.

    The form is read only after we know who sends it, since reading it fills a disk.
    """
    async with request.form(max_files=MAX_FILES, max_fields=20) as form:
        choice = _choice_of(form)
        files = [f for f in form.getlist("files") if isinstance(f, UploadFile) and f.filename]
        if not files:
            raise BadInput("No file was chosen. Please choose at least one .c3d file.")

        def receive() -> list[FileResult]:
            _check_choice(request, visitor, choice)
            return [_result(request, visitor, file, choice) for file in files]

        results = await anyio.to_thread.run_sync(receive, limiter=site.upload_slots)
    if problems.wants_page(request):
        return RedirectResponse(address_of(results), HTTPStatus.SEE_OTHER)
    return results


def address_of(results: Sequence[FileResult]) -> str:
    """The page that shows these results. It carries codes: sentences could be forged."""
    parts = [
        ("session", str(r.session_id)) if r.session_id else ("refused", f"{r.code}:{r.name}")
        for r in results
    ]
    return f"/upload?{urlencode(parts)}"


def results_of(query: QueryParams, limit_bytes: int) -> list[FileResult]:
    """What `address_of` put into the address. Whatever else stands there is left out."""
    accepted = [FileResult("", session_id) for session_id in _ids(query.getlist("session"))]
    refused = [entry.partition(":") for entry in query.getlist("refused")]
    sentences = [(name, code, _sentence(code, name, limit_bytes)) for code, _, name in refused]
    return accepted + [FileResult(n, code=c, sentence=s) for n, c, s in sentences if s]


def checked_name(name: str) -> str:
    """The name as a file may have it, or the sentence that says why it may not."""
    composed = unicodedata.normalize("NFC", name).strip()
    if not composed.isprintable():
        raise BadName("The file's name holds characters that cannot be seen. Please rename it.")
    if "/" in composed or "\\" in composed:
        raise BadName(
            f"{composed!r} is a path. Please give the file's name alone, without folders."
        )
    if not composed.casefold().endswith(".c3d"):
        raise BadName(f"{composed!r} does not end in .c3d. Only C3D recordings are taken here.")
    if len(composed.encode()) > MAX_NAME_BYTES:
        raise BadName(f"The file's name is longer than {MAX_NAME_BYTES} bytes. Please shorten it.")
    return composed


def _store_and_receive(
    request: Request, visitor: Person, file_name: str, chunks: Iterable[bytes], choice: Choice
) -> Accepted:
    site = site_of(request)
    session_id = uuid4()
    bucket = site.settings.accepted_buckets[0]
    name = f"{choice.patient or UNASSIGNED}/{session_id}/{file_name}"
    stored = site.store.put(f"{bucket}/{name}", _counted(chunks, site.limits.upload_bytes))
    facts, problem = _facts(site, stored)
    upload = Upload(
        bucket,
        name,
        size_bytes=stored.size,
        etag=stored.etag,
        session_id=session_id,
        patient_code=choice.patient,
        left=choice.left,
        right=choice.right,
        facts=facts,
        zone=site.settings.timezone,
        file_hash=stored.sha256,
    )
    with short_transaction(request, visitor) as conn:
        received = receive_upload(conn, upload)
        if choice.rpe is not None:
            session_settings.assign(conn, received.session_id, rpe=choice.rpe)
        twin = twins.earlier(conn, received.session_id, stored.sha256)
    return Accepted(
        session_id=received.session_id,
        status=received.status,
        name=file_name,
        size_bytes=stored.size,
        sha256=stored.sha256,
        metadata=_metadata(facts) if facts else None,
        problem=problem,
        duplicate_of=twin,
    )


def _counted(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The same bytes. An error on the way means that the store keeps nothing of them."""
    came = 0
    for chunk in chunks:
        came += len(chunk)
        _checked_size(came, limit)
        yield chunk
    if came == 0:
        raise EmptyFile(EMPTY)


def _checked_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(_too_large(limit))


def _facts(site: Site, stored: Stored) -> tuple[Facts | None, Problem | None]:
    """What the first blocks say. What cannot be read keeps its session, which will say why."""
    try:
        return read_facts(site.store.source(stored.key)), None
    except NotReadable as exc:
        return None, Problem(exc.code, exc.sentence)
    except StoreUnavailable:
        return None, None  # it is stored, so the worker will read it when the store answers again


def _metadata(facts: Facts) -> Metadata:
    return Metadata(
        sampling_rate=facts.rate.used_hz if facts.timed else None,
        original_sampling_rate=facts.rate.original_hz if facts.timed else None,
        duration_seconds=facts.duration_s if facts.timed else None,
        sample_count=facts.sample_count,
        channel_names=[channel.label for channel in facts.channels],
        emg_labels=list(facts.emg_labels),
    )


def _check_choice(request: Request, visitor: Person, choice: Choice) -> None:
    """Before a byte is stored: whatever can be wrong with what the person says of the files."""
    if choice.left is not None and choice.left == choice.right:
        raise BadInput(f"{choice.left} cannot be on both legs.")
    if choice.patient is None:
        return
    with short_transaction(request, visitor) as conn:
        codes = {patient.patient_code for patient in patients.mine(conn, visitor)}
    if choice.patient not in codes:
        raise BadInput(f"None of your patients has the code {choice.patient!r}.")


class _Body:
    """A body as it comes, for a thread: the next piece is awaited when this one is written.

    A piece that is being written has one of the `turns`; who waits for the sender has none.
    """

    def __init__(self, stream: AsyncGenerator[bytes], turns: Semaphore) -> None:
        self._stream = stream
        self._turns = turns
        self._has_turn = False

    def pieces(self) -> Iterator[bytes]:
        while piece := anyio.from_thread.run(self._following):
            yield piece

    def let_go(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.release()

    async def _following(self) -> bytes:
        self.let_go()
        piece = await anext(self._stream, b"")
        if piece:
            await self._turns.acquire()
            self._has_turn = True
        return piece


def _choice_of(form: FormData) -> Choice:
    fields = {name: form.get(name) for name in Choice.model_fields}
    try:
        return Choice.model_validate({k: v for k, v in fields.items() if v is not None})
    except ValidationError as exc:
        raise BadInput(" ".join(map(sentence_of, exc.errors()))) from exc


def _result(request: Request, visitor: Person, file: UploadFile, choice: Choice) -> FileResult:
    """One file of several: what is wrong with it, or with us for a moment, stops no other."""
    name = file.filename or ""
    chunks = iter(lambda: file.file.read(CHUNK_BYTES), b"")
    try:
        accepted = _store_and_receive(request, visitor, checked_name(name), chunks, choice)
    except (BadName, EmptyFile, TooLarge) as exc:
        return FileResult(name, code=exc.code, sentence=exc.sentence)
    except (StoreUnavailable, DatabaseUnavailable, psycopg.Error) as exc:
        if isinstance(exc, psycopg.Error) and not problems.is_database_unable(exc):
            raise
        return FileResult(name, code=StoreUnavailable.code, sentence=TRY_AGAIN)
    return FileResult(name, accepted.session_id)


def _sentence(code: str, name: str, limit_bytes: int) -> str | None:
    """The sentence of a refused file again, from its code and name; None for any other code."""
    if code == BadName.code:
        return _name_problem(name)
    return {
        EmptyFile.code: EMPTY,
        TooLarge.code: _too_large(limit_bytes),
        StoreUnavailable.code: TRY_AGAIN,
    }.get(code)


def _name_problem(name: str) -> str | None:
    try:
        checked_name(name)
    except BadName as exc:
        return exc.sentence
    return None


def _too_large(limit: int) -> str:
    return f"The file is too large: {limit} bytes ({limit // 1024**2} MB) are the most we take."


def _ids(texts: Iterable[str]) -> Iterator[UUID]:
    for text in texts:
        with suppress(ValueError):
            yield UUID(text)
