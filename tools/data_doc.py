"""Write docs/data.md from the comments in the database: `python -m tools.data_doc`.

It makes a database of its own, migrates it and asks it. A test fails where the file differs.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import Connection

from myograph.db.embedded import running

TARGET = Path(__file__).resolve().parents[1] / "docs" / "data.md"

HEAD = """\
# The data, table by table

Made from the comments in the database by `tools/data_doc.py`; a test keeps it so. Null means not
known or not measured, never zero. Who may read which column: `tests/access_matrix.py`.
"""

_COLUMNS = """
    SELECT c.relname, obj_description(c.oid, 'pg_class'), a.attname,
           format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE n.nspname = 'public' AND c.relkind = 'r'
     ORDER BY c.relname, a.attnum
    """

_OTHERS = """
    SELECT 'view', c.relname, obj_description(c.oid, 'pg_class')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'v'
    UNION ALL
    SELECT 'function',
           format('app.%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
           obj_description(p.oid, 'pg_proc')
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'app' AND p.prorettype <> 'trigger'::regtype
     ORDER BY 1 DESC, 2
    """


def document(conn: Connection) -> str:
    return HEAD + "".join(_tables(conn)) + "".join(_others(conn))


def without_comment(conn: Connection) -> list[str]:
    """Whatever says nothing of itself."""
    rows = conn.execute(_COLUMNS).fetchall()
    columns = [f"{table}.{column}" for table, _, column, _, _, comment in rows if not comment]
    tables = sorted({table for table, comment, *_ in rows if not comment})
    others = [name for _, name, comment in conn.execute(_OTHERS) if not comment]
    return tables + columns + others


def _tables(conn: Connection) -> Iterator[str]:
    last = None
    for table, of_table, column, kind, required, comment in conn.execute(_COLUMNS):
        if table != last:
            yield f"\n## {table}\n\n{of_table}\n\n| column | type | |\n|---|---|---|\n"
            last = table
        kept = kind if not required else f"{kind}, required"
        yield f"| {column} | {kept} | {_cell(comment)} |\n"


def _others(conn: Connection) -> Iterator[str]:
    last = None
    for kind, name, comment in conn.execute(_OTHERS):
        if kind != last:
            yield f"\n## {kind.capitalize()}s\n\n| {kind} | |\n|---|---|\n"
            last = kind
        yield f"| `{name}` | {_cell(comment)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    # Not in the usual place of temporary files: another user runs the server for root.
    with tempfile.TemporaryDirectory(prefix="myograph-doc-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data", options=("fsync=off",)) as cluster:
            cluster.migrate()
            with psycopg.connect(cluster.url("myograph_migrator")) as conn:
                TARGET.write_text(document(conn), "utf-8")
    sys.stdout.write(f"{TARGET}\n")


if __name__ == "__main__":
    main()
