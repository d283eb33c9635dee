"""From a row of storage.objects to the scores, by the hint and without it."""

import pytest
from standardwebhooks import Webhook

from myograph.services.receive_upload import Upload, receive_event
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty
from tests.game_files import game_file

NAME = "P001/Ghostly_Emg_20250310_11-46-23-0823.c3d"


@pytest.fixture
def bucket(own_project, own_storage, tmp_path):
    """Puts a file where Supabase puts it, and does to its table what Supabase does."""
    store = folder_store(tmp_path)

    class Bucket:
        def put(self, name, content):
            stored = store.put(f"emg_data/{name}", [content])
            return own_storage.upload(name, size=stored.size, etag=stored.etag)

        def work(self):
            run_until_empty(
                own_project.database.url("myograph_work"), store, pseudonym_key="k" * 32
            )

    return Bucket()


@pytest.fixture
def secret(own_project):
    [(secret,)] = own_project.ask("SELECT app.add_storage_secret('known')", role="postgres")
    return secret


def announce(project, login, upload):
    with project.database.connect(login) as conn:
        return receive_event(conn, upload)


def told_by(hint, secret):
    """What a receiver takes from a hint, once its signature is good."""
    payload = Webhook(secret).verify(hint.body, hint.headers)
    record, before = payload["record"], payload["old_record"]
    one, old = record or before, before if record and before else {}
    return Upload(
        one["bucket_id"],
        one["name"],
        size_bytes=one["metadata"]["size"],
        etag=one["metadata"]["eTag"],
        version=one["version"],
        object_id=one["id"],
        old_name=old.get("name"),
        old_version=old.get("version"),
        operation="created" if record else "removed",
        source="default",
        delivery_id=hint.headers["webhook-id"],
        shape="database_webhook",
    )


def sessions(project):
    return project.ask(
        "SELECT file_path, processing_status, storage_object_id, storage_version,"
        "       object_gone_at IS NOT NULL"
        "  FROM therapy_sessions WHERE superseded_by IS NULL ORDER BY file_path"
    )


def test_a_hint_becomes_a_session_with_scores(own_project, bucket, secret):
    found, version = bucket.put(NAME, game_file())
    [hint] = own_project.hints()
    told = told_by(hint, secret)
    assert announce(own_project, "myograph_web", told).outcome == "created"
    assert announce(own_project, "myograph_web", told).outcome == "duplicate"
    bucket.work()
    assert sessions(own_project) == [(NAME, "completed", str(found), version, False)]


def test_overwritten_moved_and_deleted_the_session_follows(
    own_project, own_storage, bucket, secret
):
    bucket.put(NAME, game_file())
    _, second = bucket.put(NAME, game_file())
    moved = own_storage.move(NAME, "P002/a.c3d")
    own_storage.delete("P002/a.c3d")
    outcomes = [
        announce(own_project, "myograph_web", told_by(hint, secret)).outcome
        for hint in own_project.hints()
    ]
    assert outcomes == ["created", "created", "renamed", "gone"]
    assert second != moved
    [(name, _, _, _, gone)] = sessions(own_project)
    assert (name, gone) == ("P002/a.c3d", True)
