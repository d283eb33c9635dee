"""What stands around the body of a request is bounded, in bytes and in time.

The parser takes whatever comes: a header without end fills the memory, and one that never comes
keeps its connection.
"""

import asyncio
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

LIMIT_BYTES: Final = 64 * 1024
PATIENCE_S: Final = 20.0
TOO_LARGE: Final = "The head of this request is too large."


class BoundedHeads(HttpToolsProtocol):
    """Ends a connection that sends more than LIMIT_BYTES in which no part of a body is, or whose
    next head is not there within PATIENCE_S after it began.

    What arrives together with a head's first bytes is not counted (asyncio hands over 256 kB at
    most). Of a first head the time counts from the connection on.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._without_body = 0
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._without_body += len(data)
        super().data_received(data)
        if self._without_body > LIMIT_BYTES and not self.transport.is_closing():
            self.send_400_response(TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._without_body = 0
        self._wait()

    def on_headers_complete(self) -> None:
        self._came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._without_body = 0
        super().on_body(body)

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(PATIENCE_S, self.transport.close)

    def _came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
