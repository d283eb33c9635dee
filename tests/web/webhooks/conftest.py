"""The real application with several sources, at a fixed time, and ways to send to it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from fastapi.testclient import TestClient

from myograph.services.standard_webhooks import signed
from myograph.storage.objects import ObjectStore, Stored, folder_store
from myograph.web.api.webhooks import ADDRESS
from myograph.web.webhooks.signatures import sign_sha256
from myograph.web.webhooks.sources import Source
from tests.web.webhooks.bodies import RECORD, database_webhook

NOW = 1_790_000_000
KEY, OTHER_KEY = b"k" * 24, b"o" * 24
TOKEN = "a-token-of-minio"
SOURCES = (
    Source("default", "standard", (KEY, OTHER_KEY), ("emg_data",)),
    Source("gateway", "sha256", (KEY,), ("emg_data",)),
    Source("minio", "bearer", (TOKEN.encode(),), ("emg_data",)),
)
_numbers = count(1)


@dataclass(frozen=True)
class Receiver:
    """An application and its store."""

    server: TestClient
    root: Path

    def post(self, body: bytes, headers=None, *, address: str = ADDRESS) -> httpx2.Response:
        return self.server.post(address, content=body, headers=headers)

    def send(self, body: object, *, key=KEY, delivery_id=None, at=NOW, **to) -> httpx2.Response:
        """Signed as Standard Webhooks."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        number = delivery_id or f"msg-{uuid4()}"
        return self.post(content, signed(key, number=number, at=at, body=content), **to)

    def send_sha256(self, body: object, at=NOW) -> httpx2.Response:
        content = json.dumps(body).encode()
        return self.post(content, sign_sha256(KEY, at, content))

    def send_bearer(self, body: object, **headers: str) -> httpx2.Response:
        content = json.dumps(body).encode()
        return self.post(content, {"Authorization": f"Bearer {TOKEN}", **headers})

    @property
    def store(self) -> ObjectStore:
        return folder_store(self.root)

    def put(self, name: str, content: bytes) -> Stored:
        return self.store.put(f"emg_data/{name}", [content])


@pytest.fixture(scope="session")
def receiver(make_app):
    # A generous budget: the machine may be busy, and no test is about its speed.
    app = make_app(sources=SOURCES, clock=lambda: NOW, metadata_budget_ms=10_000)
    with TestClient(app, base_url="https://clinic.example") as server:
        yield Receiver(server, make_app.root)


@pytest.fixture
def new_name() -> Callable[[], str]:
    """A name that nobody has announced before."""
    return lambda: f"P101/hook-{next(_numbers)}.c3d"


def inserted(object_name: str, **known):
    """The database webhook of a new object."""
    record = {"bucket_id": "emg_data", "name": object_name, "version": str(uuid4()), **known}
    return database_webhook(record=RECORD | {"id": str(uuid4()), "metadata": None} | record)


@pytest.fixture
def everything(site_database):
    """How many deliveries, sessions and jobs there are."""

    def count():
        with site_database.connect("postgres") as conn:
            return conn.execute(
                """
                SELECT (SELECT sum(deliveries) FROM upload_events),
                       (SELECT count(*) FROM therapy_sessions),
                       (SELECT count(*) FROM queue.procrastinate_jobs)
                """
            ).fetchone()

    return count
