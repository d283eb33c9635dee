"""A PostgreSQL of our own that dies or hangs is started again, as a service manager does it."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import structlog

from myograph.db import postmaster
from myograph.db.embedded import Cluster, launch_again, put_down, server_of
from myograph.errors import DatabaseUnavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Care:
    """How a server is looked after.

    look_every_s       whether it lives, and whether it answers where it did not
    ask_every_s        whether it answers, where it did
    patience_s         one that neither answers nor works for so long is replaced; twice as long
                       each time that was in vain
    most_patience_s    and no longer than this
    rest_s             at most, between two tries to start what does not
    """

    look_every_s: float = 1.0
    ask_every_s: float = 10.0
    patience_s: float = 60.0
    most_patience_s: float = 960.0
    rest_s: float = 30.0


USUAL = Care()


@contextmanager
def kept_running(
    cluster: Cluster, *, options: tuple[str, ...] = (), care: Care = USUAL
) -> Generator[None]:
    """While the block lasts. A server whose disk is full starts once there is room again.

    options    of the server, as it was started with
    """
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=[cluster, options, care, stop], daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep(cluster: Cluster, options: tuple[str, ...], care: Care, stop: threading.Event) -> None:
    ask_at = time.monotonic()
    while not stop.wait(care.look_every_s):
        if server_of(cluster) is None or time.monotonic() >= ask_at:
            _bring_back(cluster, options, care, stop)
            ask_at = time.monotonic() + care.ask_every_s


def _bring_back(
    cluster: Cluster, options: tuple[str, ...], care: Care, stop: threading.Event
) -> None:
    """Until it answers: what is dead is started, what recovers is waited for, what hangs ends."""
    patience_s, rest_s, started = care.patience_s, 0.0, False
    while (found := _watched(cluster, patience_s, care, stop)) in {"dead", "hangs"}:
        if found == "hangs":
            patience_s = min(2 * patience_s, care.most_patience_s)
        elif started:
            log.error("database", died=True, started=False)  # its own log says why
        if stop.wait(rest_s):
            return
        started = _launched(cluster, options)
        rest_s = min(2 * max(rest_s, care.look_every_s), care.rest_s)
    if started and found == "answers":
        log.warning("database", died=True, started=True)


def _watched(
    cluster: Cluster, patience_s: float, care: Care, stop: threading.Event
) -> Literal["answers", "dead", "hangs", "left"]:
    """Until that is known; one that hangs has been put down."""
    before, worked_at = None, time.monotonic()
    while (server := server_of(cluster)) is not None:
        answer = postmaster.ask(cluster.url("postgres", "postgres"))
        if answer == "yes":
            return "answers"
        now = postmaster.effort(server.pid, answer)
        if now is None or now.goes_on_after(before):
            worked_at = time.monotonic()
        elif time.monotonic() - worked_at >= patience_s:
            log.error("database", hangs=True, silent_s=patience_s)
            put_down(cluster, server)
            return "hangs"
        before = now
        if stop.wait(care.look_every_s):
            return "left"
    return "dead"


def _launched(cluster: Cluster, options: tuple[str, ...]) -> bool:
    """Whether it lives; a failure is told."""
    try:
        launch_again(cluster, options=options)
    except (DatabaseUnavailable, OSError) as exc:
        log.error("database", died=True, started=False, error=type(exc).__name__)  # noqa: TRY400 - its own log says why
        return False
    return True
