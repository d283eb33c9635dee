from concurrent.futures import ThreadPoolExecutor

import pytest
from anyio.to_thread import current_default_thread_limiter
from fastapi.testclient import TestClient

from myograph.storage.objects import folder_store
from myograph.web.auth import COOKIE


def test_alive_and_ready_say_no_more_to_strangers(served):
    assert served.as_(None).get("/livez").json() == {"status": "ok", "checks": None}
    assert served.as_(None).get("/readyz").json() == {"status": "ok", "checks": None}


@pytest.mark.parametrize("login", ["ann", "rae"])
def test_nor_to_people_who_need_not_know(served, login):
    assert served.as_(login).get("/readyz").json()["checks"] is None


def test_an_admin_sees_each_part(served):
    assert served.as_("ada").get("/readyz").json()["checks"] == {"database": "ok", "storage": "ok"}


def test_without_storage_it_is_alive_and_not_ready(served, make_app, tmp_path):
    (tmp_path / "emg_data").symlink_to(tmp_path / "elsewhere")
    with TestClient(make_app(store=folder_store(tmp_path))) as server:
        server.cookies[COOKIE] = served.cookie("ada")
        assert server.get("/livez").status_code == 200
        answer = server.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ok")
    assert answer.json()["checks"]["database"] == "ok"
    assert answer.json()["checks"]["storage"] != "ok"


def test_it_says_that_it_lives_while_every_thread_is_busy(make_app):
    with TestClient(make_app()) as server, ThreadPoolExecutor(1) as visitor:
        limiter = server.portal.call(current_default_thread_limiter)
        busy = [object() for _ in range(int(limiter.total_tokens))]
        for one in busy:
            server.portal.call(limiter.acquire_on_behalf_of_nowait, one)
        try:
            answer = visitor.submit(server.get, "/livez").result(timeout=10)
        finally:
            for one in busy:
                server.portal.call(limiter.release_on_behalf_of, one)
    assert answer.status_code == 200
