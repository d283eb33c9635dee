"""An S3 store: a whole one, and one that answers in every wrong way."""

import hashlib
import http.server
import socket
import threading

import pytest

from myograph.errors import ObjectGone, ObjectReplaced, StoreUnavailable
from myograph.storage.objects import S3Account, s3_store

KEY = "emg_data/P001/a b ü.c3d"
MB = 1024 * 1024


def test_what_is_put_is_read_back_with_its_hash(s3, tmp_path):
    content = bytes(range(256)) * 24 * 1024  # more than one part
    stored = s3.store.put(KEY, [content[:MB], content[MB:]])
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert s3.store.head(KEY).etag == stored.etag
    assert s3.store.fetch(KEY, tmp_path / "copy") == stored
    assert (tmp_path / "copy").read_bytes() == content


def test_a_range_is_what_a_file_would_give(s3):
    s3.store.put(KEY, [b"0123456789"])
    source = s3.store.source(KEY)
    assert (source.read(0, 3), source.read(8, 9), source.read(10, 1)) == (b"012", b"89", b"")


def test_an_object_that_is_overwritten_between_two_reads_is_noticed(s3):
    s3.store.put(KEY, [b"0123456789"])
    source = s3.store.source(KEY)
    source.read(0, 3)
    s3.store.put(KEY, [b"9876543210"])
    with pytest.raises(ObjectReplaced, match="overwritten"):
        source.read(3, 3)


def test_an_object_that_goes_between_two_reads_is_gone(s3, tmp_path):
    s3.store.put(KEY, [b"0123456789"])
    source = s3.store.source(KEY)
    s3.store.delete(KEY)
    s3.store.delete(KEY)
    for read in (
        lambda: source.read(0, 3),
        lambda: s3.store.head(KEY),
        lambda: s3.store.fetch(KEY, tmp_path / "copy"),
    ):
        with pytest.raises(ObjectGone):
            read()


def test_an_empty_object_is_read_as_one(s3, tmp_path):
    s3.store.put(KEY, [b""])
    source = s3.store.source(KEY)
    assert (source.size, source.read(0, 100)) == (0, b"")
    assert s3.store.fetch(KEY, tmp_path / "copy").size == 0


def test_a_secret_is_not_shown():
    assert "a secret" not in repr(S3Account(secret="a secret"))


class Faulty(http.server.BaseHTTPRequestHandler):
    """Three megabytes, served wrongly; each request is noted in `server.asked`."""

    protocol_version = "HTTP/1.1"
    size = 3 * MB

    def do_HEAD(self):
        self._head(200, None if self.server.mode == "empty" else self.size)

    def do_GET(self):
        self.server.asked.append(self.headers.get("Range"))
        getattr(self, f"_{self.server.mode}")()

    def _empty(self):
        self._head(200, 0)

    def _rest(self):
        body = b'{"statusCode":"404","error":"not_found","message":"Object not found"}'
        self._head(400, len(body))
        self.wfile.write(body)

    def _cut(self):
        """A piece, and then the line is cut."""
        self._piece()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _once_cut(self):
        self._cut() if len(self.server.asked) == 1 else self._rest_of_it()

    def _replaced(self):
        self._cut()
        self.server.etag = "other"

    def _stalled(self):
        """A piece, and then nothing until the other side gives up."""
        self._piece()
        self.close_connection = True
        self.connection.recv(1)

    def _short(self):
        """Less than it says is there, as if that were all."""
        self._head(206, MB, f"bytes 0-{MB - 1}/{MB}")
        self.wfile.write(bytes(MB))

    def _piece(self):
        start = self._start()
        self._head(206 if start else 200, self.size - start, self._span(start))
        self.wfile.write(bytes(min(MB // 4, self.size - start)))

    def _rest_of_it(self):
        start = self._start()
        self._head(206, self.size - start, self._span(start))
        self.wfile.write(bytes(self.size - start))

    def _start(self):
        asked = self.headers.get("Range", "bytes=0-")
        return int(asked.removeprefix("bytes=").split("-")[0])

    def _span(self, start):
        return f"bytes {start}-{self.size - 1}/{self.size}" if start else None

    def _head(self, status, length, span=None):
        self.send_response(status)
        self.send_header("ETag", f'"{self.server.etag}"')
        self.send_header("Last-Modified", "Fri, 20 Nov 2026 03:39:37 GMT")
        if length is not None:
            self.send_header("Content-Length", str(length))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def faulty():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Faulty) as server:
        server.mode, server.etag, server.asked = "", "an etag", []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(faulty):
    endpoint = f"http://127.0.0.1:{faulty.server_port}"
    return s3_store(S3Account(endpoint, key_id="k", secret="s", read_timeout_s=0.2))


def test_an_empty_object_whose_head_has_no_length_is_empty(faulty, store):
    faulty.mode = "empty"
    assert store.head(KEY).size == 0


def test_an_error_that_rest_puts_into_its_body_is_the_stores(faulty, store, tmp_path):
    faulty.mode = "rest"
    with pytest.raises(StoreUnavailable, match="not_found"):
        store.fetch(KEY, tmp_path / "copy")


def test_a_line_that_is_cut_once_is_taken_up_where_it_broke(faulty, store, tmp_path):
    faulty.mode = "once_cut"
    assert store.fetch(KEY, tmp_path / "copy").sha256 == hashlib.sha256(bytes(3 * MB)).hexdigest()
    [first, second] = faulty.asked
    assert (first, second[:6]) == (None, "bytes=")


@pytest.mark.parametrize("mode", ["cut", "stalled"])
def test_a_store_that_never_sends_the_whole_is_given_up(faulty, store, tmp_path, mode):
    faulty.mode = mode
    with pytest.raises(StoreUnavailable, match=r"a b ü\.c3d"):
        store.fetch(KEY, tmp_path / "copy")
    assert len(faulty.asked) > 1


def test_the_end_of_one_object_is_never_put_to_the_start_of_another(faulty, store, tmp_path):
    faulty.mode = "replaced"
    with pytest.raises(StoreUnavailable):
        store.fetch(KEY, tmp_path / "copy")


def test_a_range_of_an_object_that_shrank_is_noticed(faulty, store):
    faulty.mode = "short"
    head = store.head(KEY)
    with pytest.raises(ObjectReplaced):
        store.read_range(head, 0, 2 * MB)
