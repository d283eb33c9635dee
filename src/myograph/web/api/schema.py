"""The description of this interface, for programs and for our own page of it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request

from myograph.web.api.webhooks import ADDRESS
from myograph.web.auth import COOKIE
from myograph.web.deps import Visitor

router = APIRouter(tags=["schema"])
Json = dict[str, Any]

PROBLEM: Final[Json] = {
    "title": "ProblemDetails",
    "description": "RFC 9457; docs/problems.md lists the codes. Others may have more fields.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for the person who meets it"},
        "code": {"type": "string", "description": "Stable, for programs"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
# The game names no zone, and "date-time" of OpenAPI has one.
LOCAL_TIME: Final[Json] = {
    "anyOf": [{"type": "string"}, {"type": "null"}],
    "title": "Started Local",
    "description": "ISO 8601 without a zone, as the file says",
}
_REFERENCE: Final = {"$ref": "#/components/schemas/ProblemDetails"}
_OWN_ERRORS: Final = ("/livez", "/readyz")  # these answer everybody, in their own words
_ANYWHERE: Final = (401, 403, 429, 503)
_ABOUT_ONE: Final = (404, 410)
_BROUGHT: Final = (400, 409, 412, 413, 422)
_WHO: Final[Json] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of one's own, or one of the identity provider",
    },
    "signIn": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
_OPEN: Final = (*_OWN_ERRORS, ADDRESS)  # no sign-in; an event is proven by its signature
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, visitor: Visitor) -> dict[str, Any]:  # noqa: ARG001 - signed in
    return description_of(request.app)


def description_of(app: FastAPI) -> Json:
    """What FastAPI knows of its routes, with the errors that any of them answers."""
    document = app.openapi()  # made once, and kept
    schemas: Json = document.setdefault("components", {}).setdefault("schemas", {})
    if "ProblemDetails" not in schemas:
        schemas["ProblemDetails"] = PROBLEM
        document["components"]["securitySchemes"] = _WHO
        for path, operation, method in _operations(document):
            if path not in _OWN_ERRORS:
                _add_problems(operation, method)
            if path not in _OPEN:
                operation["security"] = [{name: []} for name in _WHO]
        for described in schemas.values():
            if "started_local" in described.get("properties", {}):
                described["properties"]["started_local"] = LOCAL_TIME
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json, str]]:
    paths: Mapping[str, Mapping[str, Json]] = document["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method in _METHODS:
                yield path, operation, method


def _add_problems(operation: Json, method: str) -> None:
    names_something = "parameters" in operation or method != "get"
    about_one = (*_ABOUT_ONE, 422) if names_something else ()
    brought = _BROUGHT if method != "get" else ()
    for status in sorted({*_ANYWHERE, *about_one, *brought}):
        operation["responses"][str(status)] = _problem(status)
    for status, response in operation["responses"].items():
        if int(status) >= HTTPStatus.BAD_REQUEST:  # those an endpoint names itself
            response["content"] = _problem(int(status))["content"]


def _problem(status: int) -> Json:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _REFERENCE}},
    }
