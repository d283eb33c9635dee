"""The database itself: one and the same, up to date, writable, with connections enough."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import psycopg

from myograph.cli.checks.connecting import connected, looked_into
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation
from myograph.cli.checks.logins import OWNER, WEB, WORKER
from myograph.cli.checks.words import count, lasting
from myograph.db import migrate, server, storage_objects
from myograph.db.room import lacks_room
from myograph.web.app import connections as of_web
from myograph.web.webhooks.signatures import TOLERANCE_S
from myograph.worker.run import connections as of_worker

HEARD_WITHIN_S: Final = 3.0
CLOCK_WARNING_S: Final = TOLERANCE_S / 10


def _same(of: Installation) -> Iterator[Finding]:
    name = "one database"
    if of.web_url and of.worker_url:
        with looked_into(of.web_url) as web, looked_into(of.worker_url) as worker:
            same = server.server(web).database == server.server(worker).database
        if same:
            yield ok(name, "web and worker use the same one")
        else:
            yield problem(
                name,
                "web and worker use two: what is uploaded would never be analysed",
                "Let MYOGRAPH_DATABASE_URL and MYOGRAPH_WORKER_DATABASE_URL name the same host,"
                " port and database.",
            )


def _migrations(of: Installation) -> Iterator[Finding]:
    if of.owner_url is None:
        yield _traces(of.worker_url or "")
        return
    with looked_into(of.owner_url) as conn:
        found = migrate.standing(conn)
    yield judged_standing(found)


def judged_standing(found: migrate.Standing) -> Finding:
    name = "migrations"
    if found.edited:
        return problem(
            name,
            f"applied, and changed since in this program: {', '.join(found.edited)}",
            "Install the release unchanged; a migration that was applied is never edited.",
        )
    if found.newer:
        return problem(
            name,
            f"the database is of a newer release: it has {', '.join(found.newer)}",
            "Install that release here too; docs/commands.md says which one this is.",
        )
    if found.pending:
        return problem(
            name,
            f"{count(len(found.pending), 'file')} not applied yet, the first {found.pending[0]}",
            "Run `myograph migrate`, then restart web and workers.",
        )
    return ok(name, "all are applied, and none was changed since")


def _traces(url: str) -> Finding:
    """The list of files is their owner's to read; what they made anybody may see."""
    name, made = "migrations", migrate.makes()
    with looked_into(url) as conn:
        missing = server.missing(
            conn,
            [table for one in made.values() for table in one.tables],
            [function for one in made.values() for function in one.functions],
        )
    for file, one in made.items():
        if missing & {*one.tables, *one.functions}:
            return problem(
                name,
                f"what {file} makes is not there",
                "Run `myograph migrate` with MYOGRAPH_MIGRATE_DATABASE_URL set, then restart web"
                " and workers.",
            )
    return ok(
        name,
        "every table and function is there; with MYOGRAPH_MIGRATE_DATABASE_URL set their list"
        " would be compared too",
    )


def _listens(of: Installation) -> Iterator[Finding]:
    """A pooler in transaction mode takes LISTEN, and what is notified reaches nobody."""
    name, url = "LISTEN", of.worker_url or ""
    with (
        connected(url, autocommit=True) as conn,
        connected(url, autocommit=True) as other,
    ):
        heard = server.hears(conn, other, within_s=HEARD_WITHIN_S)
    if not heard:
        yield problem(
            name,
            "what the database tells the worker does not arrive: a pooler in transaction mode"
            " lies between",
            "Let MYOGRAPH_WORKER_DATABASE_URL name the direct connection or the pooler's session"
            " mode (with Supabase port 5432, not 6543).",
        )
    else:
        yield ok(name, "the worker hears of new recordings at once")


def _writes(of: Installation) -> Iterator[Finding]:
    name = "writing"
    try:
        with looked_into(of.worker_url or "", read_only=False) as conn:
            reads_only = server.server(conn).reads_only
            if not reads_only:
                server.write_and_forget(conn)
    except psycopg.Error as exc:
        if not lacks_room(exc):
            raise
        yield problem(
            name,
            "the database has no room on its disk",
            "Make room on the disk of the database, or let its provider enlarge it.",
        )
        return
    if reads_only:
        yield problem(
            name,
            "the database can only be read: it is a copy, or was set so",
            "Name the primary in MYOGRAPH_DATABASE_URL and MYOGRAPH_WORKER_DATABASE_URL, or"
            " set default_transaction_read_only of the database to off.",
        )
    else:
        yield ok(name, "a megabyte was taken, and is gone again")


def _clock(of: Installation) -> Iterator[Finding]:
    with looked_into(of.worker_url or "") as conn:
        began = time.time()
        now = server.server(conn).now
        ours = datetime.fromtimestamp((began + time.time()) / 2, UTC)
    yield judged_clock((ours - now).total_seconds())


def judged_clock(ahead_s: float) -> Finding:
    """ahead_s    of the database's clock"""
    name = "clocks"
    where = "ahead of" if ahead_s > 0 else "behind"
    found = f"this machine is {lasting(abs(ahead_s))} {where} the database"
    mend = "Let both take the time from NTP (timedatectl set-ntp true)."
    if abs(ahead_s) > TOLERANCE_S:
        return problem(name, f"{found}; signatures of more than {TOLERANCE_S} s are refused", mend)
    if abs(ahead_s) > CLOCK_WARNING_S:
        return warning(name, f"{found}; signatures tolerate {TOLERANCE_S} s in all", mend)
    return ok(name, f"less than {CLOCK_WARNING_S:.0f} s apart")


def _connections(of: Installation) -> Iterator[Finding]:
    with looked_into(of.worker_url or "") as conn:
        allowed = server.server(conn).connections
    web, worker = of_web(of.settings), of_worker(of.concurrency)
    yield judged_connections(allowed, web, worker)


def judged_connections(allowed: int, web: int, worker: int) -> Finding:
    """allowed    to all programs of that server together"""
    name = "connections"
    wanted = f"one web takes up to {web} and one worker {worker}, of {allowed}"
    if web + worker > allowed:
        return problem(
            name,
            wanted,
            "Raise max_connections of the server, or lower MYOGRAPH_POOL_SIZE or --concurrency.",
        )
    if web + worker > allowed * 0.8:
        return warning(
            name,
            wanted,
            "Raise max_connections of the server before anything else uses it, or lower"
            " MYOGRAPH_POOL_SIZE.",
        )
    return ok(name, wanted)


def _supabase(of: Installation) -> Iterator[Finding]:
    """Where the database has Supabase's store, its trigger tells us at once."""
    name, again = "Supabase trigger", "Run deploy/supabase/migrations as docs/supabase.md says."
    with looked_into(of.worker_url or "") as conn:
        found = server.store_in_database(conn)
        if found is None:
            return
        unseen = [
            bucket
            for bucket in of.settings.accepted_buckets
            if found.listed and storage_objects.shown(conn, bucket) is None
        ]
    if not found.noted:
        said = "storage.objects has none of ours: uploads are found by the sweep, within 15 minutes"
        yield warning(name, said, again)
    elif not found.listed:
        said = "it is there, and the worker may not list the bucket by the database"
        yield warning(name, said, again)
    elif unseen:
        yield warning(
            name,
            f"it does not watch {', '.join(unseen)}, which MYOGRAPH_BUCKETS accepts",
            'Name the same buckets in app.storage_hook: docs/supabase.md, "Install".',
        )
    else:
        yield ok(name, "uploads are noted in their own transaction")


CHECKS: Final = (
    Check("one database", _same, (WEB, WORKER)),
    Check("migrations", _migrations, (WORKER, OWNER)),
    Check("LISTEN", _listens, (WORKER,)),
    Check("writing", _writes, (WORKER, "migrations")),
    Check("clocks", _clock, (WORKER,)),
    Check("connections", _connections, (WORKER,)),
    Check("Supabase trigger", _supabase, (WORKER,)),
)
