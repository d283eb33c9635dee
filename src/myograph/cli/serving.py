"""The web and its worker, kept running until somebody stops them."""

import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psycopg
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from myograph.cli import children, whereabouts
from myograph.cli.heads import BoundedHeads
from myograph.cli.system import ANSWERS_WITHIN_S, NOT_UP_TO_DATE, System
from myograph.db.connections import watched
from myograph.errors import BadInput, DatabaseUnavailable
from myograph.services.come_in import link_for_first_admin
from myograph.services.pseudonym_key import refuse_another
from myograph.web.app import create_app, end_streams

LOOPBACK = ("127.0.0.1", "::1", "localhost")
GRACE_S = 5
# A thread that works holds Python for so long while others wait. By default it is 5 ms: behind
# sixteen uploads whoever only asks whether we are alive waited for 80.
TURN_S = 0.0005
DOORS = 16


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 takes any free one."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as refused:
        listener.close()
        raise BadInput(
            f"Port {port} of {host} cannot be had ({refused.strerror}). Another is chosen with"
            " --port, any free one with --port 0."
        ) from refused
    return listener


def listening_anywhere(host: str, port: int) -> socket.socket:
    """The same, at any free port where this one is taken."""
    try:
        return listening(host, port)
    except BadInput:
        return listening(host, 0)


def first_link(system: System, host: str) -> str | None:
    """The path of a link for the first administrator; None where there is one.

    Raises BadInput where the key of the pseudonyms is not the one that was used before.
    Until then nobody but this machine may ask: whoever came first could make the place theirs.
    """
    try:
        with psycopg.connect(watched(system.web_url), connect_timeout=ANSWERS_WITHIN_S) as conn:
            refuse_another(conn, system.pseudonym_key)
            secret = link_for_first_admin(conn)
    except psycopg.errors.UndefinedFunction as old:
        raise DatabaseUnavailable(NOT_UP_TO_DATE) from old
    except psycopg.OperationalError as away:
        if host in LOOPBACK:  # it may come yet, and meanwhile the answer is 503
            return None
        raise DatabaseUnavailable(
            f"The database does not answer, so nobody knows whether there is an administrator: the"
            f" service does not listen on {host} yet."
        ) from away
    if secret is not None and host not in LOOPBACK:
        raise BadInput(
            f"The service does not listen on {host} while there is no administrator, who says who"
            " may come in. Add one with `myograph person add --role admin`, or start it with"
            " --host 127.0.0.1 and follow the link it prints."
        )
    return None if secret is None else f"/welcome/{secret}"


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return whereabouts.written(host, port)


def stop_when_told() -> None:
    """A service manager or a closed terminal ends the program as Ctrl-C does: by unwinding.

    uvicorn raises the signal again once it has stopped, which would kill us with the database
    still running.
    """

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    for told in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, end)


@contextlib.contextmanager
def worker(system: System, log: Path | None = None) -> Generator[None]:
    """A worker in a process of its own, started again whenever it ends; `log`: its log's file."""
    command = children.myograph("work", "--with-parent", *(["--log-file", str(log)] if log else []))
    with children.running(command, system.for_worker()):
        yield


def serve(system: System, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM; `announce` gets the address once requests are answered."""
    sys.setswitchinterval(TURN_S)
    app = create_app(
        system.settings,
        web_url=system.web_url,
        store=system.store,
        secret=system.cookie_key,
        sources=system.sources,
    )
    settle(app)
    config = config_of(app, trusted_proxies=system.settings.trusted_proxies)
    with whereabouts.noted(system.data_dir) as note:

        def ready(address: str) -> None:
            note(address)
            announce(address)

        # uvicorn raises the signal again when it is done
        with contextlib.suppress(KeyboardInterrupt):
            _Server(config, app, ready).run(sockets=doors(listener))


def settle(app: FastAPI) -> None:
    """Do now what would else stop everybody in the middle of the first requests.

    FastAPI builds its routes when they are first needed; and to look for garbage among all that is
    built for good took Python 60 to 150 ms each time. What requests leave is looked for more rarely
    than by default: a crowd makes 700 things in no time, and nearly none of them is garbage.
    """
    app.openapi()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def doors(listener: socket.socket) -> list[socket.socket]:
    """The same listener, many times over.

    The loop lets in one connection by each of them in a turn (libuv since 1.45, pull request 3696):
    by one door the last of a hundred that come at once waits for a hundred turns.
    """
    return [listener, *(listener.dup() for _ in range(DOORS - 1))]


def config_of(app: ASGIApp, *, trusted_proxies: str) -> uvicorn.Config:
    """How requests are taken.

    trusted_proxies    what these say of the client's address and of TLS is believed
    """
    return uvicorn.Config(
        app,
        http=BoundedHeads,
        log_level="warning",
        access_log=False,
        server_header=False,
        forwarded_allow_ips=trusted_proxies,
        timeout_graceful_shutdown=GRACE_S,
    )


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, app: FastAPI, announce: Callable[[str], None]
    ) -> None:
        super().__init__(config)
        self._app = app
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            self._announce(address_of(sockets[0]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_streams(self._app)
        await super().shutdown(sockets)
