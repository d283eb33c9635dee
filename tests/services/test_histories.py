"""Random histories of a store, announced in any order: one live session for each live object."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from myograph.services.receive_upload import Upload, receive_event

BEGAN = datetime(2026, 1, 5, 9, 0, 0, 1000, tzinfo=UTC)
NAMES = [f"P00{patient}/{number}.c3d" for patient in (1, 2, 9) for number in (1, 2)]
CONTENTS = "abcd"


@dataclass(frozen=True, slots=True)
class Thing:
    """An object as it lies there."""

    name: str
    number: str
    version: str
    content: str


@dataclass(slots=True)
class Store:
    """Objects and what was announced of them: with numbers and versions, or by name alone."""

    numbered: bool
    things: dict[str, Thing] = field(default_factory=dict)
    told: list[Upload] = field(default_factory=list)
    clock: int = 0

    def write(self, name: str, content: str) -> None:
        old = self.things.get(name)
        self.clock += 1
        number = old.number if old else f"o{self.clock}"
        new = Thing(name, number, f"v{self.clock}", content)
        self.things[name] = new
        self._tell(new, old_version=old.version if old else None)

    def move(self, name: str, to: str) -> None:
        if name not in self.things or to in self.things:
            return
        if not self.numbered:  # an S3 client's rename
            self.write(to, self.things[name].content)
            self.remove(name)
            return
        self.clock += 1
        old = self.things.pop(name)
        self.things[to] = replace(old, name=to, version=f"v{self.clock}")
        self._tell(self.things[to], old_name=name, old_version=old.version)

    def remove(self, name: str) -> None:
        if name in self.things:
            self.clock += 1
            self._tell(self.things.pop(name), operation="removed")

    def _tell(self, thing: Thing, **more) -> None:
        order = f"{self.clock:04x}"
        by_number = {"version": thing.version, "object_id": thing.number, **more}
        by_name = {"sequencer": order, "operation": more.get("operation", "created")}
        if self.numbered:
            by_number["modified_at"] = BEGAN + timedelta(milliseconds=20 * self.clock)
        bare = by_name["operation"] == "removed" and not self.numbered
        self.told.append(
            Upload(
                "emg_data",
                thing.name,
                size_bytes=None if bare else 3,
                etag=None if bare else thing.content,
                source="store",
                delivery_id=f"{self.clock}",
                shape="database_webhook" if self.numbered else "s3",
                **(by_number if self.numbered else by_name),
            )
        )

    def listing(self) -> Iterator[Upload]:
        for thing in self.things.values():
            known = {"version": thing.version, "object_id": thing.number} if self.numbered else {}
            yield Upload(
                "emg_data",
                thing.name,
                size_bytes=3,
                etag=thing.content,
                source="sweep",
                shape="sweep",
                **known,
            )


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "move", "remove"]),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from(CONTENTS),
    ),
    min_size=1,
    max_size=12,
)


def history(numbered: bool, operations: Sequence[tuple[str, str, str, str]]) -> Store:
    store = Store(numbered)
    for kind, name, to, content in operations:
        if kind == "write":
            store.write(name, content)
        elif kind == "move":
            store.move(name, to)
        else:
            store.remove(name)
    return store


def live(conn):
    return sorted(
        conn.execute(
            "SELECT file_path, storage_etag FROM therapy_sessions"
            " WHERE superseded_by IS NULL AND object_gone_at IS NULL"
        ).fetchall()
    )


def lying(store):
    return sorted((thing.name, thing.content) for thing in store.things.values())


def doubled(conn):
    return conn.execute(
        "SELECT COALESCE(storage_object_id, file_path), storage_etag FROM therapy_sessions"
        " GROUP BY 1, 2 HAVING count(*) > 1"
    ).fetchall()


def unworked(conn):
    """Sessions that wait for an analysis that nobody will begin."""
    return conn.execute(
        """
        SELECT id FROM therapy_sessions t
         WHERE processing_status = 'pending'
           AND NOT EXISTS (SELECT FROM queue.procrastinate_jobs j
                            WHERE j.task_name = 'analyse_session'
                              AND j.args ->> 'session_id' = t.id::text)
        """
    ).fetchall()


EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def conn(database, clinic):
    """Nothing of an example stays: each is rolled back."""
    with database.connect("myograph_work") as conn:
        yield conn


def announce(conn, uploads):
    for upload in uploads:
        receive_event(conn, upload)
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        conn.execute("SET CONSTRAINTS ALL DEFERRED")
        assert doubled(conn) == []
        assert unworked(conn) == []


@EXAMPLES
@given(st.booleans(), OPERATIONS, st.randoms(use_true_random=False))
def test_announced_in_any_order_and_repeated_it_ends_as_the_store(
    conn, numbered, operations, chance: random.Random
):
    """Where the store's order is told, no listing is needed."""
    store = history(numbered, operations)
    told = store.told + [
        replace(upload, delivery_id=f"again {upload.delivery_id}")
        for upload in store.told
        if chance.random() < 0.3
    ]
    chance.shuffle(told)
    try:
        announce(conn, told)
        assert live(conn) == lying(store)
    finally:
        conn.rollback()


@EXAMPLES
@given(st.booleans(), OPERATIONS, st.randoms(use_true_random=False))
def test_dropped_reordered_and_without_any_order_a_listing_mends_it(
    conn, numbered, operations, chance: random.Random
):
    store = history(numbered, operations)
    told = [
        replace(upload, modified_at=None, sequencer=None, old_name=None, old_version=None)
        for upload in store.told
        if chance.random() < 0.7
    ]
    chance.shuffle(told)
    try:
        announce(conn, told)
        announce(conn, store.listing())
        for name, etag in set(live(conn)) - set(lying(store)):
            announce(
                conn,
                [
                    Upload(
                        "emg_data",
                        name,
                        etag=etag,
                        source="sweep",
                        shape="sweep",
                        operation="removed",
                    )
                ],
            )
        assert live(conn) == lying(store)
    finally:
        conn.rollback()
