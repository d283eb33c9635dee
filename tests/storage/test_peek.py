"""The first bytes of an object, by one read that blocks nobody: of a folder and of S3 alike."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from myograph.errors import BadName, ObjectGone, StoreUnavailable
from myograph.storage.folder import etag_of, in_memory
from myograph.storage.objects import S3Account, s3_store

KEY = "emg_data/P001/a.c3d"


@pytest.fixture(params=["folder", "s3"])
def any_store(request):
    return request.getfixturevalue("store" if request.param == "folder" else "s3_objects")


@pytest.fixture
def s3_objects(s3):
    return s3.store


def peek(store, length, key=KEY):
    return asyncio.run(store.peek(key, length))


@pytest.mark.parametrize("length", [1, 5, 6, 7, 10_000])
def test_it_gives_the_beginning_and_what_the_store_knows(any_store, length):
    stored = any_store.put(KEY, [b"abcdef"])
    seen = peek(any_store, length)
    assert (seen.start, seen.size, seen.etag) == (b"abcdef"[:length], 6, stored.etag)
    assert abs(seen.modified_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_an_empty_object_begins_with_nothing(any_store):
    stored = any_store.put(KEY, [b""])
    assert (peek(any_store, 10).start, peek(any_store, 10).etag) == (b"", stored.etag)


def test_what_is_not_there_is_gone(any_store):
    with pytest.raises(ObjectGone):
        peek(any_store, 10)


def test_a_link_is_not_followed(store):
    store.put(KEY, [b"abc"])
    (store.root / "emg_data" / "link.c3d").symlink_to(store.root / KEY)
    with pytest.raises(BadName):
        peek(store, 10, "emg_data/link.c3d")


def test_a_store_that_does_not_answer_is_unavailable():
    nowhere = s3_store(S3Account("http://127.0.0.1:1", key_id="k", secret="s"))

    async def in_time():
        async with asyncio.timeout(0.2):
            await nowhere.peek(KEY, 10)

    with pytest.raises((StoreUnavailable, TimeoutError)):
        asyncio.run(in_time())


def test_what_is_at_hand_in_a_folder_is_what_its_library_would_read(store):
    """By the very numbers that obstore gives, else each delivery would look like other bytes."""
    stored = store.put(KEY, [b"abcdef"])
    assert etag_of((store.root / KEY).stat()) == stored.etag
    at_hand = in_memory(store.root / KEY, 4)
    assert at_hand is None or at_hand[1] == b"abcd"  # not every file system says what it holds


def test_a_folder_where_a_file_should_be_is_not_at_hand(store):
    (store.root / KEY).mkdir(parents=True)
    assert in_memory(store.root / KEY, 4) is None


def test_what_may_not_be_opened_is_not_at_hand(store):
    store.put(KEY, [b"abc"])
    (store.root / "emg_data" / "link.c3d").symlink_to(store.root / KEY)
    assert in_memory(store.root / "emg_data" / "link.c3d", 3) is None
