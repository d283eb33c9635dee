import hashlib
import http.server
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.c3d.source import BytesSource
from myograph.errors import (
    BadInput,
    BadName,
    CannotWrite,
    LeaseLost,
    ObjectGone,
    ObjectReplaced,
    StoreUnavailable,
)
from myograph.storage.names import check_key
from myograph.storage.objects import CHUNK_BYTES, folder_store, open_store

KEY = "emg_data/P001/a.c3d"


def test_what_is_put_is_read_back_with_its_hash(store, tmp_path):
    stored = store.put(KEY, iter([b"abc", b"", b"def"]))
    assert (stored.size, stored.sha256) == (6, hashlib.sha256(b"abcdef").hexdigest())
    assert store.head(KEY).etag == stored.etag
    fetched = store.fetch(KEY, tmp_path / "copy")
    assert fetched == stored
    assert (tmp_path / "copy").read_bytes() == b"abcdef"


def test_an_object_lies_at_its_bucket_and_name(store):
    store.put(KEY, [b"abc"])
    assert (store.root / "emg_data/P001/a.c3d").read_bytes() == b"abc"


def test_nobody_else_on_the_machine_can_reach_an_object(tmp_path):
    store = folder_store(tmp_path / "new" / "objects")
    store.put(KEY, [b"abc"])
    for folder in (store.root, store.root / "emg_data"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_keeps_its_mode(tmp_path):
    (tmp_path / "emg_data").mkdir(mode=0o750)
    folder_store(tmp_path).put(KEY, [b"abc"])
    assert (tmp_path / "emg_data").stat().st_mode & 0o777 == 0o750


def test_a_file_that_somebody_put_there_is_an_object(store):
    path = store.root / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(b"abc")
    assert store.head(KEY).size == 3


@pytest.mark.parametrize("size", [0, 1, 6 * 1024 * 1024])
def test_any_size_is_kept_whole(store, tmp_path, size):
    content = bytes(size)
    assert store.put(KEY, [content]).size == size
    assert store.fetch(KEY, tmp_path / "copy").sha256 == hashlib.sha256(content).hexdigest()


def test_half_an_upload_leaves_nothing(store):
    def broken():
        yield b"x" * 6 * 1024 * 1024
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(KEY, broken())
    assert not store.exists(KEY)
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_new_bytes_have_a_new_etag(store):
    first = store.put(KEY, [b"abc"])
    second = store.put(KEY, [b"abcd"])
    assert first.etag != second.etag
    assert '"' not in first.etag


@given(offset=st.integers(0, 12), length=st.integers(0, 12))
def test_a_range_is_what_a_file_would_give(tmp_path_factory, offset, length):
    store = folder_store(tmp_path_factory.getbasetemp() / "ranges")
    content = b"0123456789"
    if not store.exists(KEY):
        store.put(KEY, [content])
    source = store.source(KEY)
    assert source.size == len(content)
    assert source.read(offset, length) == BytesSource(content).read(offset, length)


def test_an_object_that_changes_between_two_reads_is_noticed(store):
    store.put(KEY, [b"0123456789"])
    source = store.source(KEY)
    assert source.read(0, 4) == b"0123"
    store.put(KEY, [b"abcdefghijk"])
    with pytest.raises(ObjectReplaced, match="overwritten"):
        source.read(4, 4)


def test_what_is_not_there_is_gone(store, tmp_path):
    assert not store.exists(KEY)
    for ask in (store.head, store.source, lambda key: store.fetch(key, tmp_path / "copy")):
        with pytest.raises(ObjectGone, match=r"a\.c3d"):
            ask(KEY)


def test_a_disk_of_this_machine_that_is_full_is_not_the_stores_fault(store):
    store.put(KEY, [b"abc"])
    with pytest.raises(CannotWrite, match="No space left on device"):
        store.fetch(KEY, Path("/dev/full"))


def test_a_place_that_is_not_there_is_not_taken_for_a_missing_object(store, tmp_path):
    store.put(KEY, [b"abc"])
    with pytest.raises(CannotWrite, match="No such file"):
        store.fetch(KEY, tmp_path / "none" / "copy")


def test_whoever_fetches_is_asked_with_every_piece_and_may_stop(store, tmp_path):
    store.put(KEY, [bytes(3 * CHUNK_BYTES)])
    beats = []
    store.fetch(KEY, tmp_path / "copy", beat=lambda: beats.append(1))
    assert len(beats) >= 3

    def stop():
        raise LeaseLost("another has it")

    with pytest.raises(LeaseLost):
        store.fetch(KEY, tmp_path / "copy", beat=stop)


def test_deleting_twice_is_deleting_once(store):
    store.put(KEY, [b"abc"])
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)


@pytest.mark.parametrize(
    "key",
    [
        "b/Übung mit Leerzeichen.c3d",
        "b/日本.c3d",
        "b/a..b.c3d",
        "b/...c3d",
        "b/#1.c3d",
        "b/a#b",
        "b/%2e%2e/a",
        "b/a:b;c*d?e[f].c3d",
        "b/" + "x" * 240,
    ],
)
def test_a_name_may_hold_what_people_write(store, tmp_path, key):
    store.put(key, [b"abc"])
    assert store.source(key).read(0, 9) == b"abc"
    assert store.fetch(key, tmp_path / "copy").size == 3


@pytest.mark.parametrize(
    "key",
    [
        "",
        "b",
        "b/",
        "/b/a",
        "b//a",
        "b/../a",
        "../../etc/passwd",
        "b/..",
        "b/./a",
        "b/a\nb",
        "b/a\x00b",
        "b/a\x7fb",
        "b/a\u202eb",
        "b/a\\b",
        "b/\ud800",
        "b/a#12",
        "b/" + "x" * 241,
        "b/" + "ü" * 121,
        "b/" + "x/" * 600 + "y",
    ],
)
def test_a_name_that_could_mislead_is_refused(store, key):
    with pytest.raises(BadName):
        store.put(key, [b"abc"])
    with pytest.raises(BadName):
        store.source(key)


@given(st.text(max_size=60))
def test_no_name_ever_leads_out_of_the_root(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp() / "root"
    try:
        check_key(f"b/{name}")
    except BadName:
        return
    assert (root / "b" / name).resolve().is_relative_to(root / "b")


@pytest.mark.parametrize("link", ["b/link.c3d", "b/folder/a.c3d"])
def test_links_are_not_followed(store, tmp_path, link):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.c3d").write_bytes(b"secret")
    (store.root / "b").mkdir(parents=True)
    (store.root / "b" / "link.c3d").symlink_to(tmp_path / "outside" / "a.c3d")
    (store.root / "b" / "folder").symlink_to(tmp_path / "outside")
    for ask in (store.source, lambda key: store.put(key, [b"x"]), store.delete):
        with pytest.raises(BadName, match="link"):
            ask(link)


def test_a_folder_is_no_object(store):
    store.put(KEY, [b"abc"])
    with pytest.raises(ObjectGone):
        store.head("emg_data/P001")


@pytest.mark.parametrize("prefix", ["file://", ""])
def test_a_folder_is_opened_by_url_or_path(tmp_path, prefix):
    folder = tmp_path / "with blanks"
    url = folder.as_uri() if prefix else str(folder)
    open_store(url).put(KEY, [b"abc"])
    assert (folder / KEY).read_bytes() == b"abc"


def test_another_kind_of_url_is_refused():
    with pytest.raises(BadInput, match="ftp"):
        open_store("ftp://somewhere/else")


def test_a_store_that_cannot_write_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        open_store(str(tmp_path / "file")).put(KEY, [b"abc"])


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as a read needs; `answers` says what becomes of it."""

    content = b"0123456789"

    def do_HEAD(self):
        self._answer(200, self.content, b"")

    def do_GET(self):
        asked = self.headers.get("Range")
        if self.server.mode == "500":
            self._answer(500, b"", b"<Error/>")
        elif asked is None:
            self._answer(200, self.content, self.content)
        else:
            start, stop = map(int, asked.removeprefix("bytes=").split("-"))
            body = self.content[start : stop + 1]
            self._answer(206, body, body, f"bytes {start}-{stop}/{len(self.content)}")

    def _answer(self, status, counted, body, span=None):
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization")))
        self.send_response(status)
        self.send_header("Content-Length", str(len(counted)))
        self.send_header("ETag", '"an etag"')
        self.send_header("Last-Modified", "Fri, 20 Nov 2026 03:39:37 GMT")
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def s3():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        server.mode, server.seen = "well", []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def bucket(s3):
    return open_store(
        "s3://emg_data",
        endpoint=f"http://127.0.0.1:{s3.server_port}/s3",
        region="local",
        key_id="a key",
        secret="a secret",
    )


def test_s3_is_read_by_ranges_in_path_style_and_signed(s3, bucket):
    source = bucket.source(KEY)
    assert (source.size, source.read(2, 4), source.read(8, 9)) == (10, b"2345", b"89")
    assert {path for _, path, _ in s3.seen} == {"/s3/emg_data/P001/a.c3d"}
    assert all("a key" in signed for _, _, signed in s3.seen)


def test_s3_is_fetched_whole(bucket, tmp_path: Path):
    assert bucket.fetch(KEY, tmp_path / "copy").etag == "an etag"
    assert (tmp_path / "copy").read_bytes() == Bucket.content


def test_an_error_of_s3_is_the_stores(s3, monkeypatch):
    s3.mode = "500"
    url = f"http://127.0.0.1:{s3.server_port}"
    store = open_store("s3://emg_data", endpoint=url, key_id="k", secret="s")
    head = store.head(KEY)
    with pytest.raises(StoreUnavailable, match=r"a\.c3d"):
        store.read_range(head, 0, 4)
