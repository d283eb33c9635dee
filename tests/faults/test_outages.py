"""What surrounds web and worker goes away and comes back: nothing is lost, doubled or stuck."""

from contextlib import nullcontext

from myograph.db.keeping import Care, kept_running
from tests.database import SURE
from tests.faults import outages, rounds


def test_a_server_that_dies_under_load_and_is_started_again(own_place):
    outages.restarts_under_load(own_place, times=2)


def test_a_server_that_hangs_is_replaced_under_load(own_place):
    outages.hangs_under_load(own_place)


def test_a_round_begins_once_the_server_is_back(own_server, own_place):
    def cut(place):
        outages.power_cut(place.database.cluster)

    with kept_running(own_server, options=SURE, care=Care(look_every_s=0.5)):
        wrong = rounds.wrong_with(lambda: nullcontext(own_place), {"cut": cut}, times=2)
    assert wrong == {}


def test_connections_that_are_cut_again_and_again(place):
    outages.cuts_of_listeners(place, times=2)


def test_a_database_that_is_far_away(place):
    outages.long_way_to_the_database(place, round_trip_s=0.05)


def test_a_database_that_cannot_be_reached_for_a_while(place):
    outages.no_database_for_a_while(place)


def test_a_worker_that_is_stopped_while_its_database_is_away(place):
    outages.stopped_without_a_database(place)


def test_a_database_that_cannot_be_written_to_for_a_while(place):
    outages.read_only_for_a_while(place)


def test_a_worker_that_slept_longer_than_its_claim_writes_nothing(place):
    outages.stopped_and_continued(place, lease_s=2.0, quick=True)
