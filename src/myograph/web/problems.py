"""The only place where an error meets HTTP.

Programs get problem details (RFC 9457), people a page with the same sentence. docs/problems.md
lists every code.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from myograph import errors
from myograph.db.room import lacks_room
from myograph.web.malformed import pointer_to, sentence_of
from myograph.web.templating import render

STATUS: Final[Mapping[type[errors.MyographError], HTTPStatus]] = {
    errors.NotReadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BadName: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Outdated: HTTPStatus.PRECONDITION_FAILED,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
    errors.SignInUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.BadSignature: HTTPStatus.UNAUTHORIZED,
    errors.MalformedEvent: HTTPStatus.BAD_REQUEST,
    errors.SlowDelivery: HTTPStatus.REQUEST_TIMEOUT,
    errors.Overloaded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NoWebhookSource: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.LeaseLost: HTTPStatus.CONFLICT,
    errors.MeasuringDied: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ObjectGone: HTTPStatus.GONE,
    errors.CannotWrite: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
RETRY_AFTER_S: Final = 2
NO_DATABASE: Final = "The database does not answer at the moment. Please try again in a moment."
# The second: it only reads, since its disk is full or it is a copy that has not taken over yet.
# The third: this program slept in the middle of a transaction.
DATABASE_UNABLE: Final = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
)
BUG: Final = "Something went wrong on our side. It was written down and will be looked at."


def status_of(error: type[errors.MyographError]) -> HTTPStatus:
    """The status of the nearest class that has one."""
    return next(STATUS[c] for c in error.__mro__ if c in STATUS)


def answer(request: Request, error: errors.MyographError) -> Response:
    """What whoever asked gets to know of an expected error."""
    if isinstance(error, errors.NotSignedIn) and _is_page_visit(request):
        return RedirectResponse(f"/sign-in?next={quote(_address(request))}", HTTPStatus.SEE_OTHER)
    status = status_of(type(error))
    return _say(
        request, status, _written(error.sentence), code=error.code, headers=_headers(error, status)
    )


def told(request: Request, error: Exception) -> Response:
    """The same for endpoints that the framework does not call, and so does not answer for."""
    if isinstance(error, errors.MyographError):
        return answer(request, error)
    if isinstance(error, HTTPException):
        return _plain(request, error)
    return _no_database(request, error)


def is_database_unable(error: Exception) -> bool:
    """At the moment: the same may be asked again."""
    return isinstance(error, DATABASE_UNABLE) or lacks_room(error)


def bug(request: Request) -> Response:
    """An answer that says nothing about what went wrong: that stands in the log."""
    return _say(request, HTTPStatus.INTERNAL_SERVER_ERROR, BUG, code="bug")


def install(app: FastAPI) -> None:
    app.exception_handler(errors.MyographError)(answer)
    for unable in (*DATABASE_UNABLE, psycopg.errors.InternalError_):
        app.exception_handler(unable)(_no_database)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_plain)


def _no_database(request: Request, error: Exception) -> Response:
    """A pool without a free connection in time is one of these too; a bug is not."""
    if not is_database_unable(error):
        raise error
    return answer(request, errors.DatabaseUnavailable(NO_DATABASE))


def _malformed(request: Request, exc: RequestValidationError) -> Response:
    found = [{"pointer": pointer_to(e), "detail": sentence_of(e)} for e in exc.errors()]
    sentence = " ".join(e["detail"] for e in found)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _say(request, status, sentence, code="malformed", errors=found)


def _plain(request: Request, exc: HTTPException) -> Response:
    """What the framework itself refuses: unknown addresses, wrong methods, broken forms."""
    status = HTTPStatus(exc.status_code)
    sentence = _written(_FRAMEWORK.get(status, exc.detail))
    return _say(request, status, sentence, code=_code(status), headers=exc.headers)


_FRAMEWORK: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that kind of request.",
}


def _code(status: HTTPStatus) -> str:
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return errors.TooLarge.code  # how BodyLimit has to raise it
    return status.phrase.lower().replace(" ", "_")


def _say(
    request: Request,
    status: HTTPStatus,
    sentence: str,
    *,
    code: str,
    headers: Mapping[str, str] | None = None,
    **extra: object,
) -> Response:
    if wants_page(request):
        return _page(request, status, sentence, headers)
    body = {
        "type": f"/problems/{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": sentence,
        "code": code,
        **extra,
    }
    return JSONResponse(
        body, status, headers=dict(headers or {}), media_type="application/problem+json"
    )


def _written(sentence: str) -> str:
    """As people write: some of our errors begin small and end without a stop."""
    ended = sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
    return ended[:1].upper() + ended[1:]


def _page(
    request: Request, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None
) -> Response:
    return render(
        request,
        "error.html",
        status=status,
        headers=headers,
        title=status.phrase,
        sentence=sentence,
        code=status.value,
    )


def wants_page(request: Request) -> bool:
    """A browser that goes somewhere says so; our scripts and other programs do not."""
    return "text/html" in request.headers.get("accept", "")


def _is_page_visit(request: Request) -> bool:
    return request.method in {"GET", "HEAD"} and wants_page(request)


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _headers(error: errors.MyographError, status: HTTPStatus) -> dict[str, str]:
    if isinstance(error, errors.TooManyAttempts | errors.TooManyRequests):
        return {"Retry-After": str(error.wait_s)}
    if status is HTTPStatus.REQUEST_TIMEOUT:  # else the rest of the body keeps the connection
        return {"Connection": "close"}
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return {"Retry-After": str(RETRY_AFTER_S)}
    return {}
