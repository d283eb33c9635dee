"""What lies in a store and was never announced, in a folder and in S3."""

import os
import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from myograph.db import sweeps
from myograph.db.pool import open_pool
from myograph.errors import StoreUnavailable
from myograph.services import look_into_store as looking
from myograph.services import sweep_uploads as sweeping
from myograph.services.receive_upload import Upload, receive_event
from myograph.services.sweep_uploads import survey_uploads, sweep_uploads
from myograph.storage.objects import ObjectStore, S3Account, s3_store
from tests.game_files import NAME, game_file
from tests.odd_names import ODD, PLAIN, UNREADABLE

BUCKET = "emg_data"


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=4) as pool:
        yield pool


class Folder:
    """put, delete, move: as any other program does."""

    def __init__(self, store):
        self.store = store

    def path(self, name) -> Path:
        return Path(f"{self.store.root}/{BUCKET}/{name}")

    def put(self, name, content=b"abc"):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(content)

    def delete(self, name):
        self.path(name).unlink()

    def move(self, old, new):
        self.path(new).parent.mkdir(parents=True, exist_ok=True)
        self.path(old).rename(self.path(new))


@pytest.fixture
def folder(store):
    return Folder(store)


@pytest.fixture(params=["folder", "s3"])
def place(request):
    """Each kind of store in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def sweep(pool):
    """What it counted, without the zeros."""

    def run(place, look=sweep_uploads, **options):
        store = getattr(place, "store", place)
        swept = look(pool, store, BUCKET, **{"settle_s": 0} | options)
        assert swept is not None
        counts = {name: n for name, n in asdict(swept.counts).items() if n}
        return counts if swept.problem is None else counts | {"problem": swept.problem}

    return run


@pytest.fixture
def rows(pool):
    """Of sessions: the live ones by name, or all."""

    def look(columns="file_path, processing_status", where="superseded_by IS NULL"):
        with pool.connection() as conn:
            return conn.execute(
                f"SELECT {columns} FROM therapy_sessions WHERE {where} ORDER BY created_at, id"  # noqa: S608
            ).fetchall()

    return look


@pytest.fixture
def announce(upload):
    def run(place, name, **known):
        head = place.store.head(f"{BUCKET}/{name}")
        return upload.announce(Upload(BUCKET, name, size_bytes=head.size, etag=head.etag, **known))

    return run


def test_what_nobody_announced_gets_a_session_with_its_jobs(place, sweep, rows, database):
    place.put("P001/a.c3d")
    place.put("P001/notes.txt")
    assert sweep(place) == {"listed": 1, "created": 1}
    assert rows() == [("P001/a.c3d", "pending")]
    with database.connect("myograph_work") as conn:
        assert conn.execute("SELECT count(*) FROM queue.procrastinate_jobs").fetchone() == (2,)
        event = "SELECT source, shape, outcome FROM upload_events"
        assert conn.execute(event).fetchall() == [("sweep", "sweep", "created")]


def test_what_came_first_is_first_though_many_are_received_at_once(folder, sweep, rows):
    for age, name in enumerate(["P001/c.c3d", "P001/a.c3d", "P001/b.c3d"]):
        folder.put(name)
        os.utime(folder.path(name), (1e9 - age, 1e9 - age))
    assert sweep(folder)["created"] == 3
    came = sorted(rows("created_at, file_path"))
    assert [name for _, name in came] == ["P001/b.c3d", "P001/a.c3d", "P001/c.c3d"]
    assert len({at for at, _ in came}) == 3


def test_one_that_cannot_be_received_keeps_none_of_those_beside_it_out(
    place, sweep, rows, database
):
    for number in range(4):
        place.put(f"P001/{number}.c3d")
    with database.connect("postgres") as conn:
        conn.execute(
            "ALTER TABLE therapy_sessions ADD CONSTRAINT none CHECK (file_path <> 'P001/2.c3d')"
        )
    try:
        swept = sweep(place)
    finally:
        with database.connect("postgres") as conn:
            conn.execute("ALTER TABLE therapy_sessions DROP CONSTRAINT none")
    assert swept == {"listed": 4, "created": 3, "problem": "CheckViolation"}
    assert sorted(rows("file_path")) == [(f"P001/{number}.c3d",) for number in (0, 1, 3)]
    assert sweep(place)["created"] == 1


def test_a_second_sweep_finds_nothing_new(place, sweep, rows):
    place.put("P001/a.c3d")
    sweep(place)
    assert sweep(place) == {"listed": 1}
    assert len(rows()) == 1


def test_what_was_announced_is_known(place, sweep, announce, rows):
    place.put("P001/a.c3d")
    announce(place, "P001/a.c3d")
    announce(place, "P001/a.c3d", source="hook", shape="s3", delivery_id="7", version="v7")
    assert sweep(place) == {"listed": 1}
    assert len(rows(where="true")) == 1


def test_what_is_overwritten_supersedes_what_lay_there(place, sweep, rows):
    place.put("P001/a.c3d", b"abc")
    sweep(place)
    place.put("P001/a.c3d", b"abcd")
    assert sweep(place) == {"listed": 1, "overwritten": 1}
    assert rows("file_size_bytes") == [(4,)]
    assert rows("failure_kind", "superseded_by IS NOT NULL") == [("superseded",)]


def test_what_is_gone_keeps_its_session(place, sweep, rows):
    place.put("P001/a.c3d")
    place.put("P001/b.c3d")
    sweep(place)
    place.delete("P001/a.c3d")
    assert sweep(place) == {"listed": 1, "gone": 1}
    assert rows("file_path, failure_kind", "object_gone_at IS NOT NULL") == [
        ("P001/a.c3d", "file_gone")
    ]
    assert sweep(place) == {"listed": 1}


def test_a_file_moved_within_a_folder_is_the_same_session(folder, sweep, rows):
    folder.put("P001/a.c3d")
    sweep(folder)
    before = rows("id")
    folder.move("P001/a.c3d", "P002/b.c3d")
    assert sweep(folder) == {"listed": 1, "moved": 1}
    assert rows("id") == before
    assert rows("file_path", "true") == [("P002/b.c3d",)]
    assert sweep(folder) == {"listed": 1}


def test_a_move_is_seen_though_its_sender_had_another_clock(folder, sweep, rows, pool):
    """What the store shows under its new name is there, whatever time was told of it before."""
    folder.put("P001/a.c3d")
    ahead = datetime.now(UTC) + timedelta(hours=1)
    etag = folder.store.head(f"{BUCKET}/P001/a.c3d").etag
    known = {"size_bytes": 3, "etag": etag, "modified_at": ahead}
    told = Upload(BUCKET, "P001/a.c3d", source="other", shape="s3", **known)
    with pool.connection() as conn:
        receive_event(conn, told)
    folder.move("P001/a.c3d", "P002/b.c3d")
    assert sweep(folder) == {"listed": 1, "moved": 1}
    assert rows("file_path") == [("P002/b.c3d",)]
    assert sweep(folder) == {"listed": 1}


def test_an_overwrite_is_seen_though_its_sender_had_another_clock(place, sweep, rows, announce):
    """No hint of the new bytes came, and the time that was told of the old ones is a later one."""
    place.put("P001/a.c3d", b"abc")
    announce(place, "P001/a.c3d", modified_at=datetime.now(UTC) + timedelta(minutes=4))
    place.put("P001/a.c3d", content := game_file())
    assert sweep(place) == {"listed": 1, "overwritten": 1}
    assert rows("file_size_bytes, processing_status") == [(len(content), "pending")]
    assert sweep(place) == {"listed": 1}


def test_a_move_that_a_sweep_saw_half_of_is_mended_by_the_next(folder, sweep, rows):
    folder.put("P001/a.c3d")
    sweep(folder)
    before = rows("id")
    folder.move("P001/a.c3d", "elsewhere")
    assert sweep(folder) == {"gone": 1}
    folder.move("elsewhere", "P002/b.c3d")
    assert sweep(folder) == {"listed": 1, "moved": 1}
    assert rows("id, file_path, processing_status, object_gone_at") == [
        (*before[0], "P002/b.c3d", "pending", None)
    ]


def test_files_that_each_take_the_name_of_the_next_stay_themselves(folder, sweep, rows):
    for name in ("a", "b", "c"):
        folder.put(f"{name}.c3d", name.encode() * 9)
    sweep(folder)
    before = dict(rows("session_id, id"))
    folder.move("c.c3d", "d.c3d")
    folder.move("b.c3d", "c.c3d")
    folder.move("a.c3d", "b.c3d")
    assert sweep(folder) == {"listed": 3, "moved": 3}
    assert dict(rows("session_id, id")) == {
        "d": before["c"],
        "c": before["b"],
        "b": before["a"],
    }


def test_a_second_name_of_a_file_is_no_move(folder, sweep, rows):
    folder.put("a.c3d")
    sweep(folder)
    os.link(folder.path("a.c3d"), folder.path("b.c3d"))
    assert sweep(folder) == {"listed": 2, "created": 1}
    assert sorted(rows("file_path")) == [("a.c3d",), ("b.c3d",)]


def test_a_move_of_s3_is_a_new_object_whose_old_one_is_gone(s3, sweep, run_queue, rows, store):
    """An S3 client puts and deletes; that the bytes are the same is seen when they are read."""
    s3.put("P001/a.c3d", game_file())
    sweep(s3)
    s3.move("P001/a.c3d", "P001/b.c3d")
    assert sweep(s3) == {"listed": 1, "created": 1, "gone": 1}
    assert rows("file_path, object_gone_at IS NULL") == [
        ("P001/a.c3d", False),
        ("P001/b.c3d", True),
    ]


def test_what_lies_there_again_is_taken_up_again(place, sweep, rows, database):
    place.put("P001/a.c3d")
    place.put("P001/b.c3d")
    kept = place.path("P001/a.c3d").stat() if hasattr(place, "path") else None
    sweep(place)
    if kept:
        place.move("P001/a.c3d", "away")
    else:
        place.delete("P001/a.c3d")
    sweep(place)
    if kept:
        place.move("away", "P001/a.c3d")
    else:
        place.put("P001/a.c3d")
    with database.connect("myograph_work", options="-c search_path=queue,public") as conn:
        conn.execute("DELETE FROM queue.procrastinate_jobs")
    assert sweep(place) == {"listed": 2, "restored": 1}
    assert rows("processing_status, object_gone_at") == [("pending", None)] * 2
    with database.connect("myograph_work") as conn:
        jobs = conn.execute("SELECT task_name FROM queue.procrastinate_jobs ORDER BY 1").fetchall()
    assert jobs == [("analyse_session",), ("extract_metadata",)]


def test_a_restored_backup_leaves_every_session_as_it_was(folder, sweep, rows, run_queue):
    """In a folder every etag is another one then, though no byte changed."""
    folder.put("P001/a.c3d", game_file())
    folder.put("P001/b.c3d", game_file(seed=2))
    sweep(folder)
    run_queue()
    before = rows("id, processing_status, file_hash", "true")
    assert {status for _, status, _ in before} == {"completed"}
    for path in list(folder.store.root.rglob("*.c3d")):
        shutil.copyfile(path, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)
    assert sweep(folder) == {"listed": 2}
    assert rows("id, processing_status, file_hash", "true") == before
    folder.path("P001/a.c3d").unlink()
    assert sweep(folder) == {"listed": 1, "gone": 1}
    folder.put("P001/a.c3d", game_file())
    assert sweep(folder) == {"listed": 2, "restored": 1}
    assert rows("id, processing_status, file_hash", "true") == before


def test_other_bytes_of_the_same_size_are_another_recording(folder, sweep, rows, run_queue):
    content = game_file()
    folder.put("P001/a.c3d", content)
    sweep(folder)
    run_queue()
    folder.put("P001/a.c3d", content[:-1] + bytes([content[-1] ^ 1]))
    assert sweep(folder) == {"listed": 1, "overwritten": 1}


def test_an_object_that_was_announced_without_an_etag_is_known_once_it_was_read(
    s3, pool, upload, sweep, rows
):
    s3.put("P001/a.c3d", content := game_file())
    received = upload.announce(
        Upload(BUCKET, "P001/a.c3d", size_bytes=len(content), version="v1", source="hook")
    )
    assert sweep(s3) == {"listed": 1}
    digest = s3.store.digest(f"{BUCKET}/P001/a.c3d").sha256
    with pool.connection() as conn:
        conn.execute("UPDATE therapy_sessions SET file_hash = %s", [digest])
    assert sweep(s3) == {"listed": 1}
    assert rows("id, storage_etag IS NOT NULL", "true") == [(received.session_id, True)]


# names


def test_odd_names_stop_nothing_and_end_as_sessions_that_say_why(s3, sweep, rows):
    for name in ODD:
        s3.put(name)
    assert sweep(s3) == {"listed": len(ODD), "created": len(PLAIN), "refused": len(UNREADABLE)}
    found = rows("file_path, failure_kind, failure_code, processing_error_message")
    assert {name for name, *_ in found} == set(ODD)
    failed = {name: (kind, code) for name, kind, code, sentence in found if sentence}
    assert failed == dict.fromkeys(UNREADABLE, ("unreadable", "bad_name"))
    assert sweep(s3) == {"listed": len(ODD)}
    s3.delete("a//b.c3d")
    assert sweep(s3) == {"listed": len(ODD) - 1, "gone": 1}


def test_odd_file_names_stop_nothing_and_end_as_sessions_that_say_why(folder, sweep, rows):
    folder.put("P001/a.c3d")
    odd = ["tab\there.c3d", "back\\slash.c3d", "z" * 245 + ".c3d", "r\u202eversed.c3d"]
    odd += [os.fsdecode(b"\xff\xfe.c3d"), "/".join(["deep" * 50] * 6) + "/a.c3d"]
    for name in odd:
        folder.put(name)
    assert sweep(folder) == {"listed": 7, "created": 1, "refused": 6}
    assert sweep(folder) == {"listed": 7}
    assert len(rows("id", "failure_kind = 'unreadable'")) == 6


@pytest.mark.parametrize("start", ["unassigned", "P001"])
def test_an_upload_whose_announcement_failed_is_found_under_its_number(
    place, sweep, rows, clinic, start
):
    number = "5f0c1f5e-4c44-4f3a-9a51-6f2b7f0e2a11"
    place.put(f"{start}/{number}/{NAME}")
    sweep(place)
    patient = None if start == "unassigned" else start
    assert rows("id::text, patient_id") == [(number, patient)]


# at the same time


def test_hook_page_and_sweeps_at_once_make_one_session_each(place, sweep, announce, rows, pool):
    names = [f"P001/{number}.c3d" for number in range(12)]
    for name in names:
        place.put(name, name.encode() * 3)
    start = threading.Barrier(4)

    def hook():
        start.wait()
        for name in reversed(names):
            announce(place, name, source="hook", shape="s3", delivery_id=f"of {name}")

    def page():
        start.wait()
        for name in names:
            announce(place, name)

    def sweeper():
        start.wait()
        sweep_uploads(pool, place.store, BUCKET, settle_s=0)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work) for work in (hook, page, sweeper, sweeper)]:
            done.result()
    assert sweep(place) == {"listed": 12}
    assert Counter(rows("file_path", "true")) == Counter((name,) for name in names)


def test_only_one_sweeps_a_bucket_at_a_time(folder, pool):
    folder.put("P001/a.c3d")
    seen = []

    def meanwhile(_):
        seen.append(sweep_uploads(pool, folder.store, BUCKET, settle_s=0))

    assert sweep_uploads(pool, folder.store, BUCKET, settle_s=0, beat=meanwhile)
    assert set(seen) == {None}


def test_a_sweep_that_is_not_due_is_left_out(folder, pool):
    folder.put("P001/a.c3d")
    assert sweep_uploads(pool, folder.store, BUCKET, every_s=3600)
    assert sweep_uploads(pool, folder.store, BUCKET, every_s=3600) is None
    assert sweep_uploads(pool, folder.store, BUCKET, every_s=0)


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_interrupted_sweep_is_ended_by_the_next(place, pool, sweep, rows, steps, monkeypatch):
    monkeypatch.setattr(sweeping, "_AT_ONCE", 1)
    for number in range(3):
        place.put(f"P001/{number}.c3d")
    left = steps

    def beat(_):
        nonlocal left
        left -= 1
        if left < 0:
            raise Interrupted

    with pytest.raises(Interrupted):
        sweep_uploads(pool, place.store, BUCKET, settle_s=0, beat=beat)
    assert len(rows()) == steps - 1
    # Not due by its time, but the last one never came to its end.
    assert sweep_uploads(pool, place.store, BUCKET, settle_s=0, every_s=3600)
    assert sorted(rows()) == [(f"P001/{number}.c3d", "pending") for number in range(3)]


def test_a_sweep_whose_connection_is_cut_is_ended_by_the_next(folder, pool, sweep, rows, database):
    for number in range(3):
        folder.put(f"P001/{number}.c3d")

    def cut(_):
        with database.connect("postgres") as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'myograph_work' AND datname = current_database()"
            )

    with pytest.raises(psycopg.OperationalError):
        sweep_uploads(pool, folder.store, BUCKET, settle_s=0, beat=cut)
    assert sweep(folder) == {"listed": 3, "created": 3}
    assert len(rows()) == 3


# half a listing


def failing_after(count, monkeypatch):
    """The listing of a store that breaks off."""
    whole = looking.listed

    def half(*given, **options):
        for number, one in enumerate(sorted(whole(*given, **options), key=lambda o: o.name)):
            if number == count:
                raise StoreUnavailable("The line was cut.")
            yield one

    monkeypatch.setattr(looking, "listed", half)


def test_half_a_listing_takes_nothing_away_and_says_so(place, sweep, rows, monkeypatch, pool):
    for name in ("a", "b", "c"):
        place.put(f"P001/{name}.c3d", name.encode() * 3)
    sweep(place)
    place.put("P001/a0.c3d", b"a new one")
    with monkeypatch.context() as patched:
        failing_after(2, patched)
        assert sweep(place) == {"listed": 2, "created": 1, "problem": "The line was cut."}
    assert len(rows("id", "object_gone_at IS NULL")) == 4
    with pool.connection() as conn:
        [last] = sweeps.last(conn)
    assert (last.problem, last.listed) == ("The line was cut.", 2)


def test_half_a_listing_takes_no_move_for_a_new_recording(folder, sweep, rows, monkeypatch):
    folder.put("b.c3d")
    sweep(folder)
    folder.move("b.c3d", "a.c3d")
    folder.put("c.c3d", b"another")
    with monkeypatch.context() as patched:
        failing_after(1, patched)
        assert sweep(folder) == {"listed": 1, "problem": "The line was cut."}
    assert sweep(folder) == {"listed": 2, "moved": 1, "created": 1}


def test_a_store_that_stops_answering_takes_nothing_away(s3, sweep, rows, monkeypatch):
    s3.put("P001/a.c3d")
    s3.put("P001/b.c3d")
    sweep(s3)
    s3.delete("P001/a.c3d")
    monkeypatch.setattr(ObjectStore, "exists", raising(StoreUnavailable("No answer.")))
    assert sweep(s3) == {"listed": 1, "problem": "No answer."}
    assert len(rows("id", "object_gone_at IS NULL")) == 2


def raising(error):
    def run(*_):
        raise error

    return run


def test_an_object_that_is_there_though_it_was_not_listed_is_kept(s3, sweep, rows, monkeypatch):
    s3.put("P001/a.c3d")
    sweep(s3)
    monkeypatch.setattr(looking, "listed", lambda *_, **__: iter(()))
    assert sweep(s3) == {}
    assert len(rows("id", "object_gone_at IS NULL")) == 1


def test_a_folder_that_is_missing_has_lost_nothing(folder, sweep, rows):
    folder.put("P001/a.c3d")
    sweep(folder)
    (folder.store.root / BUCKET).rename(folder.store.root / "elsewhere")
    assert "No such file" in sweep(folder)["problem"]
    assert len(rows("id", "object_gone_at IS NULL")) == 1


def test_a_bucket_that_nobody_used_yet_is_empty(folder, sweep):
    assert sweep(folder) == {}


def test_a_store_that_cannot_be_reached_is_said_to_be(sweep):
    nowhere = s3_store(S3Account("http://127.0.0.1:1", key_id="k", secret="s"))
    assert "EndpointConnectionError" in sweep(nowhere)["problem"]


def test_a_bucket_that_suddenly_looks_empty_has_lost_nothing(s3, sweep, rows):
    for number in range(11):
        s3.put(f"P001/{number}.c3d", b"%d" % number)
    sweep(s3)
    for number in range(11):
        s3.delete(f"P001/{number}.c3d")
    assert "Is it the right place?" in sweep(s3)["problem"]
    assert len(rows("id", "object_gone_at IS NULL")) == 11
    s3.put("P001/0.c3d", b"0")
    assert sweep(s3) == {"listed": 1, "gone": 10}


# while it is written


def test_a_file_that_is_still_being_written_waits_for_the_next_sweep(folder, sweep, rows):
    folder.put("P001/a.c3d")
    assert sweep(folder, settle_s=60) == {"listed": 1}
    assert rows() == []
    assert sweep(folder, settle_s=0) == {"listed": 1, "created": 1}
    # It is touched again: neither overwritten yet nor gone.
    folder.put("P001/a.c3d", b"abcd")
    assert sweep(folder, settle_s=60) == {"listed": 1}
    assert sweep(folder, settle_s=0) == {"listed": 1, "overwritten": 1}


def test_an_upload_in_the_middle_is_not_seen(folder, sweep, rows):
    half = threading.Event()
    go_on = threading.Event()

    def pieces():
        yield bytes(6 * 1024 * 1024)
        half.set()
        go_on.wait()
        yield b"the end"

    put = threading.Thread(target=lambda: folder.store.put(f"{BUCKET}/P001/a.c3d", pieces()))
    put.start()
    half.wait()
    assert sweep(folder) == {}
    go_on.set()
    put.join()
    assert sweep(folder) == {"listed": 1, "created": 1}


# looking only


def test_a_survey_says_the_same_and_changes_nothing(folder, sweep, rows, pool):
    for name in ("a", "b", "c"):
        folder.put(f"P001/{name}.c3d", name.encode() * 3)
    assert sweep(folder, look=survey_uploads) == {"listed": 3, "created": 3}
    assert rows() == []
    sweep(folder)
    folder.delete("P001/a.c3d")
    folder.move("P001/b.c3d", "P001/d.c3d")
    folder.put("P001/c.c3d", b"other")
    folder.put("P001/back\\slash.c3d")
    before = rows("id, file_path, object_gone_at", "true")
    expected = {"listed": 3, "moved": 1, "overwritten": 1, "refused": 1, "gone": 1}
    assert sweep(folder, look=survey_uploads) == expected
    assert rows("id, file_path, object_gone_at", "true") == before
    assert sweep(folder) == expected
    with pool.connection() as conn:
        assert [one.gone for one in sweeps.last(conn)] == [1]
