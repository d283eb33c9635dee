import resource

from myograph.worker.measuring import Limits, allowed, data_in_use


def test_memory_is_counted_beyond_what_is_in_use():
    limits = Limits(memory_mb=5)
    assert allowed(1000, limits, resource.RLIM_INFINITY) == 5_001_000


def test_no_more_is_asked_for_than_the_system_gives():
    limits = Limits(memory_mb=5)
    assert allowed(1000, limits, 5_001_001) == 5_001_000
    assert allowed(1000, limits, 5_000_999) == 5_000_999


def test_what_is_in_use_grows_with_what_is_held():
    before = data_in_use()
    held = bytearray(50_000_000)
    assert data_in_use() - before >= len(held)


def test_where_the_system_does_not_say_nothing_is_known(tmp_path):
    assert data_in_use(tmp_path / "statm") is None
