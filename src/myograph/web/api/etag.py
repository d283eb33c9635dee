"""Reads that have not changed need not be sent again."""

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class EtagRoute(APIRoute):
    """For reads: a tag of the content, and 304 to whoever has that content already.

    The tag is weak: compression on the way changes the bytes, not what they say.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await handle(request)
            if response.status_code != HTTPStatus.OK:
                return response
            tag = f'W/"{hashlib.sha256(response.body).hexdigest()[:32]}"'
            if tag in request.headers.get("if-none-match", ""):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
            response.headers["ETag"] = tag
            return response

        return tagged
