"""An S3 store of our own on loopback, one per run.

s3_server   where it answers
s3          an empty bucket `emg_data` in it, as the service uses it
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from myograph.storage.objects import ObjectStore, S3Account, s3_store

BUCKET = "emg_data"
KEYS = {"key_id": "a key", "secret": "a secret"}


@dataclass(frozen=True)
class S3:
    """put, delete, move: as any other program does; names are as odd as they like."""

    endpoint: str
    store: ObjectStore
    backends: BackendDict

    @property
    def _backend(self):
        return next(iter(self.backends.values()))["aws"]

    def put(self, name: str, content: bytes = b"abc") -> None:
        self._backend.put_object(BUCKET, name, content)

    def delete(self, name: str) -> None:
        self._backend.delete_object(BUCKET, name)

    def create(self, bucket: str) -> None:
        self._backend.create_bucket(bucket, "us-east-1")

    def move(self, old: str, new: str) -> None:
        """As S3 clients do: there is no other way."""
        self.put(new, self._backend.get_object(BUCKET, old).value)
        self.delete(old)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    with served() as endpoint:
        yield endpoint


@pytest.fixture
def s3(s3_server) -> Iterator[S3]:
    with emptied(s3_server) as s3:
        yield s3


@contextmanager
def own_s3() -> Iterator[S3]:
    """Both, where no fixtures are."""
    with served() as endpoint, emptied(endpoint) as s3:
        yield s3


@contextmanager
def served() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def emptied(endpoint: str) -> Iterator[S3]:
    s3_backends.reset()
    made = S3(endpoint, s3_store(S3Account(endpoint, **KEYS)), s3_backends)
    s3_backends["123456789012"]["aws"].create_bucket(BUCKET, "us-east-1")
    yield made
    s3_backends.reset()
