"""The true limit, by a stream that is made as it is sent."""

import httpx2
import psutil
import pytest
from starlette.testclient import TestClient

from myograph.settings import UPLOAD_LIMIT_BYTES
from myograph.storage.objects import folder_store
from myograph.web.auth import COOKIE
from myograph.web.site import Limits
from tests.web.servers import running

CHUNK = bytes(1024 * 1024)
MB = 1024 * 1024


@pytest.fixture
def sent(make_app, served, tmp_path):
    """Send that many bytes without saying so before: the answer, and how much the memory grew."""

    def send(count):
        process = psutil.Process()
        start = process.memory_info().rss
        peak = start

        def body():
            nonlocal peak
            for _ in range(count // len(CHUNK)):
                yield CHUNK
                peak = max(peak, process.memory_info().rss)
            yield bytes(count % len(CHUNK))

        app = make_app(store=folder_store(tmp_path), limits=Limits())
        with running(app) as server:
            answer = httpx2.put(
                f"{server.address}/api/uploads/large.c3d",
                content=body(),
                cookies={COOKIE: served.cookie("ann")},
                timeout=60,
            )
        return answer, peak - start

    return send


def test_one_byte_beyond_512_megabytes_is_refused_in_bounded_memory(sent, tmp_path):
    answer, grown = sent(UPLOAD_LIMIT_BYTES + 1)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "536870912 bytes (512 MB)" in answer.json()["detail"]
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    assert grown < 100 * MB


def test_and_at_once_where_it_says_how_large_it_is(make_app, served):
    with TestClient(make_app(limits=Limits())) as server:
        server.cookies[COOKIE] = served.cookie("ann")
        announced = {"Content-Length": str(UPLOAD_LIMIT_BYTES + 1)}
        answer = server.put("/api/uploads/large.c3d", content=iter([]), headers=announced)
    assert answer.status_code == 413
