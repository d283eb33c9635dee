"""A database, a store and recordings to analyse, for the benchmarks of workers and cache."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg

from myograph.db.embedded import Cluster, running
from myograph.services.receive_upload import Upload, receive_upload
from myograph.simulate.presets import Wish, session
from myograph.simulate.sessions import simulate_session
from myograph.storage.objects import ObjectStore, folder_store
from tests.needs import recordings_folder

START = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - as the game writes it
UNFINISHED = "Ghostly_Emg_20240304_10-05-56-0883.c3d"


@dataclass(frozen=True)
class Service:
    """A migrated database and a folder store; `key` of its pseudonyms."""

    cluster: Cluster
    store: ObjectStore
    folder: Path

    @property
    def url(self) -> str:
        return self.cluster.url("myograph_work")

    @property
    def key(self) -> str:
        return self.cluster.secrets.pseudonym_key

    def environment(self) -> dict[str, str]:
        """Of a worker."""
        return os.environ | {
            "MYOGRAPH_DATA_DIR": str(self.folder / "worker"),
            "MYOGRAPH_WORKER_DATABASE_URL": self.url,
            "MYOGRAPH_STORAGE_URL": (self.folder / "objects").as_uri(),
            "MYOGRAPH_PSEUDONYM_KEY": self.key,
        }

    def upload(self, content: bytes, name: str) -> UUID:
        stored = self.store.put(f"emg_data/unassigned/{name}.c3d", [content])
        told = Upload(
            "emg_data", f"unassigned/{name}.c3d", size_bytes=stored.size, etag=stored.etag
        )
        with psycopg.connect(self.url) as conn:
            return receive_upload(conn, told).session_id


@contextmanager
def service() -> Generator[Service]:
    folder = Path(tempfile.mkdtemp(prefix="myograph-b-"))
    folder.chmod(0o711)
    try:
        with running(folder / "data") as cluster:
            cluster.migrate()
            yield Service(cluster, folder_store(folder / "objects"), folder)
    finally:
        shutil.rmtree(folder)


def recordings() -> list[bytes]:
    """The real ones where they are, else as long generated ones."""
    found = sorted((Path(recordings_folder()) / "ghostly").glob("*.c3d"))
    if found:
        return [path.read_bytes() for path in found if path.name != UNFINISHED]
    wishes = [Wish(seconds=seconds) for seconds in (173.0, 123.0, 74.0, 63.0, 63.0)]
    made = [session(wish, seed=n, start=START) for n, wish in enumerate(wishes)]
    return [simulate_session(one, n)[0] for n, one in enumerate(made)]


def unlike(content: bytes, number: int) -> bytes:
    """The same but for the last bits of a sample: equal bytes would not be measured again."""
    return content[:-4] + number.to_bytes(2, "little") + content[-2:]


def machine() -> str:
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (1 min), {five:.1f} (5 min)"
