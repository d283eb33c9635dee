"""Whatever happens, in whatever order: in the end the sessions are those of the store."""

import pytest

from tests.faults.histories import lived_through


@pytest.mark.parametrize("seed", range(3))
def test_a_random_history_ends_well(own_place, seed):
    lived_through(own_place, seed)
