"""An administrator has many sessions analysed again, and sees how far that is."""

import pytest
from fastapi.testclient import TestClient

from myograph.analysis.method import METHOD
from myograph.db import reprocessing, sign_ins
from myograph.settings import Settings
from myograph.web.api.reprocessing import ONE_OF
from myograph.web.app import create_app
from myograph.web.auth import COOKIE, Doorkeeper
from tests.game_files import game_file

ADDRESS = "/api/reprocess"
NOTHING = {"method": METHOD, "waiting": 0, "running": 0, "put_off": 0, "older_sessions": 0}


@pytest.fixture
def ada(database, clinic, store, tmp_path):
    """A site of its own: all of its sessions are meant."""
    secret = b"s" * 32
    app = create_app(
        Settings(data_dir=tmp_path),
        web_url=database.url("myograph_web"),
        store=store,
        secret=secret,
    )
    with database.connect("myograph_web") as conn:
        cookie = Doorkeeper(secret).write(sign_ins.begin(conn, clinic.admin.id, lasts_s=3600))
    with TestClient(app, cookies={COOKIE: cookie}) as client:
        yield client


@pytest.fixture
def four(clinic, upload, run_queue, database):
    """Three of P001, the last of them by an older method, and one of P002."""
    for number in range(4):
        patient = "P001" if number < 3 else "P002"
        upload(game_file(seed=1), name=f"{patient}/{number}.c3d")
    run_queue()
    with database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET processing_version = '2020.1' WHERE session_id = '2'"
        )


@pytest.mark.parametrize(
    ("wish", "chosen"),
    [
        ({"all": True}, 4),
        ({"patient": "P001"}, 3),
        ({"older_than_method": True}, 1),
        ({"patient": "P002", "older_than_method": True}, 0),
    ],
)
def test_what_is_wished_is_queued_once_and_done(ada, four, run_queue, wish, chosen):
    before = ada.get(ADDRESS).json()
    assert before == NOTHING | {"older_sessions": 1}
    answers = [ada.post(ADDRESS, json=wish) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == {"chosen": chosen, "queued": chosen}
    assert answers[1].json() == {"chosen": chosen, "queued": 0}
    assert ada.get(ADDRESS).json() == before | {"waiting": chosen}
    run_queue()
    older = int(wish.get("patient") == "P002")
    assert ada.get(ADDRESS).json() == NOTHING | {"older_sessions": older}


def test_more_than_one_batch_is_queued_whole(ada, four, monkeypatch):
    monkeypatch.setattr(reprocessing, "BATCH", 3)
    assert ada.post(ADDRESS, json={"all": True}).json() == {"chosen": 4, "queued": 4}


@pytest.mark.parametrize("wish", [{}, {"all": True, "patient": "P001"}, {"all": False}])
def test_a_wish_that_names_nothing_or_too_much_is_refused(ada, wish):
    answer = ada.post(ADDRESS, json=wish)
    assert (answer.status_code, answer.json()["detail"]) == (422, ONE_OF)


def test_it_stands_in_the_audit_who_asked(ada, four, database):
    ada.post(ADDRESS, json={"patient": "P001"})
    with database.connect("postgres") as conn:
        found = conn.execute(
            "SELECT p.role, a.subject, a.facts FROM audit_log a JOIN people p ON p.id = a.person_id"
            " WHERE a.action = 'reprocess' ORDER BY a.id DESC LIMIT 1"
        ).fetchone()
    assert found == ("admin", "therapy_sessions", {"sessions": 3})
