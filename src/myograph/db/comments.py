"""What the columns of the database mean, in the words that stand beside them there."""

from collections.abc import Mapping, Sequence

from psycopg import Connection


def of_columns(conn: Connection, tables: Sequence[str]) -> Mapping[str, str]:
    """{"emg_statistics.rms": "Root mean square ..."} of every column of these tables."""
    rows = conn.execute(
        """
        SELECT c.relname || '.' || a.attname, col_description(c.oid, a.attnum)
          FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
        """,
        [list(tables)],
    )
    return dict(rows.fetchall())
