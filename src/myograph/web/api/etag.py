"""Reads that have not changed need not be sent again."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from myograph.errors import Outdated


class EtagRoute(APIRoute):
    """For reads: a tag of the content, and 304 to whoever has that content already.

    The tag is weak: compression on the way changes the bytes, not what they say. What people change
    has a tag of its own already, which names the version.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await handle(request)
            if response.status_code != HTTPStatus.OK or request.method != "GET":
                return response
            digest = hashlib.sha256(response.body).hexdigest()[:32]
            tag = response.headers.get("ETag", f'W/"{digest}"')
            if tag in request.headers.get("if-none-match", ""):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
            response.headers["ETag"] = tag
            return response

        return tagged


def name_version(response: Response, version: object) -> None:
    """Tag the answer with the version of what it says: a time or a number; None: there is none."""
    response.headers["ETag"] = f'W/"{_text(version)}"'


def _seen(if_match: Annotated[str | None, Header(max_length=200)] = None) -> str | None:
    """The version that whoever changes something says they saw.

    Compared weakly, unlike RFC 9110 asks: the tag names a version of a row, not bytes.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    return if_match.strip().removeprefix("W/").strip('"')


Seen = Annotated[str | None, Depends(_seen, scope="function")]


def check_seen(seen: str | None, version: object) -> None:
    """Raises Outdated where the version that was seen is not the one that is there."""
    if seen is not None and seen != _text(version):
        raise Outdated("Somebody else changed this meanwhile. Please look at it again first.")


def _text(version: object) -> str:
    return version.isoformat() if isinstance(version, datetime) else str(version)
