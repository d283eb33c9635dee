"""Whom we tell what becomes of sessions: nobody, unless the settings say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import TypeAdapter, ValidationError

from myograph.db import outgoing
from myograph.db.outgoing import Type
from myograph.errors import BadInput
from myograph.services.standard_webhooks import key_of

EVERY: Final[tuple[Type, ...]] = ("session.analysed", "session.failed")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Whom to tell. `secret` is `whsec_` and base64; `url` may hold a token: neither is logged."""

    name: str
    url: str
    secret: str
    events: tuple[Type, ...] = EVERY


_TARGETS: Final = TypeAdapter(tuple[Target, ...])


def targets_of(text: str, allowed_hosts: Sequence[str]) -> tuple[Target, ...]:
    """The targets of a setting, a list in JSON; raises BadInput with what is wrong.

    allowed_hosts    the only hosts that may be told anything
    """
    if not text.strip():
        return ()
    try:
        targets = _TARGETS.validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadInput(f"MYOGRAPH_EVENT_TARGETS is not right: {place}: {first['msg']}.") from None
    if len({target.name for target in targets}) < len(targets):
        raise BadInput("Two event targets bear the same name.")
    for target in targets:
        _check(target, frozenset(host.casefold() for host in allowed_hosts))
    return targets


def announce(pool: ConnectionPool[Connection], targets: Sequence[Target]) -> None:
    """Let the database make events for these targets, and for no others."""
    with pool.connection() as conn:
        outgoing.announce_targets(conn, [(target.name, target.events) for target in targets])


def _check(target: Target, allowed_hosts: frozenset[str]) -> None:
    host = _host_of(target)
    if host not in allowed_hosts:
        raise BadInput(
            f"Event target {target.name!r} lies on {host},"
            " which MYOGRAPH_EVENT_HOSTS does not name."
        )
    key_of(target.secret)


def _host_of(target: Target) -> str:
    try:
        parts = urlsplit(target.url)
        host, _ = (parts.hostname or "").casefold(), parts.port
    except ValueError:
        raise BadInput(f"Event target {target.name!r} has no address one could call.") from None
    if not host or parts.username is not None or parts.fragment:
        raise BadInput(f"The address of event target {target.name!r} is no plain https:// address.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise BadInput(f"Event target {target.name!r} must be told over https.")
    return host
