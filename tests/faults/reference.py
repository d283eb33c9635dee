"""What a recording's rows must be: those of the same bytes, analysed alone where nothing fails."""

import hashlib
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from myograph.db.embedded import Cluster
from myograph.services.receive_upload import Upload, receive_upload
from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty
from tests.database import Database, fresh_database

Row = dict[str, Any]

# Of this session or this run alone, whatever the bytes are.
OWN = frozenset(
    {"session_id", "processed_at", "processing_time_ms", "calculated_at", "extracted_at"}
)


@dataclass(frozen=True, slots=True)
class Results:
    """All that is stored of one session's recording, without what is only this session's own."""

    status: str
    failure_code: str | None
    technical: list[Row]
    channels: list[Row]
    contractions: list[Row]
    scores: list[Row]

    def differs_in(self, other: "Results") -> list[str]:
        """What of it, by name."""
        return [
            name
            for name in (
                "status",
                "failure_code",
                "technical",
                "channels",
                "contractions",
                "scores",
            )
            if getattr(self, name) != getattr(other, name)
        ]


def results_of(conn: Connection, session_id: UUID) -> Results:
    cursor = conn.cursor(row_factory=dict_row)
    [state] = cursor.execute(
        "SELECT processing_status, failure_code FROM therapy_sessions WHERE id = %s", [session_id]
    ).fetchall()

    def rows(statement: str) -> list[Row]:
        found = cursor.execute(statement, [session_id]).fetchall()
        return [{k: v for k, v in row.items() if k not in OWN} for row in found]

    return Results(
        state["processing_status"],
        state["failure_code"],
        rows("SELECT * FROM c3d_technical_data WHERE session_id = %s"),
        rows("SELECT * FROM emg_statistics WHERE session_id = %s ORDER BY channel_name"),
        rows("SELECT * FROM contractions WHERE session_id = %s ORDER BY channel, number"),
        rows("SELECT * FROM performance_scores WHERE session_id = %s"),
    )


class Reference:
    """Analyses each recording once, serially, in a database of its own. Use it in a `with`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[str, Results] = {}
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._database: Database = self._stack.enter_context(fresh_database(self._cluster))
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="reference-"))
        self._store = folder_store(Path(folder))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, content: bytes) -> Results:
        digest = hashlib.sha256(content).hexdigest()
        with self._one_at_a_time:
            if digest not in self._known:
                self._known[digest] = self._analysed(content, f"unassigned/{digest}.c3d")
            return self._known[digest]

    def _analysed(self, content: bytes, name: str) -> Results:
        stored = self._store.put(f"emg_data/{name}", [content])
        upload = Upload("emg_data", name, size_bytes=stored.size, etag=stored.etag)
        with self._database.connect("myograph_work") as conn:
            session_id = receive_upload(conn, upload).session_id
        run_until_empty(self._database.url("myograph_work"), self._store, pseudonym_key="k" * 32)
        with self._database.connect("myograph_work") as conn:
            found = results_of(conn, session_id)
        assert found.status in {"completed", "failed"}, found.status
        return found
