"""A store that answers badly, and disks that are full: tried again, told, made good."""

import pytest

from tests.faults import storage_faults
from tests.faults.rounds import told, wrong_with


def test_a_store_that_stays_broken_ends_in_a_dead_letter_that_can_be_replayed(new_place, s3):
    wrong = wrong_with(new_place, storage_faults.staying(s3))
    assert not wrong, told(wrong)


def test_a_store_that_breaks_once_costs_nothing(new_place, s3):
    wrong = wrong_with(new_place, storage_faults.passing(s3))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("after_bytes", [0, 100_000])
def test_no_room_for_an_upload(place, after_bytes):
    storage_faults.no_room_for_an_upload(place, after_bytes)


@pytest.mark.parametrize("after_bytes", [20_000, 100_000])
def test_no_room_for_the_workers_copy(place, after_bytes):
    storage_faults.no_room_for_the_worker(place, after_bytes)
