"""Real servers, each in a thread of its own: what streams cannot be asked through a test client."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from myograph.web.app import end_streams

PATIENCE_S = 20


@dataclass(frozen=True)
class Running:
    server: uvicorn.Server
    app: FastAPI
    address: str

    def stop(self):
        end_streams(self.app)
        self.server.should_exit = True


@contextmanager
def running(app: FastAPI) -> Iterator[Running]:
    config = uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=PATIENCE_S)
    server = uvicorn.Server(config)
    ready = threading.Event()
    started = server.startup

    async def startup(sockets=None):
        await started(sockets)
        ready.set()

    server.startup = startup
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(server, app, f"http://127.0.0.1:{port}")
    finally:
        end_streams(app)
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
