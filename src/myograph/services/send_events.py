"""Tell others what became of a session: signed, without a name in it, and again until it is taken.

A repeat bears the same `webhook-id`.
"""

import json
import random
import time
from collections.abc import Callable
from typing import Final

import httpx2
from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import outgoing
from myograph.db.outgoing import Due
from myograph.services.event_targets import Target
from myograph.services.standard_webhooks import key_of, signed

TRIES: Final = 6
FIRST_S: Final = 5.0  # then six times later each time: the last try follows after about two hours
TIMEOUT_S: Final = 10.0


def body_of(event: Due) -> bytes:
    """What the receiver reads: codes and our own numbers, nothing about a person."""
    data = {
        "session_id": str(event.session_id),
        "method": event.method,
        "failure_kind": event.failure_kind,
        "failure_code": event.failure_code,
    }
    said = {"type": event.type, "timestamp": event.created_at.isoformat(), "data": data}
    return json.dumps(said, separators=(",", ":")).encode()


def send_next(
    pool: ConnectionPool[Connection],
    client: httpx2.Client,
    target: Target,
    *,
    now: Callable[[], float] = time.time,
) -> bool:
    """Send what has been due for longest and note what became of it; False where nothing is due.

    Nothing is held while we wait for the receiver; whoever dies meanwhile leaves the event due.
    """
    with pool.connection() as conn:
        event = outgoing.take_due(conn, target.name, again_after_s=2 * TIMEOUT_S)
    if event is None:
        return False
    problem = _problem(client, target, event, at=int(now()))
    with pool.connection() as conn:
        _settle(conn, event, problem)
    return True


def _problem(client: httpx2.Client, target: Target, event: Due, *, at: int) -> str | None:
    """None: the receiver took it."""
    body = body_of(event)
    headers = signed(key_of(target.secret), number=str(event.id), at=at, body=body)
    try:
        # Streamed: the answer's status is all we want of it, however long it is.
        with client.stream(
            "POST",
            target.url,
            content=body,
            headers={"content-type": "application/json", **headers},
        ) as answer:
            return None if answer.is_success else f"status {answer.status_code}"
    except httpx2.TimeoutException:
        return "timeout"
    except httpx2.TransportError:
        return "no connection"


def _settle(conn: Connection, event: Due, problem: str | None) -> None:
    if problem is None:
        outgoing.sent(conn, event.id)
    elif event.tries >= TRIES:
        outgoing.give_up(conn, event.id, problem=problem)
    else:
        later_s = FIRST_S * 6 ** (event.tries - 1) * random.uniform(0.75, 1.25)  # noqa: S311, no secret
        outgoing.put_off(conn, event.id, problem=problem, seconds=later_s)


def client() -> httpx2.Client:
    """Goes where it is told and nowhere else: no redirect, no proxy of the environment."""
    return httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
