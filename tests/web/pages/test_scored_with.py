from dataclasses import replace

import pytest

from myograph.web.pages.scored_with import scored_with
from tests.web.pages.stored import stored, with_channel


def lines(sources, loaded=None, **scores):
    found = loaded or stored()
    return scored_with(replace(found.scores, input_sources=sources, **scores), found.channels)


@pytest.mark.parametrize(
    ("key", "source", "line"),
    [
        ("target", "default", "Target 12 (default)"),
        ("target", "patient", "Target 12 (set for this patient)"),
        ("mvc_share", "person", "Strength from 75 % of MVC (entered by a person)"),
        ("hold", "session", "Hold from 2 s (set for this session)"),
        ("sides", "patient", "Legs (set for this patient)"),
        ("weights", "default", "Weights (default)"),
    ],
)
def test_each_input_stands_with_its_source(key, source, line):
    assert line in lines({key: source})


def test_pressures_exertion_and_the_maximum_stand_with_their_values():
    found = lines(
        {"pressures": "person", "rpe": "file", "game_maximum": "person"},
        bfr_pressure_aop=50.4,
        rpe_post_session=5.0,
        game_points_maximum=1000.0,
    )
    assert "Cuff pressure 50 % (entered by a person)" in found
    assert "RPE 5 (from the file)" in found
    assert "Maximum of the game 1000 (entered by a person)" in found


def test_what_nobody_said_is_left_out():
    found = lines({"pressures": "none", "rpe": "none"})
    assert not [line for line in found if line.startswith(("Cuff", "RPE", "Target"))]


@pytest.mark.parametrize(
    ("method", "source", "said"),
    [
        ("backend_95percentile", None, "estimated from this session"),
        ("baseline_session", "baseline", "from a baseline session"),
        ("user_defined", "person", "entered by a person"),
        ("user_defined", "patient", "set for this patient"),
    ],
)
def test_an_mvc_stands_with_where_it_is_from(method, source, said):
    loaded = with_channel(stored(), mvc_peak_value=98e-6, mvc_calculation_method=method)
    side = loaded.channels[0].side
    found = lines({f"mvc_{side}": source} if source else {}, loaded)
    assert f"MVC {side} 98.0 µV ({said})" in found


def test_an_mvc_that_is_not_known_is_left_out():
    loaded = with_channel(stored(), mvc_peak_value=None, mvc_calculation_method=None)
    side = loaded.channels[0].side
    assert not [line for line in lines({}, loaded) if line.startswith(f"MVC {side}")]


def test_legs_that_differ_show_both_thresholds():
    loaded = stored()
    left, right = loaded.channels
    channels = [
        replace(left, duration_threshold_seconds=3.5),
        replace(right, duration_threshold_seconds=2.0),
    ]
    loaded = replace(loaded, channels=channels)
    assert "Hold from 3.5 / 2 s (default)" in lines({"hold": "default"}, loaded)
