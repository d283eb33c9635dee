"""Connections that were cut while nobody used them."""

from contextlib import ExitStack

import pytest

from myograph.db.pool import open_pool

MANY = 6
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'cut'
    """


@pytest.fixture
def cut_pool(database):
    """A pool whose connections have all been cut since they were last used."""
    with open_pool(database.url("myograph_web"), size=MANY, application="cut") as pool:
        with ExitStack() as stack:
            for _ in range(MANY):
                stack.enter_context(pool.connection())
        with database.connect("postgres") as conn:
            assert len(conn.execute(CUT).fetchall()) == MANY
        yield pool


def test_all_that_were_cut_are_replaced_when_the_first_is_found(cut_pool):
    with cut_pool.connection() as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
    assert cut_pool.get_stats()["connections_lost"] >= MANY - 1


def test_nobody_is_sent_away_for_what_was_cut(cut_pool):
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(cut_pool.connection()).execute("SELECT 1")
    assert "requests_errors" not in cut_pool.get_stats()
