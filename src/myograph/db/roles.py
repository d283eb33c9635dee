"""The roles and logins that the migrations grant to. They belong to a server, not a database."""

from typing import Literal

from psycopg import Connection, sql

Login = Literal["myograph_web", "myograph_work"]

WEB: Login = "myograph_web"
WORKER: Login = "myograph_work"

# What each login may become. The web has nothing until it says who is asking (NOINHERIT); the
# worker has its rights at once.
MEMBERS: dict[Login, tuple[str, ...]] = {
    WEB: ("myograph_therapist", "myograph_researcher", "myograph_admin"),
    WORKER: ("myograph_worker",),
}
_GROUPS = (
    "myograph_therapist",
    "myograph_researcher",
    "myograph_admin",
    "myograph_worker",
    "myograph_accounts",
    "myograph_audit",
    "myograph_privacy",
)
# Functions come to belong to these, and only a member may give something away to a role.
_OWNERS = ("myograph_worker", "myograph_accounts", "myograph_audit", "myograph_privacy")


def ensure(conn: Connection, *, web_password: str | None, worker_password: str | None) -> None:
    """Every role and login, as the migrations need them; a password of None is left as it is."""
    for name in _GROUPS:
        _create(conn, name, "NOLOGIN")
    for name in _OWNERS:
        _join(conn, name, "CURRENT_USER")
    _create(conn, WEB, "LOGIN NOINHERIT")
    _create(conn, WORKER, "LOGIN INHERIT")
    _set_password(conn, WEB, web_password)
    _set_password(conn, WORKER, worker_password)
    for login, groups in MEMBERS.items():
        for group in groups:
            _join(conn, group, login)


def _create(
    conn: Connection, name: str, attributes: Literal["NOLOGIN", "LOGIN NOINHERIT", "LOGIN INHERIT"]
) -> None:
    if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
        conn.execute(sql.SQL("CREATE ROLE {} " + attributes).format(sql.Identifier(name)))


def _join(conn: Connection, group: str, member: str) -> None:
    """Only where it is not so yet: a repeated grant is a warning, and to oneself an error."""
    known = conn.execute(
        """
        SELECT FROM pg_auth_members m
          JOIN pg_roles g ON g.oid = m.roleid
          JOIN pg_roles r ON r.oid = m.member
         WHERE g.rolname = %s
           AND r.rolname = CASE WHEN %s = 'CURRENT_USER' THEN current_user ELSE %s END
        """,
        [group, member, member],
    ).fetchone()
    if known is None or member == "CURRENT_USER":
        to = sql.SQL("CURRENT_USER") if member == "CURRENT_USER" else sql.Identifier(member)
        conn.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), to))


def _set_password(conn: Connection, login: Login, password: str | None) -> None:
    if password is not None:
        conn.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(login), sql.Literal(password)
            )
        )


def shut_out_strangers(conn: Connection) -> None:
    """Take from Supabase's own roles what its default privileges give them on whatever is ours.

    Ours is what our roles have a right on, and the list of migrations; a project may have tables of
    its own beside them.
    """
    conn.execute(_SHUT_OUT)


_SHUT_OUT = """
    DO $$
    DECLARE
        held record;
    BEGIN
        FOR held IN
            WITH ours AS (
                SELECT c.oid
                  FROM pg_class c
                 WHERE c.relnamespace = 'public'::regnamespace
                   AND c.relowner = (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user)
                   AND (c.relname = 'migrations' OR EXISTS (
                        SELECT FROM aclexplode(c.relacl) a
                         WHERE a.grantee::regrole::text LIKE 'myograph%')))
            SELECT DISTINCT c.oid::regclass AS relation, g.rolname AS stranger,
                   CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
              FROM pg_class c
             CROSS JOIN aclexplode(c.relacl) a
              JOIN pg_roles g ON g.oid = a.grantee
             WHERE g.rolname IN ('anon', 'authenticated', 'service_role')
               AND (c.oid IN (TABLE ours)
                    OR c.oid IN (SELECT d.objid FROM pg_depend d
                                  WHERE d.refobjid IN (TABLE ours) AND d.deptype = 'i'
                                    AND d.classid = 'pg_class'::regclass))
        LOOP
            EXECUTE format('REVOKE ALL ON %s %s FROM %I', held.kind, held.relation, held.stranger);
        END LOOP;
    END
    $$
    """
