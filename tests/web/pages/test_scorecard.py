import re
from dataclasses import replace

import pytest

from myograph.scoring.session import SessionInputs
from myograph.web.pages.scorecard import kind_of, scorecard
from tests.web.pages.stored import stored, with_channel

ALL = SessionInputs(
    rpe=7,
    rpe_source="person",
    user_mvc_v={"left": 80e-6, "right": 80e-6},
    game_points=850,
    game_maximum=1000,
    bfr_enabled=False,
)


def card_of(loaded):
    return scorecard(loaded.scores, loaded.channels)


def tile(card, key):
    return next(t for t in card.tiles if t.key == key)


@pytest.mark.parametrize("inputs", [ALL, SessionInputs(), SessionInputs(rpe=2)])
def test_the_written_sum_adds_up_to_what_is_shown(inputs):
    card = card_of(stored(inputs=inputs))
    parts = re.findall(r"([\d.]+) × ([\d.]+)", card.written)
    total = sum(float(weight) * float(value) for weight, value in parts)
    assert total == pytest.approx(card.overall, abs=0.15)
    assert card.written.endswith(f"= {card.overall:.1f}")
    assert {float(v) for _, v in parts} == {
        round(t.value, 1) for t in card.tiles if t.value is not None
    }


def test_every_tile_says_its_weight_and_where_it_comes_from():
    card = card_of(stored(inputs=ALL))
    assert [t.weight for t in card.tiles] == [
        "weight 0.40",
        "weight 0.25",
        "weight 0.20",
        "weight 0.15",
    ]
    assert tile(card, "effort").lines == ("reported 7, target 4 to 6", "entered by a person")
    assert tile(card, "game").lines == ("850 of 1000 points",)
    assert tile(card, "game").kind == "plain"
    assert "strong enough" in tile(card, "compliance").lines[0]


def test_a_missing_component_says_why_and_has_no_bar():
    card = card_of(stored(inputs=SessionInputs()))
    effort = tile(card, "effort")
    assert effort.value is None
    assert effort.lines == ("No RPE was given.",)
    assert effort.weight == "left out of the overall score"
    assert effort.drawn == ""
    assert effort.glyph == ""


def test_without_legs_there_is_no_overall_score_and_the_card_says_why():
    card = card_of(stored(sides=(None, None)))
    assert card.overall is None
    assert card.written == ""
    assert card.verdict.endswith(".")
    assert {t.weight for t in card.tiles} == {""}


def test_where_no_contraction_met_both_targets_that_stands_in_place_of_a_category():
    weak = SessionInputs(user_mvc_v={"left": 1.0, "right": 1.0})
    card = card_of(stored(inputs=weak))
    assert (card.verdict, card.kind) == ("No contraction met both targets", "watch")


def test_a_category_is_shown_as_it_is_stored():
    loaded = stored(inputs=ALL)
    assert card_of(loaded).verdict == loaded.scores.category.capitalize()


def test_pressure_outside_the_safe_range_stands_in_place_of_a_category():
    loaded = stored(inputs=replace(ALL, bfr_enabled=True, pressures={"left": 80.0, "right": 50.0}))
    card = card_of(loaded)
    assert (card.verdict, card.kind, card.glyph) == (
        "Pressure outside the safe range",
        "alert",
        "✕",
    )
    assert "set to 0: pressure outside the safe range" in tile(card, "compliance").lines


def test_an_unmeasured_pressure_and_an_estimated_maximum_are_said():
    lines = tile(card_of(stored(inputs=SessionInputs())), "compliance").lines
    assert "pressure not verified" in lines
    assert "strength not counted: estimated from this session" in lines


def test_one_leg_alone_is_said():
    card = card_of(stored(sides=("left", None)))
    assert "left leg only" in tile(card, "compliance").lines
    assert tile(card, "symmetry").value is None


def test_symmetry_shows_what_it_compares():
    [line] = tile(card_of(stored(inputs=ALL)), "symmetry").lines
    assert re.fullmatch(r"compliance left\u00a0\d+, right\u00a0\d+", line)


def test_a_component_without_weight_says_so():
    loaded = stored(inputs=ALL)
    weights = loaded.scores.performance_weights | {"game": 0.0}
    card = card_of(replace(loaded, scores=replace(loaded.scores, performance_weights=weights)))
    assert tile(card, "game").weight == "not weighted"
    assert "85.0" not in card.written


def test_a_score_without_what_it_was_made_of_shows_the_number_alone():
    loaded = stored(inputs=ALL)
    bare = replace(
        loaded.scores, rpe_post_session=None, game_points_achieved=None, input_sources={}
    )
    card = scorecard(bare, with_channel(loaded, muscle_compliance_score=None).channels)
    assert [tile(card, k).lines for k in ("symmetry", "effort", "game")] == [(), (), ()]
    unsaid = replace(loaded.scores, input_sources={})
    assert tile(scorecard(unsaid, loaded.channels), "effort").lines == (
        "reported 7, target 4 to 6",
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (90, "good"),
        (89.95, "good"),
        (89.94, "watch"),
        (70, "watch"),
        (69.9, "alert"),
        (None, "plain"),
    ],
)
def test_the_colour_follows_the_value_as_shown(value, kind):
    assert kind_of(value) == kind
