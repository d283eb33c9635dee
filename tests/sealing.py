"""The record of who did what, sealed up to its end."""

import time

from psycopg import Connection

from myograph.db import audit_chain
from myograph.db.audit_chain import Head

PATIENCE_S = 120.0


def seal_all(worker: Connection) -> Head | None:
    """The last seal. Whoever writes anywhere on the server keeps what is final waiting."""
    deadline = time.monotonic() + PATIENCE_S
    while audit_chain.unsealed(worker, audit_chain.head(worker)).waiting:
        if audit_chain.seal(worker) == 0:
            assert time.monotonic() < deadline, "somebody's transaction does not end"
            time.sleep(0.01)
    return audit_chain.head(worker)
