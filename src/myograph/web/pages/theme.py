"""Light or dark, kept in a cookie so that the server draws it from the first byte."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from myograph.web.auth import safe_next
from myograph.web.templating import THEMES

router = APIRouter(include_in_schema=False)
YEAR_S: Final = 365 * 24 * 3600


@router.post("/theme")
def theme(
    request: Request,
    theme: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the field of the form is called that
) -> Response:
    """Anything but light and dark means: as the system does."""
    response = RedirectResponse(safe_next(next), HTTPStatus.SEE_OTHER)
    if theme in THEMES:
        secure = request.url.scheme == "https"
        response.set_cookie(
            "theme", theme, max_age=YEAR_S, samesite="lax", httponly=True, secure=secure
        )
    else:
        response.delete_cookie("theme")
    return response
