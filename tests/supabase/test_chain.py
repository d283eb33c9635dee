"""From a row of storage.objects to the scores: by the hint, and by the outbox alone."""

from base64 import b64decode

import httpx2
import pytest
from fastapi.testclient import TestClient

from myograph.db.pool import open_pool
from myograph.services.sweep_outbox import sweep_outbox
from myograph.settings import Settings
from myograph.storage.objects import folder_store
from myograph.web.app import create_app
from myograph.web.webhooks.sources import Source
from myograph.worker.run import run_until_empty
from tests.game_files import game_file

NAME = "P001/Ghostly_Emg_20250310_11-46-23-0823.c3d"


@pytest.fixture
def chain(own_project, own_storage, tmp_path):
    """Supabase on one side and the whole of ours on the other, with one secret in common."""
    [(secret,)] = own_project.ask("SELECT app.add_storage_secret('known')", role="postgres")
    store = folder_store(tmp_path)
    app = create_app(
        Settings(data_dir=tmp_path),
        web_url=own_project.database.url("myograph_web"),
        store=store,
        secret=b"s" * 32,
        sources=(
            Source(
                "default", "standard", (b64decode(secret.removeprefix("whsec_")),), ("emg_data",)
            ),
        ),
    )
    with TestClient(app) as receiver:
        yield Chain(own_project, own_storage, store, receiver)


class Chain:
    def __init__(self, project, storage, store, receiver):
        self.project, self.storage, self.store, self.receiver = project, storage, store, receiver

    def put(self, content, name=NAME):
        stored = self.store.put(f"emg_data/{name}", [content])
        return self.storage.upload(name, size=stored.size, etag=stored.etag)

    def deliver(self, hint) -> httpx2.Response:
        """The very bytes and headers that the extension sends."""
        return self.receiver.post(
            "/api/webhooks/storage/c3d-upload", content=hint.body, headers=hint.headers
        )

    def sweep(self) -> int:
        with open_pool(self.project.database.url("myograph_work"), size=1) as pool:
            return sweep_outbox(pool)

    def work(self) -> None:
        url = self.project.database.url("myograph_work")
        run_until_empty(url, self.store, pseudonym_key="k" * 32)

    def sessions(self):
        """Of what lies in the store."""
        return self.project.ask(
            "SELECT file_path, processing_status, storage_object_id, storage_version"
            "  FROM therapy_sessions"
            " WHERE superseded_by IS NULL AND object_gone_at IS NULL ORDER BY file_path"
        )

    def waiting(self) -> int:
        return self.project.ask("SELECT count(*) FROM storage_outbox WHERE settled_at IS NULL")[0][
            0
        ]


def test_a_hint_becomes_a_session_with_scores(chain):
    found, version = chain.put(game_file())
    [hint] = chain.project.hints()
    first, again = chain.deliver(hint), chain.deliver(hint)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["session_id"] == again.json()["session_id"]
    chain.work()
    assert chain.sessions() == [(NAME, "completed", str(found), version)]
    assert (chain.sweep(), chain.waiting()) == (1, 0)
    assert chain.sessions() == [(NAME, "completed", str(found), version)]


def test_a_hint_that_was_lost_is_made_up_for_by_the_outbox(chain):
    found, version = chain.put(game_file())
    assert (chain.sweep(), chain.sweep(), chain.waiting()) == (1, 0, 0)
    chain.work()
    assert chain.sessions() == [(NAME, "completed", str(found), version)]
    [hint] = chain.project.hints()
    assert chain.deliver(hint).status_code == 200


@pytest.mark.parametrize("order", ["in order", "the other way round", "never"])
def test_however_hints_arrive_the_end_is_what_lies_in_the_store(chain, order):
    chain.put(game_file())
    found, _ = chain.put(game_file())
    moved = chain.storage.move(NAME, "P002/a.c3d")
    chain.put(game_file(), "P001/gone.c3d")
    chain.storage.delete("P001/gone.c3d")
    hints = {
        "in order": chain.project.hints(),
        "the other way round": chain.project.hints()[::-1],
        "never": [],
    }
    for hint in hints[order]:
        assert chain.deliver(hint).status_code in {200, 202}
    assert (chain.sweep(), chain.waiting()) == (5, 0)
    assert [(name, *rest) for name, _, *rest in chain.sessions()] == [
        ("P002/a.c3d", str(found), moved)
    ]


def test_a_hint_that_somebody_changed_makes_nothing(chain):
    chain.put(game_file())
    [hint] = chain.project.hints()
    body = hint.body.replace(b"P001/", b"P002/")
    changed = type(hint)(hint.url, hint.headers, body, hint.timeout_ms)
    assert chain.deliver(changed).status_code == 401
    assert chain.sessions() == []


@pytest.mark.parametrize("name", ["P001/../x.c3d", "/abs.c3d", "P001//a.c3d"])
def test_what_nobody_can_read_ends_with_a_sentence(chain, name):
    chain.storage.upload(name)
    [hint] = chain.project.hints()
    assert chain.deliver(hint).status_code in {200, 202}
    assert (chain.sweep(), chain.waiting()) == (1, 0)
    rows = chain.project.ask(
        "SELECT file_path, processing_status, failure_kind FROM therapy_sessions"
    )
    assert rows == [(name, "failed", "unreadable")]
