"""A database that takes no change of a session so many times, as one whose disk is full."""

from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from tests.database import Database

DISK_FULL: LiteralString = "53100"
FOR_EVER = 10**9

# What is counted by a sequence stays counted when the transaction fails.
_REFUSE: LiteralString = """
    CREATE SEQUENCE refused MINVALUE 0;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF nextval('public.refused') < {times} THEN
            RAISE EXCEPTION 'not now' USING ERRCODE = {code};
        END IF;
        RETURN NEW;
    END
    $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON therapy_sessions FOR EACH ROW EXECUTE FUNCTION refuse();
    """


@dataclass(frozen=True, slots=True)
class Refusing:
    """It stays so in this database, to be lifted where others use it too."""

    database: Database

    def __call__(self, times: int, code: LiteralString = DISK_FULL) -> None:
        with self.database.connect("postgres") as conn:
            conn.execute(sql.SQL(_REFUSE).format(times=times, code=code))

    def count(self) -> int:
        """How many changes were tried after the first."""
        with self.database.connect("postgres") as conn:
            [(last,)] = conn.execute("SELECT last_value FROM refused").fetchall()
            return last

    def lift(self) -> None:
        with self.database.connect("postgres") as conn:
            conn.execute("DROP FUNCTION IF EXISTS refuse CASCADE; DROP SEQUENCE IF EXISTS refused")
