"""The description of this interface, for programs and for our own page of it."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request

from myograph.web.deps import Visitor

router = APIRouter(tags=["schema"])


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, visitor: Visitor) -> dict[str, Any]:  # noqa: ARG001 - signed in
    app: FastAPI = request.app
    return app.openapi()
