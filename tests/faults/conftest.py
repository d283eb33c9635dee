"""A system to break for each test, and what its results must be."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import pytest

from myograph.db.embedded import Cluster
from tests.faults.nursery import Nursery
from tests.faults.place import Place, place_in
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
def new_place(
    server: Cluster, reference: Reference, nursery: Nursery
) -> Callable[[], AbstractContextManager[Place]]:
    """Makes a system to break, in a `with`."""
    return lambda: place_in(server, reference, nursery)


@pytest.fixture
def place(new_place) -> Generator[Place]:
    with new_place() as place:
        yield place
