"""Apply the numbered .sql files of `migrations/`, each once, each in its own transaction."""

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import LiteralString, cast

import psycopg
from psycopg import Connection

from myograph.db import roles
from myograph.db.connections import be_missed, watched
from myograph.errors import DatabaseUnavailable

LOCK = 7_318_442  # any constant: two deploys must not migrate at once
OLDEST = 150000  # PostgreSQL 15: security_invoker views
LOCK_TIMEOUT = "5s"  # a table that somebody holds: better to try again than to stop everyone


_INCLUDE = re.compile(r"^-- include (\w+)/(\S+) sha256 (\w{64})$", re.MULTILINE)
_TABLES = re.compile(r"^CREATE TABLE (?:public\.)?(\w+)", re.MULTILINE)
_FUNCTIONS = re.compile(r"^CREATE (?:OR REPLACE )?FUNCTION app\.(\w+)", re.MULTILINE)
_DROPS = re.compile(r"^DROP (?:TABLE|FUNCTION) (?:app\.|public\.)?(\w+)", re.MULTILINE)


class Edited(DatabaseUnavailable):
    """A file that was applied has been changed since."""

    code = "migration_edited"


def migrate(
    conn: Connection, *, web_password: str | None = None, worker_password: str | None = None
) -> list[str]:
    """Bring the database up to date and return the names of the files applied.

    `conn` is the future owner of the tables: a login that may create roles, and nobody's in
    service. Passwords are set where they are given; without one a new login cannot sign in.
    """
    if conn.info.server_version < OLDEST:
        raise DatabaseUnavailable("PostgreSQL 15 or newer is needed")
    conn.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        roles.ensure(conn, web_password=web_password, worker_password=worker_password)
        if not _begun(conn):
            conn.execute(_CREATE)
        done = _done(conn)
        conn.commit()
        applied = [name for name, text in _files() if _apply(conn, name, text, done.get(name))]
        with conn.transaction():
            roles.shut_out_strangers(conn)
        return applied
    finally:
        conn.rollback()
        conn.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        conn.commit()


def migrate_url(
    url: str, *, web_password: str | None = None, worker_password: str | None = None
) -> list[str]:
    with psycopg.connect(watched(url), application_name="myograph migrate") as conn:
        be_missed(conn)
        return migrate(conn, web_password=web_password, worker_password=worker_password)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the files of this program stand to a database.

    pending    the program has and the database has not
    edited     were changed after they were applied
    newer      the database has and the program has not: it is of an older release
    """

    pending: tuple[str, ...]
    edited: tuple[str, ...]
    newer: tuple[str, ...]


def standing(conn: Connection) -> Standing:
    """Of the list of files that were applied, which the owner of the tables alone may read."""
    done, ours = (_done(conn) if _begun(conn) else {}), dict(_files())
    return Standing(
        pending=tuple(name for name in ours if name not in done),
        edited=tuple(n for n, text in ours.items() if done.get(n, _digest(text)) != _digest(text)),
        newer=tuple(sorted(done.keys() - ours.keys())),
    )


@dataclass(frozen=True, slots=True)
class Makes:
    """Tables, and functions of schema app, that a file makes and none after it takes away."""

    tables: tuple[str, ...]
    functions: tuple[str, ...]


def makes() -> dict[str, Makes]:
    """By the name of each file: by what anybody may see whether it was applied."""
    texts = dict(_files())
    dropped = {name for text in texts.values() for name in _DROPS.findall(text)}
    seen: set[str] = set()
    made: dict[str, Makes] = {}
    for file, text in texts.items():
        tables, functions = (
            tuple(n for n in dict.fromkeys(kind.findall(text)) if n not in seen | dropped)
            for kind in (_TABLES, _FUNCTIONS)
        )
        seen |= {*tables, *functions}
        made[file] = Makes(tables, functions)
    return made


def _begun(conn: Connection) -> bool:
    return conn.execute("SELECT to_regclass('public.migrations')").fetchone() != (None,)


def _done(conn: Connection) -> dict[str, str]:
    return dict(conn.execute("SELECT name, digest FROM public.migrations").fetchall())


_CREATE = """
    CREATE TABLE public.migrations (
        name       text PRIMARY KEY,
        digest     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE  public.migrations IS 'Files of SQL that were applied to this database.';
    COMMENT ON COLUMN public.migrations.name IS 'Of the file.';
    COMMENT ON COLUMN public.migrations.digest IS 'SHA-256 of its text, in hex.';
    COMMENT ON COLUMN public.migrations.applied_at IS 'When.';
    ALTER TABLE public.migrations ENABLE ROW LEVEL SECURITY;
    ALTER TABLE public.migrations FORCE ROW LEVEL SECURITY;
    CREATE POLICY owner ON public.migrations TO CURRENT_USER USING (true);
    """


def _files() -> list[tuple[str, LiteralString]]:
    folder = resources.files("myograph.db") / "migrations"
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".sql"))
    # These files are part of the program, as much as a string in it would be.
    return [(n, cast("LiteralString", (folder / n).read_text("utf-8"))) for n in names]


def _digest(text: str) -> str:
    """Of our own text: what it includes is pinned beside it and may move with the package."""
    return sha256(_INCLUDE.sub(r"-- include \1/\2", text).encode()).hexdigest()


def _whole(name: str, text: LiteralString) -> LiteralString:
    """The text with every file of a package that it includes, each of which must be the one meant.

    What was applied is never applied again, so a newer package does not touch a database; it asks
    for a migration of its own.
    """

    def included(line: re.Match[str]) -> str:
        package, path, digest = line.groups()
        content = (resources.files(package) / path).read_text("utf-8")
        if sha256(content.encode()).hexdigest() != digest:
            raise Edited(
                f"{name} was written for another version of {package}: its {path} has changed."
                " Install the version that the lock names, or write a migration for the new one."
            )
        return content

    # A locked package's own text is as much part of the program as ours.
    return cast("LiteralString", _INCLUDE.sub(included, text))


def _apply(conn: Connection, name: str, text: LiteralString, known: str | None) -> bool:
    digest = _digest(text)
    if known == digest:
        return False
    if known is not None:
        raise Edited(f"{name} was changed after it was applied; write a new file instead")
    with conn.transaction():
        conn.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        conn.execute("SET LOCAL search_path = public")
        conn.execute(_whole(name, text))
        conn.execute("INSERT INTO public.migrations (name, digest) VALUES (%s, %s)", [name, digest])
    return True
