"""A worker seals and anchors beside its jobs."""

import asyncio
import time
from dataclasses import replace

import psycopg
import pytest
import structlog

from myograph.db import audit_chain
from myograph.db.pool import open_pool
from myograph.services.anchor_audit import anchors
from myograph.services.audit_key import AuditKey
from myograph.services.keep_audit import Keeping
from myograph.worker import sealer
from myograph.worker.sealer import Sealing, sealing
from tests.waiting import wait_for

PATIENCE_S = 60.0
KEY = AuditKey(b"a key")
FINAL = "SELECT count(*) FROM audit_log WHERE xid < pg_snapshot_xmin(pg_current_snapshot())"


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=4) as pool:
        yield pool


@pytest.fixture
def make(pool, store):
    def of(keeping):
        return Sealing(
            pool=pool, store=store, keeping=keeping, seal_every_s=0.05, anchor_every_s=0.05
        )

    return of


def sealed(of, until):
    async def run():
        async with sealing(of):
            deadline = time.monotonic() + PATIENCE_S
            while not await asyncio.to_thread(until):
                assert time.monotonic() < deadline, "it did not happen"
                await asyncio.sleep(0.02)

    asyncio.run(run())


def waiting(pool):
    with pool.connection() as conn:
        return audit_chain.unsealed(conn, audit_chain.head(conn)).waiting


def test_what_people_did_is_sealed_and_anchored(clinic, pool, store, make):
    with structlog.testing.capture_logs() as logs:
        sealed(make(Keeping(KEY)), lambda: waiting(pool) == 0 and anchors(store, KEY))
    [kept] = anchors(store, KEY)
    [line] = [entry for entry in logs if entry["event"] == "audit_anchored"]
    assert (line["position"], line["hash"]) == (kept.anchor.position, kept.anchor.hash)
    assert "audit_not_anchored" not in {entry["event"] for entry in logs}


def test_without_a_key_it_seals_and_says_that_nothing_is_anchored(clinic, pool, store, make):
    with structlog.testing.capture_logs() as logs:
        sealed(make(Keeping()), lambda: waiting(pool) == 0)
    assert anchors(store, KEY) == []
    assert "audit_not_anchored" in {entry["event"] for entry in logs}


def test_what_the_settings_say_is_removed(database, clinic, pool, store, make):
    with database.connect("postgres") as conn:
        conn.execute("UPDATE audit_log SET at = at - interval '3 years'")

    def removed():
        with pool.connection() as conn:
            return audit_chain.gaps(conn)

    with structlog.testing.capture_logs() as logs:
        sealed(make(Keeping(KEY, 366)), removed)
    assert "audit_removed" in {entry["event"] for entry in logs}


def test_many_are_sealed_without_a_pause(database, clinic, pool, make, monkeypatch):
    def final():
        with database.connect("postgres") as conn:
            return conn.execute(FINAL).fetchone() >= (10,)

    wait_for(final)  # whatever other tests began before has ended
    monkeypatch.setattr(sealer, "BATCH", 2)
    sealed(replace(make(Keeping()), seal_every_s=3600.0), lambda: audit_head(pool) >= 10)


def audit_head(pool):
    with pool.connection() as conn:
        head = audit_chain.head(conn)
    return head.position if head else 0


def test_a_database_that_is_away_for_a_while_only_delays(clinic, pool, make, monkeypatch):
    real, calls = audit_chain.seal, []

    def away_at_first(conn, *, most):
        calls.append(most)
        if len(calls) == 1:
            raise psycopg.OperationalError("away")
        return real(conn, most=most)

    monkeypatch.setattr(sealer.audit_chain, "seal", away_at_first)
    with structlog.testing.capture_logs() as logs:
        sealed(make(Keeping()), lambda: waiting(pool) == 0)
    assert {"event": "audit", "error": "OperationalError", "log_level": "warning"} in logs
