"""A system to break for each test, and what its results must be."""

from collections.abc import Generator

import pytest

from myograph.db.embedded import Cluster
from tests.database import SURE, migrated_server
from tests.faults.nursery import Nursery
from tests.faults.place import NewPlace, Place, place_in
from tests.faults.reference import Reference


@pytest.fixture(scope="session")
def reference(server: Cluster) -> Generator[Reference]:
    with Reference(server) as reference:
        yield reference


@pytest.fixture(scope="session")
def nursery() -> Generator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def new_place(server: Cluster, reference: Reference, nursery: Nursery) -> NewPlace:
    """Makes a system to break, in a `with`."""
    return lambda: place_in(server, reference, nursery)


@pytest.fixture
def place(new_place) -> Generator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module")
def own_server() -> Generator[Cluster]:
    """A server that may be broken: the other one is everybody's."""
    with migrated_server("faults", options=SURE) as cluster:
        yield cluster


@pytest.fixture
def own_place(own_server, reference, nursery) -> Generator[Place]:
    with place_in(own_server, reference, nursery) as place:
        yield place
