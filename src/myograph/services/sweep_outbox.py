"""What a store in this database noted of its objects, and no webhook may have told."""

from collections.abc import Callable

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from myograph.db import outbox
from myograph.db.outbox import Change
from myograph.db.room import lacks_room
from myograph.errors import BadName, MyographError
from myograph.services.receive_upload import Refused, Upload, receive_event
from myograph.storage.listing import refusal


def _on() -> None:
    """Nobody stops it."""


def sweep_outbox(pool: ConnectionPool[Connection], *, beat: Callable[[], None] = _on) -> int:
    """Announce every change that waits, told before or not; the number of changes settled.

    beat    called before each; whatever it raises ends the sweep, and another settles the rest
    One transaction each, so that no announcement waits for another's object. What fails keeps
    its problem and stays; the others go on.
    """
    settled = 0
    while True:
        beat()
        done = _one(pool)
        if done is None:
            return settled
        settled += done


def _one(pool: ConnectionPool[Connection]) -> bool | None:
    """Whether the oldest change that waits was settled; None where there is none."""
    with pool.connection() as conn:
        change = outbox.next_due(conn)
        if change is None:
            return None
        try:
            with conn.transaction():
                received = receive_event(conn, announcement(change))
        except (MyographError, psycopg.Error) as exc:
            if isinstance(exc, psycopg.OperationalError) or lacks_room(exc):
                raise  # the database's own trouble, which ends the sweep and not this change
            outbox.put_off(conn, change, _sentence(exc))
            return False
        outbox.settle(conn, change, received.session_id)
        return True


def announcement(change: Change) -> Upload:
    refused = refusal(change.bucket, change.name)
    return Upload(
        change.bucket,
        change.name,
        size_bytes=change.size_bytes,
        etag=change.etag,
        version=change.version,
        object_id=change.object_id,
        source="outbox",
        delivery_id=f"outbox:{change.id}",
        shape="outbox",
        operation="removed" if change.operation == "DELETE" else "created",
        old_name=change.old_name,
        old_version=change.old_version,
        modified_at=change.modified_at,
        refused=None if refused is None else Refused(BadName.code, refused),
    )


def _sentence(exc: Exception) -> str:
    """For an admin: our own words, and of a bug no more than its kind."""
    if isinstance(exc, MyographError):
        return exc.sentence
    return f"The change could not be taken in ({type(exc).__name__})."
