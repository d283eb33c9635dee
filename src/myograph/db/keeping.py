"""A PostgreSQL of our own that dies is started again, as a service manager does with another's."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

import structlog

from myograph.db.embedded import Cluster, start_again
from myograph.errors import DatabaseUnavailable

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
_AT_MOST_S = 30.0  # between two tries to start what does not


@contextmanager
def kept_running(cluster: Cluster, *, options: tuple[str, ...] = ()) -> Generator[None]:
    """While the block lasts. A server whose disk is full starts once there is room again.

    options    of the server, as it was started with
    """
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=[cluster, options, stop], daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep(cluster: Cluster, options: tuple[str, ...], stop: threading.Event) -> None:
    wait_s = LOOK_EVERY_S
    while not stop.wait(wait_s):
        try:
            died = start_again(cluster, options=options)
        except (DatabaseUnavailable, OSError) as exc:
            log.error("database", died=True, started=False, error=type(exc).__name__)  # noqa: TRY400 - its own log says why
            wait_s = min(2 * wait_s, _AT_MOST_S)
            continue
        if died:
            log.warning("database", died=True, started=True)
        wait_s = LOOK_EVERY_S
