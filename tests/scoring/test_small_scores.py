import pytest

from myograph.errors import BadInput
from myograph.scoring.categories import as_shown, overall_category, symmetry_category
from myograph.scoring.configuration import DEFAULT
from myograph.scoring.effort import effort_score
from myograph.scoring.game import game_score
from myograph.scoring.overall import overall_score

# effort


@pytest.mark.parametrize(
    ("rpe", "score"),
    [
        (0, 20), (1, 20), (2, 60), (3, 80), (4, 100), (5, 100),
        (6, 100), (7, 80), (8, 60), (9, 20), (10, 20), (6.0, 100), (None, None),
    ],
)  # fmt: skip
def test_effort_follows_the_table(rpe, score):
    assert effort_score(rpe, DEFAULT.rpe_scores) == score


@pytest.mark.parametrize("rpe", [-1, 11, 5.5, float("nan")])
def test_an_rpe_that_is_no_whole_number_from_0_to_10_is_refused(rpe):
    with pytest.raises(BadInput, match="An RPE is a whole number from 0 to 10"):
        effort_score(rpe, DEFAULT.rpe_scores)


# game


@pytest.mark.parametrize(
    ("points", "maximum", "score"),
    [
        (850, 1000, 85.0),
        (0, 1000, 0.0),
        (1200, 1000, 100.0),
        (-5, 1000, 0.0),
        (None, 1000, None),
        (850, None, None),
        (850, 0, None),
        (850, -1, None),
    ],
)
def test_the_game_is_scored_against_its_maximum(points, maximum, score):
    assert game_score(points, maximum) == score


# overall

ALL = {"compliance": 80.0, "symmetry": 60.0, "effort": 100.0, "game": 40.0}


def test_the_overall_score_is_the_weighted_mean():
    overall, weights = overall_score(ALL, DEFAULT.weights)
    assert overall == pytest.approx(0.4 * 80 + 0.25 * 60 + 0.2 * 100 + 0.15 * 40)
    assert weights == DEFAULT.weights


@pytest.mark.parametrize(
    "missing", [("symmetry",), ("effort", "game"), ("symmetry", "effort", "game")]
)
def test_the_weights_of_missing_components_go_to_the_rest(missing):
    overall, weights = overall_score(ALL | dict.fromkeys(missing), DEFAULT.weights)
    present = [name for name in ALL if name not in missing]
    total = sum(DEFAULT.weights[name] for name in present)
    assert weights == {name: DEFAULT.weights[name] / total for name in present}
    assert sum(weights.values()) == pytest.approx(1)
    assert overall == pytest.approx(sum(weights[name] * ALL[name] for name in present))


def test_without_compliance_there_is_no_overall_score():
    assert overall_score(ALL | {"compliance": None}, DEFAULT.weights) == (None, {})


def test_where_only_weightless_components_are_known_there_is_no_overall_score():
    weights = {"compliance": 0.0, "symmetry": 1.0, "effort": 0.0, "game": 0.0}
    assert overall_score(ALL | {"symmetry": None}, weights) == (None, {})


# words


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (100, "target achieved"), (90, "target achieved"), (89.95, "target achieved"),
        (89.94, "adequate"), (80, "adequate"), (79.94, "below target"), (70, "below target"),
        (69.94, "poor"), (60, "poor"), (59.94, "inadequate"), (0, "inadequate"),
    ],
)  # fmt: skip
def test_the_category_follows_the_score_as_people_read_it(score, word):
    assert overall_category(score) == word


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (90, "within normal limits"), (89.9, "acceptable"), (80, "acceptable"),
        (79.9, "moderate"), (70, "moderate"), (69.9, "significant"), (0, "significant"),
    ],
)  # fmt: skip
def test_symmetry_has_words_of_its_own(score, word):
    assert symmetry_category(score) == word


def test_scores_are_shown_with_one_decimal():
    assert as_shown(92.30863) == 92.3
    assert as_shown(89.96) == 90.0
