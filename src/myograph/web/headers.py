"""What surrounds every request: its number, its log line, its limits, and what browsers may do.

Pure ASGI, outermost first: RequestLog, InTurn, SecurityHeaders, Bugs, AddressRate, SameOrigin,
BodyLimit.
"""

import re
import time
from asyncio import Lock, sleep
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from random import Random
from traceback import format_exception
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from myograph.errors import BadInput, CrossSite, TooLarge, TooManyRequests
from myograph.web import problems
from myograph.web.rates import Rates

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SECURITY: Final = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
# A year, and the host's subdomains too: ASVS 5.0, 3.4.1.
STRICT_TRANSPORT: Final = (
    b"strict-transport-security",
    b"max-age=31536000; includeSubDomains",
)
_OVER_TLS: Final = [*_SECURITY, STRICT_TRANSPORT]
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SITE: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_numbers: Final = Random()  # noqa: S311 - they keep nothing secret

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

log = structlog.get_logger("myograph.web")


@dataclass(frozen=True, slots=True)
class RequestLog:
    """Gives every request a number and one line in the log; answers a bug without a word about it.

    The line has the route's pattern, never the address itself: a name or a search may stand in it.
    Who asked, once that is known, is their number: so refusals say whom they refused.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = _number(scope)
        scope.setdefault("state", {})["request_id"] = number
        started = time.perf_counter()
        status = 0

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with(message, [(b"x-request-id", number.encode())])
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=number):
            try:
                await self.app(scope, receive, numbered)
            finally:
                log.info(
                    "request",
                    method=scope["method"],
                    route=_pattern(scope),
                    status=int(status),  # some answers carry an HTTPStatus
                    **_who(scope),
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )


@dataclass(frozen=True, slots=True)
class Bugs:
    """The one place that catches everything: the trace goes to the log, a bare 500 out."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            log.info("disconnected", method=scope["method"], route=_pattern(scope))
        except Exception as exc:
            # The trace as text: a renderer may add every local, and a password is one of them.
            trace = "".join(format_exception(exc))
            log.error("bug", method=scope["method"], route=_pattern(scope), trace=trace)  # noqa: TRY400
            if begun:  # half an answer cannot be taken back: the server breaks the connection
                raise
            await problems.bug(Request(scope))(scope, receive, send)


@dataclass(frozen=True, slots=True)
class InTurn:
    """Begins one request after the other, each in a turn of the loop of its own.

    Of a hundred that come at once all would begin in the same turn, and whatever else is due would
    wait for the last of them.

    at_once    addresses whose requests begin whoever else waits
    """

    app: ASGIApp
    at_once: Collection[str] = ()
    beginning: Lock = field(default_factory=Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self.at_once:
            async with self.beginning:
                await sleep(0)
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """What a browser may do with our answers. No cache keeps one that does not say so.

    Over TLS it shall never come without: a browser obeys that word only where TLS carried it.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        added = _OVER_TLS if scope.get("scheme") == "https" else _SECURITY

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with(message, added)
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    message["headers"].append((b"cache-control", b"private, no-cache"))
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


@dataclass(frozen=True, slots=True)
class AddressRate:
    """Refuses an address that asks too often.

    uncounted    what must answer whatever comes
    """

    app: ASGIApp
    rates: Rates
    uncounted: Collection[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self.uncounted:
            client: tuple[str, int] | None = scope.get("client")
            try:
                self.rates.of_address(client[0] if client else "")
            except TooManyRequests as refused:
                await problems.answer(Request(scope), refused)(scope, receive, send)
                return
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class SameOrigin:
    """Refuses what another site makes a browser ask for with the visitor's cookie.

    Browsers say where a request comes from in Sec-Fetch-Site or, where the connection is not
    trusted enough for that, in Origin. Whoever sends neither is no browser and has no cookie to
    misuse. The rule is Go's CrossOriginProtection (https://go.dev/issue/73626). A request that
    brings a token and no cookie is not judged: no page can make a browser send somebody's token.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_ours(scope["method"], Headers(scope=scope)):
            refused = CrossSite("Another site asked for this, so it was not done.")
            await problems.answer(Request(scope), refused)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_ours(method: str, headers: Headers) -> bool:
    if method in SAFE_METHODS or ("authorization" in headers and "cookie" not in headers):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def bearer_of(headers: Headers) -> str | None:
    """The token of `Authorization: Bearer ...`; None where there is none of this kind."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


@dataclass(frozen=True, slots=True)
class Aside:
    """Leads what is posted to these addresses to an application of its own, past all others."""

    app: ASGIApp
    addresses: Collection[str]
    to: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        posted = scope["type"] == "http" and scope["method"] == "POST"
        chosen = self.to if posted and scope["path"] in self.addresses else self.app
        await chosen(scope, receive, send)


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Refuses a body larger than `limit_of(path)`; None leaves counting to the endpoint."""

    app: ASGIApp
    limit_of: Callable[[str], int | None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.limit_of(scope["path"]) if scope["type"] == "http" else None
        if limit is None:
            await self.app(scope, receive, send)
            return
        if declared_length(Headers(scope=scope)) > limit:
            await problems.answer(Request(scope), _too_large(limit))(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > limit:
                # FastAPI turns every other exception of a body it reads itself into a 400.
                raise HTTPException(413, _too_large(limit).sentence)
            return message

        await self.app(scope, counted, send)


def sites(origins: Collection[str]) -> Collection[str]:
    """The same, each of the form that browsers send; anything else would never match one."""
    for origin in origins:
        if not _SITE.fullmatch(origin):
            raise BadInput(
                f"{origin!r} in MYOGRAPH_CORS_ORIGINS is no site: it takes https://host or"
                " https://host:port, in small letters and without a path."
            )
    return origins


def declared_length(headers: Headers) -> int:
    """What Content-Length says; 0 where it says nothing, and the bytes are counted as they come."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"This request is too large: more than {limit} bytes are not taken here.")


def _with(message: Message, headers: RawHeaders) -> RawHeaders:
    """In place of those of the same names. By hand: MutableHeaders takes ten times as long."""
    replaced = {name for name, _ in headers}
    return [*(kept for kept in message["headers"] if kept[0] not in replaced), *headers]


def _number(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"{_numbers.getrandbits(128):032x}"


def _who(scope: Scope) -> dict[str, str]:
    visitor = scope["state"].get("visitor")
    return {} if visitor is None else {"person": str(visitor.id)}


def _pattern(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "unknown")
