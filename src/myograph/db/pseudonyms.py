"""What researchers know patients by, and by what the key behind it is known again."""

from collections.abc import Mapping

from psycopg import Connection
from psycopg.rows import scalar_row


def check_value(conn: Connection) -> str | None:
    """Of the key that is in use; None before a worker has used one. For the web and the worker."""
    return conn.cursor(row_factory=scalar_row).execute("SELECT app.pseudonym_check()").fetchone()


def remember(conn: Connection, check: str) -> None:
    """For ever after; nothing where there is one. The worker's right."""
    conn.execute(
        """
        INSERT INTO key_checks (purpose, digest)
        VALUES ('pseudonyms', %s)
        ON CONFLICT DO NOTHING
        """,
        [check],
    )


def any_known(conn: Connection) -> tuple[str, str] | None:
    """Code and pseudonym of a patient who has one."""
    return conn.execute(
        "SELECT patient_code, pseudonym FROM patients WHERE pseudonym IS NOT NULL"
        " ORDER BY patient_code LIMIT 1"
    ).fetchone()


def known(conn: Connection) -> list[str]:
    """Codes of the patients who have one."""
    return (
        conn.cursor(row_factory=scalar_row)
        .execute("SELECT patient_code FROM patients WHERE pseudonym IS NOT NULL")
        .fetchall()
    )


def replace(conn: Connection, named: Mapping[str, str], *, check: str) -> None:
    """Give patients, by code, and their sessions other pseudonyms, made with another key."""
    conn.cursor().executemany(
        "UPDATE patients SET pseudonym = %s WHERE patient_code = %s",
        [(pseudonym, code) for code, pseudonym in named.items()],
    )
    conn.execute(
        """
        UPDATE therapy_sessions t
           SET pseudonym = p.pseudonym
          FROM patients p
         WHERE p.patient_code = t.patient_id AND t.pseudonym IS DISTINCT FROM p.pseudonym
        """
    )
    conn.execute("UPDATE key_checks SET digest = %s, since = now()", [check])


def act_as_worker(conn: Connection) -> None:
    """For the rest of the transaction, as the owner of the tables may."""
    conn.execute("SET LOCAL ROLE myograph_worker")
