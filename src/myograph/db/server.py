"""What any login may know of the server it reached, and of itself. Read from the catalogs alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import class_row, scalar_row

from myograph.db.rows import certain

PROBE_ROWS: Final = 5_000  # of 200 bytes each


@dataclass(frozen=True, slots=True)
class Server:
    """number       150004 of 15.4
    connections     how many logins like ours may open at once, of all programs together
    database        tells two databases apart, of whatever servers
    now             by the server's clock
    """

    version: str
    number: int
    connections: int
    reads_only: bool
    database: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """Who is connected, and what it may do beyond what the policies let it.

    inherits    has the rights of its groups without becoming one of them
    owns        tables and functions of ours are its own
    tables      tables of ours that it may use as it is
    """

    name: str
    superuser: bool
    passes_policies: bool
    inherits: bool
    creates_roles: bool
    creates_databases: bool
    replicates: bool
    owns: bool
    groups: Sequence[str]
    tables: Sequence[str]

    @property
    def powers(self) -> list[str]:
        """What no login of a service has; in words."""
        words = {
            "is a superuser": self.superuser,
            "passes row level security": self.passes_policies,
            "may create roles": self.creates_roles,
            "may create databases": self.creates_databases,
            "may replicate": self.replicates,
            "owns tables of ours": self.owns,
        }
        return [word for word, so in words.items() if so]


@dataclass(frozen=True, slots=True)
class StoreInDatabase:
    """Supabase Storage's own table, where this database has one.

    noted       by our trigger, in the transaction of the upload
    listed      buckets may be listed by our function
    """

    noted: bool
    listed: bool


def server(conn: Connection) -> Server:
    return certain(
        conn.cursor(row_factory=class_row(Server))
        .execute(
            """
            SELECT current_setting('server_version') AS version,
                   current_setting('server_version_num')::integer AS number,
                   LEAST(current_setting('max_connections')::integer
                         - current_setting('superuser_reserved_connections')::integer
                         - COALESCE(current_setting('reserved_connections', true), '0')::integer,
                         CASE WHEN d.datconnlimit < 0 THEN 1000000 ELSE d.datconnlimit END,
                         CASE WHEN r.rolconnlimit < 0 THEN 1000000 ELSE r.rolconnlimit END
                   ) AS connections,
                   pg_is_in_recovery()
                       OR current_setting('default_transaction_read_only')::boolean AS reads_only,
                   concat_ws(' ', d.oid, d.datname,
                             extract(epoch FROM pg_postmaster_start_time())) AS database,
                   clock_timestamp() AS now
              FROM pg_database d, pg_roles r
             WHERE d.datname = current_database() AND r.rolname = session_user
            """
        )
        .fetchone()
    )


def login(conn: Connection) -> Login:
    """A table is ours where one of our roles has a right on it."""
    return certain(
        conn.cursor(row_factory=class_row(Login))
        .execute(
            """
            WITH ours AS (
                SELECT c.oid, c.relname::text AS name, c.relowner AS owner
                  FROM pg_class c
                  JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname IN ('public', 'queue') AND c.relkind IN ('r', 'p', 'v')
                   AND EXISTS (SELECT FROM aclexplode(c.relacl) a
                                JOIN pg_roles g ON g.oid = a.grantee
                               WHERE g.rolname LIKE 'myograph%'))
            SELECT r.rolname::text AS name, r.rolsuper AS superuser,
                   r.rolbypassrls AS passes_policies, r.rolinherit AS inherits,
                   r.rolcreaterole AS creates_roles, r.rolcreatedb AS creates_databases,
                   r.rolreplication AS replicates,
                   EXISTS (SELECT FROM ours o WHERE o.owner = r.oid) AS owns,
                   ARRAY(SELECT g.rolname::text
                           FROM pg_auth_members m
                           JOIN pg_roles g ON g.oid = m.roleid
                          WHERE m.member = r.oid ORDER BY 1) AS groups,
                   ARRAY(SELECT o.name FROM ours o
                          WHERE has_any_column_privilege(r.oid, o.oid, 'SELECT, INSERT, UPDATE')
                             OR has_table_privilege(r.oid, o.oid, 'DELETE, TRUNCATE')
                          ORDER BY 1) AS tables
              FROM pg_roles r
             WHERE r.rolname = session_user
            """
        )
        .fetchone()
    )


def answer_within(conn: Connection, seconds: float) -> None:
    """Until the end of this transaction: a pooler lends the session on."""
    conn.execute("SELECT set_config('statement_timeout', %s, true)", [f"{1000 * seconds:.0f}ms"])


def hears(conn: Connection, other: Connection, *, within_s: float) -> bool:
    """Whether `conn` is told what `other` says; both commit by themselves.

    By one connection it could not be known: whoever tells is told at once, even by a pooler that
    tells nobody else.
    """
    conn.execute("LISTEN myograph_doctor")
    other.execute("NOTIFY myograph_doctor")
    return next(conn.notifies(timeout=within_s, stop_after=1), None) is not None


def write_and_forget(conn: Connection) -> None:
    """Let the server write a megabyte, into a table that is gone with this transaction."""
    conn.execute("CREATE TEMPORARY TABLE myograph_doctor (filling text) ON COMMIT DROP")
    conn.execute(
        "INSERT INTO myograph_doctor SELECT repeat('0', 200) FROM generate_series(1, %s)",
        [PROBE_ROWS],
    )
    conn.rollback()


def missing(conn: Connection, tables: Sequence[str], functions: Sequence[str]) -> set[str]:
    """Which of these tables, and of these functions of schema app, are not there."""
    return set(
        conn.cursor(row_factory=scalar_row)
        .execute(
            """
            SELECT t.name FROM unnest(%s::text[]) t (name)
             WHERE NOT EXISTS (SELECT FROM pg_class c
                                JOIN pg_namespace n ON n.oid = c.relnamespace
                               WHERE n.nspname = 'public' AND c.relname = t.name)
             UNION ALL
            SELECT f.name FROM unnest(%s::text[]) f (name)
             WHERE NOT EXISTS (SELECT FROM pg_proc p
                                JOIN pg_namespace n ON n.oid = p.pronamespace
                               WHERE n.nspname = 'app' AND p.proname = f.name)
            """,
            [list(tables), list(functions)],
        )
        .fetchall()
    )


def store_in_database(conn: Connection) -> StoreInDatabase | None:
    """None: it has none."""
    return (
        conn.cursor(row_factory=class_row(StoreInDatabase))
        .execute(
            """
            SELECT EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgrelid = c.oid AND t.tgname = 'myograph_announces'
                              AND t.tgenabled IN ('O', 'A')
                              AND t.tgdeferrable AND t.tginitdeferred) AS noted,
                   EXISTS (SELECT FROM pg_proc p
                             JOIN pg_namespace a ON a.oid = p.pronamespace
                            WHERE a.nspname = 'app' AND p.proname = 'stored_recordings'
                              AND has_function_privilege(p.oid, 'EXECUTE')) AS listed
              FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'storage' AND c.relname = 'objects' AND c.relkind IN ('r', 'p')
            """
        )
        .fetchone()
    )
