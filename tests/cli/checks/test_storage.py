"""Where recordings lie: a folder or an S3 store, broken in each way, told and mended."""

from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from myograph.cli.checks import storage
from myograph.cli.checks.disk import judged_bytes
from myograph.errors import MyographError
from myograph.settings import UPLOAD_LIMIT_BYTES
from myograph.storage.listing import listed
from myograph.storage.objects import ObjectSource, S3Account, folder_store
from myograph.storage.reach import reached
from tests.faults.proxy import fault_proxy, http_answer
from tests.s3_server import KEYS

BUCKET = "bucket emg_data"


def test_the_folder_of_a_data_directory_is_made_when_needed(look, data):
    assert look(storage.CHECKS)["store"].verdict == "ok"
    assert not (data / "objects").exists()
    folder_store(data / "objects").put("emg_data/P001/x.c3d", [b"x"])
    before = sorted(data.rglob("*"))
    found = look(storage.CHECKS)
    assert {one.verdict for one in found.values()} == {"ok"}
    assert "written and listed" in found[BUCKET].found
    assert sorted(data.rglob("*")) == before


def test_a_folder_that_was_named_must_be_there(look, tmp_path):
    named = tmp_path / "mounted"
    found = look(storage.CHECKS, storage_url=named.as_uri())["store"]
    assert (found.verdict, "mounted?" in found.found) == ("problem", True)
    named.write_text("x")
    assert "is no folder" in look(storage.CHECKS, storage_url=named.as_uri())["store"].found
    named.unlink()
    named.mkdir()
    assert look(storage.CHECKS, storage_url=named.as_uri())[BUCKET].verdict == "ok"


def test_a_bucket_that_is_a_link_or_a_file_is_told(look, data, tmp_path):
    (data / "objects").mkdir()
    place = data / "objects" / "emg_data"
    place.symlink_to(tmp_path)
    assert "links are not followed" in look(storage.CHECKS)[BUCKET].found
    place.unlink()
    place.write_text("x")
    found = look(storage.CHECKS)[BUCKET]
    assert (found.verdict, "cannot be written" in found.found) == ("problem", True)
    place.unlink()
    assert look(storage.CHECKS)[BUCKET].verdict == "ok"


@pytest.mark.ordinary_user
def test_a_folder_that_is_somebody_elses_is_told(look, data):
    (data / "objects").mkdir(mode=0o500)
    found = look(storage.CHECKS)[BUCKET]
    (data / "objects").chmod(0o700)
    assert (found.verdict, "chown" in found.mend) == ("problem", True)


@pytest.mark.parametrize(
    ("uploads", "verdict"), [(0.99, "problem"), (1, "warning"), (9.99, "warning"), (10, "ok")]
)
def test_room_is_told_by_how_many_uploads_fit(tmp_path, uploads, verdict):
    assert judged_bytes("x", tmp_path, int(uploads * UPLOAD_LIMIT_BYTES)).verdict == verdict


@pytest.fixture
def account(s3):
    list(listed(s3.store, "emg_data"))  # the first answer of this store takes it a while
    return {
        "storage_url": "s3://emg_data",
        "storage_endpoint": s3.endpoint,
        "storage_key_id": KEYS["key_id"],
        "storage_secret": KEYS["secret"],
    }


def test_a_bucket_is_listed_read_and_written_and_left_as_it_was(look, account, s3):
    s3.put("P001/x.c3d")
    s3.create("anchors")
    found = look(storage.CHECKS, **account)
    assert {one.verdict for one in found.values()} == {"ok"}
    assert "P001" not in str(found)
    assert KEYS["secret"] not in str(found)
    assert [one.name for one in listed(s3.store, "emg_data", wanted=bool)] == ["P001/x.c3d"]


def test_a_bucket_that_is_not_there_is_told(look, account, s3):
    wrong = account | {"buckets": "emg_data,other"}
    found = look(storage.CHECKS, **wrong)
    assert found[BUCKET].verdict == "ok"
    assert "no such bucket (NoSuchBucket)" in found["bucket other"].found
    assert "MYOGRAPH_BUCKETS" in found["bucket other"].mend
    s3.create("other")
    assert look(storage.CHECKS, **wrong)["bucket other"].verdict == "ok"


def test_anchors_need_a_bucket_of_their_own(look, account, s3):
    given = account | {"audit_key": "k" * 32}
    assert look(storage.CHECKS, **given)["bucket anchors"].verdict == "warning"
    s3.create("anchors")
    assert look(storage.CHECKS, **given)["bucket anchors"].verdict == "ok"


@contextmanager
def narrow(endpoint, *refused):
    """The same store for keys that may not ask for objects by these methods."""

    class Narrow(BaseHTTPRequestHandler):
        def answer(self):
            if self.command in refused and self.path.partition("?")[0].count("/") > 1:
                self.send_error(403)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            line = HTTPConnection(endpoint.removeprefix("http://"))
            line.request(self.command, self.path, body, dict(self.headers))
            answer = line.getresponse()
            said = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"connection", "transfer-encoding"}:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)
            line.close()

        do_GET = do_HEAD = do_PUT = do_POST = answer  # noqa: N815 - as HTTP names them

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Narrow)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("refused", "verdict", "mend"),
    [
        ((), "ok", None),
        (("PUT",), "warning", "s3:PutObject"),
        (("GET", "HEAD"), "problem", "s3:GetObject"),
        (("GET",), "problem", "s3:GetObject"),
    ],
)
def test_keys_that_may_only_some_of_it_are_told(look, account, s3, refused, verdict, mend):
    s3.put("P001/x.c3d")
    with narrow(s3.endpoint, *refused) as endpoint:
        found = look(storage.CHECKS, **account | {"storage_endpoint": endpoint})[BUCKET]
    assert found.verdict == verdict
    assert found.mend is None if mend is None else mend in found.mend
    assert "P001" not in str(found)


def test_a_store_that_gives_other_bytes_is_told(s3, monkeypatch):
    """As one does that ignores ranges."""
    monkeypatch.setattr(ObjectSource, "read", lambda *_: b"0123")
    with pytest.raises(MyographError, match="not what was written"):
        storage._write(s3.store, "emg_data")
    assert list(listed(s3.store, "emg_data", wanted=bool)) == []


def refusing(code):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>s3cret</Message></Error>"
    return http_answer("403 Forbidden", body.encode(), Content_Type="application/xml")


@pytest.mark.parametrize(
    ("code", "said", "mend"),
    [
        ("InvalidAccessKeyId", "does not know the key", "MYOGRAPH_STORAGE_KEY_ID"),
        ("SignatureDoesNotMatch", "secret does not belong", "MYOGRAPH_STORAGE_SECRET"),
        ("AuthorizationHeaderMalformed", "region is another", "MYOGRAPH_STORAGE_REGION"),
        ("AccessDenied", "may not list", "s3:ListBucket"),
        ("SomethingNew", "the store refuses (SomethingNew)", "MYOGRAPH_STORAGE_ENDPOINT"),
    ],
)
def test_each_refusal_of_a_store_has_its_sentence(look, account, code, said, mend):
    with fault_proxy(("127.0.0.1", 1)) as proxy:
        proxy.from_now_on(refusing(code))
        endpoint = f"http://127.0.0.1:{proxy.port}"
        found = look(storage.CHECKS, **account | {"storage_endpoint": endpoint})[BUCKET]
    assert (found.verdict, said in found.found, mend in found.mend) == ("problem", True, True)
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"endpoint": "http://127.0.0.1:1"}, "address"),
        ({"endpoint": "no address"}, "address"),
        ({"bucket": "not a bucket!"}, "bucket"),
    ],
)
def test_what_is_wrong_before_a_store_is_asked_is_known(s3, changed, fault):
    bucket = changed.get("bucket", "emg_data")
    account = S3Account(changed.get("endpoint", s3.endpoint), **KEYS)
    assert reached(account, bucket).fault == fault


def test_keys_that_are_not_there_are_told(look, account, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    without = {k: v for k, v in account.items() if not k.endswith(("key_id", "secret"))}
    found = look(storage.CHECKS, **without)[BUCKET]
    assert "MYOGRAPH_STORAGE_KEY_ID and MYOGRAPH_STORAGE_SECRET" in found.mend
