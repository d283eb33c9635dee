"""A database without room: whoever asks is told, nothing is half done, and it mends itself."""

import pytest

from tests.database import SURE, migrated_server
from tests.faults import full_disks
from tests.faults.place import place_in

pytestmark = pytest.mark.small_disk


@pytest.fixture(scope="module")
def disk():
    with full_disks.small_disk() as disk:
        yield disk


@pytest.fixture(scope="module")
def server_on_it(disk):
    with migrated_server("small disk", folder=disk.folder / "server", options=SURE) as cluster:
        yield cluster


@pytest.fixture
def place_on_it(server_on_it, reference, nursery):
    with place_in(server_on_it, reference, nursery) as place:
        yield place


def test_no_room_for_rows(place_on_it, disk):
    full_disks.no_room_for_rows(place_on_it, disk)
