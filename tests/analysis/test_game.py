import numpy as np
import pytest

from myograph.analysis.game import agreement, game_runs
from myograph.analysis.protocol import DEFAULT

RATE_HZ = 1000.0


def rows(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


def test_the_game_saw_a_contraction_where_its_channel_is_above_zero():
    activated = np.zeros(3000)
    activated[500:900] = 2e-6
    activated[1000:1400] = 3e-6  # 100 ms later: the same one
    activated[2000:2099] = 1e-6  # 99 ms: none
    activated[2500] = np.nan
    np.testing.assert_array_equal(game_runs(activated, RATE_HZ, DEFAULT), rows((500, 1400)))


def test_matched_missed_extra_and_on_artefact_are_told_apart():
    ours = rows((0, 100), (500, 600), (900, 1000))
    game = rows((50, 120), (650, 800), (2000, 2100))
    result = agreement(ours, game, rows((2000, 2051)))
    assert (result.count, result.matched, result.missed, result.extra) == (3, 1, 2, 2)
    assert result.on_artefact == 1
    assert result.envelope_count == 3


@pytest.mark.parametrize(("masked", "on_artefact"), [(50, 0), (51, 1)])
def test_more_than_half_must_be_masked_to_blame_an_artefact(masked, on_artefact):
    unusable = rows((100, 100 + masked))
    assert agreement(rows(), rows((100, 200)), unusable).on_artefact == on_artefact


def test_touching_is_not_overlapping():
    assert agreement(rows((0, 100)), rows((100, 200)), rows()).matched == 0
    assert agreement(rows((0, 101)), rows((100, 200)), rows()).matched == 1


def test_nobody_saw_anything():
    result = agreement(rows(), rows(), rows())
    assert (result.count, result.matched, result.missed, result.extra) == (0, 0, 0, 0)
