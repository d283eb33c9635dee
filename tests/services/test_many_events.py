"""Announcements by one statement end as they do one after the other."""

import random
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.c3d.recording import read_facts
from myograph.c3d.source import BytesSource
from myograph.db.identity import become
from myograph.errors import BadInput, NotAllowed
from myograph.services.receive_upload import Refused, Upload, receive_event, receive_events
from tests.game_files import game_file
from tests.services.test_histories import EXAMPLES, OPERATIONS, history

NEW = Upload(
    "emg_data",
    "P001/new.c3d",
    size_bytes=3,
    etag="a",
    version="v1",
    object_id="o1",
    source="store",
    delivery_id="1",
    shape="database_webhook",
)

TIMES = {"created_at", "updated_at", "sorted_at", "received_at", "extracted_at", "object_gone_at"}
NUMBERS = {*TIMES, "id", "changed_xid"}


@pytest.fixture
def conn(database, clinic):
    """Nothing of it stays."""
    with database.connect("myograph_work") as conn:
        yield conn
        conn.rollback()


@pytest.fixture(scope="module")
def facts():
    return read_facts(BytesSource(game_file()))


def state(conn):
    """All that announcements leave, with sessions by their object instead of their number."""
    named = dict(
        conn.execute(
            "SELECT id::text, concat(file_path, '@', storage_version) FROM therapy_sessions"
        ).fetchall()
    )
    rows = [
        repr({key: value for key, value in row.items() if key not in NUMBERS} | _whether(row))
        for table in ("therapy_sessions", "c3d_technical_data", "upload_events")
        for (row,) in conn.execute(f"SELECT to_jsonb(t) FROM {table} t").fetchall()  # noqa: S608
    ]
    jobs = conn.execute(
        "SELECT task_name, priority, queue_name, args::text FROM queue.procrastinate_jobs"
    ).fetchall()
    both = "\n".join(rows + [repr(job) for job in jobs])
    for number, name in named.items():
        both = both.replace(number, name)
    return sorted(both.splitlines())


def _whether(row):
    return {key: row[key] is not None for key in TIMES if key in row}


def outcomes(received):
    return [(one.outcome, one.status, one.metadata) for one in received]


def one_by_one(conn, uploads):
    return [receive_event(conn, upload) for upload in uploads]


def compared(conn, told, *, chunk):
    """What became of each and what is left: one after the other, and `chunk` at a time."""
    ways = []
    chunks = [told[n : n + chunk] for n in range(0, len(told), chunk)]
    for receive in (one_by_one, receive_events):
        received = [one for part in chunks for one in receive(conn, part)]
        ways.append((outcomes(received), state(conn)))
        conn.rollback()
    return ways


@EXAMPLES
@given(
    st.booleans(), OPERATIONS, st.integers(1, 6), st.booleans(), st.randoms(use_true_random=False)
)
def test_many_at_once_end_as_one_after_the_other(
    conn, facts, numbered, operations, chunk, described, chance: random.Random
):
    told = [
        replace(upload, facts=facts if described and chance.random() < 0.5 else None)
        for upload in history(numbered, operations).told
    ]
    told += chance.sample(told, len(told) // 3)
    chance.shuffle(told)
    alone, together = compared(conn, told, chunk=chunk)
    assert together == alone


@pytest.mark.parametrize(
    "other",
    [
        replace(NEW, delivery_id="2"),
        replace(NEW, delivery_id="2", version="v2"),
        replace(NEW, delivery_id="2", name="P001/other.c3d", version="v2", old_name=NEW.name),
        replace(NEW, delivery_id="2", name="P001/other.c3d", object_id=None, old_name=NEW.name),
        replace(NEW, delivery_id="2", name="P001/other.c3d", version="v2"),
        replace(NEW, delivery_id="2", operation="removed"),
        replace(NEW, name="P002/other.c3d", object_id="o2"),
        replace(NEW, delivery_id=None, source="sweep", shape="sweep", name="P001/other.c3d"),
        replace(NEW, delivery_id="2", name="P001/x.txt", object_id="o2", ignored="not_c3d"),
        replace(NEW, delivery_id="2", name="P9/x.c3d", object_id="o2", refused=Refused("c", "No.")),
        replace(NEW, delivery_id="2", name=f"P001/{UUID(int=1)}/page.c3d", object_id="o2"),
        replace(NEW, delivery_id="2", name="P001/mine.c3d", object_id="o2", file_hash="0" * 64),
    ],
    ids=lambda upload: f"{upload.operation} {upload.name} {upload.delivery_id}",
)
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_whatever_comes_with_something_new_is_told_apart(conn, other, backwards, together):
    told = [other, NEW] if backwards else [NEW, other]
    alone, many = compared(conn, told, chunk=2 if together else 1)
    assert many == alone


def test_bytes_that_lay_under_a_name_before_are_known_there(conn):
    overwritten = replace(NEW, delivery_id="2", version="v2", etag="b", old_version="v1")
    moved = replace(
        overwritten, delivery_id="3", version="v3", name="P001/b.c3d", old_name=NEW.name
    )
    again = replace(NEW, delivery_id="4", version=None, object_id=None)
    alone, many = compared(conn, [NEW, overwritten, moved, again], chunk=1)
    assert many == alone


def test_what_is_new_is_answered_with_what_its_file_says(conn, facts):
    told = [replace(NEW, facts=facts), replace(NEW, name="b.c3d", object_id="o2", delivery_id="2")]
    described, bare = receive_events(conn, told)
    assert described.metadata["emg_labels"] == ["CH1", "CH2"]
    assert (bare.outcome, bare.status, bare.metadata) == ("created", "pending", None)
    tasks = conn.execute("SELECT task_name FROM queue.procrastinate_jobs ORDER BY id").fetchall()
    assert tasks == [("analyse_session",), ("extract_metadata",), ("analyse_session",)]


def test_one_that_cannot_be_leaves_nothing_of_the_others(conn):
    with pytest.raises(BadInput, match="never so long"), conn.transaction():
        receive_events(conn, [NEW, replace(NEW, name="b.c3d", object_id="o2", etag="e" * 2000)])
    assert conn.execute("SELECT count(*) FROM therapy_sessions").fetchone() == (0,)


def test_nothing_announced_is_nothing_received(conn):
    assert receive_events(conn, []) == []


def test_what_a_person_announces_is_looked_at_one_by_one(database, clinic):
    with database.connect("myograph_web") as conn:
        become(conn, clinic.therapist)
        conn.execute("RESET ROLE")
        with pytest.raises(NotAllowed, match="of their own"):
            receive_events(conn, [NEW])
