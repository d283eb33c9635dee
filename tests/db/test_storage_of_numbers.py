"""What an analysis leaves in the database: numbers, and never a signal."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.game_files import game_file
from tools import data_doc

LONGEST_LIST = 200


def lists_in(value):
    """The lengths of all lists in a JSON value or an array."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from lists_in(inner)
    elif isinstance(value, list):
        yield len(value)
        for inner in value:
            yield from lists_in(inner)


def everything(conn):
    """(table, column, value) of every row of every table of every schema."""
    tables = conn.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'queue')"
    ).fetchall()
    for schema, table in tables:
        with conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            for row in cursor:
                for column, value in row.items():
                    yield table, column, value


def test_no_list_longer_than_200_numbers_is_stored_anywhere(database, upload, run_queue):
    upload(game_file(bursts=12), left="CH1", right="CH2")
    run_queue()
    with database.connect("postgres") as conn:
        found = list(everything(conn))
    assert {table for table, _, _ in found} > {"contractions", "emg_statistics"}
    for table, column, value in found:
        assert max(lists_in(value), default=0) <= LONGEST_LIST, f"{table}.{column}"
        assert len(str(value)) < 10_000, f"{table}.{column}"


def test_the_search_for_lists_finds_them():
    assert list(lists_in({"a": [1, [2, 3]], "b": 4})) == [2, 2]


@pytest.mark.parametrize("column", ["channel_names", "emg_labels"])
def test_a_list_longer_than_200_is_refused_by_the_table(database, upload, column):
    received = upload()
    with (
        database.connect("myograph_work") as conn,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        conn.execute(
            sql.SQL("INSERT INTO c3d_technical_data (session_id, {}) VALUES (%s, %s)").format(
                sql.Identifier(column)
            ),
            [received.session_id, ["x"] * 201],
        )


def test_every_table_and_every_column_says_what_it_holds(database):
    with database.connect("postgres") as conn:
        assert data_doc.without_comment(conn) == []


def test_the_document_of_the_tables_is_what_the_database_says(database):
    with database.connect("postgres") as conn:
        written = data_doc.document(conn)
    path = Path(data_doc.__file__).parents[1] / "docs" / "data.md"
    assert path.read_text("utf-8") == written, "run `./dev run python -m tools.data_doc`"


def test_every_time_has_a_zone(database):
    with database.connect("postgres") as conn:
        rows = conn.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'"
            "   AND table_name IN (SELECT tablename FROM pg_tables)"
        ).fetchall()
    assert rows == [("therapy_sessions", "started_local")]  # the file names no zone
