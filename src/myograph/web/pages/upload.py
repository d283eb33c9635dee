"""Bringing recordings in, and watching each on its way."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from myograph.db import patients, sessions
from myograph.db.identity import Person
from myograph.web.api.etag import EtagRoute
from myograph.web.api.uploads import FileResult, results_of
from myograph.web.deps import TheSite, Uploader, Visitor, short_transaction
from myograph.web.pages import words
from myograph.web.pages.stages import stages
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)
live = APIRouter(include_in_schema=False, route_class=EtagRoute)
MOST: Final = 100


@router.get("/upload")
def upload(request: Request, visitor: Uploader, site: TheSite) -> Response:
    """Without a script the form leads back here, with its results in the address."""
    results = results_of(request.query_params, site.limits.upload_bytes)[:MOST]
    with short_transaction(request, visitor) as conn:
        _, since = sessions.changed_since(conn, visitor, None)
        codes = [p.patient_code for p in patients.mine(conn, visitor) if p.patient_code]
    came = [_arrival(request, visitor, r) for r in results]
    return render(
        request,
        "upload.html",
        since=since,
        codes=codes,
        arrivals=[a for a in came if a],
        limit=site.limits.upload_bytes,
        words=words,
    )


@live.get("/upload/files/{session_id}")
def upload_file(session_id: UUID, request: Request, visitor: Visitor) -> Response:
    """One file of the list as it is now."""
    arrival = _of_session(request, visitor, session_id)
    return render(request, "_file.html", arrival=arrival, words=words)


def _arrival(request: Request, visitor: Person, result: FileResult) -> dict[str, Any]:
    if result.session_id is None:
        return {"name": result.name, "sentence": result.sentence, "session": None}
    return _of_session(request, visitor, result.session_id)


def _of_session(request: Request, visitor: Person, session_id: UUID) -> dict[str, Any]:
    with short_transaction(request, visitor) as conn:
        session = sessions.get(conn, visitor, session_id)
        states = sessions.states(conn, visitor, [session_id])
    has_technical = any(state.has_technical for state in states)
    name = (session.file_path or "").rpartition("/")[2]
    return {
        "name": name or words.title_of(session),
        "session": session,
        "stages": stages(session.processing_status, has_technical=has_technical),
        "sentence": words.sentence(session.processing_error_message or "")
        if session.processing_status == "failed"
        else "",
        "overall": (session.analytics_cache or {}).get("overall"),
    }


router.include_router(live)
