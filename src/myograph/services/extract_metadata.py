"""What a file says of itself, from its first blocks alone: stored before any sample is read."""

import contextlib
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from myograph.c3d.recording import parse_upload_name, read_facts
from myograph.db import results, technical
from myograph.db.plain import plain
from myograph.errors import BadName, NotReadable, ObjectGone
from myograph.recording import Facts, Finding, GameFacts
from myograph.storage.objects import ObjectStore

DEFAULT_ZONE = "Europe/Brussels"
# The game writes the minute; its file's name has the same moment to the millisecond.
_SAME_START = timedelta(minutes=1)


def extract_metadata(
    pool: ConnectionPool[Connection],
    store: ObjectStore,
    session_id: UUID,
    *,
    zone: str = DEFAULT_ZONE,
) -> None:
    """Store the facts of a session's file, unless they are known.

    A file that cannot be read is the analysis's to refuse, with its sentence; so are other bytes
    that lie there by now, which say nothing of this session.
    """
    with pool.connection() as conn:
        place = technical.place_of(conn, session_id)
    if place is None:
        return
    with contextlib.suppress(NotReadable, ObjectGone, BadName):
        source = store.source(place.object_key)
        if not source.head.is_announced(etag=place.storage_etag, size=place.file_size_bytes):
            return
        facts = read_facts(source)
        with pool.connection() as conn:
            describe(conn, session_id, facts, name=place.file_path, zone=zone)


def describe(conn: Connection, session_id: UUID, facts: Facts, *, name: str, zone: str) -> None:
    conn.execute(
        "SELECT app.describe(%s, %s)", [session_id, Jsonb(described(facts, name=name, zone=zone))]
    )


def described(facts: Facts, *, name: str, zone: str = DEFAULT_ZONE) -> dict[str, Any]:
    """The facts as `app.describe` and `app.receive_upload` take them.

    name    of the object: it has the seconds of the start, which the file has not
    """
    started = _started(facts.game, parse_upload_name(name))
    when = None if started is None else started.replace(tzinfo=ZoneInfo(zone))
    findings = [*facts.findings, *_doubled_hour(when)]
    return plain(
        {
            "technical": technical.as_json(facts),
            "game": None if facts.game is None else _game(facts.game),
            "findings": [results.as_json(finding) for finding in findings],
            "started_local": None if started is None else started.isoformat(),
            "session_date": None if when is None else when.isoformat(),
        }
    )


def _started(game: GameFacts | None, named: datetime | None) -> datetime | None:
    """The file's own start, made more precise by its name where the two agree."""
    start = game.start if game else None
    if start is None:
        return named
    if named is not None and abs(named - start) <= _SAME_START:
        return named
    return start


def _doubled_hour(when: datetime | None) -> list[Finding]:
    if when is None or when.astimezone(UTC) >= when.replace(fold=1).astimezone(UTC):
        return []
    return [
        Finding(
            "doubled_hour",
            f"{when:%Y-%m-%d %H:%M} happened twice, when the clocks went back; the first is taken.",
        )
    ]


def _game(game: GameFacts) -> dict[str, Any]:
    plainly = {f.name: getattr(game, f.name) for f in fields(game)}
    return plainly | {
        "start": None if game.start is None else game.start.isoformat(),
        "channels": {label: asdict(channel) for label, channel in game.channels.items()},
    }
