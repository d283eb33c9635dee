"""Announcements of one object, in every order: what becomes of its session."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from myograph.c3d.recording import read_facts
from myograph.c3d.source import BytesSource
from myograph.db import lease, recovery
from myograph.errors import BadInput, LeaseLost
from myograph.services.receive_upload import Refused, Upload, event_of, receive_event
from tests.game_files import NAME, game_file

T1 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
T2, T3 = T1 + timedelta(minutes=1), T1 + timedelta(minutes=2)

# An object with a number of its own, as Supabase has them: new, moved, overwritten.
FIRST = Upload(
    "emg_data", f"P001/{NAME}", size_bytes=3, etag='"a"', version="v1", object_id="o1", source="s"
)
MOVED = replace(FIRST, name=f"P002/{NAME}", version="v2", old_name=FIRST.name, old_version="v1")
OVERWRITTEN = replace(FIRST, etag='"b"', version="v2")
# One that is known by its name and etag alone, as in S3.
PLAIN = Upload("emg_data", f"P001/{NAME}", size_bytes=3, etag='"a"', source="s", shape="s3")


@pytest.fixture
def tell(database, clinic):
    """Announce one after the other, each as a delivery of its own; what became of each."""

    def told(*uploads):
        with database.connect("myograph_web") as conn:
            return [receive_event(conn, upload) for upload in uploads]

    return told


@pytest.fixture
def rows(database):
    """Every session, by its key."""

    def read():
        with database.connect("postgres", row_factory=dict_row) as conn:
            found = conn.execute("SELECT * FROM therapy_sessions ORDER BY created_at, id")
            return {row["id"]: row for row in found}

    return read


def live(rows):
    return [
        row for row in rows().values() if not row["superseded_by"] and not row["object_gone_at"]
    ]


def jobs(database):
    with database.connect("myograph_work") as conn:
        return conn.execute(
            "SELECT task_name, args ->> 'session_id' FROM queue.procrastinate_jobs ORDER BY id"
        ).fetchall()


def events(database):
    with database.connect("myograph_work", row_factory=dict_row) as conn:
        return conn.execute("SELECT * FROM upload_events ORDER BY id").fetchall()


# ── one announcement


def test_what_is_created_has_a_session_and_a_row_in_the_log(database, tell):
    [got] = tell(replace(FIRST, delivery_id="7", shape="cloudevents", body_digest="f" * 64))
    assert (got.outcome, got.status, got.metadata) == ("created", "pending", None)
    [event] = events(database)
    assert event["id"] == got.event_id
    assert event["session_id"] == got.session_id
    assert (event["source"], event["delivery_id"], event["shape"]) == ("s", "7", "cloudevents")
    assert (event["bucket"], event["object_name"]) == ("emg_data", FIRST.name)
    assert (event["object_version"], event["operation"], event["deliveries"]) == (
        "v1",
        "created",
        1,
    )


def test_the_log_keeps_the_announcement_without_what_the_file_says(database, tell):
    facts = read_facts(BytesSource(game_file()))
    [got] = tell(replace(FIRST, facts=facts))
    assert got.metadata["sampling_rate"] == 1000
    assert got.metadata["emg_labels"] == ["CH1", "CH2"]
    [event] = events(database)
    assert "facts" not in event["event"]
    assert event["event"] == event_of(FIRST)


def test_the_same_delivery_is_counted_and_not_stored_twice(database, tell):
    first, again = tell(*[replace(FIRST, delivery_id="7")] * 2)
    assert (again.outcome, again.session_id) == ("duplicate", first.session_id)
    assert again.event_id == first.event_id
    assert [event["deliveries"] for event in events(database)] == [2]
    assert len(jobs(database)) == 2


def test_a_sender_repeats_its_number_and_not_another_object(database, tell, rows):
    first, again = tell(
        replace(FIRST, delivery_id="7"), replace(OVERWRITTEN, delivery_id="7", object_id="o2")
    )
    assert (again.outcome, again.session_id) == ("duplicate", first.session_id)
    assert len(rows()) == 1


def test_what_is_unwanted_leaves_a_row_and_no_session(database, tell, rows):
    other = Upload("", "", source="s", delivery_id="7", ignored="not_an_object")
    first, again = tell(other, other)
    assert (first.outcome, first.session_id, first.status) == ("ignored", None, None)
    assert again.outcome == "ignored"
    [event] = events(database)
    assert (event["reason"], event["deliveries"]) == ("not_an_object", 2)
    assert rows() == {}


def test_a_name_of_any_length_can_be_ignored(database, tell):
    [got] = tell(Upload("b", "ü" * 30_000, source="s", ignored="not_c3d"))
    assert got.outcome == "ignored"
    assert len(events(database)[0]["object_name"]) == 30_000


@pytest.mark.parametrize("name", ["..", "/abs.c3d", "a//b.c3d", "P001/../x.c3d", "a\tb.c3d"])
def test_an_object_that_can_never_be_read_has_a_failed_session_and_no_work(
    database, tell, rows, name
):
    odd = replace(PLAIN, name=name, refused=Refused("bad_name", "Its name cannot be used."))
    first, again = tell(odd, odd)
    assert (first.outcome, first.status, again.outcome) == ("created", "failed", "duplicate")
    [row] = rows().values()
    assert (row["failure_kind"], row["failure_code"]) == ("unreadable", "bad_name")
    assert row["processing_error_message"] == "Its name cannot be used."
    assert jobs(database) == []
    with pytest.raises(BadInput):
        tell(replace(odd, refused=None))


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "x" * 1025},
        {"version": "x" * 1025},
        {"object_id": "x" * 1025},
        {"etag": "x" * 1025},
        {"bucket": "x" * 256},
        {"source": "x" * 65},
        {"source": ""},
        {"delivery_id": "x" * 1025},
        {"delivery_id": ""},
        {"sequencer": "no number"},
        {"sequencer": "f" * 65},
        {"size_bytes": 10**18},
        {"size_bytes": -1},
    ],
)
def test_what_cannot_be_of_an_object_is_refused(database, tell, broken):
    with pytest.raises(BadInput):
        tell(replace(FIRST, refused=Refused("x", "y."), **broken))
    assert events(database) == []


@pytest.mark.parametrize("time", ["yesterday's", "infinity", "2026-13-01", "999999-01-01"])
def test_a_time_that_is_none_is_refused(database, clinic, time):
    event = event_of(FIRST) | {"modified_at": time}
    with database.connect("myograph_web") as conn, pytest.raises(psycopg.Error, match="some time"):
        conn.execute("SELECT app.receive_event(%s)", [psycopg.types.json.Jsonb(event)])


# ── moves


def test_a_move_renames_the_session_and_looks_at_its_patient_again(database, tell, rows):
    first, moved = tell(FIRST, MOVED)
    assert (moved.outcome, moved.session_id) == ("renamed", first.session_id)
    [row] = rows().values()
    assert (row["file_path"], row["storage_version"]) == (MOVED.name, "v2")
    assert (row["patient_id"], row["past_versions"]) == ("P002", ["v1"])


def test_a_move_leaves_the_patient_that_a_person_chose(database, clinic, tell, rows):
    [first] = tell(FIRST)
    with database.as_person(clinic.admin) as conn:
        conn.execute('SELECT app.assign(%s, \'{"patient_code": "P003"}\')', [first.session_id])
    tell(MOVED)
    [row] = rows().values()
    assert (row["file_path"], row["patient_id"]) == (MOVED.name, "P003")


def test_a_move_while_it_is_analysed_takes_the_lease_and_begins_anew(database, tell, rows):
    [first] = tell(FIRST)
    with database.connect("myograph_work") as conn:
        claim = lease.claim(conn, first.session_id, seconds=60)
    tell(MOVED)
    with database.connect("myograph_work") as conn:
        with pytest.raises(LeaseLost):
            lease.hold(conn, claim)
        again = lease.claim(conn, first.session_id, seconds=60)
    assert (again.file_path, again.tries) == (MOVED.name, 1)
    assert [task for task, _ in jobs(database)].count("analyse_session") == 2


def test_a_move_after_the_worker_found_nothing_under_the_old_name_is_analysed(
    database, tell, rows, upload, run_queue
):
    stored = upload.store.put(f"emg_data/{MOVED.name}", [game_file()])
    before = replace(FIRST, size_bytes=stored.size, etag=stored.etag)
    [first] = tell(before)
    run_queue()
    assert rows()[first.session_id]["failure_kind"] == "file_gone"
    [moved] = tell(replace(MOVED, size_bytes=stored.size, etag=stored.etag))
    assert (moved.outcome, moved.status) == ("renamed", "pending")
    run_queue()
    row = rows()[first.session_id]
    assert (row["processing_status"], row["object_gone_at"]) == ("completed", None)


def test_a_move_after_the_analysis_keeps_the_numbers_and_scores_anew(
    database, tell, rows, upload, run_queue
):
    stored = upload.store.put(f"emg_data/{FIRST.name}", [game_file()])
    known = {"size_bytes": stored.size, "etag": stored.etag}
    [first] = tell(replace(FIRST, **known))
    run_queue()
    [moved] = tell(replace(MOVED, **known))
    assert (moved.outcome, moved.status) == ("renamed", "completed")
    assert [task for task, _ in jobs(database)] == ["rescore_session"]
    assert rows()[first.session_id]["patient_id"] == "P002"


def test_two_moves_told_in_the_wrong_order_end_where_the_object_lies(tell, rows):
    third = replace(FIRST, name=f"P003/{NAME}", version="v3", old_name=MOVED.name, old_version="v2")
    first, last, between = tell(FIRST, third, MOVED)
    assert (last.outcome, between.outcome) == ("renamed", "late")
    assert first.session_id == last.session_id == between.session_id
    [row] = rows().values()
    assert (row["file_path"], row["storage_version"]) == (third.name, "v3")
    assert row["past_versions"] == ["v1", "v2"]


def test_a_move_that_is_told_first_is_the_upload_itself(tell, rows):
    moved, first = tell(MOVED, FIRST)
    assert (moved.outcome, first.outcome) == ("created", "late")
    assert first.session_id == moved.session_id
    [row] = live(rows)
    assert (row["file_path"], row["patient_id"]) == (MOVED.name, "P002")


def test_by_its_times_alone_a_move_is_put_in_order(tell, rows):
    bare = replace(MOVED, old_name=None, old_version=None, modified_at=T2)
    moved, first = tell(bare, replace(FIRST, modified_at=T1))
    assert (moved.outcome, first.outcome) == ("created", "late")
    [row] = rows().values()
    assert row["file_path"] == MOVED.name


def test_a_move_of_an_object_whose_number_we_did_not_know(tell, rows):
    first, moved = tell(replace(FIRST, object_id=None, version=None), MOVED)
    assert (moved.outcome, moved.session_id) == ("renamed", first.session_id)
    [row] = rows().values()
    assert (row["storage_object_id"], row["file_path"]) == ("o1", MOVED.name)


def test_a_move_to_where_another_object_lay_supersedes_it(tell, rows):
    lay_there = replace(FIRST, name=MOVED.name, object_id="o2", version="w1", etag="w")
    there, first, moved = tell(lay_there, FIRST, MOVED)
    assert moved.outcome == "renamed"
    assert rows()[there.session_id]["superseded_by"] == first.session_id
    assert [row["id"] for row in live(rows)] == [first.session_id]


def test_what_took_the_place_of_a_moved_object_before_the_move_was_told(tell, rows):
    new = replace(FIRST, object_id="o2", version="w1", etag="w")
    first, took_its_place, moved = tell(FIRST, new, MOVED)
    assert moved.outcome == "renamed"
    assert {row["id"]: row["file_path"] for row in live(rows)} == {
        first.session_id: MOVED.name,
        took_its_place.session_id: FIRST.name,
    }
    assert rows()[first.session_id]["processing_status"] == "pending"


def test_a_move_told_after_something_newer_took_the_place_is_late(tell, rows):
    new = replace(FIRST, name=MOVED.name, object_id="o2", version="w1", etag="w", modified_at=T3)
    _, there, moved = tell(FIRST, new, replace(MOVED, modified_at=T2))
    assert moved.outcome == "late"
    assert rows()[there.session_id]["superseded_by"] is None


# ── overwrites


def test_an_overwrite_supersedes_by_number_wherever_it_was(tell, rows):
    elsewhere = replace(OVERWRITTEN, name=f"P002/{NAME}")
    first, second = tell(FIRST, elsewhere)
    assert second.outcome == "created"
    assert rows()[first.session_id]["superseded_by"] == second.session_id
    assert [row["id"] for row in live(rows)] == [second.session_id]


def test_move_and_overwrite_told_backwards(tell, rows):
    third = replace(MOVED, etag="c", version="v3", old_name=None, old_version="v2")
    overwritten, moved, first = tell(third, MOVED, FIRST)
    assert [overwritten.outcome, moved.outcome, first.outcome] == ["created", "late", "late"]
    assert moved.session_id == first.session_id
    assert rows()[first.session_id]["superseded_by"] == overwritten.session_id


def test_an_overwrite_takes_the_lease_away(database, tell, rows):
    [first] = tell(FIRST)
    with database.connect("myograph_work") as conn:
        claim = lease.claim(conn, first.session_id, seconds=60)
    tell(OVERWRITTEN)
    with database.connect("myograph_work") as conn, pytest.raises(LeaseLost):
        lease.hold(conn, claim)
    row = rows()[first.session_id]
    assert (row["processing_status"], row["failure_kind"]) == ("failed", "superseded")


def test_an_overwrite_while_it_is_analysed_again_keeps_the_numbers(
    database, tell, rows, upload, run_queue
):
    stored = upload.store.put(f"emg_data/{FIRST.name}", [game_file()])
    [first] = tell(replace(FIRST, size_bytes=stored.size, etag=stored.etag))
    run_queue()
    with database.connect("myograph_work") as conn:
        recovery.analyse_again(conn, first.session_id)
        claim = lease.claim(conn, first.session_id, seconds=60)
    tell(OVERWRITTEN)
    row = rows()[first.session_id]
    assert (row["processing_status"], row["failure_kind"]) == ("completed", None)
    assert row["analytics_cache"] is not None
    with database.connect("myograph_work") as conn, pytest.raises(LeaseLost):
        lease.hold(conn, claim)


@pytest.mark.parametrize(
    "order",
    [
        {"older": {"modified_at": T1}, "newer": {"modified_at": T2}},
        {"older": {"sequencer": "0A"}, "newer": {"sequencer": "0a1"}},
        {"older": {}, "newer": {"version": "v2", "object_id": "o1", "old_version": "v1"}},
    ],
)
def test_an_older_version_that_is_told_late_is_superseded_from_the_start(
    database, tell, rows, order
):
    older = {"version": "v1", "object_id": "o1"} if "object_id" in order["newer"] else {}
    newer, late = tell(
        replace(PLAIN, etag="b", **order["newer"]), replace(PLAIN, **older, **order["older"])
    )
    assert (newer.outcome, late.outcome, late.status) == ("created", "late", "failed")
    assert rows()[late.session_id]["superseded_by"] == newer.session_id
    assert str(late.session_id) not in dict(jobs(database)).values()
    [again] = tell(replace(PLAIN, **older, **order["older"], delivery_id="again"))
    assert (again.outcome, again.session_id) == ("duplicate", late.session_id)


def test_where_nobody_knows_the_order_what_is_told_last_counts(tell, rows):
    _, second = tell(PLAIN, replace(PLAIN, etag="b"))
    assert [row["id"] for row in live(rows)] == [second.session_id]


@pytest.mark.parametrize(
    ("known", "told", "newer"),
    [
        (T1, T1 + timedelta(milliseconds=999), True),  # 9:00:00 may be any moment of that second
        (T1, T1 + timedelta(seconds=1), True),
        (T1 + timedelta(milliseconds=500), T1, True),
        (T1 + timedelta(milliseconds=500), T1 + timedelta(milliseconds=499), False),
        (T1 + timedelta(seconds=1), T1, False),
    ],
)
def test_a_time_in_whole_seconds_may_be_any_moment_of_that_second(tell, known, told, newer):
    _, second = tell(replace(PLAIN, modified_at=known), replace(PLAIN, etag="b", modified_at=told))
    assert second.outcome == ("created" if newer else "late")


def test_the_same_bytes_written_again_over_others_are_the_same_session_again(database, tell, rows):
    a = replace(PLAIN, modified_at=T1)
    b = replace(PLAIN, etag="b", modified_at=T2)
    first, second, third = tell(a, b, replace(a, modified_at=T3, delivery_id="3"))
    assert (third.outcome, third.session_id, third.status) == (
        "restored",
        first.session_id,
        "pending",
    )
    assert [row["id"] for row in live(rows)] == [first.session_id]
    assert rows()[second.session_id]["superseded_by"] == first.session_id


def test_an_old_announcement_repeated_restores_nothing(tell, rows):
    a, b = replace(PLAIN, modified_at=T1), replace(PLAIN, etag="b", modified_at=T2)
    _, second, again = tell(a, b, replace(a, delivery_id="again"))
    assert again.outcome == "duplicate"
    assert [row["id"] for row in live(rows)] == [second.session_id]


def test_an_overwrite_with_the_very_same_bytes_is_no_new_session(tell, rows):
    first, again = tell(FIRST, replace(FIRST, version="v2"))
    assert (again.outcome, again.session_id) == ("duplicate", first.session_id)
    [row] = rows().values()
    assert (row["storage_version"], row["past_versions"]) == ("v2", ["v1"])


def test_equal_etags_of_other_sizes_are_other_bytes(tell, rows):
    first, second = tell(FIRST, replace(FIRST, version="v2", size_bytes=4))
    assert second.outcome == "created"
    assert first.session_id != second.session_id


# ── removals


def test_a_removal_ends_what_was_not_analysed(database, tell, rows):
    [first] = tell(FIRST)
    with database.connect("myograph_work") as conn:
        claim = lease.claim(conn, first.session_id, seconds=60)
    [gone] = tell(replace(FIRST, operation="removed"))
    assert (gone.outcome, gone.session_id, gone.status) == ("gone", first.session_id, "failed")
    row = rows()[first.session_id]
    assert (row["failure_kind"], row["object_gone_at"] is None) == ("file_gone", False)
    with database.connect("myograph_work") as conn, pytest.raises(LeaseLost):
        lease.hold(conn, claim)


def test_a_removal_leaves_numbers_and_other_reasons(database, tell, rows, upload, run_queue):
    stored = upload.store.put(f"emg_data/{FIRST.name}", [game_file()])
    no_c3d = upload.store.put(f"emg_data/{MOVED.name}", [b"abc"])
    broken = replace(FIRST, name=MOVED.name, object_id="o2", etag=no_c3d.etag)
    analysed = replace(FIRST, size_bytes=stored.size, etag=stored.etag)
    first, second = tell(analysed, broken)
    run_queue()
    tell(replace(analysed, operation="removed"), replace(broken, operation="removed"))
    row, other = rows()[first.session_id], rows()[second.session_id]
    assert (row["processing_status"], row["failure_kind"]) == ("completed", None)
    assert row["analytics_cache"] is not None
    assert (other["processing_status"], other["failure_kind"]) == ("failed", "unreadable")
    assert row["object_gone_at"]
    assert other["object_gone_at"]


def test_a_removal_while_it_is_analysed_again_keeps_the_numbers(
    database, tell, rows, upload, run_queue
):
    stored = upload.store.put(f"emg_data/{FIRST.name}", [game_file()])
    [first] = tell(replace(FIRST, size_bytes=stored.size, etag=stored.etag))
    run_queue()
    with database.connect("myograph_work") as conn:
        recovery.analyse_again(conn, first.session_id)
    tell(replace(FIRST, operation="removed"))
    assert rows()[first.session_id]["processing_status"] == "completed"


def test_a_removal_that_is_told_before_the_upload(database, tell, rows):
    gone, first = tell(replace(FIRST, operation="removed", delivery_id="2"), FIRST)
    assert (gone.outcome, gone.session_id) == ("gone", None)
    assert (first.outcome, first.status) == ("gone", "failed")
    [row] = rows().values()
    assert (row["failure_kind"], row["object_gone_at"] is None) == ("file_gone", False)
    assert jobs(database) == []


@pytest.mark.parametrize(
    ("of_upload", "of_removal", "gone"),
    [
        ({"sequencer": "1"}, {"sequencer": "2"}, True),
        ({"sequencer": "3"}, {"sequencer": "2"}, False),
        ({"modified_at": T1}, {"modified_at": T2}, True),
        ({"modified_at": T3}, {"modified_at": T2}, False),
        ({}, {}, False),
    ],
)
def test_by_name_a_removal_before_the_upload_counts_where_the_order_is_known(
    tell, of_upload, of_removal, gone
):
    removal = replace(PLAIN, etag=None, size_bytes=None, operation="removed", **of_removal)
    _, first = tell(removal, replace(PLAIN, **of_upload))
    assert first.outcome == ("gone" if gone else "created")


def test_of_what_was_removed_in_the_end_no_earlier_writing_is_restored(tell, rows):
    removal = replace(
        PLAIN, etag=None, size_bytes=None, operation="removed", sequencer="7", delivery_id="7"
    )
    _, first, again = tell(
        removal,
        replace(PLAIN, sequencer="1", delivery_id="1"),
        replace(PLAIN, sequencer="2", delivery_id="2"),
    )
    assert (first.outcome, again.outcome) == ("gone", "late")
    assert live(rows) == []


def test_what_was_removed_before_it_was_told_does_not_displace_what_lies_there(tell, rows):
    there = replace(FIRST, object_id="o2", version="w1", etag="w")
    lies, _, late = tell(there, replace(FIRST, operation="removed", delivery_id="2"), FIRST)
    assert late.outcome == "late"
    assert [row["id"] for row in live(rows)] == [lies.session_id]


def test_removed_and_uploaded_again_under_the_same_name(tell, rows):
    again = replace(FIRST, object_id="o2", version="w1", etag="w")
    first, _, second = tell(FIRST, replace(FIRST, operation="removed"), again)
    assert second.outcome == "created"
    assert rows()[first.session_id]["superseded_by"] == second.session_id
    assert [row["id"] for row in live(rows)] == [second.session_id]


@pytest.mark.parametrize(
    "removal",
    [
        replace(FIRST, operation="removed"),  # of another number
        replace(PLAIN, operation="removed", source="t"),  # of other bytes
    ],
)
def test_a_removal_that_is_told_late_leaves_what_was_uploaded_since(tell, rows, removal):
    again = replace(FIRST, object_id="o2", version="w1", etag="w")
    _, second, _ = tell(FIRST, again, removal)
    assert [row["id"] for row in live(rows)] == [second.session_id]


@pytest.mark.parametrize(
    ("of_upload", "of_removal", "outcome"),
    [
        ({"sequencer": "2"}, {"sequencer": "1"}, "late"),
        ({"sequencer": "2"}, {"sequencer": "3"}, "gone"),
        ({"modified_at": T2}, {"modified_at": T1}, "late"),
        ({}, {}, "gone"),
    ],
)
def test_a_removal_by_name_alone_goes_by_the_order_of_the_store(
    tell, of_upload, of_removal, outcome
):
    bare = replace(PLAIN, etag=None, size_bytes=None, operation="removed", **of_removal)
    _, removal = tell(replace(PLAIN, **of_upload), bare)
    assert removal.outcome == outcome


def test_the_same_bytes_stored_again_after_a_removal(tell, rows):
    removal = replace(PLAIN, operation="removed", modified_at=T2)
    first, _, stale, again = tell(
        replace(PLAIN, modified_at=T1),
        removal,
        replace(PLAIN, modified_at=T1, delivery_id="stale"),
        replace(PLAIN, modified_at=T3, delivery_id="again"),
    )
    assert (stale.outcome, again.outcome, again.status) == ("late", "restored", "pending")
    assert [row["id"] for row in live(rows)] == [first.session_id]


# ── what a sweep sees


def test_a_sweep_that_sees_an_object_again_restores_its_session(database, tell, rows):
    sweep = replace(FIRST, source="sweep", shape="sweep")
    first, _, seen = tell(FIRST, replace(FIRST, operation="removed"), sweep)
    assert (seen.outcome, seen.status) == ("restored", "pending")
    assert [row["id"] for row in live(rows)] == [first.session_id]


def test_a_sweep_mends_what_was_told_in_the_wrong_order(tell, rows):
    sweep = replace(OVERWRITTEN, source="sweep", shape="sweep")
    second, first, seen = tell(OVERWRITTEN, FIRST, sweep)
    assert first.outcome == "created"
    assert (seen.outcome, seen.session_id) == ("restored", second.session_id)
    assert [row["id"] for row in live(rows)] == [second.session_id]
    assert rows()[first.session_id]["superseded_by"] == second.session_id


def test_a_sweep_undoes_nothing_that_was_told_after_it_had_looked(database, tell, rows):
    with database.connect("postgres") as conn:
        [looked] = conn.execute("SELECT clock_timestamp()").fetchone()
    sweep = replace(FIRST, source="sweep", shape="sweep", seen_at=looked)
    _, second, stale = tell(FIRST, OVERWRITTEN, sweep)
    assert stale.outcome == "duplicate"
    assert [row["id"] for row in live(rows)] == [second.session_id]
    removed, stale = tell(
        replace(OVERWRITTEN, operation="removed", delivery_id="x"),
        replace(sweep, etag="b", version="v2"),
    )
    assert (removed.outcome, stale.outcome) == ("gone", "late")


def test_a_sweep_that_looked_before_a_move_was_told_does_not_undo_it(database, tell, rows):
    [first] = tell(FIRST)
    with database.connect("postgres") as conn:
        [looked] = conn.execute("SELECT clock_timestamp()").fetchone()
    stale = replace(FIRST, source="sweep", shape="sweep", seen_at=looked)
    moved, seen = tell(MOVED, stale)
    assert (moved.outcome, seen.outcome) == ("renamed", "late")
    [row] = rows().values()
    assert (row["file_path"], row["storage_version"]) == (MOVED.name, "v2")
    with database.connect("postgres") as conn:
        [looked] = conn.execute("SELECT clock_timestamp()").fetchone()
    [seen] = tell(replace(stale, seen_at=looked, name=f"P003/{NAME}"))
    assert seen.outcome == "renamed"
    assert rows()[first.session_id]["storage_version"] == "v1"


def now_in(database):
    with database.connect("postgres") as conn:
        [now] = conn.execute("SELECT clock_timestamp()").fetchone()
    return now


@pytest.mark.parametrize("looked", ["after", "before"])
def test_a_sweep_is_believed_about_other_bytes_where_it_looked_since(database, tell, rows, looked):
    """Whoever told of what was there before may have a clock that is ahead."""
    before = now_in(database)
    [told] = tell(replace(PLAIN, modified_at=T3))
    seen_at = {"after": now_in(database), "before": before}[looked]
    seen = {"source": "sweep", "shape": "sweep", "modified_at": T1, "seen_at": seen_at}
    [found] = tell(replace(PLAIN, etag="b", size_bytes=4, **seen))
    outcome, lives = {"after": ("created", found), "before": ("late", told)}[looked]
    assert found.outcome == outcome
    assert [row["id"] for row in live(rows)] == [lives.session_id]
    assert {row["superseded_by"] for row in rows().values()} == {None, lives.session_id}


def test_a_sweep_is_believed_about_bytes_that_lie_there_again(database, tell, rows):
    """They lay there before, and whoever told of others since has a clock that is ahead."""
    [first] = tell(replace(PLAIN, modified_at=T1))
    others = replace(PLAIN, etag="b", size_bytes=4, modified_at=T3)
    seen = replace(PLAIN, source="sweep", shape="sweep", modified_at=T2)
    stale = replace(seen, seen_at=now_in(database))
    second, missed = tell(others, stale)
    assert (missed.outcome, missed.session_id) == ("duplicate", first.session_id)
    assert [row["id"] for row in live(rows)] == [second.session_id]
    [found] = tell(replace(seen, seen_at=now_in(database)))
    assert (found.outcome, found.session_id) == ("restored", first.session_id)
    assert [row["id"] for row in live(rows)] == [first.session_id]


def test_what_came_after_a_sweep_had_looked_is_not_gone(database, tell, rows):
    with database.connect("postgres") as conn:
        [looked] = conn.execute("SELECT clock_timestamp()").fetchone()
    missing = replace(PLAIN, source="sweep", shape="sweep", operation="removed", seen_at=looked)
    _, removal = tell(PLAIN, missing)
    assert removal.outcome == "late"
    assert len(live(rows)) == 1


def test_the_store_knows_the_size_better_than_a_hint(tell, rows):
    lying = replace(FIRST, size_bytes=9, etag=None)
    unknown = replace(FIRST, object_id="o2", name=MOVED.name, size_bytes=None)
    tell(lying, unknown)
    sweep = {"source": "sweep", "shape": "sweep"}
    tell(replace(FIRST, **sweep), replace(unknown, size_bytes=3, **sweep))
    assert [row["file_size_bytes"] for row in rows().values()] == [3, 3]
