"""What every connection of ours is told, so that whoever vanished is missed within a minute.

A machine without power says no goodbye, and a network that loses a line tells neither end. What
they held would be held for hours: rows locked in the middle of a transaction, a sweep's claim.
"""

from typing import Final, LiteralString

from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

IDLE_S: Final = 60.0  # nothing of ours waits for anything else within a transaction
_IDLE_PROBE_S: Final = 30
_PROBE_S: Final = 10
_PROBES: Final = 3
_UNANSWERED_S: Final = _IDLE_PROBE_S + _PROBES * _PROBE_S

# Of our end; sockets of a file know nothing of them.
_OUR_END: Final = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": f"{_IDLE_PROBE_S}",
    "keepalives_interval": f"{_PROBE_S}",
    "keepalives_count": f"{_PROBES}",
    "tcp_user_timeout": f"{1000 * _UNANSWERED_S}",
}

# Told by a statement, since poolers refuse most of what stands in a connection's address. What the
# server, the login or the address says of them already is somebody's will, and stays.
_TELL: LiteralString = """
    SELECT set_config(name, told.value, false)
      FROM (VALUES ('idle_in_transaction_session_timeout', %(idle)s),
                   ('tcp_keepalives_idle', %(idle_probe)s),
                   ('tcp_keepalives_interval', %(probe)s),
                   ('tcp_keepalives_count', %(probes)s),
                   ('tcp_user_timeout', %(unanswered)s)) told (name, value)
      JOIN pg_settings USING (name)
     WHERE source = 'default'
    """


def watched(url: str) -> str:
    """The same place; a server that vanished is missed. What the address itself says stays."""
    missing = {k: v for k, v in _OUR_END.items() if k not in conninfo_to_dict(url)}
    return make_conninfo(url, **missing)


def be_missed(conn: Connection[TupleRow]) -> None:
    """Let the server miss us, should we vanish: it ends what we left open."""
    conn.execute(_TELL, _their_end())
    conn.commit()


async def be_missed_async(conn: AsyncConnection[TupleRow]) -> None:
    await conn.execute(_TELL, _their_end())
    await conn.commit()


def _their_end() -> dict[str, str]:
    return {
        "idle": f"{1000 * IDLE_S:.0f}ms",
        "idle_probe": f"{_IDLE_PROBE_S}s",
        "probe": f"{_PROBE_S}s",
        "probes": f"{_PROBES}",
        "unanswered": f"{_UNANSWERED_S}s",
    }
