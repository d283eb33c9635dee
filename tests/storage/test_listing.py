import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.utils import parse_timestamp

from myograph.errors import StoreUnavailable
from myograph.storage import listing
from myograph.storage.listing import Listed, is_recording, listed
from myograph.storage.objects import S3Account, s3_store
from tests.odd_names import ODD, PLAIN, UNREADABLE

BUCKET = "emg_data"


def names(found):
    return {one.name for one in found}


def of(store, **options) -> list[Listed]:
    return list(listed(store, BUCKET, **{"settle_s": 0} | options))


def put(store, name, content=b"abc") -> Path:
    path = Path(f"{store.root}/{BUCKET}/{name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["a.c3d", "A.C3D", "P001/..c3d", ".c3d"])
def test_a_recording_is_known_by_its_ending(name):
    assert is_recording(name)


@pytest.mark.parametrize("name", ["a.c3d.txt", "a.c3d#1", "c3d", "a.c3d/", "ac3d"])
def test_anything_else_is_not(name):
    assert not is_recording(name)


# a folder


def test_a_folder_lists_what_reading_it_would_give(store):
    put(store, "P001/a.c3d")
    put(store, "P001/deep/er/b c ü.C3D", b"")
    put(store, "P001/notes.txt")
    put(store, "P001/half.c3d#1")
    found = of(store)
    assert names(found) == {"P001/a.c3d", "P001/deep/er/b c ü.C3D"}
    for one in found:
        head = store.head(f"{BUCKET}/{one.name}")
        assert (one.size, one.etag) == (head.size, head.etag)
        assert (one.refused, one.fresh, one.version, one.object_id) == (None, False, None, None)


@pytest.mark.parametrize("when_ns", [-5_000_000_000, 0, 1_234_567_890_123_456_789])
def test_its_etag_is_that_of_reading_whenever_it_was_written(store, when_ns):
    os.utime(put(store, "a.c3d"), ns=(0, when_ns))
    [one] = of(store)
    assert one.etag == store.head(f"{BUCKET}/a.c3d").etag
    assert one.modified_at.timestamp() == pytest.approx(when_ns / 1e9, abs=1e-3)


def test_an_upload_through_the_store_is_listed_with_the_etag_it_got(store):
    stored = store.put(f"{BUCKET}/P001/a.c3d", [b"abc"])
    assert [(one.size, one.etag) for one in of(store)] == [(3, stored.etag)]


def test_links_are_not_followed(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.c3d").write_bytes(b"abc")
    kept = put(store, "a.c3d")
    (kept.parent / "folder").symlink_to(outside)
    (kept.parent / "link.c3d").symlink_to(outside / "secret.c3d")
    os.mkfifo(kept.parent / "pipe.c3d")
    assert names(of(store)) == {"a.c3d"}


def test_a_bucket_that_is_a_link_is_refused(store, tmp_path):
    store.root.mkdir()
    (store.root / BUCKET).symlink_to(tmp_path)
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        of(store)


def test_a_folder_that_is_not_there_is_no_empty_listing(store):
    with pytest.raises(StoreUnavailable, match="No such file"):
        of(store)


def test_what_is_just_written_is_there_but_not_taken_up_yet(store):
    path = put(store, "a.c3d")
    assert [one.fresh for one in of(store, settle_s=60)] == [True]
    # A copy that keeps the old time has still only just come.
    os.utime(path, (0, 0))
    assert [one.fresh for one in of(store, settle_s=60)] == [True]


def test_a_clock_that_is_ahead_keeps_nothing_from_being_taken_up(store):
    path = put(store, "a.c3d")
    later = time.time() + 3600
    os.utime(path, (later, later))
    [one] = of(store, settle_s=0)
    assert not one.fresh


def test_a_file_name_that_is_no_text_is_listed_as_one_nothing_can_read(store):
    put(store, "a.c3d")
    raw = os.fsencode(store.root / BUCKET) + b"/\xff\xfe.c3d"
    with open(raw, "wb"):  # noqa: PTH123, a Path of bytes there is not
        pass
    [odd] = [one for one in of(store) if one.refused]
    assert odd.name == r"\udcff\udcfe.c3d"


def test_a_path_too_long_for_a_name_is_listed_cut_and_refused(store):
    deep = "/".join(["x" * 200] * 6)
    put(store, f"{deep}/a.c3d")
    put(store, f"{deep}/b.c3d")
    found = of(store)
    assert len(names(found)) == 2
    for one in found:
        assert "1024 bytes" in one.refused
        assert len(one.name.encode()) <= 1024
        assert is_recording(one.name)


def test_files_and_folders_that_go_while_they_are_listed_are_left_out(store):
    for number in range(50):
        put(store, f"P{number:03}/a.c3d")
    listing = listed(store, BUCKET, settle_s=0)
    first = next(listing)
    for path in list((store.root / BUCKET).glob("*/*.c3d")):
        path.unlink()
        path.parent.rmdir()
    assert list(listing) == []
    assert is_recording(first.name)


def test_a_file_that_goes_between_folder_and_look_is_left_out(store):
    for number in range(50):
        put(store, f"{number}.c3d")
    listing = listed(store, BUCKET, settle_s=0)
    next(listing)
    for path in (store.root / BUCKET).iterdir():
        path.unlink()
    assert list(listing) == []


def test_a_listing_while_files_come_and_go_shows_whatever_stays(store):
    stays = {f"P{number:03}/stays.c3d" for number in range(100)}
    for name in stays:
        put(store, name)
    done = threading.Event()

    def churn():
        for number in range(10_000):
            if done.is_set():
                return
            put(store, f"P{number % 100:03}/goes{number}.c3d").unlink()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(20):
            assert names(of(store)) >= stays
    finally:
        done.set()
        thread.join()


# S3


def test_s3_lists_what_reading_it_would_give(s3):
    s3.put("P001/a.c3d")
    s3.put("P001/empty.c3d", b"")
    s3.put("P001/notes.txt")
    found = {one.name: one for one in of(s3.store)}
    assert set(found) == {"P001/a.c3d", "P001/empty.c3d"}
    head = s3.store.head(f"{BUCKET}/P001/a.c3d")
    assert (found["P001/a.c3d"].size, found["P001/a.c3d"].etag) == (head.size, head.etag)
    assert found["P001/empty.c3d"].size == 0


def test_every_name_comes_through_and_none_stops_the_others(s3):
    for name in ODD:
        s3.put(name)
    found = {one.name: one for one in of(s3.store)}
    assert set(found) == set(ODD)
    assert {name for name, one in found.items() if one.refused} == set(UNREADABLE)
    for name in PLAIN:
        head = s3.store.head(f"{BUCKET}/{name}")
        assert (found[name].size, found[name].etag) == (head.size, head.etag)


def test_a_nul_in_a_name_is_told_apart(s3):
    s3.put("n\x00ul.c3d")
    s3.put("nul.c3d")
    assert names(of(s3.store)) == {r"n\x00ul.c3d", "nul.c3d"}


def test_more_than_a_page_is_listed_whole(s3):
    wanted = {f"P001/{number:04}.c3d" for number in range(1001)}
    for name in wanted:
        s3.put(name)
    assert names(of(s3.store)) == wanted


def test_an_empty_bucket_is_an_empty_listing(s3):
    assert of(s3.store) == []


def test_what_has_just_come_to_s3_is_not_taken_up_yet(s3):
    s3.put("a.c3d")
    assert [one.fresh for one in of(s3.store, settle_s=60)] == [True]


def test_a_bucket_that_is_not_there_is_no_empty_listing(s3):
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        list(listed(s3.store, "other"))


def test_a_store_that_does_not_answer_is_no_empty_listing():
    store = s3_store(S3Account("http://127.0.0.1:1", key_id="k", secret="s"))
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        of(store)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T03:39:37.239Z",
        "2026-11-20T03:39:37+02:00",
        "Fri, 20 Nov 2026 03:39:37 GMT",
        1763609977,
    ],
)
def test_a_moment_is_read_as_botocore_reads_it(text):
    assert listing._moment(text) == parse_timestamp(text)


def test_a_moment_without_a_zone_is_utc():
    assert listing._moment("2026-11-20T03:39:37") == datetime(2026, 11, 20, 3, 39, 37, tzinfo=UTC)
